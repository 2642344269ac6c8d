# SPDX-License-Identifier: GPL-3.0-or-later
"""A rule set reconciled as a whole by stable keys; shared by security groups and VMs.

A rule's key stands in its comment as `[key] text`; its position is never its identity. Rules without a key, or with one
that stands twice, are foreign: read as `foreign-N`, so that they show as drift, and removed by the next update. Each
step is made with the digest of the list that it was decided on, so that no rule moves under it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Any

from ..client.retry import ONCE
from ..definition import Field, Kind, Many, Shape
from ..errors import ApiError, LostAnswer, Refused
from ..normal import addresses, one_line
from ..run import Run
from ..wire import Values

KEY = r"[A-Za-z0-9._:/+\-]{1,80}"
FOREIGN = "foreign-"
STEPS_BEYOND = 20
"""How often a step may be lost to someone else's change before we give up."""

RULE = Shape(
    name="FirewallRule",
    doc="One rule of a rule set; the order of the list is the order of the rules.",
    key="key",
    ordered=True,
    fields=(
        Field(name="key", doc="The rule's stable name, kept in PVE's comment.", required=True, pattern=KEY),
        Field(
            name="type",
            doc="Direction: in or out; group inserts a security group.",
            required=True,
            choices=("in", "out", "forward", "group"),
        ),
        Field(name="action", doc="ACCEPT, DROP, REJECT or the security group's name.", required=True),
        Field(name="enable", doc="Whether the rule counts.", kind=Kind.BOOL, default=True),
        Field(name="macro", doc="A macro of PVE, e.g. SSH."),
        Field(name="iface", doc="The interface, e.g. net0."),
        Field(name="source", doc="Addresses, +ipset or alias it comes from.", normal=addresses),
        Field(name="dest", doc="Addresses, +ipset or alias it goes to.", normal=addresses),
        Field(name="proto", doc="The protocol, e.g. tcp."),
        Field(name="sport", doc="Source ports, e.g. 1024:65535."),
        Field(name="dport", doc="Destination ports, e.g. 443 or 80,443."),
        Field(name="icmpType", doc="The ICMP type.", api="icmp-type"),
        Field(
            name="log",
            doc="The log level.",
            choices=("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "nolog"),
        ),
        Field(name="comment", doc="What the rule is for.", normal=one_line),
    ),
)
RULES = Field(name="rules", doc="The rules, as a whole and in order.", kind=RULE, many=Many.LIST, default=[])

_COMMENT = re.compile(rf"\[({KEY})\](?: (.*))?\Z", re.DOTALL)
_PLAIN = tuple(field for field in RULE.fields if field.name not in ("key", "comment", "enable"))


def decode(rows: list[dict[str, Any]]) -> list[Values]:
    """Rules of PVE's answer, in their order; foreign ones under made-up keys."""
    out: list[Values] = []
    seen: set[str] = set()
    for row in sorted(rows, key=lambda row: int(row["pos"])):
        found = _COMMENT.match(str(row.get("comment") or ""))
        if found and found.group(1) not in seen and not found.group(1).startswith(FOREIGN):
            key, comment = found.group(1), (found.group(2) or "").rstrip()
        else:
            key, comment = f"{FOREIGN}{row['pos']}", str(row.get("comment") or "").rstrip()
        seen.add(key)
        rule: Values = {"key": key, "enable": str(row.get("enable", 0)) not in ("0", "")}
        for field in _PLAIN:
            if row.get(field.parameter) not in (None, ""):
                rule[field.name] = str(row[field.parameter])
        if comment:
            rule["comment"] = comment
        out.append(rule)
    return out


def encode(rule: Values) -> dict[str, Any]:
    """A rule as PVE's parameters."""
    text = f"[{rule['key']}] {rule.get('comment', '')}".rstrip()
    params = {field.parameter: rule[field.name] for field in _PLAIN if rule.get(field.name) is not None}
    return {**params, "enable": bool(rule.get("enable", True)), "comment": text}


def check_rules(rules: Any) -> dict[str, str]:
    """No key may look like a foreign rule's."""
    if not isinstance(rules, list):
        return {}
    return {
        f"rules[{index}].key": f"begins with {FOREIGN!r}, which names rules that are not ours; choose another key"
        for index, rule in enumerate(rules)
        if isinstance(rule, dict) and str(rule.get("key", "")).startswith(FOREIGN)
    }


def fill(run: Run, path: str, wanted: list[Values]) -> None:
    """Write into a rule set that is empty; PVE puts each new rule first, so the last comes first."""
    try:
        for rule in reversed(wanted):
            run.api.post(path, ONCE, **encode(rule))
    except LostAnswer:
        converge(run, path, wanted)


def converge(run: Run, path: str, wanted: list[Values]) -> None:
    """Look, make one step, look again, until live and wanted agree."""
    spare = STEPS_BEYOND
    for _ in range(4 * len(wanted) + 200):
        rows = run.api.get(path)
        try:
            if not _step(run, path, wanted, rows):
                return
        except LostAnswer:
            spare -= 1
        except ApiError as error:
            if not error.says("detected modified configuration"):
                raise
            spare -= 1
        if spare < 0:
            break
    raise Refused(f"the rules at {path} keep changing under us; stop whoever else writes there and run again")


def _step(run: Run, path: str, wanted: list[Values], rows: list[dict[str, Any]]) -> bool:
    """One step towards the wanted rules; False when there is none left."""
    live = decode(rows)
    digest = rows[0].get("digest") if rows else None
    position = {rule["key"]: index for index, rule in enumerate(live)}
    for rule in reversed(wanted):
        if rule["key"] not in position:
            run.api.post(path, ONCE, **encode(rule))
            return True
    want = {rule["key"]: rule for rule in wanted}
    for index, rule in enumerate(live):
        if rule["key"] in want and rule != want[rule["key"]]:
            params = encode(want[rule["key"]])
            gone = sorted(set(encode(rule)) - set(params))
            run.api.put(f"{path}/{index}", ONCE, digest=digest, **params, delete=",".join(gone) or None)
            return True
    move = next_move([rule["key"] for rule in wanted], [rule["key"] for rule in live])
    if move is not None:
        run.api.put(f"{path}/{move[0]}", ONCE, digest=digest, moveto=move[1])
        return True
    for index, rule in reversed(list(enumerate(live))):
        if rule["key"] not in want:
            run.api.delete(f"{path}/{index}", ONCE, digest=digest)
            return True
    return False


def next_move(wanted: list[str], live: list[str]) -> tuple[int, int] | None:
    """(from, to) of the next move: only rules outside a longest run that stands right are moved at all."""
    rank = {key: index for index, key in enumerate(wanted)}
    ours = [key for key in live if key in rank]
    stay = {ours[index] for index in _longest_rising([rank[key] for key in ours])}
    for key in reversed(wanted):
        if key in stay:
            continue
        later = [live.index(other) for other in wanted[rank[key] + 1 :] if other in stay]
        source = live.index(key)
        target = min(later) if later else len(live)
        return (source, target)
    return None


def _longest_rising(values: list[int]) -> list[int]:
    """The indexes of a longest rising subsequence."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, value in enumerate(values):
        at = bisect_left(tails, value)
        before.append(ends[at - 1] if at else -1)
        if at == len(tails):
            tails.append(value)
            ends.append(index)
        else:
            tails[at], ends[at] = value, index
    out: list[int] = []
    index = ends[-1] if ends else -1
    while index >= 0:
        out.append(index)
        index = before[index]
    return out[::-1]


def clear(run: Run, path: str) -> None:
    """Remove all rules, the last first."""
    converge(run, path, [])
