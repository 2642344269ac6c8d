# SPDX-License-Identifier: GPL-3.0-or-later
"""All site files → the Site, or every finding about their form."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from network_plan.model.finding import Finding, Place, Severity
from network_plan.model.site import Clusters, DisasterRecovery, Networks, Regency, Services, Site, Tenant
from network_plan.parse.document import Positions, read_document
from network_plan.parse.shape import read_shape

FILES: Mapping[str, type] = {
    "regency": Regency,
    "clusters": Clusters,
    "networks": Networks,
    "services": Services,
    "dr": DisasterRecovery,
}
"""The files of a site by stem, beside ``tenants/<id>.yml``."""


def _stray(file: str) -> Finding:
    known = [f"{stem}.yml" for stem in FILES] + ["tenants/<id>.yml"]
    near = difflib.get_close_matches(file, known, n=1)
    cure = f"did you mean {near[0]}?" if near else f"a site has {', '.join(known)}"
    return Finding(
        severity=Severity.ERROR,
        rule="site/file",
        what="nothing reads this file",
        cure=cure,
        place=Place(file=file),
    )


def parse_site(texts: Mapping[str, str], shown: str) -> tuple[Site | None, Positions, list[Finding]]:
    """Parse a whole site.

    Args:
        texts: file name relative to the site's folder → text.
        shown: the folder as it appears in messages.

    Returns:
        The site (``None`` where any file's form is wrong), the places of all keys, the findings.
    """
    positions = Positions()
    findings: list[Finding] = []
    parts: dict[str, Any] = {}
    tenants: dict[str, Tenant] = {}
    for file in sorted(texts):
        stem = file.removesuffix(".yml")
        folder, _, name = stem.rpartition("/")
        if not file.endswith(".yml") or (folder not in ("", "tenants")) or (not folder and name not in FILES):
            findings.append(_stray(f"{shown}/{file}"))
            continue
        base = ("tenants", name) if folder else (name,)
        data, problems = read_document(f"{shown}/{file}", texts[file], base, positions)
        findings += problems
        if problems and data is None:
            continue
        value, problems = read_shape(Tenant if folder else FILES[name], data, base)
        findings += problems
        if value is None:
            continue
        if folder:
            tenants[name] = value
        else:
            parts[name] = value
    for stem in FILES:
        if f"{stem}.yml" not in texts:
            place = Place(file=f"{shown}/{stem}.yml")
            findings.append(
                Finding(
                    severity=Severity.ERROR,
                    rule="site/file",
                    what="the file is missing",
                    cure="write it",
                    place=place,
                )
            )
    if findings or len(parts) != len(FILES):
        return None, positions, findings
    return Site(tenants=dict(sorted(tenants.items())), **parts), positions, findings
