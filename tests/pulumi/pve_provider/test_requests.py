# SPDX-License-Identifier: GPL-3.0-or-later
"""How many requests a run makes: an `up` from empty stays near the least, a refresh reads lists once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

pytestmark = pytest.mark.lab

LISTS = (
    "/cluster/resources",
    "/pools",
    "/access/acl",
    "/access/groups",
    "/cluster/sdn/zones",
    "/cluster/sdn/vnets",
    "/cluster/firewall/aliases",
    "/cluster/firewall/ipset",
    "/cluster/firewall/groups",
    "/storage",
    "/access/users",
    "/cluster/options",
    "/cluster/backup",
    "/cluster/ha/resources",
    "/cluster/ha/rules",
    "/cluster/replication",
)
RULES = [
    {"key": f"r{number}", "type": "in", "action": "ACCEPT", "proto": "tcp", "dport": str(number)}
    for number in range(1, 6)
]


def program() -> list[tuple[str, str, dict[str, Any]]]:
    """A small cluster, in the order in which an engine would make it."""
    out: list[tuple[str, str, dict[str, Any]]] = [("SdnZone", "z", {"zone": "awan", "bridge": "vmbr0"})]
    for number in (110, 120):
        vnet = f"vn{number}"
        out.append(("SdnVnet", vnet, {"vnet": vnet, "zone": "awan", "tag": number}))
        out.append(("SdnSubnet", vnet, {"vnet": vnet, "zone": "awan", "cidr": f"10.1.{number}.0/24"}))
    out.append(("SdnApply", "a", {"triggers": ["1"]}))
    out.append(("FirewallAlias", "al", {"name": "mgmt", "cidr": "10.1.0.0/24"}))
    out.append(("FirewallIpset", "is", {"name": "offices", "entries": [{"cidr": "10.2.0.0/16"}]}))
    out.append(("FirewallGroup", "g", {"group": "web", "rules": RULES}))
    out.append(("FirewallOptions", "o", {"policyIn": "DROP"}))
    for pool in ("one", "two"):
        out.append(("Group", pool, {"groupid": pool}))
        out.append(("Pool", pool, {"poolid": pool}))
        out.append(("Acl", pool, {"path": f"/pool/{pool}", "roleid": "PVEVMUser", "ugid": pool}))
    image = "local:import/debian-13-genericcloud-amd64.qcow2"
    for vmid in range(500, 505):
        disk = {"slot": "scsi0", "storage": "local-zfs", "sizeGib": 8, "importFrom": image}
        net = {"slot": "net0", "bridge": "vn110", "mac": f"BC:24:11:00:05:{vmid - 500:02X}", "firewall": True}
        cloud = {"storage": "local-zfs", "ipConfigs": [{"ip": f"10.1.110.{vmid - 490}/24"}]}
        vm = {
            "vmid": vmid,
            "node": "dc1",
            "pool": "one",
            "disks": [disk],
            "networks": [net],
            "cloudInit": cloud,
        }
        out.append(("Vm", str(vmid), vm))
        entries = [{"cidr": f"10.1.110.{vmid - 490}"}]
        sets = [{"name": "ipfilter-net0", "entries": entries}]
        out.append(("VmFirewall", str(vmid), {"vmid": vmid, "enable": True, "ipsets": sets, "rules": RULES}))
        out.append(("VmPower", str(vmid), {"vmid": vmid, "started": True}))
        out.append(("HaResource", str(vmid), {"sid": f"vm:{vmid}"}))
        rule = {"rule": f"r{vmid}", "resources": [f"vm:{vmid}"], "nodes": ["dc1:2", "dc2:1"], "strict": True}
        out.append(("HaRule", str(vmid), rule))
        out.append(("Replication", str(vmid), {"jobid": f"{vmid}-0", "target": "dc2", "schedule": "*/5"}))
    out.append(("Storage", "s", {"storage": "cadangan", "path": "/srv/cadangan", "content": ["backup"]}))
    out.append(("ClusterOptions", "c", {"ha": "shutdown_policy=migrate"}))
    for name in ("one", "two"):
        out.append(("User", name, {"userid": f"{name}@pve"}))
        out.append(("Token", name, {"userid": f"{name}@pve", "tokenid": "read"}))
        bearer = {"ugid": f"{name}@pve!read", "type": "token"}
        out.append(("Acl", f"{name} token", {"path": "/pool", "roleid": "PVEAuditor", **bearer}))
        job = {"jobid": f"job-{name}", "pool": name, "storage": "cadangan", "schedule": "01:30"}
        out.append(("BackupJob", name, job))
    return out


def test_requests(engines: Any, lab: Any) -> None:
    lab.control.reset_calls()
    engine = engines()
    engine.configure(**lab.settings)
    for kind, name, inputs in program():
        engine.create(kind, name, inputs)
    calls = lab.control.calls()
    total = sum(call["count"] for call in calls)
    written = sum(call["count"] for call in calls if call["method"] != "GET")
    tasks = sum(call["count"] for call in calls if call["path"].endswith("/tasks/{upid}/status"))
    server_filled = sum(kind in ("Vm", "FirewallOptions") for kind, _name, _inputs in program())
    least = written + tasks + server_filled
    assert total <= 1.15 * least, (total, least)

    refresh = engines()
    refresh.configure(**lab.settings)
    refresh.kept.update(engine.kept)
    lab.control.reset_calls()
    for kind, name, inputs in program():
        assert refresh.refresh(kind, name) is not None
        assert refresh.diff(kind, name, inputs).detail == {}
    reads = Counter({(call["method"], call["path"]): call["count"] for call in lab.control.calls()})
    assert all(method == "GET" for method, _path in reads)
    assert {path: reads["GET", path] for path in LISTS} == dict.fromkeys(LISTS, 1)
    of_vms = {
        path: count for (_m, path), count in reads.items() if "{vmid}" in path and "/firewall" not in path
    }
    assert sum(of_vms.values()) <= 2 * 5
    assert sum(of_vms.values()) == 5

    for kind, name, _inputs in reversed(program()):
        engine.delete(kind, name)
    engine.provider.run.finish()
