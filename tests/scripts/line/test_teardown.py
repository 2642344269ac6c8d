# SPDX-License-Identifier: GPL-3.0-or-later
"""A teardown that was broken off is finished by the next one, whatever it had forgotten already."""

from __future__ import annotations

from pathlib import Path

import pytest

from network_plan.model.plan import Plan
from scripts.lab import lab
from scripts.lab.fabric import names, netns
from scripts.lab.host import cgroup

pytestmark = pytest.mark.hosts


def test_reset_ends_a_host_that_its_folder_forgot(tmp_path: Path, plan: Plan) -> None:
    folder = tmp_path / "lab"
    said: list[str] = []
    assert lab.up(plan, folder, said.append) == ()
    prefix = names.prefix(folder)
    assert cgroup.of_lab(prefix)
    (folder / "hosts" / plan.gateways[0].host / "host.json").unlink()
    (folder / "fabric.json").unlink()
    lab.reset(folder, said.append)
    assert cgroup.of_lab(prefix) == []
    assert netns.listed(prefix) == []
    assert [path.name for path in folder.iterdir()] in ([], ["lock"])
