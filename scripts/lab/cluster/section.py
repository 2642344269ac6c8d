# SPDX-License-Identifier: AGPL-3.0-or-later
"""Section configs as values: which options a section takes, what may be changed or deleted. No API here.

Follows pve-common `PVE/SectionConfig.pm` check_config and delete_from_config; each message is from there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scripts.lab.cluster.base import die

NOT_CONFIG = frozenset({"digest", "delete"})


@dataclass(frozen=True, slots=True)
class Option:
    """Whether an option may be left out, and whether it may be changed later."""

    optional: bool
    fixed: bool


Options = dict[str, Option]


def options(text: str) -> Options:
    """`name` may be left out, `name!` not, `name^` not be changed afterwards."""
    return {word.rstrip("!^"): Option(optional="!" not in word, fixed="^" in word) for word in text.split()}


def check_config(known: Options, given: dict[str, Any], drop: Iterable[str], create: bool) -> dict[str, Any]:
    """The options among the values of a request, or PVE's refusal."""
    taken = {k: x for k, x in given.items() if x is not None and k not in NOT_CONFIG and k not in drop}
    for key in sorted(taken):
        if key not in known:
            raise die(f"unexpected property '{key}'")
        if not create and known[key].fixed:
            raise die(f"can't change value of fixed parameter '{key}'")
    if create:
        for key, option in sorted(known.items()):
            if not option.optional and key not in taken:
                raise die(f"missing value for required option '{key}'")
    return taken


def delete_options(
    known: Options, entry: dict[str, Any], names: Iterable[str], given: dict[str, Any] | None = None
) -> None:
    """What `delete` names goes out of the section; `given`: what is set in the same request."""
    for name in names:
        if name not in known:
            raise die(f"no such option '{name}'")
        if not known[name].optional:
            raise die(f"unable to delete required option '{name}'")
        if known[name].fixed:
            raise die(f"unable to delete fixed option '{name}'")
        if given is not None and name in given:
            raise die(f"cannot set and delete property '{name}' at the same time!")
        entry.pop(name, None)
