# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the requirements, and ``python -m scripts.docs.requirements --break N``: rules shown failing."""

from __future__ import annotations

import argparse
import importlib
import inspect
import random
import re
import sys
from pathlib import Path

import click

from network_plan.policy import RULES
from pve_provider.resources import ALL
from scripts.awan.main import COMMANDS
from scripts.docs.broken import broken_sites, check_broken, check_minimal
from scripts.docs.requirement_list import REQUIREMENTS, Requirement
from scripts.docs.words import table

ROOT = Path(__file__).resolve().parents[2]

_INTRODUCTION = """# Requirements of the master plan

From Peraturan Bupati Purwakarta 253/2019, in short and in English; the source is in Indonesian. Its own term was 2019
to 2024: these are the last published figures. An id stands in the findings of the rule that checks it (`awan check`).

State: **rule** a policy rule checks the site (`network_plan/policy`) · **served** by what the text says; there is
nothing that a site could break · **part** something serves it, the text says what · **open** nothing yet. A rule judges
what is declared; what is still missing to make it so stands below, per id.

A rule has broken sites: the site in `tests/sites/minimal` with a small change, after which it fails. To see some fail:

```
python -m scripts.docs.requirements --break 10 --seed 1
```

"""


def state(item: Requirement) -> str:
    """``rule``, ``served: by what``, ``part: by what``, or ``open``."""
    if item.id in RULES:
        return "rule"
    if item.serves:
        return ("part: " if item.missing else "served: ") + "; ".join(words for _, words in item.serves)
    return "open"


def rule_name(identifier: str) -> str:
    """``module:function`` of a rule."""
    rule = RULES[identifier]
    return f"{inspect.getmodule(rule).__name__}:{rule.__name__}"  # type: ignore[union-attr]


def page() -> str:
    """The whole page."""
    rows = [(item.id, item.says, item.section, state(item)) for item in REQUIREMENTS]
    parts = [_INTRODUCTION, table(("id", "what must hold", "section", "state"), rows)]
    parts += [_section(item) for item in REQUIREMENTS]
    return "\n".join(parts)


def _section(item: Requirement) -> str:
    lines = [f"## {item.id}", "", f"{item.says} (Perbup 253/2019 {_sections(item.section)}).", ""]
    if item.id in RULES:
        doc = inspect.getdoc(RULES[item.id]) or ""
        says = doc.partition("\n\n")[0].partition(": ")[2].replace("\n", " ").replace("``", "`")
        lines.append(f"- **Rule** `{rule_name(item.id)}`: {says}")
    lines += [f"- **Served by** `{reference}`: {words}" for reference, words in item.serves]
    if item.id in RULES:
        sites = ", ".join(f"`{name}`" for name in broken_sites(item.id))
        lines.append(f"- **Shown failing by** the broken sites {sites}")
    lines += [f"- **Tested by** `{test}`" for test in item.tests]
    if item.missing:
        lines.append(f"- **Missing** {item.missing}")
    return "\n".join(lines) + "\n"


def _sections(text: str) -> str:
    """``4.6.1, 4.6.5`` → ``§4.6.1, §4.6.5``; tables and figures have no such sign."""
    return re.sub(r"(?<![\w.(] )(?<![\w.(])(\d+\.)", r"§\1", text) if not text.startswith("table") else text


def is_there(reference: str) -> bool:
    """Whether what serves a requirement exists: code, a resource of the provider, a command, a file."""
    if reference.startswith("awan "):
        return _command(reference.split()[1:])
    if reference.startswith("pve:"):
        return any(resource.token.rpartition(":")[2] == reference[4:] for resource in ALL)
    if "/" in reference:
        return (ROOT / reference).exists()
    module, _, names = reference.partition(":")
    try:
        thing = importlib.import_module(module)
    except ModuleNotFoundError:
        return False
    for name in filter(None, names.split(".")):
        if not hasattr(thing, name):
            return False
        thing = getattr(thing, name)
    return True


def _command(words: list[str]) -> bool:
    if words[0] not in COMMANDS:
        return False
    command = importlib.import_module(f"scripts.awan.commands.{words[0]}").command
    return len(words) == 1 or (isinstance(command, click.Group) and words[1] in command.commands)


def has_test(reference: str) -> bool:
    """Whether a test exists: a file or folder of tests, or a function of a file."""
    name, _, function = reference.partition("::")
    path = ROOT / name
    if not path.exists():
        return False
    return not function or f"\ndef {function}(" in path.read_text(encoding="utf-8")


def show_failing(number: int, seed: int | None) -> int:
    """Break the minimal site for so many rules chosen by chance, and print what a check of each finds.

    Returns:
        0 when the minimal site has no finding and each broken one has the finding of its rule, else 1.
    """
    clean = not check_minimal()
    print(f"tests/sites/minimal: {'no finding' if clean else 'findings, which should not be'}")
    chance = random.Random(seed)  # noqa: S311 - which rules are shown is no secret
    ids = sorted(chance.sample(list(RULES), min(number, len(RULES))), key=list(RULES).index)
    failing = 0
    for identifier in ids:
        sites = broken_sites(identifier)
        own = [name for name in sites if name.startswith(identifier.lower().replace("-", "_") + "_")]
        name = chance.choice(own or sites)
        why, findings = check_broken(name)
        mine = [finding for finding in findings if finding.rule == identifier]
        failing += bool(mine)
        print(f"\n{identifier}  tests/sites/broken/{name}: {why}")
        for finding in mine:
            print(f"  {finding}")
    print(f"\n{failing} of {len(ids)} rules fail on their broken sites")
    return 0 if clean and failing == len(ids) else 1


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.docs.requirements", description=main.__doc__)
    parser.add_argument("--break", dest="number", type=int, required=True, metavar="N", help="how many rules")
    parser.add_argument("--seed", type=int, help="the same number chooses the same rules")
    options = parser.parse_args(arguments)
    return show_failing(options.number, options.seed)


if __name__ == "__main__":
    sys.exit(main())
