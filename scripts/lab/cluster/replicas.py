# SPDX-License-Identifier: AGPL-3.0-or-later
"""Copies of a guest's volumes on other nodes: made, found, dropped, and turned round when the guest moves.

Follows pve-guest-common `PVE/{Replication,AbstractMigrate}.pm`. A replica is a volume of its own on the target, of the
same name, that remembers being one. When copies are made stands in `replicate.py`.
"""

from __future__ import annotations

from typing import Any

from scripts.lab.cluster import qemu_values as values_of
from scripts.lab.cluster.base import Vm, die
from scripts.lab.cluster.volumes import volume_key
from scripts.lab.cluster.vzdump import Vzdump


class Replicas(Vzdump):
    """Mixin: replicas as volumes."""

    def is_replica(self, volid: str, node: str) -> bool:
        return bool((self.volume(volid, node) or {}).get("replica"))

    def copy_replica(self, volid: str, source: str, target: str) -> None:
        """The target gets the volume as it is now on the source."""
        sid, name = values_of.volume_ref(volid)
        self.usable_store(sid, target)
        found = self.volume(volid, source)
        if found is None:
            raise die(self._gone(volid))
        old = int((self.volume(volid, target) or {}).get("used") or 0)
        grown = int(found.get("used") or 0) - old
        if self.full & {(sid, target), (sid, "")} or grown > self.total(sid) - self.used(sid, target):
            raise die(self._no_space(sid, name))
        self.put_volume(sid, target, name, {**found, "replica": 1})

    def _drop_stale(self, vm: Vm, keep: list[str], node: str, say: Any) -> None:
        """Pvesr prepare-local-job: replicas on the target that the job no longer has."""
        for (sid, place), volumes in list(self.contents.items()):
            if place != node:
                continue
            for name, volume in list(volumes.items()):
                volid = f"{sid}:{name}"
                if volume.get("vmid") == vm.vmid and volume.get("replica") and volid not in keep:
                    say(f"(remote_prepare_local_job) delete stale volume '{volid}'")
                    del volumes[name]
                    self.store.mark(volume_key((sid, place), name))

    def replicated_to(self, vm: Vm, node: str) -> list[str]:
        """The volumes of a guest that a job replicates to this node."""
        if not any(job["target"] == node for job in self.replication_of(vm.vmid).values()):
            return []
        return self.replicatable(vm, noerr=True)

    def follow_guest(self, vm: Vm, source: str, replicated: list[str]) -> None:
        """After a migration: the copy that stays behind is the replica, and the jobs run the other way."""
        for volid in replicated:
            sid, name = values_of.volume_ref(volid)
            there, here = self.volume(volid, source), self.volume(volid, vm.node)
            if there is not None:
                self.put_volume(sid, source, name, {**there, "replica": 1})
            if here is not None:
                self.put_volume(sid, vm.node, name, {k: x for k, x in here.items() if k != "replica"})
        if self.replication_of(vm.vmid):
            self.switch_replication(vm.vmid, vm.node, source)
            self.replication_changed()

    def own_replicas(self, vm: Vm) -> None:
        """A guest was brought here without its old node: what was a replica is its disk."""
        for volid in self.replicatable(vm, noerr=True):
            if self.is_replica(volid, vm.node):
                sid, name = values_of.volume_ref(volid)
                found = self.volume(volid, vm.node) or {}
                self.put_volume(sid, vm.node, name, {k: x for k, x in found.items() if k != "replica"})
        self.replication_changed()
