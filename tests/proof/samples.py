# SPDX-License-Identifier: GPL-3.0-or-later
"""How many sites and packets a run asks about, and where it writes what it found.

CI draws the same sites at every run but for their dates; ``AWAN_PROOF=500`` draws so many of new ones.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scripts.toolchain.paths import BUILD
from tests.proof.agree import Tally
from tests.proof.sites import Drawn, sites

SITES = 40
PACKETS = 200
_asked = os.environ.get("AWAN_PROOF")


def sampled(examples: int, *, quick: bool = False) -> settings:
    """Settings of hypothesis; ``quick`` only draws, without looking for a smaller counterexample."""
    return settings(
        max_examples=int(_asked) if _asked and not quick else examples,
        derandomize=not _asked or quick,
        database=None,
        deadline=None,
        print_blob=True,
        phases=[Phase.generate] if quick else [Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


def some_sites(count: int) -> Iterator[tuple[Drawn, int]]:
    """The first so many that CI draws, each with the seed of its packets."""
    found: list[tuple[Drawn, int]] = []

    @sampled(count, quick=True)
    @given(site=sites(datetime.now(UTC)), seed=st.integers(0, 1 << 32))
    def draw(site: Drawn, seed: int) -> None:
        found.append((site, seed))

    draw()
    return iter(found)


def report(name: str, tally: Tally, **more: Any) -> None:
    """Print what was asked and how it ended, and keep it in ``build/proof``."""
    folder = BUILD / "proof"
    folder.mkdir(parents=True, exist_ok=True)
    said = {**asdict(tally), **more}
    (folder / f"{name}.json").write_text(json.dumps(said, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{name}: {said}")
