# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/nodes/{node}/storage`: status and contents, per node. The definition of storages (`/storage`) is fakepve's.

Follows pve-storage `PVE/API2/Storage/{Status,Content}.pm`. Upload, download and pruning by hand are not here.
"""

from __future__ import annotations

import re
from typing import Any

from fakepve.model import PveError, TaskError
from fakepve.routing import split_list
from fakepve.storage import parse_size

from scripts.lab.cluster.base import Route, Values, die, param_error
from scripts.lab.cluster.volumes import Volumes


class Storage(Volumes):
    """Mixin: the storage API of a node."""

    def _lab_storage(self) -> list[Route]:
        one = "/nodes/{node}/storage/{storage}"
        content = one + "/content"
        return [
            ("GET", "/nodes/{node}/storage", self._storages),
            ("GET", one + "/status", self._storage_status),
            ("GET", one, self._storage_index),
            ("GET", content, self._contents),
            ("POST", content, self._content_alloc),
            ("GET", content + "/{volume}", self._content_info),
            ("PUT", content + "/{volume}", self._content_change),
            ("DELETE", content + "/{volume}", self._content_free),
        ]

    async def _storage_index(self, v: Values, user: str) -> Any:
        return [
            {"subdir": name}
            for name in (
                "content",
                "download-url",
                "file-restore",
                "import-metadata",
                "prunebackups",
                "rrd",
                "rrddata",
                "status",
                "upload",
            )
        ]

    def storage_item(self, sid: str, node: str) -> dict[str, Any]:
        """PVE/Storage.pm storage_info."""
        store = self.storages[sid]
        nodes = split_list(store.get("nodes"))
        enabled = not store.get("disable") and (not nodes or node in nodes)
        active = bool(enabled and store.get("active", 1))
        total = self.total(sid) if active else 0
        used = (
            (total if self.full & {self.place(sid, node), (sid, "")} else self.used(sid, node))
            if active
            else 0
        )
        return {
            "type": store["type"],
            "content": store.get("content", ""),
            "enabled": int(enabled),
            "active": int(active),
            "shared": 1 if store.get("shared") else 0,
            "total": total,
            "used": used,
            "avail": total - used,
        }

    async def _storages(self, v: Values, user: str) -> Any:
        wanted, out = split_list(v.get("content")), []
        if v.get("storage") and v["storage"] not in self.storages:
            raise param_error(storage="No such storage.")
        for sid in sorted(self.storages):
            item = self.storage_item(sid, v["node"])
            if v.get("storage") not in (None, sid) or not self._can_audit(user, sid):
                continue
            if (v.get("enabled") or wanted) and not item["enabled"]:
                continue
            if wanted and not set(wanted) & set(split_list(item["content"])):
                continue
            item["storage"] = sid
            if item["total"]:
                item["used_fraction"] = item["used"] / item["total"]
            out.append(item)
        return out

    async def _storage_status(self, v: Values, user: str) -> Any:
        if v["storage"] not in self.storages:
            raise param_error(storage="No such storage.")
        return self.storage_item(v["storage"], v["node"])

    async def _contents(self, v: Values, user: str) -> Any:
        sid, node = v["storage"], v["node"]
        allowed = split_list(self.usable_store(sid, node).get("content"))
        out = []
        for name, volume in self.volumes_at(sid, node).items():
            if volume["content"] not in allowed or v.get("content") not in (None, volume["content"]):
                continue
            if v.get("vmid") is not None and volume.get("vmid") != v["vmid"]:
                continue
            try:
                self._check_access(user, sid, volume["content"], volume.get("vmid"), f"{sid}:{name}")
            except PveError:
                continue
            item = {
                "volid": f"{sid}:{name}",
                "content": volume["content"],
                "format": volume["format"],
                "size": volume["size"],
                "ctime": volume["ctime"],
                **{key: volume[key] for key in ("notes", "protected") if volume.get(key)},
            }
            if volume.get("vmid") is not None:
                item["vmid"] = volume["vmid"]
            out.append(item)
        return sorted(out, key=lambda item: str(item["volid"]))

    async def _content_info(self, v: Values, user: str) -> Any:
        sid, name, volid, _store, vtype, owner, _fmt = self._volume_target(v)
        self._check_access(user, sid, vtype, owner, volid)
        volume = self.volumes_at(sid, v["node"]).get(name)
        if volume is None:
            raise die(f"volume_size_info on '{volid}' failed - no format")
        shown = {
            "path": self._volume_path(sid, name, vtype),
            "size": volume["size"],
            "used": volume["used"],
            "format": volume["format"],
        }
        if vtype == "backup":
            shown["protected"] = int(volume.get("protected", 0))
            if volume.get("notes"):
                shown["notes"] = volume["notes"]
        return shown

    async def _content_change(self, v: Values, user: str) -> None:
        """Content.pm updateattributes: the notes and the protection of a backup."""
        sid, name, volid, _store, vtype, owner, _fmt = self._volume_target(v)
        self._check_access(user, sid, vtype, owner, volid)
        for key in ("notes", "protected"):
            if v.get(key) is None:
                continue
            if vtype != "backup":
                # PVE/Storage/Plugin.pm update_volume_attribute
                what = (
                    "only backups can have notes"
                    if key == "notes"
                    else "only backups support attribute 'protected'"
                )
                raise die(what)
            volume = self.volumes_at(sid, v["node"]).get(name)
            if volume is None:
                raise die(f"volume '{volid}' does not exist")
            changed = {k: x for k, x in volume.items() if k != key}
            self.put_volume(sid, v["node"], name, changed | ({key: v[key]} if v[key] else {}))

    async def _content_alloc(self, v: Values, user: str) -> Any:
        name = v["filename"]
        fmt = v.get("format")
        if found := re.search(r"\.(raw|qcow2|vmdk)$", name):
            if fmt and fmt != found[1]:
                raise param_error(format=f"different storage formats ({fmt} != {found[1]})")
            fmt = found[1]
        self._volume_name(
            self.usable_store(v["storage"], v["node"]),
            v["vmid"],
            fmt or self.default_format(v["storage"]),
            name,
        )
        return self.alloc(
            v["storage"], v["node"], v["vmid"], parse_size(v["size"]) * 1024, fmt=fmt, name=name
        )

    async def _content_free(self, v: Values, user: str) -> Any:
        sid, name, volid, _store, vtype, owner, _fmt = self._volume_target(v)
        if vtype == "backup" and owner:
            self.require(user, f"/storage/{sid}", "Datastore.AllocateSpace")
            self.require(user, f"/vms/{owner}", "VM.Backup")
        else:
            self.require(user, f"/storage/{sid}", "Datastore.Allocate")

        async def body() -> str:
            if self.volumes_at(sid, v["node"]).get(name, {}).get("protected"):
                raise TaskError(f"cannot remove protected volume '{name}' on '{sid}'")
            self.free(volid, v["node"])
            return f"Removed volume '{volid}'"

        return await self.task(v["node"], "imgdel", f"{owner}@{sid}" if owner else sid, user, body)

    def storage_resources(self, user: str) -> list[dict[str, Any]]:
        """The storages as `/cluster/resources` lists them: once per node."""
        out = []
        for node in sorted(self.nodes):
            for sid in sorted(self.storages):
                item = self.storage_item(sid, node)
                if not item["enabled"] or not self._can_audit(user, sid):
                    continue
                up = item["active"] and self.online(node)
                out.append(
                    {
                        "id": f"storage/{node}/{sid}",
                        "type": "storage",
                        "node": node,
                        "storage": sid,
                        "status": "available" if up else "unknown",
                        "plugintype": item["type"],
                        "content": item["content"],
                        "shared": item["shared"],
                        "disk": item["used"] if up else 0,
                        "maxdisk": item["total"] if up else 0,
                    }
                )
        return out
