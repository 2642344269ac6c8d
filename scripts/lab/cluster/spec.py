# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a lab cluster is made of: its name, nodes, storages, images, tokens; read from a small JSON file.

`awan lab up` writes the file from the Plan. Nothing is started here, and nothing of the provider is known.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

VM_PRIVS = (
    "VM.Allocate VM.Audit VM.Backup VM.Clone VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk "
    "VM.Config.HWType VM.Config.Memory VM.Config.Network VM.Config.Options VM.Migrate VM.PowerMgmt VM.Replicate "
    "VM.Snapshot VM.Snapshot.Rollback"
)
# The roles of the infrastructure token: per path only what is needed there. A role on a deeper path replaces the
# one above it (pve-access-control AccessControl.pm roles), so each names all that it needs.
IAC_ROLES = {
    "LabRoot": "Sys.Audit Sys.Modify Sys.Console",
    "LabAccess": "Sys.Audit Sys.Modify Group.Allocate User.Modify Realm.AllocateUser",
    "LabPool": f"Pool.Allocate Pool.Audit Permissions.Modify {VM_PRIVS}",
    "LabVm": VM_PRIVS,
    "LabStorage": "Datastore.Allocate Datastore.AllocateSpace Datastore.Audit",
    "LabSdn": "SDN.Allocate SDN.Audit",
    "LabZone": "SDN.Allocate SDN.Audit SDN.Use",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node: memory in MiB, cores."""

    name: str
    memory: int = 65536
    cores: int = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A storage; `size` in GiB is per node, or of the whole when it is shared."""

    id: str
    type: str
    content: str
    size: int = 1000
    shared: bool = False
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A file that is there from the start: `local:import/debian.qcow2`, its virtual size in bytes."""

    volume: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API token, its secret in `<dir>/tokens/<name>`, and what its user may do: (path, role) pairs."""

    user: str
    name: str
    grants: tuple[tuple[str, str], ...]


def iac_token(zone: str = "awan") -> Token:
    """The token that builds: least privilege, no bridge but those of the zone."""
    return Token(
        user="iac@pve",
        name="pulumi",
        grants=(
            ("/", "LabRoot"),
            ("/access", "LabAccess"),
            ("/pool", "LabPool"),
            ("/vms", "LabVm"),
            ("/storage", "LabStorage"),
            ("/sdn", "LabSdn"),
            (f"/sdn/zones/{zone}", "LabZone"),
        ),
    )


def verify_token() -> Token:
    """The token that only looks."""
    return Token(user="audit@pve", name="verify", grants=(("/", "PVEAuditor"),))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSpec:
    """A whole lab cluster."""

    name: str
    nodes: tuple[Node, ...]
    storages: tuple[Storage, ...] = (
        Storage(
            id="local",
            type="dir",
            content="iso,vztmpl,backup,snippets,import",
            options={"path": "/var/lib/vz"},
        ),
        Storage(
            id="local-zfs",
            type="zfspool",
            content="images,rootdir",
            options={"pool": "rpool/data", "sparse": 1},
        ),
    )
    images: tuple[Image, ...] = (
        Image(volume="local:import/debian-13-genericcloud-amd64.qcow2", size=3 * 1024**3),
    )
    bridges: tuple[str, ...] = ("vmbr0",)
    tokens: tuple[Token, ...] = field(default_factory=lambda: (iac_token(), verify_token()))
    roles: dict[str, str] = field(default_factory=lambda: dict(IAC_ROLES))
    version: str = "9.0.11"
    # Real seconds per PVE second: how fast tasks and lock waits go by. 0 ends a task before it is answered.
    time_scale: float = 0.01
    # "module:Class" of a GuestRuntime, and its keyword arguments; None: a started VM is only a state.
    runtime: str | None = None
    runtime_options: dict[str, Any] = field(default_factory=dict)
    port: int = 0

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True)


def read_spec(path: Path) -> ClusterSpec:
    """The spec in a file; keys that are missing take the defaults above."""
    return parse_spec(json.loads(path.read_text()))


def parse_spec(data: dict[str, Any]) -> ClusterSpec:
    known = set(ClusterSpec.__dataclass_fields__)
    if unknown := sorted(set(data) - known):
        raise ValueError(
            f"spec has unknown keys {', '.join(unknown)}; write one of {', '.join(sorted(known))}"
        )
    made = dict(data)
    made["nodes"] = tuple(Node(**node) for node in data["nodes"])
    for key, kind in (("storages", Storage), ("images", Image)):
        if key in data:
            made[key] = tuple(kind(**item) for item in data[key])
    if "tokens" in data:
        made["tokens"] = tuple(
            Token(user=t["user"], name=t["name"], grants=tuple((p, r) for p, r in t["grants"]))
            for t in data["tokens"]
        )
    if "bridges" in data:
        made["bridges"] = tuple(data["bridges"])
    return ClusterSpec(**made)
