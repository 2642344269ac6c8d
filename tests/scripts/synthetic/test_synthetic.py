# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from network_plan.build import check
from scripts.synthetic.__main__ import main, write
from scripts.synthetic.site import site_texts
from scripts.synthetic.size import Size, regencies

TINY = Size(tenants=5, vms=12, flows=31, public=2)


def test_a_synthetic_site_holds_and_has_the_numbers_asked_for(tmp_path: Path) -> None:
    assert write(tmp_path, TINY) == []
    plan = check(tmp_path / "site").plan
    assert plan is not None
    assert len(plan.tenants) == 5
    assert len([guest for guest in plan.guests if not guest.twin]) == 12
    assert len([flow for flow in plan.flows if flow.key.startswith(("agency", "operator"))]) == 31


def test_equal_arguments_give_equal_bytes_and_another_seed_others() -> None:
    assert site_texts(TINY) == site_texts(TINY)
    assert site_texts(TINY) != site_texts(TINY, seed=2)


def test_twenty_seven_regencies_have_the_size_that_is_measured() -> None:
    size = regencies(27)
    assert (size.tenants, size.vms, size.flows) == (1200, 12987, 59994)


def test_nothing_that_is_there_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--tenants", "2", "--vms", "3", "--flows", "4"]) == 0
    assert "2 tenants, 3 VMs, 4 flows" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path), "--tenants", "2", "--vms", "3", "--flows", "4"])
    assert ended.value.code == 2
    assert "is there already" in capsys.readouterr().err


def test_a_site_without_an_operator_is_refused() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["/nowhere", "--tenants", "0"])
    assert ended.value.code == 2


def test_errors_of_the_site_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--tenants", "2100", "--vms", "0", "--flows", "0"]) == 1
    assert "want a VLAN each" in capsys.readouterr().err
