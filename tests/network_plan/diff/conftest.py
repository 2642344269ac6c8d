# SPDX-License-Identifier: GPL-3.0-or-later
"""Two sides of one site: as it stands, and with pieces of its files typed over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from network_plan.build import SITE_FILES, check_texts
from network_plan.diff import Side, side
from network_plan.files import read_texts
from scripts.toolchain.paths import ROOT

TODAY = date(2026, 11, 24)
Sides = Callable[..., tuple[Side, Side]]


@pytest.fixture
def sides() -> Sides:
    """Old and new side of a site of the tests; ``edits`` are ``(file, old, new)``, of ``site/`` or ``ledger/``."""

    def make(
        name: str, *edits: tuple[str, str, str], since: date = TODAY, today: date = TODAY
    ) -> tuple[Side, Side]:
        folder = ROOT / "tests" / "sites" / name
        site = read_texts(folder / "site", *SITE_FILES)
        ledger = read_texts(folder / "ledger", "ledger")
        old = side("before", check_texts(site, ledger, today=since), since)
        for file, piece, other in edits:
            part, _, rest = file.partition("/")
            texts = site if part == "site" else ledger
            text = texts.get(rest, "schema 1\n")
            assert piece in text, f"{file} no longer holds {piece!r}"
            texts[rest] = text.replace(piece, other, 1)
        return old, side("after", check_texts(site, ledger, today=today), today)

    return make
