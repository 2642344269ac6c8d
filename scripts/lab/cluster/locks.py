# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which cluster-wide lock a write takes, and the words that PVE puts before the lock's own complaint.

From pve-access-control (lock_user_config), pve-storage (lock_storage_config) and pve-firewall (lock_clusterfw_conf,
lock_vmfw_conf, lock_hostfw_conf). SDN and datacenter options take theirs where they stand.
"""

from __future__ import annotations

from typing import Any

_VERBS = {"POST": "create", "PUT": "update", "DELETE": "delete"}


def lock_for(method: str, template: str, values: dict[str, Any]) -> tuple[str, str] | None:
    """(lock id, sentence before the reason), or None where the method takes no cluster-wide lock of this kind."""
    verb = _VERBS[method]
    if template.startswith("/access/"):
        return "file-user_cfg", _access_words(method, template)
    if template.startswith("/pools"):
        return "file-user_cfg", "update pools failed" if verb == "update" else f"{verb} pool failed"
    if template.startswith("/storage"):
        return "file-storage_cfg", f"{verb} storage failed"
    if template.startswith("/cluster/firewall"):
        return "firewall-cluster", ""
    if template.startswith("/nodes/{node}/firewall"):
        return f"firewall-host-{values['node']}", ""
    if "/{vmid}/firewall" in template:
        return f"firewall-vm-{values['vmid']}", ""
    return None


def _access_words(method: str, template: str) -> str:
    if template == "/access/acl":
        return "ACL update failed"
    if "/token/" in template:
        return {
            "POST": "generating token failed",
            "PUT": "updating token info failed",
            "DELETE": "deleting token failed",
        }[method]
    noun = template.split("/")[2].removesuffix("s")
    verb = "modify" if noun == "role" and method == "PUT" else _VERBS[method]
    return f"{verb} {noun} failed"
