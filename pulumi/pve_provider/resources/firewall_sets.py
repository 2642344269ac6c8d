# SPDX-License-Identifier: GPL-3.0-or-later
"""The entries of an ipset, reconciled as a whole by address; shared by the cluster's and the VMs' ipsets."""

from __future__ import annotations

from typing import Any

from ..check import natural
from ..client.api import segment
from ..client.retry import ADD
from ..definition import Field, Kind, Many, Shape
from ..normal import member, one_line
from ..run import Run
from ..wire import Values

ENTRY = Shape(
    name="FirewallIpsetEntry",
    doc="One member of an ipset.",
    key="cidr",
    fields=(
        Field(name="cidr", doc="The address, network or alias.", required=True, normal=member),
        Field(name="comment", doc="Why it is here.", normal=one_line),
        Field(name="nomatch", doc="Whether it is taken out of a larger member.", kind=Kind.BOOL),
    ),
)
ENTRIES = Field(name="entries", doc="The members, as a whole.", kind=ENTRY, many=Many.LIST, default=[])


def read_entries(run: Run, path: str) -> list[Values]:
    """The members as they are, sorted as Check sorts them."""
    return sorted((decode(row) for row in run.api.get(path)), key=lambda entry: natural(str(entry["cidr"])))


def decode(row: dict[str, Any]) -> Values:
    """One member of PVE's answer."""
    out: Values = {"cidr": member(str(row["cidr"]))}
    if row.get("comment"):
        out["comment"] = str(row["comment"])
    if str(row.get("nomatch") or "0") == "1":
        out["nomatch"] = True
    return out


def _params(entry: Values) -> Values:
    return {"comment": entry.get("comment"), "nomatch": True if entry.get("nomatch") else None}


def write_entries(run: Run, path: str, wanted: list[Values], live: list[Values]) -> None:
    """Add, change and remove members, nothing else."""
    have = {entry["cidr"]: entry for entry in live}
    want = {entry["cidr"]: entry for entry in wanted}
    for cidr, entry in want.items():
        if cidr not in have:
            run.api.post(path, ADD, cidr=cidr, **_params(entry))
        elif _params(entry) != _params(have[cidr]):
            run.api.put(f"{path}/{segment(cidr)}", **_params(entry))
    for cidr in have:
        if cidr not in want:
            run.api.delete(f"{path}/{segment(cidr)}")
