# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the requirements names nothing that is not there, and every rule can be shown failing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from network_plan.policy import RULES
from scripts.docs import requirements
from scripts.docs.broken import broken_sites, check_broken, check_minimal
from scripts.docs.requirement_list import REQUIREMENTS, Requirement
from scripts.docs.requirements import has_test, is_there, main, page, state

IDS = [item.id for item in REQUIREMENTS]


def test_each_requirement_stands_once_and_every_rule_is_one_of_them() -> None:
    assert len(set(IDS)) == len(IDS) == 32
    assert set(RULES) <= set(IDS)


@pytest.mark.parametrize("item", REQUIREMENTS, ids=lambda item: item.id)
def test_what_serves_and_tests_it_is_there(item: Requirement) -> None:
    assert [reference for reference, _ in item.serves if not is_there(reference)] == []
    assert [test for test in item.tests if not has_test(test)] == []
    assert item.serves or item.missing or item.id in RULES, "nothing is said of it"
    assert state(item).partition(":")[0] in {"rule", "served"} or item.missing, "it says what is missing"


@pytest.mark.parametrize(
    "reference",
    [
        "network_plan.nothing:at_all",
        "network_plan.model.plan:Plan.nothing",
        "pve:Nothing",
        "awan nothing",
        "awan drill nothing",
        "awan show nothing",
        "roles/nothing",
    ],
)
def test_what_is_not_there_is_noticed(reference: str) -> None:
    assert not is_there(reference)


def test_a_test_that_is_not_there_is_noticed() -> None:
    here = Path(__file__).relative_to(requirements.ROOT)
    assert has_test(f"{here}::test_a_test_that_is_not_there_is_noticed")
    assert not has_test(f"{here}::test_nothing")
    assert not has_test("tests/nothing.py")


@pytest.mark.parametrize("identifier", RULES)
def test_a_rule_fails_on_each_of_its_broken_sites_and_on_nothing_else(identifier: str) -> None:
    """The minimal site has no finding; one small change, and the rule's own is there."""
    assert check_minimal() == ()
    sites = broken_sites(identifier)
    own = [name for name in sites if name.startswith(identifier.lower().replace("-", "_") + "_")]
    assert own, f"no broken site of {identifier}'s own"
    for name in sites:
        assert identifier in {finding.rule for finding in check_broken(name)[1]}, name


def test_ten_by_chance_are_shown_failing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--break", "10", "--seed", "253"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("tests/sites/minimal: no finding\n")
    assert out.endswith("\n10 of 10 rules fail on their broken sites\n")
    chosen = re.findall(
        r"^([A-Z]+-\d)  tests/sites/broken/\w+: .+\n  site/.+ \[\1\]$", out, flags=re.MULTILINE
    )
    assert len(set(chosen)) == 10


def test_a_rule_that_does_not_fail_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requirements, "check_broken", lambda _name: ("for the test", ()))
    assert main(["--break", "18"]) == 1
    assert capsys.readouterr().out.endswith("\n0 of 18 rules fail on their broken sites\n")


def test_the_page_says_of_each_what_is_missing() -> None:
    text = page()
    for item in REQUIREMENTS:
        section = text.partition(f"\n## {item.id}\n")[2].partition("\n## ")[0]
        assert section.startswith(f"\n{item.says} (Perbup 253/2019 ")
        assert ("**Missing**" in section) is (item.missing is not None)
        assert ("**Rule**" in section) is (item.id in RULES)
