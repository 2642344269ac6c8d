# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/cluster/sdn`: zones, vnets and subnets with what is pending, the lock with its token, apply and rollback.

Follows pve-network `PVE/API2/Network/SDN.pm`, `SDN/{Zones,Vnets,Subnets}.pm` and the plugins; each message is from
there. Controllers, IPAM contents, DNS, fabrics and the vnet firewall are not here.
"""

from __future__ import annotations

import copy
import ipaddress
import uuid
from typing import Any

from fakepve.model import PveError
from fakepve.routing import check_digest, split_list

from scripts.lab.cluster.access import Access
from scripts.lab.cluster.base import Route, Values, die, param_error, sha1
from scripts.lab.cluster.sdn_config import (
    SUBNET_OPTIONS,
    VNET_OPTIONS,
    ZONE_OPTIONS,
    check_config,
    delete_from_config,
    pending_config,
    subnet_parts,
)

LOCK = "domain-sdn"
KINDS = ("zones", "vnets", "subnets")
# What a write to an SDN file takes while it holds the cluster's one SDN lock, and a network reload, in PVE seconds.
WRITE_SECONDS = 0.1
RELOAD_SECONDS = 2.0
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
        base = "/cluster/sdn"
        zone, vnet = base + "/zones/{zone}", base + "/vnets/{vnet}"
        subnet = vnet + "/subnets/{subnet}"
        return [
            ("GET", base, self._sdn_index), ("PUT", base, self._sdn_apply),
            ("POST", base + "/lock", self._sdn_lock), ("DELETE", base + "/lock", self._sdn_unlock),
            ("POST", base + "/rollback", self._sdn_rollback),
            ("GET", base + "/zones", self._zones), ("POST", base + "/zones", self._zone_create),
            ("GET", zone, self._zone_read), ("PUT", zone, self._zone_update), ("DELETE", zone, self._zone_delete),
            ("GET", base + "/vnets", self._vnets), ("POST", base + "/vnets", self._vnet_create),
            ("GET", vnet, self._vnet_read), ("PUT", vnet, self._vnet_update), ("DELETE", vnet, self._vnet_delete),
            ("GET", vnet + "/subnets", self._subnets), ("POST", vnet + "/subnets", self._subnet_create),
            ("GET", subnet, self._subnet_read), ("PUT", subnet, self._subnet_update),
            ("DELETE", subnet, self._subnet_delete),
            ("GET", "/nodes/{node}/sdn/zones", self._node_zones),
            ("GET", "/nodes/{node}/sdn/zones/{zone}/content", self._node_zone_content),
        ]

    async def _sdn_index(self, v: Values, user: str) -> Any:
        return [{"id": name} for name in ("vnets", "zones", "controllers", "ipams", "dns", "fabrics")]

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
        return [self._shown("zone", name, zone, digest) for name, zone in sorted(objects.items())
                if any(self.allowed(user, f"/sdn/zones/{name}", p) for p in ("SDN.Audit", "SDN.Allocate"))
                and v.get("type") in (None, zone.get("type"))]

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
                    subnet_parts(s)["zone"] == v["zone"] for s in self.sdn["config"]["subnets"]):
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

    # ------------------------------------------------------------------- vnets

    async def _vnets(self, v: Values, user: str) -> Any:
        objects, digest = self._view("vnets", v)
        shown = [self._shown("vnet", name, vnet, digest) for name, vnet in sorted(objects.items())]
        return [vnet for vnet in shown if any(
            self.allowed(user, f"/sdn/zones/{vnet.get('zone') or vnet['pending'].get('zone')}/{vnet['vnet']}", p)
            for p in ("SDN.Audit", "SDN.Allocate"))]

    async def _vnet_read(self, v: Values, user: str) -> Any:
        self._check_vnet_access(user, v["vnet"], ("SDN.Audit", "SDN.Allocate"))
        return self._one("vnets", "vnet", v)

    def _check_vnet(self, name: str, vnet: dict[str, Any]) -> None:
        """vnet_update_hook of the zone's plugin, then VnetPlugin.pm on_update_hook."""
        zone = self.sdn["config"]["zones"].get(vnet["zone"])
        if zone is None:
            raise die(f"sdn zone '{vnet['zone']}' does not exist")
        if zone["type"] in ("vlan", "qinq", "vxlan", "evpn"):
            noun = "vxlan" if zone["type"] in ("vxlan", "evpn") else "vlan"
            limit = 16777216 if noun == "vxlan" else 4096
            if vnet.get("tag") is None:
                raise param_error(tag=f"missing {noun} tag")
            if vnet["tag"] > limit:
                raise param_error(tag=f"{noun} tag max value is {limit}")
            for other, entry in sorted(self.sdn["config"]["vnets"].items()):
                if other != name and entry["zone"] == vnet["zone"] and entry.get("tag") == vnet["tag"]:
                    raise param_error(tag=f"tag {vnet['tag']} already exist in vnet {other}")
        elif vnet.get("tag") is not None:
            raise param_error(tag="vlan tag is not allowed on simple zone")
        if vnet.get("vlanaware") and self._subnets_of(name):
            raise param_error(vlanaware="vlanaware vnet is not compatible with subnets")

    def _subnets_of(self, vnet: str) -> list[str]:
        return [name for name, s in self.sdn["config"]["subnets"].items() if s["vnet"] == vnet]

    async def _vnet_create(self, v: Values, user: str) -> None:
        self.need_quorum()
        async with self._locked_sdn("create sdn vnet object failed", v):
            opts = check_config(VNET_OPTIONS, v, ("vnet", "type"), create=True)
            if v["vnet"] in self.sdn["config"]["vnets"]:
                raise die(f"sdn vnet object ID '{v['vnet']}' already defined")
            self._check_vnet(v["vnet"], opts)
            self.sdn["config"]["vnets"][v["vnet"]] = {"type": "vnet", **opts}

    async def _vnet_update(self, v: Values, user: str) -> None:
        self._check_vnet_access(user, v["vnet"], ("SDN.Allocate",))
        async with self._locked_sdn("update sdn vnet object failed", v):
            vnets = self.sdn["config"]["vnets"]
            check_digest(sha1(vnets), v.get("digest"))
            opts = check_config(VNET_OPTIONS, v, ("vnet",), create=False)
            vnet = copy.deepcopy(vnets[v["vnet"]])
            old_zone = vnet["zone"]
            delete_from_config(vnet, VNET_OPTIONS, opts, split_list(v.get("delete")))
            vnet.update(opts)
            if self._subnets_of(v["vnet"]) and vnet["zone"] != old_zone:
                raise param_error(zone="can't change zone if subnets exist")
            self._check_vnet(v["vnet"], vnet)
            vnets[v["vnet"]] = vnet

    async def _vnet_delete(self, v: Values, user: str) -> None:
        self._check_vnet_access(user, v["vnet"], ("SDN.Allocate",))
        async with self._locked_sdn("delete sdn vnet object failed", v):
            if self._subnets_of(v["vnet"]):
                raise param_error(vnet="Can't delete vnet if subnets exists")
            del self.sdn["config"]["vnets"][v["vnet"]]

    # ----------------------------------------------------------------- subnets

    async def _subnets(self, v: Values, user: str) -> Any:
        self._check_vnet_access(user, v["vnet"], ("SDN.Audit", "SDN.Allocate"))
        objects, digest = self._view("subnets", v)
        return [self._shown("subnet", name, subnet, digest) for name, subnet in sorted(objects.items())
                if subnet.get("vnet") == v["vnet"]]

    async def _subnet_read(self, v: Values, user: str) -> Any:
        self._check_vnet_access(user, v["vnet"], ("SDN.Audit", "SDN.Allocate"))
        shown = self._one("subnets", "subnet", v)
        if shown.get("vnet") != v["vnet"]:
            raise param_error(vnet="wrong vnet")
        return shown

    def _check_subnet(self, name: str, subnet: dict[str, Any]) -> None:
        """SubnetPlugin.pm on_update_hook."""
        cidr = subnet_parts(name)["cidr"]
        vnet = self.sdn["config"]["vnets"].get(subnet["vnet"])
        if vnet is None:
            raise param_error(vnet=f"{subnet['vnet']} don't exist")
        if vnet.get("vlanaware"):
            raise param_error(vnet="you can't add a subnet on a vlanaware vnet")
        network = ipaddress.ip_network(cidr, strict=False)
        point_to_point = network.version == 4 and network.prefixlen == 32
        gateway = subnet.get("gateway")
        if gateway and ipaddress.ip_address(gateway) not in network and not point_to_point:
            raise param_error(gateway=f"{gateway} is not in subnet {cidr}")

    async def _subnet_create(self, v: Values, user: str) -> None:
        self._check_vnet_access(user, v["vnet"], ("SDN.Allocate",))
        self.need_quorum()
        async with self._locked_sdn("create sdn subnet object failed", v):
            zone = self.sdn["config"]["vnets"][v["vnet"]]["zone"]
            name = f"{zone}-{v['subnet'].replace('/', '-')}"
            opts = check_config(SUBNET_OPTIONS, v, ("subnet", "type"), create=True)
            if name in self.sdn["config"]["subnets"]:
                raise die(f"sdn subnet object ID '{name}' already defined")
            self._check_subnet(name, opts)
            self.sdn["config"]["subnets"][name] = {"type": "subnet", **opts}

    async def _subnet_update(self, v: Values, user: str) -> None:
        self._check_vnet_access(user, v["vnet"], ("SDN.Allocate",))
        async with self._locked_sdn("update sdn subnet object failed", v):
            subnets = self.sdn["config"]["subnets"]
            if v["subnet"] not in subnets:
                raise die(f"sdn subnet '{v['subnet']}' does not exist")
            check_digest(sha1(subnets), v.get("digest"))
            opts = check_config(SUBNET_OPTIONS, v, ("subnet",), create=False)
            subnet = copy.deepcopy(subnets[v["subnet"]])
            delete_from_config(subnet, SUBNET_OPTIONS, opts, split_list(v.get("delete")))
            subnet.update(opts)
            self._check_subnet(v["subnet"], subnet)
            subnets[v["subnet"]] = subnet

    async def _subnet_delete(self, v: Values, user: str) -> None:
        self._check_vnet_access(user, v["vnet"], ("SDN.Allocate",))
        async with self._locked_sdn("delete sdn subnet object failed", v):
            self.sdn["config"]["subnets"].pop(v["subnet"], None)

    # ------------------------------------------------------ lock, apply, status

    def _has_pending(self) -> bool:
        return any("pending" in entry for kind in KINDS
                   for entry in pending_config(self.sdn["running"][kind], self.sdn["config"][kind]).values())

    async def _sdn_lock(self, v: Values, user: str) -> Any:
        async with self.locked(LOCK, "could not acquire lock for SDN config"):
            if self.sdn["token"] is not None:
                raise die("configuration has already been locked")
            if not v.get("allow-pending") and self._has_pending():
                raise die("configuration has pending changes")
            self.sdn["token"] = str(uuid.uuid4())
        return self.sdn["token"]

    async def _sdn_unlock(self, v: Values, user: str) -> None:
        if not v.get("force") and self.sdn["token"] not in (None, v.get("lock-token")):
            raise die(f"could not release lock for SDN config: invalid lock token provided! {AT_LOCK}")
        self.sdn["token"] = None

    async def _sdn_rollback(self, v: Values, user: str) -> None:
        async with self._locked_sdn("could not rollback SDN configuration", v):
            self.sdn["config"] = copy.deepcopy(self.sdn["running"])
            if v.get("lock-token") and v.get("release-lock"):
                self.sdn["token"] = None

    async def _sdn_apply(self, v: Values, user: str) -> Any:
        async with self._locked_sdn("could not commit SDN config", v):
            self.sdn["running"] = copy.deepcopy(self.sdn["config"])
            self.sdn["version"] += 1
            if v.get("lock-token") and v.get("release-lock"):
                self.sdn["token"] = None
        nodes = [n for n in sorted(self.nodes) if self.online(n)]

        async def body() -> None:
            self.need_quorum()
            for node in nodes:
                await self.task(node, "srvreload", "networking", user, self._reload)

        return await self.task(nodes[0], "reloadnetworkall", "", user, body,
                               log=[f"{node}: reloading network config" for node in nodes])

    async def _reload(self) -> None:
        await self.pause(RELOAD_SECONDS)

    def _vnet_status(self, node: str, vnet: str) -> dict[str, Any]:
        shown = {"vnet": vnet}
        if self.applied_bridge(node, vnet) is None:
            shown.update(status="error", statusmsg="vnet is not generated. Please check the 'reload' task log.")
            return shown
        return {**shown, "status": "available"}

    async def _node_zones(self, v: Values, user: str) -> Any:
        out = [{"zone": "localnetwork", "status": "available"}]
        for name, zone in sorted(self.sdn["running"]["zones"].items()):
            if not zone.get("nodes") or v["node"] in split_list(zone["nodes"]):
                out.append({"zone": name, "status": "available"})
        return [z for z in out if any(self.allowed(user, f"/sdn/zones/{z['zone']}", p)
                                      for p in ("SDN.Audit", "SDN.Allocate"))]

    async def _node_zone_content(self, v: Values, user: str) -> Any:
        return [self._vnet_status(v["node"], name) for name, vnet in sorted(self.sdn["running"]["vnets"].items())
                if vnet["zone"] == v["zone"]]

    def check_bridge_access(self, user: str, bridge: str, tag: int | None) -> None:
        """pve-guest-common GuestHelpers.pm check_vnet_access: SDN.Use on the vnet in its zone; any bridge that is
        no vnet belongs to `localnetwork`."""
        vnet = self.sdn["config"]["vnets"].get(bridge)
        path = f"/sdn/zones/{vnet['zone'] if vnet else 'localnetwork'}/{bridge}"
        if self.allowed(user, path, "SDN.Use") or (tag and self.allowed(user, f"{path}/{tag}", "SDN.Use")):
            return
        raise PveError(403, f"Permission check failed ({path}, SDN.Use)")
