# SPDX-License-Identifier: GPL-3.0-or-later
"""A Pulumi on PATH is taken when it has the right version and its language host; anything else is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.toolchain import paths, pulumi_cli


def _install(folder: Path, version: str, programs: tuple[str, ...] = paths.PULUMI_PROGRAMS[:3]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in programs:
        (folder / name).write_text(f"#!/bin/sh\necho {version}\n")
        (folder / name).chmod(0o755)


@pytest.fixture
def on_path(tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", f"{paths.pulumi_bin()}:{folder}:/usr/bin:/bin")
    assert own_cache in paths.pulumi_bin().parents
    return folder


def test_the_right_version_is_taken(on_path: Path) -> None:
    _install(on_path, f"v{paths.pulumi_version()}")
    assert pulumi_cli._from_path() == on_path


def test_another_version_is_not(on_path: Path) -> None:
    _install(on_path, "v3.1.0")
    assert pulumi_cli._from_path() is None


def test_a_cli_without_its_language_host_is_not(on_path: Path) -> None:
    _install(on_path, f"v{paths.pulumi_version()}", ("pulumi",))
    assert pulumi_cli._from_path() is None


def test_the_cache_is_not_taken_for_somebody_else_s(on_path: Path) -> None:
    _install(paths.pulumi_bin(), f"v{paths.pulumi_version()}")
    assert not on_path.exists()
    assert pulumi_cli._from_path() is None


def test_the_state_names_what_is_absent_and_what_brings_it(on_path: Path) -> None:
    _install(paths.pulumi_bin(), "v3", ("pulumi", "awan-gen-sdk"))
    part = pulumi_cli.check()
    assert not part.ok
    assert part.why == "not there: pulumi-language-python, pulumi-language-python-exec"
    assert part.command.endswith("make up")
    _install(on_path, "v3")
    _install(paths.pulumi_bin(), "v3", paths.PULUMI_PROGRAMS)
    assert pulumi_cli.check().ok


def test_a_link_to_a_cli_that_was_removed_counts_as_absent(on_path: Path) -> None:
    _install(paths.pulumi_bin(), "v3", paths.PULUMI_PROGRAMS[1:])
    (paths.pulumi_bin() / "pulumi").symlink_to(on_path / "pulumi")
    assert pulumi_cli.check().why == "not there: pulumi"
