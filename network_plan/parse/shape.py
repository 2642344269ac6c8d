# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data → one typed declaration, and pydantic's complaints as sentences with a cure."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from network_plan.model.finding import Finding, Severity, type_path
from network_plan.parse.document import Data

T = TypeVar("T")


@functools.cache
def _adapter(kind: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(kind)


def _strip(annotation: Any) -> Any:
    """The bare type of ``Annotated[X, ...]`` and ``X | None``."""
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        choices = [arg for arg in typing.get_args(annotation) if arg is not type(None)]
        if len(choices) == 1:
            return _strip(choices[0])
    return annotation


@functools.cache
def _fields(kind: type) -> dict[str, Any]:
    """Key as written in the file → type, of one dataclass."""
    hints = typing.get_type_hints(kind, include_extras=True)
    result: dict[str, Any] = {}
    for item in dataclasses.fields(kind):
        hint = hints[item.name]
        name = item.name
        for extra in typing.get_args(hint)[1:] if typing.get_origin(hint) is typing.Annotated else ():
            if isinstance(extra, FieldInfo) and extra.alias:
                name = extra.alias
        result[name] = hint
    return result


def _known(kind: Any, path: Sequence[str | int]) -> list[str]:
    """The keys that may stand at ``path`` below ``kind``."""
    kind = _strip(kind)
    for step in path:
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            kind = _strip(_fields(kind).get(str(step)))
        elif isinstance(typing.get_origin(kind), type) and issubclass(
            typing.get_origin(kind) or object, Mapping
        ):
            kind = _strip(typing.get_args(kind)[1])
        elif typing.get_origin(kind) is tuple:
            kind = _strip(typing.get_args(kind)[0])
        else:
            return []
    return sorted(_fields(kind)) if dataclasses.is_dataclass(kind) and isinstance(kind, type) else []


def _sentence(kind: type, error: Any, path: type_path) -> tuple[str, str, str]:
    """Rule, what is wrong, what to write instead."""
    name = str(path[-1]) if path else "the file"
    code = error["type"]
    if code in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _known(kind, path[:-1])
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        cure = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
        return "site/unknown-key", f"{name!r} is no known key", cure
    if code in ("missing", "missing_argument"):
        return "site/missing", f"{name!r} is missing", "add it"
    if code == "string_pattern_mismatch" and error["ctx"]["pattern"].startswith("^((Perbup"):
        return (
            "site/source",
            f"{name!r} names no source",
            "write the section of the master plan (Perbup 253/2019 §4.6.11) or 'assumption: why'",
        )
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    shown = repr(error["input"]) if isinstance(error["input"], (str, int, float, bool)) else "this"
    if len(shown) > 80:
        shown = shown[:77] + "..."
    return (
        "site/type",
        f"{name!r} can't be {shown}",
        f"it {message}" if message.startswith("should") else message,
    )


def read_shape(kind: type[T], data: Data, base: type_path) -> tuple[T | None, list[Finding]]:
    """Check plain data against a declaration's type.

    Args:
        kind: a frozen dataclass of ``model.site``.
        data: what :func:`network_plan.parse.document.read_document` returned.
        base: key path of the data, put before each finding's own path.

    Returns:
        The value, or ``None`` with every finding at once.
    """
    try:
        return _adapter(kind).validate_python(data), []
    except ValidationError as problem:
        findings = []
        for error in problem.errors(include_url=False):
            path = tuple(step for step in error["loc"] if step != "[key]")
            rule, what, cure = _sentence(kind, error, path)
            findings.append(
                Finding(severity=Severity.ERROR, rule=rule, what=what, cure=cure, path=(*base, *path))
            )
        return None, findings
