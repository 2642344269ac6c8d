# SPDX-License-Identifier: AGPL-3.0-or-later
"""What of a cluster is kept on disk: the documents of the store, which write changes which, and taking them up.

VMs and volumes mark themselves where they change (`base.py`, `volumes.py`); the store itself is `state.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from scripts.lab.cluster.base import Vm
from scripts.lab.cluster.watch import Watch


class Keep(Watch):
    """Mixin: from state to documents and back."""

    def mark_area(self, template: str, found: dict[str, str]) -> None:
        """The documents that a write to this path may have changed, apart from VMs and volumes."""
        if template.startswith("/access"):
            self.store.mark("access")
            self.forget_permissions()
        elif template.startswith("/pools"):
            self.store.mark("pools")
            self.forget_permissions()
        elif template.startswith("/storage"):
            self.store.mark("storagecfg", "pools")
            self.forget_permissions()
        elif template.startswith("/cluster/sdn"):
            self.store.mark("sdn")
        elif template.startswith("/cluster/ha/"):
            self.store.mark("ha")
        elif template.startswith("/cluster/replication"):
            self.store.mark("replication")
        elif template.startswith("/cluster/backup"):
            self.store.mark("backupjobs")
        elif template == "/cluster/options":
            self.store.mark("options")
        elif template == "/cluster/firewall/groups":
            fw = self._fw()
            self.store.mark(
                "fwcluster", *(f"fwguest/{i}" for i in fw["guests"]), *(f"fwnode/{n}" for n in fw["nodes"])
            )
        elif template.startswith("/cluster/firewall"):
            self.store.mark("fwcluster")
        elif template.startswith("/nodes/{node}/firewall"):
            self.store.mark(f"fwnode/{found['node']}")
        elif "/{vmid}/firewall" in template:
            self.store.mark(f"fwguest/{found['vmid']}")

    def dump(self, key: str) -> Any:
        """The document of a key, as the store keeps it; None where there is nothing."""
        kind, _, name = key.partition("/")
        if kind == "vm":
            vm = next((vm for vm in self.vms if vm.vmid == int(name)), None)
            return vm and vm.dump()
        if kind == "vol":
            sid, node, volume = json.loads(name)
            return self.contents.get((sid, node), {}).get(volume)
        if kind == "task":
            return self.tasks.get(name)
        if kind == "fwguest":
            return self._fw()["guests"].get(int(name))
        if kind == "fwnode":
            return self._fw()["nodes"].get(name)
        return self._whole()[kind][0]()

    def _whole(self) -> dict[str, tuple[Callable[[], Any], Callable[[Any], None]]]:
        """The documents that hold all of their kind: how each is dumped, and taken up."""

        def plain(name: str) -> tuple[Callable[[], Any], Callable[[Any], None]]:
            return lambda: getattr(self, name), lambda value: setattr(self, name, value)

        def put_access(value: Any) -> None:
            self.user_cfg, self.apitokens = value["users"], value["tokens"]

        def put_pools(value: Any) -> None:
            self.pools = {p: set(ids) for p, ids in value["members"].items()}
            self.pool_info = {p: {**m, "storage": set(m["storage"])} for p, m in value["info"].items()}

        def put_storages(value: Any) -> None:
            self.storages = {s: {**e, "files": set()} for s, e in value.items()}

        def put_cluster(value: Any) -> None:
            self.quorate = value["quorate"]
            self.nodes.update({n: e for n, e in value["nodes"].items() if n in self.nodes})

        def put_ha(value: Any) -> None:
            self.ha_resources, self.ha_rules = value["resources"], value["rules"]

        def put_hastatus(value: Any) -> None:
            self.ha_services = value["services"]
            self.ha_commands = [(what, sid, argument) for what, sid, argument in value["commands"]]

        return {
            "fwcluster": (
                lambda: self._fw()["cluster"],
                lambda value: self._fw().__setitem__("cluster", value),
            ),
            "access": (lambda: {"users": self.user_cfg, "tokens": self.apitokens}, put_access),
            "pools": (
                lambda: {
                    "members": {p: sorted(ids) for p, ids in self.pools.items()},
                    "info": {p: {**m, "storage": sorted(m["storage"])} for p, m in self.pool_info.items()},
                },
                put_pools,
            ),
            "storagecfg": (
                lambda: {
                    s: {k: x for k, x in e.items() if k not in ("files", "volumes")}
                    for s, e in self.storages.items()
                },
                put_storages,
            ),
            "cluster": (lambda: {"quorate": self.quorate, "nodes": self.nodes}, put_cluster),
            "ha": (lambda: {"resources": self.ha_resources, "rules": self.ha_rules}, put_ha),
            "sdn": plain("sdn"),
            "options": plain("options"),
            "replication": plain("replication"),
            "backupjobs": plain("backup_jobs"),
            "replstate": plain("replication_state"),
            "hastatus": (
                lambda: {"services": self.ha_services, "commands": self.ha_commands},
                put_hastatus,
            ),
        }

    def load(self) -> bool:
        """Take up what the store holds; False when it is empty (a new cluster)."""
        found = False
        for key, value in self.store.items():
            found = True
            self._load_one(key, value)
        self.tasks_loaded()
        self._sync_pools()
        return found

    def _load_one(self, key: str, value: Any) -> None:
        kind, _, name = key.partition("/")
        if kind == "vm":
            self.vms.append(Vm.load(value))
        elif kind == "vol":
            sid, node, volume = json.loads(name)
            self.contents.setdefault((sid, node), {})[volume] = value
        elif kind == "task":
            self.load_task(value)
        elif kind == "fwguest":
            self._fw()["guests"][int(name)] = value
        elif kind == "fwnode":
            self._fw()["nodes"][name] = value
        else:
            self._whole()[kind][1](value)
