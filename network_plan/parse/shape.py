# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain data → one typed declaration; what does not fit is left out, so that the rest can still be judged.

The sentences that people read are in ``parse.sentence``.
"""

from __future__ import annotations

import contextlib
import copy
import functools
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from network_plan.model.finding import Finding, Severity, type_path
from network_plan.parse.document import Data
from network_plan.parse.sentence import UNKNOWN, keyed_by_name, sentence

T = TypeVar("T")


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _path(error: ErrorDetails) -> type_path:
    return tuple(step for step in error["loc"] if step != "[key]")


def _remove(data: Any, path: Sequence[str | int]) -> None:
    """Take the key at ``path`` out, where it still is."""
    with contextlib.suppress(LookupError):
        for step in path[:-1]:
            data = data[step]
        del data[path[-1]]


def _prune(kind: type, data: Data, errors: Sequence[ErrorDetails]) -> tuple[Data, frozenset[str]]:
    """The data without what is wrong in it, and the names of the things left out (VMs, flows, sizes)."""
    rest = copy.deepcopy(data)
    lost = set()
    for error in errors:
        path = _path(error)
        if error["type"] in UNKNOWN:
            _remove(rest, path)
        elif len(path) > 1 and keyed_by_name(kind, str(path[0])):
            lost.add(str(path[1]))
            _remove(rest, path[:2])
    return rest, frozenset(lost)


def _unless_misspelt(findings: Sequence[Finding]) -> list[Finding]:
    """Without the keys that are missing because they stand there misspelt: that has been said."""
    meant = {
        (*finding.path[:-1], finding.cure.removeprefix("did you mean '").removesuffix("'?"))
        for finding in findings
        if finding.rule == "site/unknown-key"
    }
    return [finding for finding in findings if finding.rule != "site/missing" or finding.path not in meant]


def read_shape(kind: type[T], data: Data, base: type_path) -> tuple[T | None, list[Finding], frozenset[str]]:
    """Check plain data against a declaration's type.

    Args:
        kind: a frozen dataclass of ``model.site``.
        data: what :func:`network_plan.parse.document.read_document` returned.
        base: key path of the data, put before each finding's own path.

    Returns:
        The value without what is wrong in it (``None`` where nothing sound is left), every finding at
        once, and the names of the things that were left out.
    """
    hashable: Any = kind  # a class is; mypy does not know it of type[T]
    adapter: TypeAdapter[T] = _adapter(hashable)
    try:
        value = adapter.validate_python(data)
    except ValidationError as problem:
        errors = problem.errors(include_url=False)
        findings = []
        for error in errors:
            path = _path(error)
            rule, what, cure = sentence(kind, error, path)
            findings.append(
                Finding(severity=Severity.ERROR, rule=rule, what=what, cure=cure, path=(*base, *path))
            )
        findings = _unless_misspelt(findings)
        rest, lost = _prune(kind, data, errors)
        try:
            return adapter.validate_python(rest), findings, lost
        except ValidationError:
            return None, findings, lost
    return value, [], frozenset()
