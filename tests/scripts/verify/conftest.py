# SPDX-License-Identifier: GPL-3.0-or-later
"""The Plan of the repository's own site."""

from __future__ import annotations

import pytest

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from tests.scripts.line.conftest import REPOSITORY


@pytest.fixture(scope="session")
def plan() -> Plan:
    return load_plan(REPOSITORY / "inventory" / "site")
