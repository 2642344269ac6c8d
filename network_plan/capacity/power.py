# SPDX-License-Identifier: GPL-3.0-or-later
"""Supply, standby and UPS of each cluster's room (PWR-1; Perbup 253/2019 §4.6.3 (5))."""

from __future__ import annotations

from dataclasses import dataclass

from network_plan.capacity.assume import Assumed
from network_plan.capacity.figure import Answer, Figure, Fits, Input, Purchase, group, up, worst
from network_plan.model.plan import Plan
from network_plan.model.site.facility import Power

STANDBY_HOURS = 3
SPARE_PERCENT = 20
LOAD_PERCENT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """One thing that a room's power has too little of.

    Attributes:
        key: of ``power`` in ``facilities.yml``.
        need: what that key must be at least, or at most; ``None`` for what is there or not.
    """

    key: str
    what: str
    cure: str
    need: int | None
    buy: str


def asked_w(power: Power) -> int:
    """What the mains must give, watts."""
    return up(power.peak_w * (100 + SPARE_PERCENT), 100)


def ups_w(power: Power) -> int:
    """What the UPS gives, watts."""
    return power.ups_va * power.power_factor_percent // 100


def ups_va(power: Power) -> int:
    """The smallest UPS that is enough: more than the peak, and the average on it within its share; VA."""
    watts = max(power.peak_w + 1, up(power.average_w * 100, LOAD_PERCENT))
    return up(watts * 100, power.power_factor_percent)


def shortages(power: Power) -> tuple[Short, ...]:
    """Everything that §4.6.3 (5) asks and the room has not."""
    found = []
    asked, watts = asked_w(power), ups_w(power)
    if power.supply_w < asked:
        found.append(
            Short(
                key="supply_w",
                what=f"the mains give {power.supply_w} W, {asked} W are asked ({SPARE_PERCENT} % above "
                f"the peak of {power.peak_w} W)",
                cure="order more from the supplier, or lower the peak",
                need=asked,
                buy=f"{group(asked - power.supply_w)} W more from the mains",
            )
        )
    if power.standby_hours < STANDBY_HOURS:
        found.append(
            Short(
                key="standby_hours",
                what=f"the standby supply lasts {power.standby_hours} hours, {STANDBY_HOURS} are asked",
                cure="store more fuel",
                need=STANDBY_HOURS,
                buy=f"fuel for {STANDBY_HOURS - power.standby_hours} hours more",
            )
        )
    larger = f"a UPS of {group(ups_va(power))} VA at least"
    if watts <= power.peak_w:
        found.append(
            Short(
                key="ups_va",
                what=f"the UPS gives {watts} W, no more than the peak of {power.peak_w} W",
                cure="buy a larger one, or lower the peak",
                need=ups_va(power),
                buy=larger,
            )
        )
    most = watts * LOAD_PERCENT // 100
    if power.average_w > most:
        found.append(
            Short(
                key="average_w",
                what=f"the average load is {power.average_w} W, {most} W are allowed "
                f"({LOAD_PERCENT} % of the UPS's {watts} W)",
                cure="buy a larger UPS, or lower the load",
                need=ups_va(power),
                buy=larger,
            )
        )
    if not power.reports:
        found.append(
            Short(
                key="reports",
                what="the UPS reports neither its state nor alarms",
                cure="buy its network card, or another UPS",
                need=None,
                buy="the UPS's network card",
            )
        )
    return tuple(found)


def power(plan: Plan, _assumed: Assumed) -> Answer:
    """Whether each cluster's room has the power that is asked; a room of which nothing is said is not known."""
    states, says = [], []
    figures: list[Figure] = []
    buys: list[Purchase] = []
    for cluster in plan.clusters:
        room = plan.facilities.power.get(cluster.name)
        if room is None:
            states.append(Fits.UNKNOWN)
            says.append(f"{cluster.name}: nothing is said of it")
            buys.append(
                Purchase(
                    cluster=cluster.name,
                    what="a look at its mains, UPS and standby supply",
                    because=f"nothing is said of the power of {cluster.name}",
                    declare=f"facilities.yml: power.{cluster.name}: all its keys",
                )
            )
            continue
        short = shortages(room)
        states.append(Fits.NO if short else Fits.YES)
        says.append(f"{cluster.name}: " + ("; ".join(item.what for item in short) if short else "as asked"))
        figures += _figures(cluster.name, room)
        buys += [_purchase(cluster.name, item) for item in short]
    return Answer(
        key="power",
        title="Is there power enough?",
        rules=("PWR-1",),
        fits=worst(states),
        says="; ".join(says),
        figures=tuple(figures),
        buy=tuple({purchase.what: purchase for purchase in buys}.values()),
    )


def _purchase(cluster: str, item: Short) -> Purchase:
    key = "ups_va" if item.key == "average_w" else item.key
    value = "true" if item.need is None else f"{item.need} or more"
    return Purchase(
        cluster=cluster,
        what=item.buy,
        because=f"{item.what} (Perbup 253/2019 §4.6.3 (5))",
        declare=f"facilities.yml: power.{cluster}.{key}: {value}",
    )


def _figures(cluster: str, room: Power) -> list[Figure]:
    told = Input(
        name=f"power of {cluster}",
        value=f"mains {group(room.supply_w)} W, peak {group(room.peak_w)} W, average {group(room.average_w)} W, "
        f"UPS {group(room.ups_va)} VA at {room.power_factor_percent} %, standby {room.standby_hours} h",
        source=room.source,
    )
    rule = Input(
        name="what is asked of the power",
        value=f"supply {SPARE_PERCENT} % above the peak, standby {STANDBY_HOURS} h, average {LOAD_PERCENT} % of UPS",
        source="Perbup 253/2019 §4.6.3 (5)",
    )
    asked, watts = asked_w(room), ups_w(room)
    return [
        Figure(
            name=f"supply of {cluster}",
            value=asked,
            unit="W asked",
            formula=f"{group(room.peak_w)} W peak × {100 + SPARE_PERCENT} % = {group(asked)} W asked, "
            f"{group(room.supply_w)} W are there",
            inputs=(told, rule),
        ),
        Figure(
            name=f"UPS of {cluster}",
            value=watts * LOAD_PERCENT // 100,
            unit="W allowed on average",
            formula=f"{group(room.ups_va)} VA × {room.power_factor_percent} % = {group(watts)} W, of which "
            f"{LOAD_PERCENT} % = {group(watts * LOAD_PERCENT // 100)} W may be the average; it is "
            f"{group(room.average_w)} W, the peak {group(room.peak_w)} W",
            inputs=(told, rule),
        ),
        Figure(
            name=f"standby of {cluster}",
            value=room.standby_hours,
            unit="hours",
            formula=f"{room.standby_hours} hours are there, {STANDBY_HOURS} are asked",
            inputs=(told, rule),
        ),
    ]
