# SPDX-License-Identifier: GPL-3.0-or-later
"""Which applications of table 4.3 fit, by priority, and what must be bought for the rest (APP-1, CLD-5)."""

from __future__ import annotations

from network_plan.capacity.assume import Assumed
from network_plan.capacity.buy import add_hosts, buy, purchases
from network_plan.capacity.figure import Answer, Figure, Fits, Input, Purchase, Table, group, up
from network_plan.capacity.planned import Demand, Outlook, outlook
from network_plan.capacity.printed import BYTES, printed
from network_plan.model.plan import Plan

_TABLE = "Perbup 253/2019 table 4.3"


def applications(plan: Plan, assumed: Assumed) -> Answer:
    """Who fits now, and the purchases with which all do."""
    seen = outlook(plan, assumed)
    buys, instead = [], []
    grown = {cluster.name: cluster for cluster in plan.clusters}
    helpless = []
    for demand in seen.demands:
        bought = buy(demand, assumed.value("memory_module_mib"), assumed.value("drive_gib"))
        if bought is None:
            helpless.append(demand.cluster.name)
            continue
        grown[demand.cluster.name] = bought.cluster
        found = purchases(demand, bought, assumed)
        buys += found
        if found:
            instead += _instead(demand)
    if buys:
        nodes = [node for cluster in grown.values() for node in cluster.nodes]
        buys += [
            Purchase(
                cluster="",
                what=f"the decision to have more than the printed {item.need.quantity} {item.need.unit} of {item.key}",
                because=f"with all this the hosts have {item.text}",
                declare=f"facilities.yml: needs.{item.key}.quantity: "
                f"{up(item.have, BYTES.get(item.need.unit, 1))}, with its source",
            )
            for item in printed(plan, nodes)
            if item.most is not None and item.have > item.most
        ]
    return Answer(
        key="applications",
        title="Do the applications of table 4.3 fit?",
        rules=("APP-1", "CLD-5"),
        fits=Fits.NO
        if helpless or not seen.holds or any(seat.lacks for seat in seen.seats) or buys
        else Fits.YES,
        says=_says(plan, seen, helpless),
        figures=(*_figures(seen, assumed),),
        tables=(_by_priority(plan, seen), _table(seen)),
        buy=tuple(buys),
        instead=tuple(instead),
    )


def _says(plan: Plan, seen: Outlook, helpless: list[str]) -> str:
    if helpless:
        return f"no purchase gives all VMs of {' and '.join(helpless)} a place; see what is lost with a host"
    if not seen.holds:
        return (
            "what stands there already has no place when hosts fail or lacks disk or cores; nothing more fits"
        )
    fit = [seat for seat in seen.seats if not seat.lacks]
    carried = sum(bool(item.vms) for item in plan.applications)
    need = plan.facilities.needs.get("memory")
    on = f" on the printed {need.quantity} {need.unit} of memory" if need else ""
    return f"{carried} have VMs; of {len(seen.seats)} that are planned and need room {len(fit)} fit{on}" + (
        "" if len(fit) == len(seen.seats) else f", {len(seen.seats) - len(fit)} do not"
    )


def _figures(seen: Outlook, assumed: Assumed) -> list[Figure]:
    figures = []
    for demand in seen.demands:
        rows = [item.application for item in demand.wanted]
        if not rows:
            continue
        memory = sum(item.load.memory_mib for item in demand.wanted)
        sizes = sorted({item.load.memory_mib for item in demand.wanted})
        each = " + ".join(
            f"{sum(item.load.memory_mib == size for item in demand.wanted)} × {group(size)}" for size in sizes
        )
        used = sum(load.memory_mib for load in demand.guests)
        offered = sum(node.free_mib for node in demand.cluster.nodes)
        figures.append(
            Figure(
                name=f"memory that the planned ask for in {demand.cluster.name}",
                value=memory,
                unit="MiB",
                formula=f"{each} MiB = {group(memory)} MiB beside {group(used)} MiB in use; "
                f"{group(offered)} MiB are there for VMs with every host up",
                inputs=(
                    Input(name="what is planned", value=f"{len(rows)} rows", source=_TABLE),
                    *_sizes(demand),
                ),
            )
        )
        disks = sum(item.load.disk_gib for item in demand.wanted)
        disk = sum(item.load.stored_gib + (item.load.disk_gib if item.ha else 0) for item in demand.wanted)
        figures.append(
            Figure(
                name=f"disk that the planned ask for in {demand.cluster.name}",
                value=disk,
                unit="GiB",
                formula=f"{len(rows)} disks of {group(disks)} GiB together, "
                f"their copies for HA {group(sum(item.load.disk_gib for item in demand.wanted if item.ha))}, "
                f"points {group(sum(item.load.points_gib for item in demand.wanted))}, "
                f"backups {group(sum(item.load.backup_gib for item in demand.wanted))} GiB",
                inputs=(
                    Input(name="what is planned", value=f"{len(rows)} rows", source=_TABLE),
                    assumed.input("backup_percent"),
                    assumed.input("change_percent"),
                ),
            )
        )
    return figures


def _sizes(demand: Demand) -> tuple[Input, ...]:
    """Each size once, with its source."""
    sizes = {
        (item.load.memory_mib, item.load.cores, item.load.disk_gib): item.application.size_source or ""
        for item in demand.wanted
    }
    return tuple(
        Input(
            name="a planned application", value=f"{group(mib)} MiB, {cores} cores, {gib} GiB", source=source
        )
        for (mib, cores, gib), source in sizes.items()
    )


def _by_priority(plan: Plan, seen: Outlook) -> Table:
    """The whole table in numbers: each row stands in one column."""
    lacks = {seat.application.key: seat.lacks for seat in seen.seats}
    seated = set(lacks) if seen.holds else set()
    wanted = {item.application.key for item in seen.demands[0].wanted}
    rows = []
    for priority in sorted({item.priority for item in plan.applications}):
        of = [item for item in plan.applications if item.priority == priority]
        rows.append(
            (
                priority,
                len(of),
                sum(bool(item.vms) for item in of),
                sum(item.key in seated and not lacks[item.key] for item in of),
                sum(item.key in wanted and (item.key not in seated or bool(lacks[item.key])) for item in of),
                sum(not item.vms and item.key not in wanted for item in of),
            )
        )
    return Table(
        title="By priority",
        columns=("priority", "rows", "with VMs", "planned, fit", "planned, do not fit", "need nothing"),
        rows=tuple(rows),
    )


def _table(seen: Outlook) -> Table:
    return Table(
        title="What is planned",
        columns=("priority", "application", "title", "MiB", "GiB", "twin", "answer"),
        rows=tuple(
            (
                seat.application.priority,
                seat.application.key,
                seat.application.title,
                seat.application.memory_mib,
                seat.application.disk_gib,
                "yes" if seat.application.twin else None,
                "; ".join(lack.text for lack in seat.lacks) or "fits",
            )
            for seat in seen.seats
        ),
    )


def _instead(demand: Demand) -> list[str]:
    more = add_hosts(demand)
    if more is None or not more.hosts:
        return []
    hosts = "host" if more.hosts == 1 else "hosts"
    return [f"{demand.cluster.name}: or {more.hosts} more {hosts} like {more.like}, as they are"]
