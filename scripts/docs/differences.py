# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``awan diff`` prints, and the fields of its JSON, from the types that it is written from."""

from __future__ import annotations

import dataclasses
import typing

from network_plan.diff import Difference
from network_plan.diff.cost import Cost, Share, Verdict
from network_plan.diff.difference import SCHEMA, Ended
from network_plan.diff.flat import Change
from network_plan.diff.packets import Passage
from network_plan.diff.things import Taken, Thing
from network_plan.model.finding import Finding, Place
from network_plan.reach import Row, Step
from scripts.docs.words import attributes, description, table

KINDS = (Difference, Passage, Row, Step, Thing, Change, Taken, Ended, Finding, Place, Cost, Share, Verdict)
"""The values of the JSON, the whole one first."""

_INTRODUCTION = """# What a change does

`awan diff REV` compares the site and ledger of a commit with the working tree, `awan diff REV REV2` two commits. It
prints Markdown for a change's page. Exit code 0: nothing differs. 1: something does. 2: one of the sides gives no
Plan, or git does not know the commit.

```
awan diff origin/main                                   what this work does
awan diff HEAD~1 HEAD                                   what the last commit did
awan diff HEAD --since 2027-06-30 --today 2027-07-01    what runs out that night
```

| part | says |
| --- | --- |
| Newly open to the internet, no longer open | packets from the internet that are let in on one side alone |
| Led elsewhere than before | packets that are let in on both sides, and reach another target now |
| Newly allowed, newly denied | all others that are let in on one side alone; denied ones with what stops them now |
| Denied because an end is gone | packets from or to an address that nobody has any more |
| Moved or renumbered | things at another place or with another number: there should be none |
| Ran out | what was dated, and ended between `--since` and `--today` |
| Findings | of `awan check`: new ones, those that say something else, those that are gone |
| Things | what came, went and changed |
| Rules without effect | rules of the gateway that let nothing through any more, or do again |
| What it costs | memory, cores and disk without the spare hosts, pools, answers of `awan capacity` that turned |
| What is compiled from it | rules and objects that follow, folded |

Packets are compared over the whole space, exactly: every packet that is let in on one side alone is in one row, and
no other packet is. Both walls count, as they do for `awan reach`. How many objects Pulumi will touch is said by its
own preview.

## In CI

Both commits must be there: a checkout of depth 1 has one. Fetch the other (`git fetch --depth=1 origin main`, then
`awan diff FETCH_HEAD`), or check out with the whole history. The code 1 is no failure of the job:

```
awan diff origin/main > build/change.md || [ $? -eq 1 ]
```

Post `build/change.md` as a comment of the change by whatever your forge has for it; nothing in it is markup but our
own.

## JSON

`--json` prints one value. Its `schema` is {schema}; a field that goes or means something else raises it, a new one
does not. Addresses, days and services are text. In a `Row` the product of `source_prefixes`, `destinations` and
`services` holds just its packets, and no two rows of a list share one.

"""


def _kind(hint: object) -> str:
    """A type in short: its own name, with what it holds."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return " or ".join(f"`{arg}`" for arg in args)
    if origin is tuple and args[-1] is Ellipsis:
        return f"list of {_kind(args[0])}"
    if origin is tuple:
        return f"[{', '.join(map(_kind, args))}]"
    if args:
        return " or ".join("null" if arg is type(None) else _kind(arg) for arg in args)
    return {"str": "text", "int": "number", "bool": "true or false", "date": "day"}.get(
        getattr(hint, "__name__", ""), getattr(hint, "__name__", str(hint))
    )


def _section(kind: type) -> str:
    hints, said = typing.get_type_hints(kind), attributes(kind.__doc__)
    rows = []
    for item in dataclasses.fields(kind):
        if item.name not in said:
            raise TypeError(
                f"{kind.__name__}.{item.name} has no sentence in its class's docstring; write one"
            )
        rows.append((f"`{item.name}`", _kind(hints[item.name]), said[item.name]))
    return f"### {kind.__name__}\n\n{description(kind.__doc__)}\n\n" + table(("field", "type", ""), rows)


def page() -> str:
    """The whole page."""
    return _INTRODUCTION.replace("{schema}", str(SCHEMA)) + "\n".join(map(_section, KINDS))
