# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from scripts.awan.commands.drill import LATER
from scripts.awan.main import run
from tests.small import SMALL


@pytest.fixture(autouse=True)
def own_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWAN_LAB_DIR", str(tmp_path / "lab"))
    monkeypatch.setenv("AWAN_SITE", str(SMALL))


@pytest.mark.parametrize("verb", sorted(LATER))
def test_a_verb_that_is_not_there_yet_says_so_and_does_nothing(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["drill", verb, "dukcapil/siak"]) == 2
    said = capsys.readouterr()
    assert "is not there yet; nothing was done" in said.err
    assert not (tmp_path / "lab").exists()


def test_what_can_not_be_drilled_is_wrong_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["drill", "test", "dukcapil/siakk"]) == 2
    assert "did you mean 'dukcapil/siak'?" in capsys.readouterr().err


def test_without_points_nothing_is_in_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["drill", "status"]) == 1
    assert "dukcapil/siak" in capsys.readouterr().out


def test_an_unknown_report_is_wrong_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["drill", "report", "no-such"]) == 2
    assert "'awan drill report' lists them" in capsys.readouterr().err


def test_an_unknown_vm_is_not_replicated(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "replicate", "--once", "nobody/nothing"]) == 2
    assert "no VM with a twin; those that have one: diskominfo/ns1" in capsys.readouterr().err
