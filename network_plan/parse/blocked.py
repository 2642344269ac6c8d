# SPDX-License-Identifier: GPL-3.0-or-later
"""``blocked/<id>.txt``: a list of names that are not resolved (GW-6), one a line; ``#`` begins a comment.

Plain text and no YAML, since such lists come with a hundred thousand names and are replaced as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from network_plan.model.blocked import Names
from network_plan.model.finding import Finding, Place, Severity
from network_plan.model.site import Services

FOLDER = "blocked/"
SUFFIX = ".txt"
MAX_CHARACTERS = 7_900_000
"""Of one list; more than that is not read whole (``files.MAX_BYTES``)."""
_NAME = re.compile(
    r"(?=.{1,200}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])"
)
"""Two labels or more (RFC 1035 §2.3.1, and ``_`` as it is met), short enough to stand before the zone's own name."""
_SHOWN = 10


def is_list(file: str) -> bool:
    """Whether a file of the site, by its name, is such a list."""
    return file.startswith(FOLDER) and file.endswith(SUFFIX)


def _error(place: Place | None, what: str, cure: str, *path: str) -> Finding:
    return Finding(severity=Severity.ERROR, rule="site/blocked", what=what, cure=cure, path=path, place=place)


def _read(file: str, text: str) -> tuple[Names, list[Finding]]:
    """The names of one list, and a finding for each of the first lines that hold none."""
    if len(text) > MAX_CHARACTERS:
        return Names(frozenset()), [
            _error(Place(file=file), "the list has more than 7,900,000 characters", "split it")
        ]
    names, wrong = set(), []
    for number, line in enumerate(text.split("\n"), 1):
        word = line.partition("#")[0].strip().lower().removesuffix(".")
        if _NAME.fullmatch(word):
            names.add(word)
        elif word:
            wrong.append((number, word))
    cure = "write one name a line, in its ASCII form (xn--…), without address, scheme or '*'"
    findings = [
        _error(Place(file=file, line=number), f"{word[:60]!a} is no domain name of two labels or more", cure)
        for number, word in wrong[:_SHOWN]
    ]
    if wrong[_SHOWN:]:
        findings.append(
            _error(Place(file=file), f"{len(wrong) - _SHOWN} more lines hold no domain name", cure)
        )
    if not names and not wrong:
        findings.append(
            _error(Place(file=file), "the list holds no name", "fill it, or remove it and its declaration")
        )
    return Names(frozenset(names)), findings


def parse_blocked(
    texts: Mapping[str, str], services: Services | None, lost: Collection[str], shown: str
) -> tuple[dict[str, Names], list[Finding]]:
    """The names of every declared list, by its id.

    Args:
        texts: all files of the site; others than lists are passed over.
        services: what declares the lists; ``None`` where it could not be read, and then nothing is missed.
        lost: ids whose declaration could not be read.
        shown: the site's folder as it appears in messages.
    """
    found: dict[str, Names] = {}
    findings: list[Finding] = []
    for file in sorted(filter(is_list, texts)):
        key = file[len(FOLDER) : -len(SUFFIX)]
        found[key], wrong = _read(f"{shown}/{file}", texts[file])
        findings += wrong
        if services is not None and key not in services.blocked and key not in lost:
            place = Place(file=f"{shown}/{file}")
            findings.append(
                _error(place, "nothing declares this list", f"declare it in services.yml under blocked.{key}")
            )
    for key in services.blocked if services is not None else ():
        if key not in found:
            what, cure = f"{FOLDER}{key}{SUFFIX} is missing", "write it beside this file, one name a line"
            findings.append(_error(None, what, cure, "services", "blocked", key))
    return found, findings
