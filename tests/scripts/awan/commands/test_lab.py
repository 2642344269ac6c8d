# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan lab`` where there is no lab, another command has it, or its folder can't be used. None is started."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.awan.site import site_for_all
from scripts.lab import lab

Awan = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lab's folder, not there yet."""
    monkeypatch.setenv("AWAN_LAB_DIR", str(tmp_path / "lab"))
    return tmp_path / "lab"


def test_a_folder_that_can_t_be_used_is_no_bug(awan: Awan, folder: Path) -> None:
    folder.write_text("a file", encoding="utf-8")
    said = awan("lab", "up")
    assert (said.code, said.out) == (3, "")
    assert said.err == (
        f"the lab's folder {folder} can't be used: File exists; "
        "make it writable, or name another folder with AWAN_LAB_DIR\n"
    )


@pytest.mark.parametrize("command", [("up",), ("up", "--all"), ("down",), ("reset",)])
def test_a_lab_that_another_command_has_is_left_alone(
    awan: Awan, folder: Path, command: tuple[str, ...]
) -> None:
    with lab.exclusive(folder):
        said = awan("lab", *command)
    assert said.code == 3
    assert said.err == f"another command works on the lab in {folder}; wait for it to end\n"


def test_without_a_lab_there_is_nothing_to_show(awan: Awan, folder: Path) -> None:
    said = awan("lab", "env")
    assert (said.code, said.out) == (3, "")
    assert "start it with 'awan lab up'" in said.err
    said = awan("lab", "fault", "dc", "status")
    assert said.code == 2
    assert "the lab has no cluster 'dc'" in said.err
    assert not folder.exists()


def test_all_of_it_reads_one_site(awan: Awan, folder: Path, inventory: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").symlink_to(inventory / "site")
    shutil.copytree(inventory / "ledger", tmp_path / "other")
    said = awan("lab", "up", "--all", "--ledger", str(tmp_path / "other"))
    assert (said.code, said.out) == (2, "")
    assert (
        said.err
        == f"Pulumi and Ansible read {inventory / 'ledger'}; put the ledger there, without --ledger\n"
    )
    assert site_for_all(tmp_path / "elsewhere", inventory / "ledger") == inventory / "site"
    assert folder.exists()


def test_the_environment_names_the_site(
    awan: Awan, inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWAN_SITE", str(inventory / "site"))
    monkeypatch.chdir("/")
    assert awan("check").out.startswith("Minimal: ")
    monkeypatch.setenv("AWAN_SITE", str(tmp_path / "none"))
    assert "there is no such folder" in awan("check").err
