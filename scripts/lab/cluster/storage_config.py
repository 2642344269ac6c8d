# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/storage`: which storages there are. What lies on them stands in `volumes.py`, the checks are fakepve's.

Follows pve-storage `PVE/API2/Storage/Config.pm`. Every path exists on every node and every server answers, so that a
storage always comes up where it is enabled.
"""

from __future__ import annotations

from typing import Any

from fakepve.routing import split_list

from scripts.lab.cluster.base import Values, die
from scripts.lab.cluster.formats import check_prune
from scripts.lab.cluster.storage import Storage

# PVE/Storage/Plugin.pm @SHARED_STORAGE: these are the same on every node, without being told
SHARED_TYPES = frozenset({"iscsi", "nfs", "cifs", "rbd", "cephfs", "iscsidirect", "zfs", "drbd", "pbs"})


class StorageConfig(Storage):
    """Mixin: the storage configuration."""

    def storage_config(self, name: str) -> dict[str, Any]:
        """A storage as the API shows it: PVE keeps content types and nodes as sets, so they lose their order."""
        shown: dict[str, Any] = super().storage_config(name)
        for key in ("content", "nodes"):
            if shown.get(key):
                shown[key] = ",".join(sorted(set(split_list(shown[key]))))
        return shown

    def need_storage(self, sid: str) -> dict[str, Any]:
        """PVE/Storage.pm storage_config."""
        store = self.storages.get(sid)
        if store is None:
            raise die(f"storage '{sid}' does not exist")
        return store

    async def _sc_create(self, v: Values, user: str) -> Any:
        if v.get("prune-backups"):
            check_prune(v["prune-backups"])
        made = await super()._sc_create(v, user)
        if v["type"] in SHARED_TYPES:
            self.storages[v["storage"]]["shared"] = 1
        return made

    async def _sc_update(self, v: Values, user: str) -> Any:
        if v.get("prune-backups"):
            check_prune(v["prune-backups"])
        return await super()._sc_update(v, user)

    async def _sc_delete(self, v: Values, user: str) -> None:
        await super()._sc_delete(v, user)
        self.drop_acl_path(f"/storage/{v['storage']}")

    def backup_store(self, sid: str) -> dict[str, Any]:
        """PVE/VZDump.pm storage_info: the storage that backups go to."""
        store = self.need_storage(sid)
        if "backup" not in split_list(store.get("content")):
            raise die(f"can't use storage '{sid}' for backups - wrong content type")
        return store
