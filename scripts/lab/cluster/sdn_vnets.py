# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/cluster/sdn/vnets` and their subnets.

Follows pve-network `PVE/API2/Network/SDN/{Vnets,Subnets}.pm`, `VnetPlugin.pm`, `SubnetPlugin.pm` and the zones'
vnet_update_hook; each message is from there. The vnet firewall, IPAM contents and DHCP are not here.
"""

from __future__ import annotations

import copy
import ipaddress
from typing import Any

from fakepve.routing import check_digest, split_list

from scripts.lab.cluster.base import Route, Values, die, param_error, sha1
from scripts.lab.cluster.sdn import Sdn
from scripts.lab.cluster.sdn_config import (
    SUBNET_OPTIONS,
    VNET_OPTIONS,
    check_config,
    delete_from_config,
    subnet_parts,
)


class SdnVnets(Sdn):
    """Mixin: vnets and subnets."""

    def _lab_sdn_vnets(self) -> list[Route]:
        base = "/cluster/sdn/vnets"
        vnet, subnet = base + "/{vnet}", base + "/{vnet}/subnets/{subnet}"
        return [
            ("GET", base, self._vnets),
            ("POST", base, self._vnet_create),
            ("GET", vnet, self._vnet_read),
            ("PUT", vnet, self._vnet_update),
            ("DELETE", vnet, self._vnet_delete),
            ("GET", vnet + "/subnets", self._subnets),
            ("POST", vnet + "/subnets", self._subnet_create),
            ("GET", subnet, self._subnet_read),
            ("PUT", subnet, self._subnet_update),
            ("DELETE", subnet, self._subnet_delete),
        ]

    async def _vnets(self, v: Values, user: str) -> Any:
        objects, digest = self._view("vnets", v)
        shown = [self._shown("vnet", name, vnet, digest) for name, vnet in sorted(objects.items())]
        return [
            vnet
            for vnet in shown
            if any(
                self.allowed(
                    user, f"/sdn/zones/{vnet.get('zone') or vnet['pending'].get('zone')}/{vnet['vnet']}", p
                )
                for p in ("SDN.Audit", "SDN.Allocate")
            )
        ]

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
        return [
            self._shown("subnet", name, subnet, digest)
            for name, subnet in sorted(objects.items())
            if subnet.get("vnet") == v["vnet"]
        ]

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
