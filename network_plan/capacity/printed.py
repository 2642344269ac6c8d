# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers, memory and storage of all clusters beside what the master plan prints (CLD-5; Perbup 253/2019 §4.6.11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from network_plan.capacity.assume import Assumed
from network_plan.capacity.figure import GIB, MIB, Answer, Figure, Fits, Input, group, worst
from network_plan.model.node import Node
from network_plan.model.plan import Plan
from network_plan.model.site.facility import Need

BYTES: Mapping[str, int] = {"GB": 10**9, "TB": 10**12, "GiB": GIB, "TiB": 2**40}
"""The print's Gb and Tb, read as decimal bytes: the smaller reading of the two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """One printed figure beside what is declared.

    Attributes:
        key: of ``needs`` in ``facilities.yml``.
        have: what the hosts have together, in bytes, or their number; ``most`` is what is printed, likewise.
        most: ``None`` where the unit is none that hosts are counted in.
    """

    key: str
    need: Need
    have: int
    most: int | None

    @property
    def text(self) -> str:
        """What the hosts have, in the print's own unit."""
        if self.key == "servers":
            return str(self.have)
        return f"{self.have / BYTES[self.need.unit]:.2f} {self.need.unit}"


def printed(plan: Plan, nodes: Iterable[Node]) -> tuple[Printed, ...]:
    """Each printed figure that counts hosts or what is in them."""
    nodes = tuple(nodes)
    have = {
        "servers": len(nodes),
        "memory": sum(node.memory_mib for node in nodes) * MIB,
        "storage": sum(node.disk_gib for node in nodes) * GIB,
    }
    found = []
    for key, number in have.items():
        need = plan.facilities.needs.get(key)
        if need is None:
            continue
        unit = 1 if key == "servers" else BYTES.get(need.unit)
        found.append(
            Printed(key=key, need=need, have=number, most=need.quantity * unit if unit is not None else None)
        )
    return tuple(found)


def all_nodes(plan: Plan) -> tuple[Node, ...]:
    """The hosts of all clusters."""
    return tuple(node for cluster in plan.clusters for node in cluster.nodes)


def makes(nodes: Iterable[Node]) -> tuple[Input, ...]:
    """A host's figures, once for each make."""
    first: dict[str, Node] = {}
    for node in nodes:
        first.setdefault(node.source, node)
    return tuple(
        Input(
            name=f"hosts like {node.name}",
            value=f"{group(node.memory_mib)} MiB, of which {group(node.reserve_mib)} are kept; "
            f"{node.cores} cores; {group(node.disk_gib)} GiB",
            source=source,
        )
        for source, node in first.items()
    )


def prints(plan: Plan, _assumed: Assumed) -> Answer:
    """Whether the hosts that are declared stay within what is printed."""
    states, says = [], []
    figures = []
    for item in printed(plan, all_nodes(plan)):
        if item.most is None:
            states.append(Fits.UNKNOWN)
            says.append(f"{item.key} is counted in {item.need.unit!r}, which no host is")
            continue
        states.append(Fits.NO if item.have > item.most else Fits.YES)
        says.append(f"{item.text} of {item.need.quantity} {item.need.unit}" + _of(item.key))
        figures.append(_figure(plan, item))
    return Answer(
        key="printed",
        title="Is it within the printed figures?",
        rules=("CLD-5",),
        fits=worst(states),
        says="; ".join(says) or "nothing is printed",
        figures=tuple(figures),
    )


def _of(key: str) -> str:
    return "" if key == "servers" else f" of {key}"


def _figure(plan: Plan, item: Printed) -> Figure:
    nodes = all_nodes(plan)
    each = {
        "servers": " + ".join(f"{len(cluster.nodes)} in {cluster.name}" for cluster in plan.clusters),
        "memory": f"{group(sum(node.memory_mib for node in nodes))} MiB × 1,048,576",
        "storage": f"{group(sum(node.disk_gib for node in nodes))} GiB × 1,073,741,824",
    }[item.key]
    return Figure(
        name=f"{item.key} declared",
        value=item.have,
        unit="servers" if item.key == "servers" else "bytes",
        formula=f"{each} = {item.text}, {item.need.quantity} {item.need.unit} are printed",
        inputs=(
            Input(
                name=item.need.title, value=f"{item.need.quantity} {item.need.unit}", source=item.need.source
            ),
            *makes(nodes),
        ),
    )
