# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine lacks is said with its reason and the command that brings it; what is optional stops nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.toolchain import debian, paths, status
from scripts.toolchain.part import Part
from scripts.toolchain.paths import ROOT


def test_everything_left_out_has_a_reason_and_a_command(own_cache: Path) -> None:
    assert not own_cache.exists()  # so neither Pulumi nor the base image is there
    gone = {entry["part"]: entry for entry in status.left_out(status.parts())}
    assert {"pulumi", "base"} <= set(gone)
    for entry in gone.values():
        assert entry["why"]
        assert entry["command"]
        assert entry["without"]


def test_without_debian_hosts_are_left_out_and_nothing_else_fails(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "is_debian", lambda: False)
    part = debian.check_hosts()
    assert (part.ok, part.needed) == (False, False)
    assert "not Debian" in part.why
    assert any("not Debian" in reason for reason in paths.hosts_missing())
    debian.ensure()  # asks apt for nothing
    assert not own_cache.exists()


def test_without_root_hosts_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert any("needs root" in reason for reason in paths.hosts_missing())
    ready = Part(name="hosts", ok=True, needed=False)
    assert [entry["command"] for entry in status.left_out([ready])] == ["sudo make up"]


def test_left_out_is_kept_for_later_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.setattr(paths, "LEFT_OUT", tmp_path / "build" / "left-out.json")
    found = [Part(name="browser", ok=False, needed=False, why="no browser", command="install one")]
    entries = status.write_left_out(found)
    assert json.loads(paths.LEFT_OUT.read_text()) == entries
    assert entries[0]["why"] == "no browser"


def test_the_command_speaks_json(own_cache: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "scripts/toolchain", "status", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    assert said["ready"] is False
    assert said["cache"] == str(own_cache)
    assert said["parts"]["pulumi"]["version"] == paths.pulumi_version()
    assert said["parts"]["python"]["needed"] is True
    assert said["parts"]["browser"]["needed"] is False


def test_wrong_usage_ends_with_2() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/toolchain", "bring"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "status" in done.stderr
