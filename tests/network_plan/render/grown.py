# SPDX-License-Identifier: GPL-3.0-or-later
"""A regency of full size made from a small one: 45 tenants with names as long as Purwakarta's, and what fills a map."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, ip_interface, ip_network

from network_plan.model.application import Application
from network_plan.model.availability import HighAvailability
from network_plan.model.gateway import DestinationNat, Interface
from network_plan.model.plan import Plan

NAMES = (
    "Dinas Koperasi, Usaha Kecil, dan Menengah, Perdagangan dan Perindustrian",
    "Badan Perencanaan Pembangunan, Penelitian dan Pengembangan Daerah",
    "Dinas Sosial, Pemberdayaan Perempuan, dan Perlindungan Anak",
    "Dinas Penanaman Modal dan Pelayanan Terpadu Satu Pintu",
    "Dinas Kependudukan dan Pencatatan Sipil",
    *(
        f"Kecamatan {name}"
        for name in "Purwakarta Babakancikao Bojong Bungursari Campaka Cibatuh Darangdan".split()
    ),
    *(
        f"Kecamatan {name}"
        for name in "Jatiluhur Kiarapedes Maniis Pasawahan Plered Pondoksalam Sukasari".split()
    ),
    "Inspektorat",
    "Dinas Kesehatan",
    "Sekretariat DPRD",
)
TRANSPORTS = ("fibre", "wireless", "leased", "cellular")


def grown(plan: Plan, tenants: int, vms: int, public: int = 5) -> Plan:
    """The same regency with more tenants, each with an office; every third has servers with VMs on all hosts."""
    more_tenants, networks, guests = list(plan.tenants), list(plan.networks), list(plan.guests)
    office = next(n for n in plan.networks if n.role == "office")
    servers = next(n for n in plan.networks if n.role == "servers")
    guest = next(g for g in plan.guests if not g.twin)
    home = plan.cluster(plan.role.primary)
    ports = list(plan.gateways[0].interfaces)
    for number in range(tenants - len(plan.tenants)):
        key = f"skpd-{number:02}"
        name = NAMES[number % len(NAMES)]
        more_tenants.append(replace(plan.tenants[0], key=key, name=name, operator=False))
        for index in range(10 if number == 5 else 1):
            vlan = 2100 + number + index * 100
            networks.append(
                replace(
                    office, key=f"{key}/office-{index}", name=f"office-{index}", tenant=key, vlan=vlan,
                    title=f"Kantor Kelurahan Nagritengah {index}", transport=TRANSPORTS[number % 4],
                    prefixes=(ip_network(f"10.{100 + index}.{100 + number}.0/24"),),
                )
            )  # fmt: skip
            ports.append(
                Interface(name=f"lan{vlan}", kind="lan", vlan=vlan, network=networks[-1].key, addresses=())
            )
        if number % 3 or not vms:
            continue
        prefix = ip_network(f"10.40.{number}.0/24")
        networks.append(
            replace(servers, key=f"{key}/servers", tenant=key, vlan=400 + number, prefixes=(prefix,))
        )
        for index in range(vms):
            vmid = 1000 + number * vms + index
            nic = replace(
                guest.nics[0],
                network=f"{key}/servers",
                addresses=(ip_interface(f"10.40.{number}.{10 + index}/24"),),
            )
            for cluster in plan.clusters:
                primary = cluster.name == plan.role.primary
                turn = number // 3 * vms + index
                node = cluster.nodes[turn % len(cluster.nodes)].name
                ha = None
                if primary:
                    place = (home.nodes[(turn + 1) % len(home.nodes)]).name
                    ha = HighAvailability(
                        state="started", home=node, replica=place, schedule="*/5", minutes=5
                    )
                changed = replace(
                    guest, cluster=cluster.name, node=node, twin=not primary, running=primary, ha=ha
                )
                guests.append(
                    replace(changed, key=f"{key}/aplikasi-{index}", tenant=key, vmid=vmid, nics=(nic,))
                )
    gateway = replace(plan.gateways[0], interfaces=tuple(ports))
    addresses = list(plan.public)
    for number in range(public - len(plan.public)):
        address = IPv4Address(int(plan.public[-1].address) + 1 + number)
        addresses.append(replace(plan.public[1], address=address, name=f"layanan-{number}"))
        rule = DestinationNat(
            key=gateway.dnat[0].key, public=address, target=IPv4Address("10.32.144.210"), services=(), until=None
        )  # fmt: skip
        gateway = replace(gateway, dnat=(*gateway.dnat, rule))
    return replace(
        plan,
        tenants=tuple(more_tenants),
        networks=tuple(networks),
        guests=tuple(guests),
        gateways=(gateway, *plan.gateways[1:]),
        public=tuple(addresses),
        applications=(*plan.applications, *planned(35)),
    )


def planned(count: int) -> tuple[Application, ...]:
    """Applications that wait for a VM, the longest title of the table among them."""
    return tuple(
        Application(
            key=f"rencana-{number:02}", theme="Layanan",
            title="Sarana Umum (Lapangan, hutan lindung, penerangan, tempat ibadah dll)" if number % 2 else "Kehutanan",
            state="planned", priority=1 + number % 3, kind="application", owner="skpd-00",
            owner_source="assumption: made for a test", hosting="own", middleware=bool(number % 2), vms=(),
            cores=1, memory_mib=1024, disk_gib=16, size_source="assumption: made for a test", twin=False, note=None, source="assumption: made for a test",
        )
        for number in range(count)
    )  # fmt: skip
