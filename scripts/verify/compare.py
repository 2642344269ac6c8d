# SPDX-License-Identifier: GPL-3.0-or-later
"""The Plan and a live cluster, side by side. Pure: what is live comes in as values."""

from __future__ import annotations

import re
from collections.abc import Sequence

from network_plan.model.firewall import Rule
from network_plan.model.guest import Disk, Guest
from network_plan.model.node import Cluster
from network_plan.model.plan import Plan
from scripts.verify.availability import compare_available, compare_operations
from scripts.verify.difference import Report, Unmanaged
from scripts.verify.live import Live, LiveGuest, Row

_KEY = re.compile(r"^\[([^\]]+)\]")
_UNITS = {"K": 1 / 1024 / 1024, "M": 1 / 1024, "G": 1.0, "T": 1024.0}


def _flag(value: object) -> str:
    return "1" if str(value) in ("1", "True", "true") else "0"


def _pairs(text: str) -> dict[str, str]:
    """PVE's ``a=1,b=2`` property string; a word without ``=`` stands under its own name."""
    halves = (part.partition("=") for part in text.split(",") if part)
    return {name: value for name, _, value in halves}


def rule_text(rule: Rule) -> str:
    """A planned rule as one line, in PVE's own order of words."""
    words = [rule.direction, rule.action]
    words += [
        f"{name} {value}"
        for name, value in (
            ("source", rule.source),
            ("dest", rule.dest),
            ("proto", rule.proto),
            ("dport", rule.dport),
            ("icmp-type", rule.icmp_type),
        )
        if value
    ]
    return " ".join(words)


def live_rule_text(row: Row) -> str:
    """A live rule in the same words; a disabled one says so."""
    words = [str(row.get("type", "")), str(row.get("action", ""))]
    for name in ("source", "dest", "proto", "dport", "sport", "macro", "iface", "icmp-type", "log"):
        value = row.get(name)
        if value not in (None, "", "nolog"):
            words.append(f"{name} {value}")
    if _flag(row.get("enable", 1)) == "0":
        words.append("(disabled)")
    return " ".join(words)


def _rules(report: Report, thing: str, planned: Sequence[Rule], live: Sequence[Row]) -> None:
    """Rules by their key: missing ones, strange ones, changed ones, then the order."""
    keyed: dict[str, Row] = {}
    for row in live:
        found = _KEY.match(str(row.get("comment", "")))
        if found is None or found[1] in keyed:
            report.compare(thing, "rule", "", live_rule_text(row))
        else:
            keyed[found[1]] = row
    for rule in planned:
        found_row = keyed.get(rule.key)
        live_text = "" if found_row is None else live_rule_text(found_row)
        report.compare(thing, f"rule {rule.key}", rule_text(rule), live_text)
    wanted = [rule.key for rule in planned]
    for key, row in keyed.items():
        if key not in wanted:
            report.compare(thing, f"rule {key}", "", live_rule_text(row))
    order = [key for key in keyed if key in wanted]
    expected = [key for key in wanted if key in keyed]
    report.compare(thing, "order of rules", " ".join(expected), " ".join(order))
    report.count("firewall rules", len(planned))


def _access(report: Report, cluster: Cluster, live: Live) -> None:
    report.present("pools", (share.pool for share in cluster.access), live.pools)
    report.present("groups", (group.name for share in cluster.access for group in share.groups), live.groups)
    roles = {role.name: role for role in cluster.roles}
    for name in report.present("roles", roles, live.roles):
        have = sorted(str(live.roles[name].get("privs", "")).split(","))
        report.compare(f"role {name}", "privileges", ",".join(sorted(roles[name].privileges)), ",".join(have))
    grants = {(str(a["path"]), str(a.get("ugid")), str(a.get("roleid"))): a for a in live.acl}
    report.present(
        "grants",
        (f"/pool/{s.pool} {group.name} {group.role}" for s in cluster.access for group in s.groups),
        {" ".join(key): row for key, row in grants.items()},
    )


def _sdn(report: Report, cluster: Cluster, live: Live) -> None:
    for zone in report.present("zones", (cluster.zone,), live.zones):
        row = live.zones[zone]
        report.compare(f"zone {zone}", "kind", "vlan", row.get("type"))
        report.compare(f"zone {zone}", "bridge", cluster.bridge, row.get("bridge"))
        if row.get("state"):
            report.compare(f"zone {zone}", "state", "applied", row["state"])
        for (name, node), state in live.zone_states.items():
            if name == zone:
                report.compare(f"zone {zone}", f"state on {node}", "available", state)
    vnets = {vnet.vnet: vnet for vnet in cluster.vnets}
    for name in report.present("vnets", vnets, live.vnets):
        row = live.vnets[name]
        report.compare(f"vnet {name}", "tag", vnets[name].tag, row.get("tag"))
        report.compare(f"vnet {name}", "zone", cluster.zone, row.get("zone"))
        if row.get("state"):
            report.compare(f"vnet {name}", "state", "applied", row["state"])
    subnets = {f"{v.vnet}/{cidr}": gateway for v in cluster.vnets for cidr, gateway in v.subnets}
    for name in report.present("subnets", subnets, live.subnets):
        report.compare(f"subnet {name}", "gateway", subnets[name], live.subnets[name].get("gateway", ""))
    report.unmanaged += [
        Unmanaged(where=report.where, thing=f"vnet {name}") for name in live.vnets if name not in vnets
    ]


def _firewall(report: Report, cluster: Cluster, live: Live) -> None:
    firewall = cluster.firewall
    report.compare("firewall", "enable", _flag(firewall.enable), _flag(live.options.get("enable", 0)))
    report.compare("firewall", "policy_in", firewall.policy_in, live.options.get("policy_in", "DROP"))
    report.compare("firewall", "policy_out", firewall.policy_out, live.options.get("policy_out", "ACCEPT"))
    aliases = {alias.name: alias for alias in firewall.aliases}
    for name in report.present("aliases", aliases, live.aliases):
        report.compare(f"alias {name}", "cidr", aliases[name].cidr, live.aliases[name].get("cidr"))
    ipsets = {ipset.name: ipset for ipset in firewall.ipsets}
    for name in report.present("ipsets", ipsets, live.ipsets):
        report.compare(f"ipset {name}", "members", " ".join(ipsets[name].cidrs), " ".join(live.ipsets[name]))
    groups = {group.name: group for group in firewall.groups}
    for name in report.present("security groups", groups, live.security_groups):
        _rules(report, f"security group {name}", groups[name].rules, live.security_groups[name])


def _disk(report: Report, thing: str, disk: Disk, config: Row) -> None:
    text = str(config.get(disk.slot, ""))
    if not text:
        report.compare(thing, disk.slot, f"{disk.storage}, {disk.size_gib} GiB", "")
        return
    volume, _, rest = text.partition(",")
    size = _pairs(rest).get("size", "0G")
    gib = float(size[:-1]) * _UNITS.get(size[-1], 0)
    report.compare(thing, f"{disk.slot} storage", disk.storage, volume.partition(":")[0])
    report.compare(thing, f"{disk.slot} size (GiB)", f"{disk.size_gib:g}", f"{gib:g}")


def _guest(report: Report, guest: Guest, live: LiveGuest) -> None:
    thing = f"VM {guest.vmid} ({guest.key})"
    config = live.config
    report.compare(thing, "power", "running" if guest.running else "stopped", live.status)
    report.compare(thing, "name", guest.name, config.get("name"))
    report.compare(thing, "pool", guest.pool, live.resource.get("pool", ""))
    report.compare(thing, "cores", guest.cores, config.get("cores", 1))
    memory = str(config.get("memory", 512)).removeprefix("current=")
    report.compare(thing, "memory (MiB)", guest.memory_mib, memory)
    report.compare(thing, "protection", _flag(guest.protect), _flag(config.get("protection", 0)))
    report.compare(thing, "start at boot", _flag(guest.running), _flag(config.get("onboot", 0)))
    tags = sorted(filter(None, re.split(r"[;, ]", str(config.get("tags", "")))))
    report.compare(thing, "tags", " ".join(guest.tags), " ".join(tags))
    for disk in guest.disks:
        _disk(report, thing, disk, config)
    for nic in guest.nics:
        have = _pairs(str(config.get(nic.slot, "")))
        report.compare(thing, f"{nic.slot} MAC", nic.mac, have.get("virtio", "").lower())
        report.compare(thing, f"{nic.slot} bridge", nic.vnet, have.get("bridge", ""))
        report.compare(thing, f"{nic.slot} firewall", "1", _flag(have.get("firewall", 0)))
        if not guest.twin:
            address = _pairs(str(config.get(f"ipconfig{nic.slot[3:]}", "")))
            for version, suffix, words in ((4, "", ""), (6, "6", "IPv6 ")):
                wanted = next((str(a) for a in nic.addresses if a.version == version), "")
                hop = next((str(a) for a in nic.gateways if a.version == version), "")
                report.compare(thing, f"{nic.slot} {words}address", wanted, address.get(f"ip{suffix}", ""))
                report.compare(thing, f"{nic.slot} {words}gateway", hop, address.get(f"gw{suffix}", ""))
    own = guest.firewall
    options = live.options
    report.compare(thing, "firewall ndp", _flag(own.ndp), _flag(options.get("ndp", 1)))
    report.compare(thing, "firewall", _flag(own.enable), _flag(options.get("enable", 0)))
    report.compare(thing, "firewall policy_in", own.policy_in, options.get("policy_in", "DROP"))
    report.compare(thing, "firewall policy_out", own.policy_out, options.get("policy_out", "ACCEPT"))
    report.compare(thing, "firewall ipfilter", _flag(own.ipfilter), _flag(options.get("ipfilter", 0)))
    report.compare(thing, "firewall macfilter", _flag(own.macfilter), _flag(options.get("macfilter", 1)))
    report.compare(thing, "firewall dhcp", _flag(own.dhcp), _flag(options.get("dhcp", 0)))
    report.compare(thing, "firewall radv", _flag(own.radv), _flag(options.get("radv", 0)))
    for ipset in own.ipsets:
        report.compare(
            thing, f"ipset {ipset.name}", " ".join(ipset.cidrs), " ".join(live.ipsets.get(ipset.name, ()))
        )
    for name in sorted(set(live.ipsets) - {ipset.name for ipset in own.ipsets}):
        report.compare(thing, f"ipset {name}", "", " ".join(live.ipsets[name]) or "(empty)")
    _rules(report, thing, own.rules, live.rules)


def _foreign(report: Report, cluster: Cluster, known: set[int], live: Live) -> None:
    """VMs that the Plan does not know: a finding only in a pool or on a network that is ours."""
    pools = {share.pool for share in cluster.access}
    vnets = {vnet.vnet for vnet in cluster.vnets}
    for vmid, guest in sorted(live.guests.items()):
        if vmid in known:
            continue
        name = guest.config.get("name", "")
        thing = f"VM {vmid} ({name})"
        cards = (str(value) for key, value in guest.config.items() if re.match(r"net\d", key))
        bridges = {_pairs(card).get("bridge", "") for card in cards}
        if guest.resource.get("pool") in pools:
            report.compare(thing, "a VM in our pool", "", guest.resource["pool"])
        elif bridges & vnets:
            report.compare(thing, "a VM on our network", "", " ".join(sorted(bridges & vnets)))
        else:
            report.unmanaged.append(Unmanaged(where=report.where, thing=thing))


def compare_cluster(plan: Plan, name: str, live: Live, shown: str) -> Report:
    """Compare one cluster.

    Args:
        name: the cluster's name in the Plan (``dc``).
        shown: its name in messages (``lab-dc``).
    """
    report = Report(where=shown)
    cluster = plan.cluster(name)
    _access(report, cluster, live)
    _sdn(report, cluster, live)
    _firewall(report, cluster, live)
    compare_operations(report, cluster, live)
    guests = plan.guests_of(name)
    compare_available(report, guests, live)
    for guest in guests:
        report.count("VMs", 1)
        found = live.guests.get(guest.vmid)
        if guest.vmid in live.unread:
            down = f"{live.unread[guest.vmid]}, which is down"
            report.compare(f"VM {guest.vmid} ({guest.key})", "the node", "one that answers", down)
        elif found is None:
            report.compare(f"VM {guest.vmid} ({guest.key})", "the VM", f"it on {guest.node}", "")
        else:
            _guest(report, guest, found)
    _foreign(report, cluster, {guest.vmid for guest in guests}, live)
    return report
