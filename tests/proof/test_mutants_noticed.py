# SPDX-License-Identifier: GPL-3.0-or-later
"""A wrong compiler is noticed by the same property, on the sites and packets that CI draws anyhow."""

from __future__ import annotations

from functools import cache

import pytest

from tests.proof.agree import Disagreement, Tally, prove, prove_change
from tests.proof.mutants import MUTANTS
from tests.proof.samples import PACKETS, report, some_sites
from tests.proof.sites import Drawn, without_ends

pytestmark = pytest.mark.hosts

SITES = 12
"""Of the forty: a mutant that needs more is one that CI might miss."""


@cache
def _drawn() -> list[tuple[Drawn, int]]:
    return list(some_sites(SITES))


@pytest.mark.parametrize("name", MUTANTS)
def test_it_is_noticed(name: str) -> None:
    mutant = MUTANTS[name]
    tally = Tally()
    for number, (site, seed) in enumerate(_drawn(), 1):
        try:
            if mutant.change:
                prove_change(without_ends(site.texts), site.texts, seed, PACKETS, tally, mutant.compiler)
            else:
                prove(site.texts, seed, PACKETS, tally, mutant.compiler)
        except Disagreement as noticed:
            report(
                f"mutant-{list(MUTANTS).index(name):02}",
                tally,
                mutant=name,
                sites=number,
                noticed=str(noticed).splitlines(),
            )
            return
    pytest.fail(f"not noticed in {tally.packets} packets of {SITES} sites")
