# SPDX-License-Identifier: AGPL-3.0-or-later
"""The first start of a cluster: roles, users, tokens with their secrets in files, images on the storages."""

from __future__ import annotations

from pathlib import Path

from scripts.lab.cluster.certs import write_private
from scripts.lab.cluster.permissions import ROOT
from scripts.lab.cluster.server import LabPve
from scripts.lab.cluster.spec import ClusterSpec

IMAGE_CTIME = 1735689600


def bootstrap(pve: LabPve, folder: Path) -> None:
    """Make what the spec names; the store keeps it from here on."""
    spec = pve.spec
    (folder / "tokens").mkdir(mode=0o700, exist_ok=True)
    pve.user_cfg["roles"].update({name: sorted(privs.split()) for name, privs in spec.roles.items()})
    for token in spec.tokens:
        pve.user_cfg["users"].setdefault(
            token.user, {"enable": 1, "expire": 0, "tokens": {}, "comment": "lab"}
        )
        _write_token(pve, folder, token.user, token.name)
        for path, role in token.grants:
            if pve.role_privs(role) is None:
                raise ValueError(
                    f"token {token.name} is granted {role}, which is no role; name it in `roles`"
                )
            pve.set_acl(path, "user", token.user, role, 1)
    _write_token(pve, folder, ROOT, "root")
    place_images(pve, spec)
    pve.store.mark("access", "storagecfg", "cluster")
    pve.store.flush()


def _write_token(pve: LabPve, folder: Path, user: str, name: str) -> None:
    secret = pve.make_token(user, name, {"expire": 0, "privsep": 0, "comment": "lab"})
    write_private(folder / "tokens" / name, f"{user}!{name}={secret}\n".encode())


def place_images(pve: LabPve, spec: ClusterSpec) -> None:
    """Each image on each node, or once on a shared storage."""
    for image in spec.images:
        sid, _, name = image.volume.partition(":")
        if sid not in pve.storages:
            raise ValueError(f"image {image.volume} lies on a storage that the spec does not have; add {sid}")
        suffix = name.rsplit(".", 1)[-1]
        for node in spec.nodes:
            if name not in pve.volumes_at(sid, node.name):
                pve.put_volume(
                    sid,
                    node.name,
                    name,
                    {
                        "content": name.split("/")[0],
                        "format": suffix if suffix in ("qcow2", "raw", "vmdk") else "iso",
                        "size": image.size,
                        "used": min(image.size, 400 * 1024**2),
                        "ctime": IMAGE_CTIME,
                    },
                )
