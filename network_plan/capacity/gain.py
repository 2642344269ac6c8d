# SPDX-License-Identifier: GPL-3.0-or-later
"""What consolidation gains: servers and energy saved, and how much of the hosts is used (CLD-6)."""

from __future__ import annotations

from dataclasses import dataclass

from network_plan.capacity.assume import Assumed
from network_plan.capacity.figure import Answer, Figure, Fits, Input, group, up
from network_plan.capacity.planned import ends
from network_plan.model.plan import Plan

USED_PERCENT = 10
"""How much of a server is used today (Perbup 253/2019 §4.6.4: *baru sekitar 10% resource yang terpakai*)."""

HOURS = 8760
_USED = Input(
    name="how much of a server is used today",
    value=f"about {USED_PERCENT} %",
    source="Perbup 253/2019 §4.6.4",
)
_ONE = Input(
    name="servers without a cloud",
    value="one for one application or web server",
    source="Perbup 253/2019 §4.6.4 (satu server digunakan untuk menjalankan satu aplikasi)",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """Servers without a cloud, and with it.

    Attributes:
        before: servers that the agencies run today where that was counted, else one for each VM.
        counted: whether it was counted.
        planned: one more for each planned application.
        after: the hosts of all clusters, those of the recovery center among them.
        home: those of the cluster where the VMs run.
        watts: the average of one host; ``None`` where the power of that cluster is not declared.
    """

    before: int
    counted: bool
    planned: int
    after: int
    home: int
    watts: int | None

    @property
    def saved(self) -> int:
        """Servers less, today; negative where the cloud has more."""
        return self.before - self.after

    @property
    def used_percent(self) -> int:
        """How much of the home hosts today's work takes, rounded up."""
        return up(self.before * USED_PERCENT, max(1, self.home))


def gain_of(plan: Plan) -> Gain:
    """The numbers, from what is counted or what the print says."""
    home = plan.cluster(ends(plan)[0])
    power = plan.facilities.power.get(home.name)
    sizing = plan.facilities.sizing
    counted = sizing.servers_today if sizing else None
    vms = sum(not guest.twin for guest in plan.guests)
    return Gain(
        before=vms if counted is None else counted,
        counted=counted is not None,
        planned=sum(item.state == "planned" and bool(item.memory_mib) for item in plan.applications),
        after=sum(len(cluster.nodes) for cluster in plan.clusters),
        home=len(home.nodes),
        watts=power.average_w // len(home.nodes) if power and home.nodes else None,
    )


def gain(plan: Plan, _assumed: Assumed) -> Answer:
    """The gain, by the print's own words where nobody has counted; it asks for nothing to be bought."""
    found = gain_of(plan)
    says = (
        f"{found.after} hosts instead of {found.before} servers today and {found.before + found.planned} with all "
        f"that is planned; {found.used_percent} % of the hosts is used instead of {USED_PERCENT} %"
    )
    if not found.counted:
        says += "; how many servers the agencies run today is not counted ('sizing.servers_today')"
    return Answer(
        key="gain",
        title="Does consolidation gain?",
        rules=("CLD-6",),
        fits=Fits.YES if found.before + found.planned > found.after else Fits.NO,
        says=says,
        figures=tuple(_figures(plan, found)),
    )


def _before(plan: Plan, found: Gain) -> Input:
    sizing = plan.facilities.sizing
    if found.counted and sizing is not None:
        return Input(name="servers today", value=str(found.before), source=sizing.source)
    return _ONE


def _figures(plan: Plan, found: Gain) -> list[Figure]:
    before = _before(plan, found)
    hosts = Input(
        name="hosts of all clusters",
        value=str(found.after),
        source="; ".join(c.source for c in plan.clusters),
    )
    then = found.before + found.planned
    name = "servers" if found.counted else "VMs, one server each,"
    figures = [
        Figure(
            name="servers saved today",
            value=found.saved,
            unit="servers",
            formula=f"{found.before} {name} − {found.after} hosts (the recovery center's among them) = {found.saved}",
            inputs=(before, hosts),
        ),
        Figure(
            name="servers saved with all that is planned",
            value=then - found.after,
            unit="servers",
            formula=f"{found.before} + {found.planned} planned − {found.after} hosts = {then - found.after}",
            inputs=(before, _ONE, hosts),
        ),
        Figure(
            name="used of the hosts where they run",
            value=found.used_percent,
            unit="%",
            formula=f"{found.before} servers × {USED_PERCENT} % / {found.home} hosts = {found.used_percent} %; "
            f"with all that is planned {then} × {USED_PERCENT} % / {found.home} = "
            f"{up(then * USED_PERCENT, max(1, found.home))} % (a server taken to be as strong as a host)",
            inputs=(before, _USED, hosts),
        ),
    ]
    if found.watts is not None:
        watts = found.saved * found.watts
        home = ends(plan)[0]
        figures.append(
            Figure(
                name="energy saved today",
                value=watts * HOURS // 1000,
                unit="kWh a year",
                formula=f"{found.saved} servers × {group(found.watts)} W (average of one host) × {group(HOURS)} h = "
                f"{group(watts * HOURS // 1000)} kWh a year",
                inputs=(
                    Input(
                        name=f"average of {home}, {found.home} hosts",
                        value=f"{group(plan.facilities.power[home].average_w)} W",
                        source=plan.facilities.power[home].source,
                    ),
                    before,
                    hosts,
                ),
            )
        )
    return figures
