# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from network_plan.build import load_plan
from scripts.drill import report, run, verdict
from scripts.drill.subject import choose
from scripts.drill.words import LANGUAGES, WORDS
from scripts.lab.replica import rounds
from tests.scripts.drill.test_verdict import COPY, ISOLATION, PROBE
from tests.small import SMALL


def shape(words: Any) -> Any:
    """Keys, and the values that a sentence takes."""
    if isinstance(words, str):
        return sorted(re.findall(r"{(\w+)}", words))
    return {key: shape(value) for key, value in words.items()}


def test_both_languages_say_the_same_things() -> None:
    assert shape(WORDS["en"]) == shape(WORDS["id"])


def test_every_reason_and_every_step_has_its_words() -> None:
    codes = set(re.findall(r'_reason\(\s*"(\w+)"', inspect.getsource(verdict)))
    codes |= set(re.findall(r'"(rpo_\w+|probe_\w+)"', inspect.getsource(verdict)))
    assert codes == set(WORDS["en"]["reasons"])
    steps = set(re.findall(r'_step\("(\w+)"\)', inspect.getsource(run))) | {"remove"}
    assert steps == set(WORDS["en"]["step_names"])
    assert set(report.LEFT_OUT) == set(WORDS["en"]["left_out_items"])


def outcome(**change: Any) -> run.Outcome:
    made = run.Outcome(
        id="20261124T100140.000Z",
        subject=choose(load_plan(SMALL), "dukcapil/siak"),
        incident_ns=COPY.incident_ns,
        copies=[COPY],
        how_cloned="copy",
        probes=[PROBE],
        isolation=ISOLATION,
        rto=2.5,
        steps=[("points", 0.1)],
        replicated=[
            rounds.Result(key="dukcapil/siak", point="p", base="", bytes=2048, seconds=0.5, error="")
        ],
        ended_ns=COPY.incident_ns + 10**9,
    )
    for name, value in change.items():
        setattr(made, name, value)
    return made


def test_the_report_is_whole_in_itself_and_read_again(tmp_path: Path) -> None:
    data = report.data_of(outcome(), load_plan(SMALL), "abc")
    report.write(data, tmp_path / data["id"])
    assert report.read_all(tmp_path) == [json.loads(json.dumps(data))]
    assert data["rpo_seconds"] == 100.5
    for language in LANGUAGES:
        page = (tmp_path / data["id"] / f"report.{language}.html").read_text(encoding="utf-8")
        assert f'<html lang="{language}">' in page
        assert WORDS[language]["pass"] in page
        assert not re.search(r"(src|href)=\"?(https?:)?//|@import|url\(", page)
        assert "Undefined" not in page
    assert "100,5" in report.page_of(data, "id")
    assert "100.5" in report.page_of(data, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_failure_says_why_and_escapes_what_others_wrote(language: str) -> None:
    reasons = [verdict.Reason(code="way_out", values={"way": "<b>eth1</b>"})]
    page = report.page_of(report.data_of(outcome(reasons=reasons), load_plan(SMALL), "abc"), language)
    assert WORDS[language]["fail"] in page
    assert "&lt;b&gt;eth1&lt;/b&gt;" in page
    assert "<b>eth1" not in page
