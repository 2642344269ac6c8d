# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/cluster/sdn` itself: the lock with its token, apply, rollback; what each node says of its zones; bridge access.

Follows pve-network `PVE/API2/Network/SDN.pm`; each message is from there.
"""

from __future__ import annotations

import copy
import uuid
from typing import Any

from fakepve.routing import split_list

from scripts.lab.cluster.base import Route, Values, die
from scripts.lab.cluster.sdn import AT_LOCK, KINDS
from scripts.lab.cluster.sdn_config import pending_config
from scripts.lab.cluster.sdn_vnets import SdnVnets

# perl's addition to a `die` without a line feed
AT_PENDING = "at /usr/share/perl5/PVE/API2/Network/SDN.pm line 147."
# What a network reload takes on a node, in PVE seconds.
RELOAD_SECONDS = 2.0


class SdnApply(SdnVnets):
    """Mixin: what makes pending SDN configuration the running one."""

    def _lab_sdn_apply(self) -> list[Route]:
        base = "/cluster/sdn"
        return [
            ("GET", base, self._sdn_index),
            ("PUT", base, self._sdn_apply),
            ("POST", base + "/lock", self._sdn_lock),
            ("DELETE", base + "/lock", self._sdn_unlock),
            ("POST", base + "/rollback", self._sdn_rollback),
            ("GET", base + "/ipams", self._ipams),
            ("GET", "/nodes/{node}/sdn/zones", self._node_zones),
            ("GET", "/nodes/{node}/sdn/zones/{zone}/content", self._node_zone_content),
        ]

    async def _sdn_index(self, v: Values, user: str) -> Any:
        return [{"id": name} for name in ("vnets", "zones", "controllers", "ipams", "dns", "fabrics")]

    def _has_pending(self) -> bool:
        return any(
            "pending" in entry
            for kind in KINDS
            for entry in pending_config(self.sdn["running"][kind], self.sdn["config"][kind]).values()
        )

    async def _ipams(self, v: Values, user: str) -> Any:
        """The one that every cluster has; others cannot be made here."""
        return [{"ipam": "pve", "type": "pve"}] if self.allowed(user, "/sdn/ipams/pve", "SDN.Audit") else []

    async def _sdn_lock(self, v: Values, user: str) -> Any:
        async with self._locked_sdn("could not acquire lock for SDN config", {}):
            if not v.get("allow-pending") and self._has_pending():
                raise die(f"configuration has pending changes {AT_PENDING}")
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
                self.log_line(f"{node}: reloading network config")
                await self.task(node, "srvreload", "networking", user, self._reload)

        return await self.task(nodes[0], "reloadnetworkall", "", user, body)

    async def _reload(self) -> None:
        await self.pause(RELOAD_SECONDS)

    def _vnet_status(self, node: str, vnet: str) -> dict[str, Any]:
        shown = {"vnet": vnet}
        if self.applied_bridge(node, vnet) is None:
            shown.update(
                status="error", statusmsg="vnet is not generated. Please check the 'reload' task log."
            )
            return shown
        return {**shown, "status": "available"}

    async def _node_zones(self, v: Values, user: str) -> Any:
        out = [{"zone": "localnetwork", "status": "available"}]
        for name, zone in sorted(self.sdn["running"]["zones"].items()):
            if not zone.get("nodes") or v["node"] in split_list(zone["nodes"]):
                out.append({"zone": name, "status": "available"})
        return [
            z
            for z in out
            if any(self.allowed(user, f"/sdn/zones/{z['zone']}", p) for p in ("SDN.Audit", "SDN.Allocate"))
        ]

    async def _node_zone_content(self, v: Values, user: str) -> Any:
        return [
            self._vnet_status(v["node"], name)
            for name, vnet in sorted(self.sdn["running"]["vnets"].items())
            if vnet["zone"] == v["zone"]
        ]

    def check_bridge_access(self, user: str, bridge: str, tag: int | None) -> None:
        """pve-guest-common GuestHelpers.pm check_vnet_access: SDN.Use on the vnet in its zone.

        Any bridge that is no vnet belongs to the zone `localnetwork`.
        """
        vnet = self.sdn["config"]["vnets"].get(bridge)
        path = f"/sdn/zones/{vnet['zone'] if vnet else 'localnetwork'}/{bridge}"
        self.require(user, f"{path}/{tag}" if tag else path, "SDN.Use")
