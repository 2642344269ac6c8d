# SPDX-License-Identifier: AGPL-3.0-or-later
"""The names a lab gives to what stands outside its own folder; nothing is created here.

Every such name starts with a prefix made from the lab's folder, so two labs on one machine never
collide and what has another prefix is somebody else's.
"""

import hashlib
from pathlib import Path


def prefix(lab_dir: Path) -> str:
    """The lab's prefix, e.g. `aw3f1c-`."""
    return f"aw{hashlib.sha256(str(lab_dir.resolve()).encode()).hexdigest()[:4]}-"


def bridge(vlan: int) -> str:
    """The bridge of a network inside its cluster's switch namespace."""
    return f"br{vlan}"


def gateway_leg(vlan: int) -> str:
    """The gateway's interface in a network."""
    return f"lan{vlan}"


def guest_namespace(lab_prefix: str, cluster: str, vmid: int) -> str:
    """The namespace of a lab VM; cluster is the short name, `dc` or `drc`."""
    return f"{lab_prefix}{cluster}-{vmid}"


def office_namespace(lab_prefix: str, vlan: int) -> str:
    """The namespace of the client that sits in an office network."""
    return f"{lab_prefix}off-{vlan}"


def mac(namespace: str, interface: str) -> str:
    """A locally administered MAC that stays the same when the interface is made anew, as a network card's does."""
    digest = hashlib.sha256(f"{namespace}/{interface}".encode()).digest()[:5]
    return ":".join(f"{byte:02x}" for byte in (0x02, *digest))
