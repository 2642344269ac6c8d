# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/cluster/sdn/zones`, and what all SDN objects share: pending and running, the lock, who may look.

Follows pve-network `PVE/API2/Network/SDN/Zones.pm`, `PVE/Network/SDN.pm` and the plugins; each message is from there.
Controllers, IPAM, DNS and fabrics are not here.
"""

from __future__ import annotations

import copy
from typing import Any

from fakepve.routing import check_digest, split_list

from scripts.lab.cluster.access import Access
from scripts.lab.cluster.base import Route, Values, die, param_error, sha1
from scripts.lab.cluster.sdn_config import (
    ZONE_OPTIONS,
    check_config,
    delete_from_config,
    pending_config,
    subnet_parts,
)

LOCK = "domain-sdn"
KINDS = ("zones", "vnets", "subnets")
# What a write to an SDN file takes while it holds the cluster's one SDN lock, in PVE seconds.
WRITE_SECONDS = 0.1
# perl's addition to a `die` without a line feed; seen by clients just so
AT_LOCK = "at /usr/share/perl5/PVE/Network/SDN.pm line 305."
AT_ZONE = "at /usr/share/perl5/PVE/Network/SDN/Zones/Plugin.pm line 163."


def empty() -> dict[str, dict[str, Any]]:
    return {kind: {} for kind in KINDS}


class Sdn(Access):
    """Mixin: the SDN configuration, pending and running."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.sdn: dict[str, Any] = {"config": empty(), "running": empty(), "version": 0, "token": None}

    def _lab_sdn(self) -> list[Route]:
        zones, zone = "/cluster/sdn/zones", "/cluster/sdn/zones/{zone}"
        return [
            ("GET", zones, self._zones),
            ("POST", zones, self._zone_create),
            ("GET", zone, self._zone_read),
            ("PUT", zone, self._zone_update),
            ("DELETE", zone, self._zone_delete),
        ]

    # ----------------------------------------------------------------- helpers

    def applied_bridge(self, node: str, name: str) -> int | None:
        """The VLAN tag behind a bridge of this node (0 for an untagged one), or None where there is no such bridge."""
        if name in self.spec.bridges:
            return 0
        vnet = self.sdn["running"]["vnets"].get(name)
        zone = self.sdn["running"]["zones"].get(vnet["zone"]) if vnet else None
        if zone is None or (zone.get("nodes") and node not in split_list(zone["nodes"])):
            return None
        return int(vnet.get("tag") or 0)

    def _view(self, kind: str, v: Values) -> tuple[dict[str, dict[str, Any]], str | None]:
        """The objects that `pending`, `running` or neither ask for, and the digest of the file."""
        if v.get("pending"):
            return pending_config(self.sdn["running"][kind], self.sdn["config"][kind]), None
        if v.get("running"):
            return self.sdn["running"][kind], None
        return self.sdn["config"][kind], sha1(self.sdn["config"][kind])

    def _one(self, kind: str, noun: str, v: Values) -> dict[str, Any]:
        objects, digest = self._view(kind, v)
        name = v[noun]
        if name not in objects:
            raise die(f"sdn {noun} '{name}' does not exist")
        return self._shown(noun, name, objects[name], digest)

    @staticmethod
    def _shown(noun: str, name: str, entry: dict[str, Any], digest: str | None) -> dict[str, Any]:
        shown = copy.deepcopy(entry)
        shown[noun] = name
        if noun == "subnet":
            shown.update(subnet_parts(name))
            shown.setdefault("dhcp-range", [])
        if digest:
            shown["digest"] = digest
        return shown

    def _locked_sdn(self, what: str, v: Values, hold: float = WRITE_SECONDS) -> Any:
        """SDN.pm lock_sdn_config: the cluster's one lock, and the token while somebody holds the global lock."""
        token = self.sdn["token"]
        if token is not None and v.get("lock-token") != token:
            raise die(f"{what}: invalid lock token provided! {AT_LOCK}")
        return self.locked(LOCK, what, hold)

    def _check_vnet_access(self, user: str, vnet: str, privs: tuple[str, ...]) -> None:
        entry = self.sdn["config"]["vnets"].get(vnet)
        if entry is None:
            raise die(f"sdn vnet '{vnet}' does not exist")
        self.need_any(user, f"/sdn/zones/{entry['zone']}/{vnet}", privs)

    # ------------------------------------------------------------------- zones

    async def _zones(self, v: Values, user: str) -> Any:
        objects, digest = self._view("zones", v)
        return [
            self._shown("zone", name, zone, digest)
            for name, zone in sorted(objects.items())
            if any(self.allowed(user, f"/sdn/zones/{name}", p) for p in ("SDN.Audit", "SDN.Allocate"))
            and v.get("type") in (None, zone.get("type"))
        ]

    async def _zone_read(self, v: Values, user: str) -> Any:
        return self._one("zones", "zone", v)

    def _check_zone(self, opts: dict[str, Any]) -> None:
        for key in ("dns", "reversedns"):
            if opts.get(key):
                raise param_error(**{key: f"{opts[key]} don't exist"})
        if opts.get("dnszone"):
            raise param_error(dnszone="missing dns server")
        if opts.get("ipam") and opts["ipam"] != "pve":
            raise param_error(ipam=f"{opts['ipam']} not existing")

    async def _zone_create(self, v: Values, user: str) -> None:
        name, kind = v["zone"], v["type"]
        opts = check_config(ZONE_OPTIONS[kind], v, ("zone", "type"), create=True)
        self.need_quorum()
        async with self._locked_sdn("create sdn zone object failed", v):
            if name in self.sdn["config"]["zones"]:
                raise die(f"sdn zone object ID '{name}' already defined")
            self._check_zone(opts)
            self.sdn["config"]["zones"][name] = {"type": kind, **opts}

    async def _zone_update(self, v: Values, user: str) -> None:
        async with self._locked_sdn("update sdn zone object failed", v):
            zones = self.sdn["config"]["zones"]
            check_digest(sha1(zones), v.get("digest"))
            if v["zone"] not in zones:
                raise die(f"sdn zone '{v['zone']}' does not exist")
            zone = copy.deepcopy(zones[v["zone"]])
            options = ZONE_OPTIONS[zone["type"]]
            opts = check_config(options, v, ("zone",), create=False)
            delete_from_config(zone, options, opts, split_list(v.get("delete")))
            zone.update(opts)
            self._check_zone(opts)
            if zone.get("ipam") != zones[v["zone"]].get("ipam") and any(
                subnet_parts(s)["zone"] == v["zone"] for s in self.sdn["config"]["subnets"]
            ):
                raise param_error(ipam="can't change ipam if a subnet is already defined in this zone")
            zones[v["zone"]] = zone

    async def _zone_delete(self, v: Values, user: str) -> None:
        async with self._locked_sdn("delete sdn zone object failed", v):
            if v["zone"] not in self.sdn["config"]["zones"]:
                raise die(f"sdn zone '{v['zone']}' does not exist")
            for name, vnet in sorted(self.sdn["config"]["vnets"].items()):
                if vnet["zone"] == v["zone"]:
                    raise die(f"zone {v['zone']} is used by vnet {name} {AT_ZONE}")
            del self.sdn["config"]["zones"][v["zone"]]
