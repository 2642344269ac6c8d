# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check is, how it says what it saw, and the list of all. The checks themselves stand in `checks/`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pve_provider.errors import ApiError

if TYPE_CHECKING:
    from scripts.conformance.target import Target


class Differs(Exception):
    """PVE does something else than the provider relies on."""

    def __init__(self, expected: str, seen: str) -> None:
        self.expected, self.seen = expected, seen
        super().__init__(f"expected {expected}, saw {seen}")


class LeftOut(Exception):
    """The check cannot be made on this cluster; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that the provider relies on; ``run`` returns what it saw, or raises Differs or LeftOut."""

    name: str
    expected: str
    run: Callable[[Target], str]


ALL: list[Check] = []


def check(name: str) -> Callable[[Callable[[Target], str]], Callable[[Target], str]]:
    """Put a function on the list; its docstring is what is expected."""

    def listed(function: Callable[[Target], str]) -> Callable[[Target], str]:
        doc = " ".join((function.__doc__ or "").split()).rstrip(".")
        ALL.append(Check(name=name, expected=doc, run=function))
        return function

    return listed


def expect(ok: bool, expected: str, seen: object) -> None:
    """Go on only if it is so."""
    if not ok:
        raise Differs(expected, seen if isinstance(seen, str) else repr(seen))


def equal(seen: Any, expected: Any) -> str:
    """The same value and the same type, inside lists and objects too."""
    if seen != expected or not _same_types(seen, expected):
        raise Differs(repr(expected), repr(seen))
    return repr(seen)


def _same_types(seen: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return all(_same_types(seen[key], value) for key, value in expected.items())
    if isinstance(expected, list | tuple):
        return all(_same_types(one, other) for one, other in zip(seen, expected, strict=True))
    return type(seen) is type(expected)


def part(row: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The row's values of these keys; a missing one is None."""
    return {key: row.get(key) for key in keys}


def kinds(row: dict[str, Any], **types: type) -> str:
    """Whether each key is there with this type."""
    seen = {name: type(row[name]).__name__ if name in row else "missing" for name in types}
    expect(
        seen == {name: kind.__name__ for name, kind in types.items()},
        ", ".join(f"{name}: {kind.__name__}" for name, kind in types.items()),
        {name: row.get(name) for name in types},
    )
    return ", ".join(f"{name}={row[name]!r}" for name in types)


def refused(call: Callable[[], Any]) -> ApiError:
    """PVE's refusal of a call that it must refuse."""
    try:
        answer = call()
    except ApiError as error:
        return error
    raise Differs("a refusal", f"done: {answer!r}")


def recognised(error: ApiError, recognise: Callable[[ApiError], bool], what: str) -> str:
    """Whether the provider takes these words for what they mean."""
    expect(recognise(error), f"words that say: {what}", f"{error.status} {error.words}")
    return f"{error.status} {error.words}"
