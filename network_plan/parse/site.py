# SPDX-License-Identifier: GPL-3.0-or-later
"""All site files → the Site and every finding about their form."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from network_plan.model.finding import Finding, Place, Severity, type_path
from network_plan.model.site import (
    Applications,
    Clusters,
    DisasterRecovery,
    Facilities,
    Networks,
    Regency,
    Services,
    Site,
    Tenant,
)
from network_plan.parse.blocked import is_list, parse_blocked
from network_plan.parse.document import Positions, read_document
from network_plan.parse.shape import read_shape

FILES: Mapping[str, type] = {
    "regency": Regency,
    "clusters": Clusters,
    "networks": Networks,
    "services": Services,
    "dr": DisasterRecovery,
    "applications": Applications,
    "facilities": Facilities,
}
"""The files of a site by stem, beside ``tenants/<id>.yml``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What could be read of a site.

    Attributes:
        site: without what is wrong in it, to be judged but never built on while there are findings;
            ``None`` where one of its files has no sound rest.
        positions: the places of all keys.
        findings: everything about the files' form.
        lost: names of the things that were left out, at which references may still point.
    """

    site: Site | None
    positions: Positions
    findings: list[Finding]
    lost: frozenset[str]


def _file(file: str, what: str, cure: str) -> Finding:
    place = Place(file=file)
    return Finding(severity=Severity.ERROR, rule="site/file", what=what, cure=cure, place=place)


def _stray(file: str, shown: str) -> Finding:
    if file.endswith(".yaml"):
        return _file(
            f"{shown}/{file}",
            "nothing reads this file",
            f"name it {file.rpartition('/')[2].removesuffix('yaml')}yml",
        )
    known = [f"{stem}.yml" for stem in FILES] + ["tenants/<id>.yml", "blocked/<id>.txt"]
    near = difflib.get_close_matches(file, known, n=1)
    cure = f"did you mean {near[0]}?" if near else f"a site has {', '.join(known)}"
    return _file(f"{shown}/{file}", "nothing reads this file", cure)


def _base(file: str) -> type_path | None:
    """The key path of a file, ``None`` where a site has no such file."""
    stem = file.removesuffix(".yml")
    if stem == file:
        return None
    folder, _, name = stem.rpartition("/")
    if folder == "tenants":
        return (folder, name)
    return (name,) if not folder and name in FILES else None


def _unsaid(findings: list[Finding], said: list[Finding], base: type_path) -> list[Finding]:
    """Findings about values that could be read: of the others it has been said already."""
    dropped = {item.path for item in said if item.rule != "site/duplicate" and item.path != base}
    return [item for item in findings if not any(item.path[: len(path)] == path for path in dropped if path)]


def parse_site(texts: Mapping[str, str], shown: str) -> Parsed:
    """Parse a whole site.

    Args:
        texts: file name relative to the site's folder → text.
        shown: the folder as it appears in messages.
    """
    positions = Positions()
    findings: list[Finding] = []
    parts: dict[str, Any] = {}
    tenants: dict[str, Tenant] = {}
    lost: set[str] = set()
    for file in sorted(texts):
        if is_list(file):
            continue
        base = _base(file)
        if base is None:
            findings.append(_stray(file, shown))
            continue
        name = str(base[-1])
        data, problems = read_document(f"{shown}/{file}", texts[file], base, positions)
        findings += problems
        if data is None and problems:
            lost.add(name)
            continue
        kind: type[Any] = Tenant if len(base) > 1 else FILES[name]
        value, wrong, left_out = read_shape(kind, data, base)
        findings += _unsaid(wrong, problems, base)
        lost |= left_out
        if value is None:
            lost.add(name)
        elif isinstance(value, Tenant):
            tenants[name] = value
        else:
            parts[name] = value
    findings += [
        _file(f"{shown}/{stem}.yml", "the file is missing", "write it")
        for stem in FILES
        if f"{stem}.yml" not in texts
    ]
    blocked, wrong = parse_blocked(texts, parts.get("services"), lost, shown)
    findings += wrong
    whole = len(parts) == len(FILES)
    site = Site(tenants=dict(sorted(tenants.items())), blocked=blocked, **parts) if whole else None
    return Parsed(site=site, positions=positions, findings=findings, lost=frozenset(lost))
