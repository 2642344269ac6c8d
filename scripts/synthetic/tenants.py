# SPDX-License-Identifier: GPL-3.0-or-later
"""The agencies of a synthetic site: one file each, with an office, VMs and the flows to them."""

from __future__ import annotations

import random

from scripts.synthetic.size import Size

OPERATOR = "operator"
SAYS = '"assumption: a synthetic site, nobody runs it"'
FIRST_PORT = 2000


def tenant_id(number: int) -> str:
    """Agencies are numbered; the first one operates the cloud."""
    return OPERATOR if number == 0 else f"agency-{number:04}"


def _vm(number: int, ports: list[int], *, dmz: bool) -> str:
    serves = ", ".join(f"tcp/{port}" for port in (443, *sorted(set(ports))))
    network = "    network: dmz\n" if dmz else ""
    # one of an agency's VMs is of priority 1 and has a twin
    priority = 1 if number % 20 == 0 else 2 + number % 2
    return (
        f"  vm{number}:\n    size: small\n    priority: {priority}\n{network}"
        f"    serves: [{serves}]\n    source: {SAYS}\n"
    )


def tenant_text(size: Size, number: int, seed: int) -> str:
    """The file of one agency; the same for the same size, number and seed."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - chance that guards nothing
    own = size.dealt(size.vms, number)
    lines = [
        f"schema: 1\nname: Agency {number}\nkind: dinas\nsubdomain: false\nsource: {SAYS}\noffices:\n",
        f"  main: {{title: Office of agency {number}, transport: fibre, hosts: 60, source: {SAYS}}}\n",
    ]
    if number == 0:
        lines.append(
            "networks:\n"
            f"  management-dc: {{role: management, title: hosts of the data center, source: {SAYS}}}\n"
            f"  management-drc: {{role: management, title: hosts of the DRC, cluster: drc, source: {SAYS}}}\n"
            f"  dmz: {{role: dmz, title: what the internet may reach, source: {SAYS}}}\n"
        )
    ports: dict[int, list[int]] = {vm: [] for vm in range(own)}
    flows = []
    for flow in range(size.dealt(size.flows, number) if own else 0):
        vm, port = flow % own, FIRST_PORT + flow
        ports[vm].append(port)
        flows.append(
            f"  f{flow}:\n    from: [{_source(size, number, flow, chance)}]\n    to: vm:vm{vm}\n"
            f"    ports: [tcp/{port}]\n    why: flow {flow} of agency {number}\n"
        )
    if own:
        lines.append("vms:\n")
        lines += [_vm(vm, ports[vm], dmz=number == 0 and vm < size.public) for vm in range(own)]
    if flows:
        lines += ["flows:\n", *flows]
    return "".join(lines)


def _source(size: Size, number: int, flow: int, chance: random.Random) -> str:
    """Who comes: the own office, another agency's office or one of its VMs, in turn."""
    other = chance.randrange(size.tenants)
    if flow % 3 == 0 or other == number:
        return f"office:{tenant_id(number)}"
    vms = size.dealt(size.vms, other)
    if flow % 3 == 1 or not vms:
        return f"office:{tenant_id(other)}"
    return f"vm:{tenant_id(other)}/vm{chance.randrange(vms)}"
