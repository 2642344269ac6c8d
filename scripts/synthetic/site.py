# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a synthetic site that stand beside its agencies: pools, clusters large enough, services, recovery."""

from __future__ import annotations

from scripts.synthetic.size import Size
from scripts.synthetic.tenants import OPERATOR, SAYS, tenant_id, tenant_text

HOSTS = {"dc": 16, "drc": 8}
VM_MIB = 1024


def _clusters(size: Size) -> str:
    """Hosts with room for every VM, with one of them down, and for the twins."""
    room = {name: 2 * (size.vms // (count - 1) + 4) * VM_MIB for name, count in HOSTS.items()}
    text = (
        "schema: 1\ndefault_cluster: dc\nvmids: [100, 999999]\nmac_prefix: '02:61:77'\n"
        f"ids_source: {SAYS}\nclusters:\n"
    )
    for name, count in HOSTS.items():
        hosts = ", ".join(f"{name}{number}" for number in range(1, count + 1))
        text += (
            f"  {name}:\n    title: Cluster {name}\n    spare_hosts: {int(name == 'dc')}\n"
            "    vm_storage: local-zfs\n    image: local:import/debian-13-genericcloud-amd64.qcow2\n"
            f"    bridge: vmbr0\n    network: {OPERATOR}/management-{name}\n"
            f"    backup: {{storage: backup, path: /var/lib/awan/backup, source: {SAYS}}}\n"
            f"    source: {SAYS}\n    hosts:\n      - names: [{hosts}]\n        cores: 64\n"
            f"        memory_mib: {2048 + room[name]}\n        reserve_mib: 2048\n        disk_gib: 100000\n"
            f"        source: {SAYS}\n"
        )
    return f"{text}sizes:\n  small: {{cores: 1, memory_mib: {VM_MIB}, disk_gib: 16, source: {SAYS}}}\n"


def _networks(ipv6: bool) -> str:
    text = "schema: 1\npools:\n"
    pools = (
        ("management", "10.0.0.0/16", 24, 10, 19),
        ("dmz", "10.1.0.0/16", 24, 20, 29),
        ("servers", "10.32.0.0/11", 24, 30, 2030),
        ("office", "10.64.0.0/10", 24, 2031, 4094),
    )
    for name, prefix, length, first, last in pools:
        text += (
            f"  {name}:\n    prefix: {prefix}\n    length: {length}\n"
            f"    vlans: {{first: {first}, last: {last}}}\n    source: {SAYS}\n"
        )
    text += (
        f"public:\n  prefix: 203.0.113.0/28\n  delivery: routed\n  source: {SAYS}\n"
        f"gateway:\n  name: gw1\n  cluster: dc\n  wan: 198.51.100.2/30\n  isp: 198.51.100.1\n  source: {SAYS}\n"
    )
    if ipv6:
        text += (
            "ipv6:\n  prefix: 2001:db8:1000::/48\n  wan: 2001:db8:ffff::2/64\n  isp: 2001:db8:ffff::1\n"
            f"  source: {SAYS}\n"
        )
    return text


def _services(size: Size) -> str:
    shown = min(size.public, size.dealt(size.vms, 0))
    text = "schema: 1\n" + ("publish:\n" if shown else "")
    for number in range(shown):
        text += (
            f"  site{number}:\n    vm: {OPERATOR}/vm{number}\n    ports: [tcp/443]\n"
            f"    why: a public page\n    source: {SAYS}\n"
        )
    return text + (
        f"egress:\n  offices:\n    from: [offices]\n    why: the offices go out\n    source: {SAYS}\n"
        "flows:\n  management-ssh:\n    from: [management]\n    to: servers\n    ports: [tcp/22]\n"
        "    why: the operator runs every VM\n"
        "  names:\n    from: [offices, servers]\n    to: gateway\n    ports: [udp/53, tcp/53]\n"
        "    why: names are resolved at the gateway\n"
    )


def _recovery() -> str:
    text = "schema: 1\ncluster: drc\ntiers:\n"
    for tier, rpo, rto, ha in ((1, 5, 20, 5), (2, 240, 480, 15), (3, 1440, 4320, 30)):
        text += (
            f"  {tier}:\n    rpo_minutes: {rpo}\n    rto_minutes: {rto}\n    twin: {str(tier == 1).lower()}\n"
            f"    ha_minutes: {ha}\n"
            f"    backup: {{schedule: '*/4:00', keep_daily: 7, keep_weekly: 4, source: {SAYS}}}\n"
            f"    source: {SAYS}\n"
        )
    text += f"tunnel:\n  kind: wireguard\n  prefix: 10.0.255.0/30\n  rate_kbit: 25000\n  source: {SAYS}\n"
    text += (
        f"place:\n  distance: made up\n  cost: made up\n  service_level: made up\n  source: {SAYS}\nrisks:\n"
    )
    for kind in ("fire", "flood", "epidemic", "main_cable"):
        text += (
            f"  {kind.replace('_', '-')}: {{kind: {kind}, title: {kind}, likelihood: low, impact: high, "
            f"mitigation: the recovery center, source: {SAYS}}}\n"
        )
    return text + "shifts:\n  day: operator on duty\n  night: operator on guard\n"


def _facilities(size: Size) -> str:
    text = f"schema: 1\nuplink:\n  rate_kbit: {50_000 + 1000 * size.tenants}\n  source: {SAYS}\npower:\n"
    for name in HOSTS:
        text += (
            f"  {name}:\n    supply_w: 50000\n    peak_w: 20000\n    ups_va: 60000\n    power_factor_percent: 90\n"
            f"    average_w: 15000\n    standby_hours: 3\n    reports: true\n    source: {SAYS}\n"
        )
    text += "rooms:\n"
    for name in HOSTS:
        for kind in ("computer", "telecom", "electrical"):
            text += (
                f"  {name}-{kind}: {{title: {kind} room, cluster: {name}, kind: {kind}, temperature_sensors: 1, "
                f"humidity_sensors: 1, source: {SAYS}}}\n"
            )
    return text


def site_texts(size: Size, *, seed: int = 1, ipv6: bool = False) -> dict[str, str]:
    """File name → text of the whole site; the same for the same arguments."""
    return {
        "regency.yml": (
            f"schema: 1\nname: Synthetic {size.tenants}\ndomain: synthetic.example\ndomain_source: {SAYS}\n"
            f"operator: {OPERATOR}\nutc_offset_hours: 7\nposts: {{network: 1, software: 1}}\n"
            f"posts_source: {SAYS}\nsource: {SAYS}\n"
        ),
        "clusters.yml": _clusters(size),
        "networks.yml": _networks(ipv6),
        "services.yml": _services(size),
        "dr.yml": _recovery(),
        "facilities.yml": _facilities(size),
        "applications.yml": "schema: 1\napplications: {}\n",
        **{
            f"tenants/{tenant_id(number)}.yml": tenant_text(size, number, seed)
            for number in range(size.tenants)
        },
    }
