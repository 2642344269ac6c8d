# SPDX-License-Identifier: GPL-3.0-or-later
"""``map``: one page, with a question or a comparison in it; and what is said where it can't be written."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from network_plan.render.map import Bundle
from scripts.awan import bundle as given
from scripts.toolchain import web
from scripts.toolchain.part import Part

Awan = Callable[..., Any]
Spoil = Callable[[str, str, str], None]


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the page goes; the script is none that draws, so that nothing needs to be built."""
    monkeypatch.setattr(given, "bundle", lambda: Bundle(script="", style="", notice="none"))
    return tmp_path / "pages" / "map.html"


def data_of(page: Path) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def test_the_page_is_written_and_named(awan: Awan, out: Path) -> None:
    said = awan("map", "--out", str(out))
    assert (said.code, said.out.strip()) == (0, str(out))
    assert data_of(out)["reach"]["asked"] is None


def test_a_question_stands_in_it(awan: Awan, out: Path) -> None:
    assert awan("map", "--out", str(out), "--reach", "office:dinas dinas/app:tcp/1").code == 2
    said = awan("map", "--out", str(out), "--reach", "internet www:443/tcp")
    assert said.code == 0, said.err
    assert data_of(out)["reach"]["asked"]["says"] == "yes"


@pytest.mark.parametrize(
    ("question", "error"), [("internet", "is no question"), ("nobody www:443/tcp", "nothing in the Plan")]
)
def test_a_question_that_means_nothing_exits_2(awan: Awan, out: Path, question: str, error: str) -> None:
    said = awan("map", "--out", str(out), "--reach", question)
    assert said.code == 2
    assert error in said.err
    assert not out.exists()


def test_a_comparison_stands_in_it(awan: Awan, out: Path, inventory: Path, spoil: Spoil) -> None:
    git = ("git", "-C", str(inventory), "-c", "user.name=t", "-c", "user.email=t@example.org")
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "one")):
        subprocess.run([*git, *words], check=True)
    spoil("site/tenants/dinas.yml", "to: vm:app\n", "to: vm:app\n    ports: [icmp]\n")
    said = awan("map", "--out", str(out), "--diff", "HEAD")
    assert said.code == 0, said.err
    diff = data_of(out)["diff"]
    assert diff["rev"] == "HEAD"
    assert "denied" in {mark for mark, *_ in diff["paths"]}
    assert all(words for _, _, words in diff["objects"])
    assert awan("map", "--out", str(out), "--diff", "nowhere").code == 2


def test_without_its_script_it_says_make_setup(
    awan: Awan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = Part(
        name="web",
        ok=False,
        needed=False,
        why="the script that draws the map is not built",
        command="make setup",
    )
    monkeypatch.setattr(web, "check", lambda: part)
    said = awan("map", "--out", str(tmp_path / "map.html"))
    assert said.code == 2
    assert said.err.strip() == "the script that draws the map is not built; make setup"


def test_a_place_that_can_not_be_written_exits_2(awan: Awan, out: Path, tmp_path: Path) -> None:
    (tmp_path / "pages").write_text("a file", encoding="utf-8")
    said = awan("map", "--out", str(out))
    assert said.code == 2
    assert "choose another file with --out" in said.err
