# SPDX-License-Identifier: GPL-3.0-or-later
"""Every target's files, as people have reviewed them; where the target has a checker they pass it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from network_plan.model.plan import Plan
from network_plan.render.targets import TARGETS, render_target

GOLDEN = Path(__file__).parent / "golden"
SITES = ("minimal", "full", "dual")
OF_BOTH_FAMILIES = ("dhcp", "dns", "nftables", "pve", "shaping")
"""The dual site is the full one with IPv6: only what speaks of addresses differs."""


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest) -> tuple[str, Plan]:
    name: str = request.param
    plan: Plan = request.getfixturevalue(f"{name}_plan")
    return name, plan


GOLDENS = [
    (site, target)
    for site in SITES
    for target in sorted(TARGETS)
    if site != "dual" or target in OF_BOTH_FAMILIES
]


@pytest.mark.parametrize(("site", "target"), GOLDENS, indirect=["site"])
def test_the_files_are_the_reviewed_ones(
    site: tuple[str, Plan], target: str, golden: Callable[[Path, str], None]
) -> None:
    name, plan = site
    files = render_target(plan, target)
    folder = GOLDEN / name / target
    assert files
    for file, text in files.items():
        golden(folder / file, text)
    there = {
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.suffix != ".actual"
    }
    assert there == set(files), "a golden that nothing renders any more; remove it"


@pytest.mark.hosts
def test_the_kernel_takes_the_gateways_rules(site: tuple[str, Plan], tmp_path: Path) -> None:
    """``nft -c`` in a network namespace of its own: the kernel judges, nothing is loaded."""
    for name, text in render_target(site[1], "nftables").items():
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        done = subprocess.run(
            ["unshare", "--net", "nft", "-c", "-f", str(file)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
