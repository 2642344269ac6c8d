# SPDX-License-Identifier: AGPL-3.0-or-later
"""What lies on the storages: volumes per storage and node, their names, and the room that is left.

Follows pve-storage's plugins for names and messages. A storage that is not shared has volumes of its own on each
node. The API over it stands in `storage.py`.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

from fakepve.qemu import volume_ref
from fakepve.routing import split_list
from fakepve.storage import TYPES

from scripts.lab.cluster.base import GIB, die
from scripts.lab.cluster.sdn_apply import SdnApply

Volume = dict[str, Any]
Place = tuple[str, str]


def volume_key(place: Place, name: str) -> str:
    return "vol/" + json.dumps([*place, name])


class Volumes(SdnApply):
    """Mixin: allocate, free, rename and find volumes."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.storages = {}
        self.contents: dict[Place, dict[str, Volume]] = {}
        # Storages that a fault has filled: (storage, node), or (storage, "") for all nodes.
        self.full: set[Place] = set()
        for storage in self.spec.storages:
            self.storages[storage.id] = {
                "type": storage.type,
                "content": storage.content,
                "active": 1,
                "files": set(),
                **({"shared": 1} if storage.shared else {}),
                **storage.options,
            }

    # ------------------------------------------------------------------ places

    def place(self, sid: str, node: str) -> Place:
        """Where a storage's volumes are, seen from this node."""
        return (sid, "" if self.storages[sid].get("shared") else node)

    def volumes_at(self, sid: str, node: str) -> dict[str, Volume]:
        return self.contents.setdefault(self.place(sid, node), {})

    def is_file(self, sid: str) -> bool:
        return bool(TYPES.get(self.storages[sid].get("type"), {}).get("files"))

    def is_thin(self, sid: str) -> bool:
        store = self.storages[sid]
        return store["type"] in ("lvmthin", "rbd") or self.is_file(sid) or bool(store.get("sparse"))

    def usable_store(self, sid: str, node: str) -> dict[str, Any]:
        """PVE/Storage.pm storage_check_enabled."""
        store = self.storages.get(sid)
        if store is None:
            raise die(f"storage '{sid}' does not exist")
        if store.get("disable"):
            raise die(f"storage '{sid}' is disabled")
        nodes = split_list(store.get("nodes"))
        if nodes and node not in nodes:
            raise die(f"storage '{sid}' is not available on node '{node}'")
        if not store.get("active", 1):
            raise die(f"storage '{sid}' is not online")
        return store

    def total(self, sid: str) -> int:
        sizes = {storage.id: storage.size for storage in self.spec.storages}
        return sizes.get(sid, 1000) * GIB

    def used(self, sid: str, node: str) -> int:
        return sum(int(vol.get("used") or 0) for vol in self.volumes_at(sid, node).values())

    # ----------------------------------------------------------------- volumes

    def volume(self, volid: str, node: str) -> Volume | None:
        sid, name = volume_ref(volid)
        return self.volumes_at(sid, node).get(name) if sid in self.storages else None

    def put_volume(self, sid: str, node: str, name: str, volume: Volume) -> None:
        self.volumes_at(sid, node)[name] = volume
        self.store.mark(volume_key(self.place(sid, node), name))

    def _free_name(self, sid: str, node: str, vmid: int, fmt: str) -> str:
        """PVE/Storage/Plugin.pm find_free_diskname."""
        pattern = re.compile(rf"(?:^|/)(?:vm|base|subvol|basevol)-{vmid}-disk-(\d+)")
        taken = {int(m[1]) for name in self.volumes_at(sid, node) if (m := pattern.search(name))}
        number = next(n for n in range(len(taken) + 1) if n not in taken)
        return f"vm-{vmid}-disk-{number}" + (f".{fmt}" if self.is_file(sid) else "")

    def _no_space(self, sid: str, path: str) -> str:
        kind = self.storages[sid]["type"]
        if kind == "zfspool":
            # `zfs create` through PVE/Storage/ZFSPoolPlugin.pm zfs_request
            return (
                f"zfs error: cannot create '{self.storages[sid].get('pool', 'rpool')}/{path}': out of space"
            )
        if kind == "lvmthin":
            pool = f"{self.storages[sid].get('vgname', 'pve')}/{self.storages[sid].get('thinpool', 'data')}"
            # `lvcreate` through PVE/Storage/LvmThinPlugin.pm alloc_image
            return (
                f"lvcreate '{pool}/{path}' error:   Cannot create new thin volume, free space in thin pool "
                f"{pool} reached threshold."
            )
        # PVE/Storage/Plugin.pm alloc_image runs qemu-img with the errmsg "unable to create image"
        return f"unable to create image: qemu-img: {self.file_path(sid, path)}: No space left on device"

    def file_path(self, sid: str, name: str) -> str:
        return f"{self.storages[sid].get('path', '/mnt/pve/' + sid)}/images/{name}"

    def default_format(self, sid: str) -> str:
        store = self.storages[sid]
        return str(store.get("format") or TYPES.get(store["type"], {}).get("format", "raw"))

    def alloc(
        self,
        sid: str,
        node: str,
        vmid: int,
        size: int,
        *,
        fmt: str | None = None,
        name: str | None = None,
        used: int = 0,
        parent: str | None = None,
    ) -> str:
        """PVE/Storage.pm vdisk_alloc: a new image volume of `size` bytes; returns its id."""
        self.usable_store(sid, node)
        kind = self.storages[sid]["type"]
        fmt = fmt or self.default_format(sid)
        if not self.is_file(sid) and fmt != "raw":
            raise die(f"unsupported format '{fmt}'")
        name = name or self._free_name(sid, node, vmid, fmt)
        if self.is_file(sid):
            name = f"{vmid}/{name}"
        used = used if self.is_thin(sid) else size
        place = self.place(sid, node)
        if self.full & {place, (sid, "")} or used > self.total(sid) - self.used(sid, node):
            raise die(self._no_space(sid, name))
        if name in self.contents.get(place, {}):
            if kind == "zfspool":
                raise die(
                    f"zfs error: cannot create '{self.storages[sid].get('pool')}/{name}': dataset already exists"
                )
            raise die(f"disk image '{self.file_path(sid, name)}' already exists")
        full_name = f"{parent}/{name}" if parent else name
        self.put_volume(
            sid,
            node,
            full_name,
            {
                "content": "images",
                "format": fmt,
                "size": size,
                "used": used,
                "vmid": vmid,
                "ctime": int(time.time()),
            },
        )
        return f"{sid}:{full_name}"

    def free(self, volid: str, node: str) -> None:
        """PVE/Storage.pm vdisk_free."""
        sid, name = volume_ref(volid)
        if sid not in self.storages:
            return
        base = name.split("/")[-1]
        if base.startswith("base-") and any(
            n.split("/")[0] == base or f"/{base}/" in n for n in self.volumes_at(sid, node) if n != name
        ):
            raise die(f"base volume '{name}' is still in use by linked clones")  # PVE/Storage.pm:1211
        if self.volumes_at(sid, node).pop(name, None) is not None:
            self.store.mark(volume_key(self.place(sid, node), name))

    def rename_volume(self, volid: str, node: str, new: str) -> str:
        sid, name = volume_ref(volid)
        volumes = self.volumes_at(sid, node)
        if new != name and name in volumes:
            self.put_volume(sid, node, new, volumes.pop(name))
            self.store.mark(volume_key(self.place(sid, node), name))
        return f"{sid}:{new}"

    def move_volume(self, volid: str, source: str, target: str) -> None:
        """A volume of a local storage goes to the storage of the same name on another node."""
        sid, name = volume_ref(volid)
        if sid not in self.storages or self.storages[sid].get("shared"):
            return
        volume = self.volumes_at(sid, source).pop(name, None)
        if volume is not None:
            self.store.mark(volume_key((sid, source), name))
            self.put_volume(sid, target, name, volume)
