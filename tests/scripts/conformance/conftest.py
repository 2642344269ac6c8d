# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab cluster to be checked, and its back door for faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from scripts.conformance.lab import lab_target
from scripts.conformance.target import Target
from scripts.lab.cluster import launch
from scripts.lab.cluster.client import ControlClient


@dataclass
class Ground:
    """The target, its faults, and what a person sets to reach it."""

    target: Target
    control: ControlClient
    env: dict[str, str]


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with lab_target() as (target, folder):
        running = launch.status(folder)
        assert running is not None
        env = {
            "ENDPOINT": running.endpoint,
            "FINGERPRINT": running.fingerprint,
            "TOKEN_FILE": str(running.tokens["pulumi"]),
            "BRIDGE": target.bridge,
            "STORAGE": target.storage,
            "IMAGE": target.image,
        }
        yield Ground(target, ControlClient(folder), env)


@pytest.fixture(autouse=True)
def no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Faults of one test do not reach the next."""
    yield
    if "ground" in request.fixturenames:
        request.getfixturevalue("ground").control.clear_faults()
