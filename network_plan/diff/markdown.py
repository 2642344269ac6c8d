# SPDX-License-Identifier: GPL-3.0-or-later
"""A difference as Markdown for a change's page: short where little changed, nothing left out, stable in its order.

Texts of the site are foreign: whatever is in them stays text (``escape``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from network_plan.diff.cost import UNITS, Share, Verdict
from network_plan.diff.difference import Difference
from network_plan.diff.escape import code, text
from network_plan.diff.flat import Change
from network_plan.diff.packets import Passage
from network_plan.diff.things import Thing

OPEN = 12
"""A list that is longer is folded."""
FEW = 3
"""So many addresses of a target are said; all of them stand in the JSON."""
MUCH = 1000
"""Of what so much is left it is said in the fold."""


def markdown(diff: Difference) -> str:
    """The page. It says that nothing differs where nothing does."""
    parts = [_head(diff)]
    if diff.differs:
        parts += [part for part in _parts(diff) if part]
    return "\n\n".join(parts) + "\n"


def _head(diff: Difference) -> str:
    days = f"on {diff.today}" if diff.since == diff.today else f"on {diff.since} and on {diff.today}"
    lines = [f"## {text(diff.regency)}: from {code(diff.old)} to {code(diff.new)}, {days}", ""]
    if not diff.differs:
        return "\n".join(
            [*lines, "Nothing differs: the same packets are let in, nothing moved, came or went."]
        )
    opened = sum(item.exposed for item in diff.allowed)
    lines.append(f"- **The internet**: {_internet(diff, opened)}")
    lines.append(
        f"- **Packets**: {_count(len(diff.allowed), 'passage')} newly allowed, {len(diff.denied)} newly denied, "
        f"{len(diff.redirected)} led elsewhere"
    )
    moves = len(diff.moved) + len(diff.taken)
    lines.append(f"- **Moved or renumbered**: {f'**{moves}**, see below' if moves else 'nothing'}")
    lines.append(f"- **Things**: {_things_in_short(diff.things)}")
    errors = sum(finding.severity == "error" for finding in diff.found)
    lines.append(
        f"- **Findings**: {_count(errors, 'new error')}, {_count(len(diff.found) - errors, 'new warning')}, "
        f"{len(diff.gone)} gone"
    )
    return "\n".join(lines)


def _internet(diff: Difference, opened: int) -> str:
    closed = sum(item.exposed for item in diff.denied)
    led = sum(item.exposed for item in diff.redirected)
    words = [
        *([f"**{_count(opened, 'passage')} newly open**"] if opened else []),
        *([f"{_count(closed, 'passage')} closed"] if closed else []),
        *([f"**{led} led elsewhere**"] if led else []),
    ]
    return ", ".join(words) or "as before"


def _things_in_short(things: Iterable[Thing]) -> str:
    counts = Counter((thing.what, thing.noun) for thing in things if not thing.compiled)
    words = [
        _count(number, noun) + f" {what}"
        for (what, noun), number in sorted(counts.items(), key=lambda item: (item[0][0], item[0][1]))
    ]
    return ", ".join(words) or "as before"


def _parts(diff: Difference) -> Iterator[str]:
    exposed = [item for item in diff.allowed if item.exposed]
    yield _passages(diff, "Newly open to the internet", exposed)
    yield _passages(diff, "No longer open to the internet", [item for item in diff.denied if item.exposed])
    yield _passages(diff, "Led elsewhere than before", diff.redirected)
    yield _passages(diff, "Newly allowed", [item for item in diff.allowed if not item.exposed])
    inner = [item for item in diff.denied if not item.exposed]
    yield _passages(diff, "Newly denied", [item for item in inner if not item.end_gone])
    yield _passages(
        diff, "Denied because an end is gone", [item for item in inner if item.end_gone], folded=True
    )
    yield _moved(diff)
    yield _ended(diff)
    yield _findings(diff)
    yield _things(diff.things)
    yield _idle(diff)
    yield _cost(diff)
    yield _follows(diff)


def _passages(diff: Difference, title: str, passages: Sequence[Passage], *, folded: bool = False) -> str:
    if not passages:
        return ""
    dual = any(item.family == 6 for item in (*diff.allowed, *diff.denied, *diff.redirected))
    families: dict[tuple[str, ...], list[Passage]] = {}
    for item in passages:
        families.setdefault(_row(item), []).append(item)
    rows = [
        (*row[:-1], f"{row[-1]} (IPv{items[0].family} alone)" if dual and len(items) == 1 else row[-1])
        for row, items in families.items()
    ]
    return f"### {title}\n\n" + _folded(
        _count(len(rows), "passage"),
        _table(("from", "to", "services", "because"), rows),
        OPEN + 1 if folded else len(rows),
    )


def _row(item: Passage) -> tuple[str, ...]:
    return (
        text(", ".join(item.row.sources)),
        text(", ".join(item.row.targets)) + _at(item),
        text(", ".join(item.row.services)),
        _because(item),
    )


def _at(item: Passage) -> str:
    """The address, where it is not the target's own or not all of them; and where the packets went before."""
    row = item.row
    own = row.targets[0].startswith("vm:") and row.path != "published"
    at = "" if own or len(row.destinations) > FEW else f" at {text(', '.join(row.destinations))}"
    return at + (f", before: {text(item.was)}" if item.was else "")


def _because(item: Passage) -> str:
    if not item.flow:
        return text(item.row.rule) + (f"; {text(item.state)}" if item.state else "")
    state = f" ({text(item.state)})" if item.state else ""
    return f"{code(item.flow)}{state} of {text(item.owner)}: {text(item.why)}"


def _moved(diff: Difference) -> str:
    if not diff.moved and not diff.taken:
        return ""
    lines = [
        f"- **{text(thing.noun)} {code(thing.key)}**: {'; '.join(map(_change, thing.moved))}"
        for thing in diff.moved
    ]
    lines += [
        f"- **{text(item.kind)} {code(item.value)}** was {code(item.was)}'s and is {code(item.now)}'s now"
        for item in diff.taken
    ]
    warning = "Rules, names and machines know these by the old number or place. There should be none here."
    return f"### ⚠ Moved or renumbered\n\n{warning}\n\n" + _folded(
        f"{len(lines)} moves", "\n".join(lines), len(lines)
    )


def _change(change: Change) -> str:
    return f"{text(change.path)} {_side(change.old)} → {_side(change.new)}"


def _side(value: str | None) -> str:
    return "nothing" if value is None else text(value)


def _ended(diff: Difference) -> str:
    lines = [
        f"- {text(item.noun)} {code(item.key)} held until {item.until}: {text(item.why)}"
        for item in diff.ended
    ]
    return "### Ran out\n\n" + "\n".join(lines) if lines else ""


def _findings(diff: Difference) -> str:
    lines = [
        f"- new {finding.severity.value}: {text(finding.what)}; {text(finding.cure)} ({text(finding.rule)})"
        for finding in diff.found
    ]
    lines += [
        f"- {after.severity.value} that now says: {text(after.what)}; before: {text(before.what)} ({text(after.rule)})"
        for before, after in diff.reworded
    ]
    lines += [f"- gone: {text(finding.what)} ({text(finding.rule)})" for finding in diff.gone]
    if not lines:
        return ""
    return "### Findings\n\n" + _folded(f"{len(lines)} findings", "\n".join(lines), len(lines))


def _things(things: Iterable[Thing]) -> str:
    lines = [_thing(thing) for thing in things if not thing.compiled]
    if not lines:
        return ""
    return "### Things\n\n" + _folded(f"{len(lines)} things", "\n".join(lines), len(lines))


def _thing(thing: Thing) -> str:
    head = f"- {thing.what}: {text(thing.noun)} {code(thing.key)}"
    if thing.what != "changed":
        return head + (f": {text(thing.brief)}" if thing.brief else "")
    said = [item for item in (*thing.moved, *thing.changes) if thing.compiled or not item.derived]
    return f"{head}: " + "; ".join(map(_change, said))


def _idle(diff: Difference) -> str:
    lines = [f"- {code(key)} lets nothing through that another rule does not" for key in diff.idle]
    lines += [f"- {code(key)} lets something through again" for key in diff.busy]
    return "### Rules without effect\n\n" + "\n".join(lines) if lines else ""


def _cost(diff: Difference) -> str:
    shares = diff.cost.shares
    turned = [item for item in diff.cost.verdicts if item.fits[0] != item.fits[1]]
    near = [share for share in shares if _is_near(share)]
    far = [share for share in shares if not _is_near(share)]
    parts = [_shares(near), "\n".join(map(_verdict, turned))]
    rest = [_shares(far), "\n".join(_verdict(item) for item in diff.cost.verdicts if item not in turned)]
    folded = "\n\n".join(filter(None, rest))
    if folded:
        parts.append(
            _folded("What is left of the rest, and capacity's answers in other words", folded, OPEN + 1)
        )
    return "### What it costs\n\n" + "\n\n".join(filter(None, parts)) if any(parts) else ""


def _is_near(share: Share) -> bool:
    """Whether it could run out."""
    return share.left[1] < MUCH or share.name.startswith(UNITS)


def _shares(shares: Sequence[Share]) -> str:
    rows = [(text(share.name), _turn(share.used), _turn(share.left)) for share in shares]
    return _table(("what", "used", "left"), rows) if rows else ""


def _verdict(item: Verdict) -> str:
    return (
        f"- {text(item.title)} {text(item.fits[0])}: {text(item.says[0])} → "
        f"**{text(item.fits[1])}**: {text(item.says[1])}"
    )


def _turn(pair: tuple[int, int]) -> str:
    old, new = pair
    return f"{new:,}" if old == new else f"{old:,} → {new:,} ({new - old:+,})"


def _follows(diff: Difference) -> str:
    """What is compiled from the rest, folded whatever its length."""
    rules = [thing for thing in diff.things if thing.compiled]
    if not rules and not diff.ledger_lines:
        return ""
    lines = [_thing(thing) for thing in rules]
    counts = Counter(thing.what for thing in rules)
    words = [f"{number} {what}" for what, number in sorted(counts.items())]
    words += [f"{diff.ledger_lines:+} ledger lines"] if diff.ledger_lines else []
    title = f"What is compiled from it: {', '.join(words)}"
    return f"<details><summary>{title}</summary>\n\n" + "\n".join(lines) + "\n\n</details>"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _folded(title: str, body: str, length: int) -> str:
    if length <= OPEN:
        return body
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
