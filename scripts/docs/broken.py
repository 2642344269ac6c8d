# SPDX-License-Identifier: GPL-3.0-or-later
"""The broken sites of the tests: the minimal site with a ``change.yml`` applied, and what a check then finds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from network_plan.build import SITE_FILES, check_texts
from network_plan.files import read_texts
from network_plan.model.finding import Finding

SITES = Path(__file__).resolve().parents[2] / "tests" / "sites"
TODAY = date(2026, 11, 24)
"""The day on which a broken site is judged that names none."""


def broken_sites(rule: str) -> list[str]:
    """The broken sites whose expected findings have one of that rule, sorted."""
    return sorted(
        file.parent.name
        for file in (SITES / "broken").glob("*/expected.txt")
        if f"[{rule}]\n" in file.read_text(encoding="utf-8")
    )


def _minimal() -> dict[str, str]:
    folder = SITES / "minimal"
    parts = {
        "site": read_texts(folder / "site", *SITE_FILES),
        "ledger": read_texts(folder / "ledger", "ledger"),
    }
    return {f"{part}/{name}": text for part, texts in parts.items() for name, text in texts.items()}


def _part(texts: Mapping[str, str], part: str) -> dict[str, str]:
    return {name.partition("/")[2]: text for name, text in texts.items() if name.startswith(f"{part}/")}


def _edit(texts: dict[str, str], edit: Mapping[str, Any]) -> None:
    name = edit["file"]
    if "old" in edit:
        if edit["old"] not in texts[name]:
            raise ValueError(
                f"{name} of the minimal site no longer holds {edit['old']!r}; mend the change.yml"
            )
        texts[name] = texts[name].replace(edit["old"], edit["new"], 1)
    elif edit["text"] is None:
        del texts[name]
    else:
        texts[name] = edit["text"]


def check_minimal() -> tuple[Finding, ...]:
    """What is found on the minimal site as it stands."""
    texts = _minimal()
    return check_texts(_part(texts, "site"), _part(texts, "ledger"), today=TODAY).findings


def _change(name: str) -> Any:
    text = (SITES / "broken" / name / "change.yml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=yaml.CSafeLoader)


def changed(name: str) -> dict[str, str]:
    """The files of a broken site, ``site/…`` and ``ledger/…``.

    Raises:
        ValueError: a piece that the change replaces is no longer there.
    """
    texts = _minimal()
    for edit in _change(name)["edits"]:
        _edit(texts, edit)
    return texts


def check_broken(name: str) -> tuple[str, tuple[Finding, ...]]:
    """Why a broken site is broken, and what a check of it finds now; raises as :func:`changed` does."""
    change = _change(name)
    texts = changed(name)
    checked = check_texts(_part(texts, "site"), _part(texts, "ledger"), today=change.get("today", TODAY))
    return change["why"], checked.findings
