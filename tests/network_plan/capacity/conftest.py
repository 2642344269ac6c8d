# SPDX-License-Identifier: GPL-3.0-or-later
"""The regency's own Plan: what the printed figures amount to."""

from __future__ import annotations

import pytest

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from scripts.toolchain.paths import ROOT


@pytest.fixture(scope="session")
def regency() -> Plan:
    return load_plan(ROOT / "inventory" / "site")
