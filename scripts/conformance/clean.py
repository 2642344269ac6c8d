# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes whatever bears our prefix, also what a killed run left. What bears no prefix is never touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pve_provider.errors import ApiError
from scripts.conformance.check import Differs, LeftOut
from scripts.conformance.checks import availability, operations, sdn
from scripts.conformance.client import segment
from scripts.conformance.target import PREFIX, Target, Vm

ROWS = (
    ("HA rule", availability.RULES, "rule"),
    ("backup job", "/cluster/backup", "id"),
    ("storage", "/storage", "storage"),
    ("user", "/access/users", "userid"),
)


def clean(t: Target) -> tuple[list[str], list[str]]:
    """Remove it all; what was removed, and what could not be (each with why)."""
    removed: list[str] = []
    left: list[str] = []

    def attempt(what: str, act: Callable[[], object]) -> None:
        try:
            if act() is not False:
                removed.append(what)
        except (ApiError, Differs, LeftOut) as error:
            left.append(f"{what}: {error}")

    for what, path, key in ROWS:
        for name in _ours(t, path, key):
            attempt(f"{what} {name}", _item(t, f"{path}/{name}"))
    attempt("limits of the cluster", lambda: operations.clear_limits(t))
    for row in _guests(t):
        attempt(f"VM {row['vmid']}", lambda row=row: _destroy(t, row))  # type: ignore[misc]
    for path, key in (("/pools", "poolid"), ("/access/groups", "groupid"), ("/access/roles", "roleid")):
        for name in _ours(t, path, key):
            delete = _pool(t, name) if key == "poolid" else _item(t, f"{path}/{name}")
            attempt(f"{key} {name}", delete)
    for name in _ours(t, f"/access/users/{t.user}/token", "tokenid"):
        attempt(f"token {name}", _item(t, f"/access/users/{t.user}/token/{name}"))
    for name in _ours(t, "/cluster/firewall/groups", "group"):
        attempt(f"security group {name}", lambda name=name: _group(t, name))  # type: ignore[misc]
    for name in _ours(t, "/cluster/firewall/ipset", "name"):
        attempt(f"ipset {name}", lambda name=name: _ipset(t, name))  # type: ignore[misc]
    for name in _ours(t, "/cluster/firewall/aliases", "name"):
        attempt(f"alias {name}", _item(t, f"/cluster/firewall/aliases/{name}"))
    attempt("SDN zone and vnet", lambda: sdn.remove(t))
    t.made.clear()
    return removed, left


def _guests(t: Target) -> list[dict[str, Any]]:
    """Our VMs in our range, clones before their template; their names as the nodes have them, the list's are late."""
    ours = []
    for vmid, row in t.guests().items():
        if t.first_vmid <= vmid <= t.last_vmid and row.get("type") == "qemu":
            config = Vm(t, vmid, str(row["node"])).get("/config")
            if str(config.get("name", "")).startswith(PREFIX):
                ours.append({**row, "template": int(config.get("template", 0))})
    return sorted(ours, key=lambda row: (row["template"], row["vmid"]))


def _ours(t: Target, path: str, key: str) -> list[str]:
    try:
        rows: list[dict[str, Any]] = t.api.get(path)
    except ApiError:
        return []  # what may not be read was not made by this token either
    return [str(row[key]) for row in rows if str(row.get(key, "")).startswith(PREFIX)]


def _destroy(t: Target, row: dict[str, Any]) -> None:
    vm = Vm(t, int(row["vmid"]), str(row["node"]))
    vm.halt()
    if str(vm.value("protection")) == "1":
        vm.put("/config", protection=0)
    t.done(vm.delete(purge=1))


def _pool(t: Target, name: str) -> Callable[[], object]:
    def delete() -> object:
        members = [str(row["vmid"]) for row in t.guests().values() if row.get("pool") == name]
        if members:
            t.api.put("/pools", poolid=name, vms=",".join(members), delete=1)
        return t.api.delete("/pools", poolid=name)

    return delete


def _item(t: Target, path: str) -> Callable[[], object]:
    return lambda: t.api.delete(path)


def _group(t: Target, name: str) -> None:
    path = f"/cluster/firewall/groups/{name}"
    for rule in reversed(t.api.get(path)):
        t.api.delete(f"{path}/{rule['pos']}")
    t.api.delete(path)


def _ipset(t: Target, name: str) -> None:
    path = f"/cluster/firewall/ipset/{name}"
    for member in t.api.get(path):
        t.api.delete(f"{path}/{segment(member['cidr'])}")
    t.api.delete(path)
