# SPDX-License-Identifier: GPL-3.0-or-later
"""The line to the internet, shared among the agencies, and the lines by which their offices come (GW-4, NET-2)."""

from __future__ import annotations

from collections.abc import Sequence

from network_plan.capacity.assume import Assumed
from network_plan.capacity.figure import Answer, Figure, Fits, Input, Purchase, Table, group
from network_plan.model.network import Network
from network_plan.model.plan import Plan

_EQUAL = Input(
    name="equal shares", value="one for each agency", source="Perbup 253/2019 §3.2.3 (secara sama rata)"
)


def kept_kbit(plan: Plan) -> int:
    """What of the line is kept for replication."""
    return sum(tunnel.rate_kbit for tunnel in plan.tunnels)


def share_kbit(plan: Plan) -> int:
    """The equal share of one tenant, kbit/s: the uplink without what replication is kept, among all tenants.

    Equal shares are today's policy (Perbup 253/2019 §3.2.3: *secara sama rata*).
    """
    return max(0, plan.facilities.uplink.rate_kbit - kept_kbit(plan)) // len(plan.tenants)


def line(plan: Plan, _assumed: Assumed) -> Answer:
    """What is guaranteed to each agency, and what the line of each of its offices carries."""
    uplink = plan.facilities.uplink
    kept, share = kept_kbit(plan), share_kbit(plan)
    figure = Figure(
        name="guaranteed to each agency",
        value=share,
        unit="kbit/s",
        formula=f"({group(uplink.rate_kbit)} − {group(kept)} kbit/s kept for replication) / {len(plan.tenants)} "
        f"agencies = {group(share)} kbit/s, and up to the whole line while others are silent",
        inputs=(
            Input(
                name="line to the internet", value=f"{group(uplink.rate_kbit)} kbit/s", source=uplink.source
            ),
            *(
                Input(
                    name=f"kept on the tunnel {tunnel.key}",
                    value=f"{group(tunnel.rate_kbit)} kbit/s",
                    source=tunnel.source,
                )
                for tunnel in plan.tunnels
            ),
            _EQUAL,
        ),
    )
    offices = [network for network in plan.networks if network.role == "office"]
    measured = [network for network in offices if network.rate_kbit]
    slow = [network for network in measured if (network.rate_kbit or 0) < share]
    says = f"{group(share)} kbit/s for each of {len(plan.tenants)} agencies"
    if slow:
        says += f"; {len(slow)} office{'s have' if len(slow) > 1 else ' has'} a slower own line"
    if len(measured) < len(offices):
        says += f"; the line of {len(offices) - len(measured)} of {len(offices)} offices is not measured ('rate_kbit')"
    own = sorted({item.tenant for item in plan.exceptions if item.kind == "own_bandwidth"})
    if own:
        says += f"; {' and '.join(own)} still buy bandwidth of their own, which comes home to this line"
    least = kept + len(plan.tenants)
    return Answer(
        key="line",
        title="Has each agency a share of the line?",
        rules=("GW-4", "NET-2"),
        fits=Fits.YES if share else Fits.NO,
        says=says,
        figures=(figure,),
        tables=(_by_transport(offices, share),),
        buy=()
        if share
        else (
            Purchase(
                cluster="",
                what=f"a line of more than {group(least)} kbit/s, or less kept for replication",
                because=f"{group(kept)} of {group(uplink.rate_kbit)} kbit/s are kept for replication",
                declare=f"facilities.yml: uplink.rate_kbit: more than {least}",
            ),
        ),
    )


def _by_transport(offices: Sequence[Network], share: int) -> Table:
    """How the offices come, and what the slowest measured line of each kind leaves of the guaranteed share."""
    kinds = sorted({network.transport or "" for network in offices})
    rows = []
    for kind in kinds:
        rates = [network.rate_kbit for network in offices if (network.transport or "") == kind]
        known = [rate for rate in rates if rate]
        least = min(known, default=None)
        rows.append((kind, len(rates), len(known), least and group(least), group(min(share, least or share))))
    return Table(
        title="Offices by their own line",
        columns=("by", "offices", "measured", "slowest kbit/s", "guaranteed kbit/s through it"),
        rows=tuple(rows),
    )
