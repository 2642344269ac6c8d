# SPDX-License-Identifier: AGPL-3.0-or-later
"""The cluster and its nodes: resources, status, next id, version, node status and bridges.

Follows pve-manager `PVE/API2/{Cluster,Nodes,Network}.pm`. Load figures are made up: nothing runs that could be
measured; memory in use is what the running VMs were given.
"""

from __future__ import annotations

import time
from typing import Any

from fakepve import schema as pve_schema
from fakepve.model import PveError
from fakepve.routing import split_list

from scripts.lab.cluster import qemu_values as values_of
from scripts.lab.cluster.base import GIB, MIB, Route, Values, Vm, die, param_error
from scripts.lab.cluster.options import ClusterOptions

STATS_SECONDS = 10  # pvestatd.pm $updatetime


class Nodes(ClusterOptions):
    """Mixin: everything about the cluster as a whole and its nodes."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.nodes = {node.name: {"online": True} for node in self.spec.nodes}
        self.boot_time = time.time()
        self._stats: dict[int, dict[str, Any]] = {}
        self._stats_at = 0.0

    def _lab_nodes(self) -> list[Route]:
        node = "/nodes/{node}"
        return [
            ("GET", "/version", self._version_read),
            ("GET", "/nodes", self._nodes_list),
            ("GET", "/cluster/resources", self._cluster_resources),
            ("GET", "/cluster/status", self._status_of_cluster),
            ("GET", "/cluster/nextid", self._next_id),
            ("GET", "/cluster", self._index("/cluster")),
            ("GET", "/access/domains", self._domains),
            ("GET", node, self._index(node)),
            ("GET", node + "/lxc", self._containers),
            ("GET", node + "/status", self._node_status),
            ("GET", node + "/version", self._version_read),
            ("GET", node + "/network", self._bridges),
        ]

    @staticmethod
    def _index(template: str) -> Any:
        async def call(_v: Values, _user: str) -> Any:
            return [{"name": name} for name in pve_schema.load().children(template)]

        return call

    async def _version_read(self, v: Values, user: str) -> Any:
        return {"version": self.version, "release": self.release_version, "repoid": "lab"}

    async def _domains(self, v: Values, user: str) -> Any:
        return [
            {"realm": "pam", "type": "pam", "comment": "Linux PAM standard authentication"},
            {"realm": "pve", "type": "pve", "comment": "Proxmox VE authentication server"},
        ]

    # ------------------------------------------------------------------- nodes

    def _node_figures(self, name: str, user: str) -> dict[str, Any]:
        node = next(n for n in self.spec.nodes if n.name == name)
        if not self.online(name) or not self.allowed(user, f"/nodes/{name}", "Sys.Audit"):
            return {}
        used = sum(values_of.memory_of(vm.config) for vm in self.vms if vm.node == name and vm.running)
        return {
            "cpu": 0.01,
            "maxcpu": node.cores,
            "mem": (used + 1024) * MIB,
            "maxmem": node.memory * MIB,
            "disk": 4 * GIB,
            "maxdisk": 64 * GIB,
            "uptime": int(time.time() - self.boot_time) + 3600,
        }

    async def _nodes_list(self, v: Values, user: str) -> Any:
        return [
            {
                "node": n,
                "id": f"node/{n}",
                "type": "node",
                "level": "",
                "status": "online" if self.online(n) else "offline",
                **self._node_figures(n, user),
            }
            for n in sorted(self.nodes)
        ]

    async def _node_status(self, v: Values, user: str) -> Any:
        figures = self._node_figures(v["node"], user)
        memory, cores = figures["maxmem"], figures["maxcpu"]
        return {
            "uptime": figures["uptime"],
            "cpu": figures["cpu"],
            "wait": 0,
            "idle": 0,
            "loadavg": ["0.01", "0.01", "0.01"],
            "pveversion": f"pve-manager/{self.version}/lab",
            "kversion": "Linux 6.14.8-2-pve",
            "current-kernel": {
                "sysname": "Linux",
                "release": "6.14.8-2-pve",
                "machine": "x86_64",
                "version": "#1 SMP PREEMPT_DYNAMIC",
            },
            "boot-info": {"mode": "efi", "secureboot": 0},
            "cpuinfo": {"cores": cores, "cpus": cores, "sockets": 1, "model": "lab", "mhz": "2400.000"},
            "memory": {
                "total": memory,
                "used": figures["mem"],
                "free": memory - figures["mem"],
                "available": memory - figures["mem"],
            },
            "swap": {"total": 0, "used": 0, "free": 0},
            "ksm": {"shared": 0},
            "rootfs": {"total": 64 * GIB, "used": 4 * GIB, "free": 60 * GIB, "avail": 60 * GIB},
        }

    async def _containers(self, v: Values, user: str) -> Any:
        """None: the lab runs virtual machines only."""
        return []

    async def _bridges(self, v: Values, user: str) -> Any:
        """The interfaces that the lab's nodes have: their bridges, and the vnets that were applied."""
        node, kind = v["node"], v.get("type")
        out = []
        if kind in (None, "bridge", "any_bridge", "any_local_bridge", "include_sdn"):
            out += [
                {
                    "iface": name,
                    "type": "bridge",
                    "active": 1,
                    "autostart": 1,
                    "method": "manual",
                    "method6": "manual",
                    "bridge_vlan_aware": 1,
                    "priority": 4,
                    "families": ["inet"],
                }
                for name in self.spec.bridges
            ]
        if kind in ("any_bridge", "vnet", "include_sdn"):
            out += [
                {"iface": name, "type": "vnet", "active": 1}
                for name in sorted(self.sdn["running"]["vnets"])
                if self.applied_bridge(node, name) is not None
            ]
        return out

    # ----------------------------------------------------------------- cluster

    async def _status_of_cluster(self, v: Values, user: str) -> Any:
        names = sorted(self.nodes, key=lambda n: (len(n), n))
        out: list[dict[str, Any]] = [
            {
                "type": "cluster",
                "id": "cluster",
                "name": self.cluster_name,
                "nodes": len(names),
                "quorate": int(self.quorate),
                "version": 1,
            }
        ]
        for number, name in enumerate(names, 1):
            out.append(
                {
                    "type": "node",
                    "id": f"node/{name}",
                    "name": name,
                    "nodeid": number,
                    "level": "",
                    "ip": f"192.0.2.{number}",
                    "online": int(self.online(name)),
                    "local": int(number == 1),
                }
            )
        return out

    def _vm_stats(self, vm: Vm) -> dict[str, Any]:
        """A VM as pvestatd told of it last; nothing of one younger than that (API2Tools.pm extract_vm_stats)."""
        if time.monotonic() - self._stats_at >= STATS_SECONDS * self.time_scale:
            self._stats_at = time.monotonic()
            self._stats = {
                one.vmid: {
                    "name": one.name,
                    "status": one.status,
                    "template": int(one.template),
                    "maxcpu": self.cpus_of(one),
                    **self.vm_usage(one),
                }
                for one in self.vms
            }
        return self._stats.get(vm.vmid, {"status": "unknown"})

    def _vm_resource(self, vm: Vm) -> dict[str, Any]:
        up = self.online(vm.node)
        item: dict[str, Any] = {
            "id": f"qemu/{vm.vmid}",
            "type": "qemu",
            "node": vm.node,
            "vmid": vm.vmid,
            **self._vm_stats(vm),
            **({} if up else {"status": "unknown"}),
        }
        more = {
            "tags": vm.config.get("tags"),
            "lock": vm.lock,
            "pool": vm.pool,
            "hastate": self.listed_ha_state(f"vm:{vm.vmid}"),
        }
        return item | {key: value for key, value in more.items() if value}

    async def _cluster_resources(self, v: Values, user: str) -> Any:
        kind = v.get("type")
        out: list[dict[str, Any]] = []
        if kind in (None, "pool"):
            out += [
                {"id": f"/pool/{name}", "type": "pool", "pool": name}
                for name in sorted(self.pools)
                if self.allowed(user, f"/pool/{name}", "Pool.Audit")
            ]
        if kind in (None, "vm"):
            out += [
                self._vm_resource(vm)
                for vm in sorted(self.vms, key=lambda vm: vm.vmid)
                if self.allowed(user, f"/vms/{vm.vmid}", "VM.Audit")
            ]
        if kind in (None, "node"):
            out += [
                {
                    "id": f"node/{n}",
                    "type": "node",
                    "node": n,
                    "level": "",
                    "status": "online" if self.online(n) else "offline",
                    **self._node_figures(n, user),
                }
                for n in sorted(self.nodes)
            ]
        if kind in (None, "storage"):
            out += self.storage_resources(user)
        if kind in (None, "sdn"):
            for node in sorted(self.nodes):
                zones = [
                    {"zone": "localnetwork"},
                    *(
                        {"zone": z}
                        for z, e in sorted(self.sdn["running"]["zones"].items())
                        if not e.get("nodes") or node in split_list(e["nodes"])
                    ),
                ]
                out += [
                    {
                        "id": f"sdn/{node}/{z['zone']}",
                        "type": "sdn",
                        "node": node,
                        "sdn": z["zone"],
                        "status": "ok" if self.online(node) else "unknown",
                    }
                    for z in zones
                    if self.allowed(user, f"/sdn/zones/{z['zone']}", "SDN.Audit")
                ]
        return out

    async def _next_id(self, v: Values, user: str) -> Any:
        """The lowest free id. Nothing is reserved: two who ask at once get the same one."""
        taken = {vm.vmid for vm in self.vms}
        if v.get("vmid") is not None:
            if v["vmid"] in taken:
                raise param_error(vmid=f"VM {v['vmid']} already exists")
            return str(v["vmid"])
        lower, upper = self.next_id_range()
        for vmid in range(lower, upper):
            if vmid not in taken:
                return str(vmid)
        raise die(f"unable to get any free VMID in range [{lower}, {upper}]")

    def _check_lock(self, vm: Vm, allow: tuple[str, ...] = ()) -> None:
        if vm.lock and vm.lock not in allow:
            raise PveError(500, f"VM is locked ({vm.lock})")  # AbstractConfig.pm check_lock
