# SPDX-License-Identifier: GPL-3.0-or-later
"""The Plan of the small site."""

from __future__ import annotations

import pytest

from network_plan.build import load_plan
from network_plan.model.plan import Plan
from tests.small import SMALL


@pytest.fixture(scope="session")
def plan() -> Plan:
    return load_plan(SMALL)
