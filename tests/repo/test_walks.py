# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages that can be followed literally: each `$` line is run in a clone, and prints what the page says it prints."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.awan.main import run
from scripts.toolchain.paths import ROOT

pytestmark = (
    pytest.mark.lab
)  # no double is asked, but a clone is made and git runs: too slow for the plain ones

DOCS = ROOT / "docs"
_BLOCK = re.compile(r"(?:^`([^`\n]+)`\n\n)?^```(console|yaml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Line:
    """A command and what it prints, or a file (its name with `> `) and its text."""

    command: str
    prints: str


def steps(page: str) -> Iterator[Line]:
    """What a page says is to be done, in its order."""
    for file, language, body in _BLOCK.findall(page):
        if language == "yaml":
            if file:
                yield Line(f"> {file}", body)
            continue
        for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            command, _, prints = part.partition("\n")
            yield Line(command, prints)


def agrees(prints: str, said: str) -> bool:
    """`…` alone on a line stands for any lines, within a line for any piece of it."""
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line == "…" else re.escape(line).replace("…", r"[^\n]*") + r"\n"
        for line in prints.splitlines()
    )
    return re.fullmatch(pattern, said) is not None


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of a repository with the inventory and the smallest site."""
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "AWAN_SITE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (("NAME", "A newcomer"), ("EMAIL", "newcomer@purwakarta.example")):
        monkeypatch.setenv(f"GIT_AUTHOR_{name}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{name}", value)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    origin = tmp_path / "origin"
    for folder in ("inventory/site", "inventory/ledger", "inventory/plugins", "tests/sites/minimal"):
        shutil.copytree(ROOT / folder, origin / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for command in ("git init -q -b main", "git add .", "git commit -q -m first", "git clone -q . ../clone"):
        subprocess.run(command.split(), cwd=origin, check=True)
    monkeypatch.chdir(tmp_path / "clone")
    return tmp_path / "clone"


def _run(command: str, clone: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command prints; `awan` in this process, which spares a second each."""
    if command.startswith("awan "):
        capsys.readouterr()
        run(shlex.split(command)[1:])
        said = capsys.readouterr()
        return said.err + said.out
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=clone,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def follow(page: str, clone: Path, capsys: pytest.CaptureFixture[str]) -> int:
    """Do all that a page says; how many commands that were."""
    number = 0
    for step in steps(page):
        if step.command.startswith("> "):
            (clone / step.command[2:]).write_text(step.prints, encoding="utf-8")
            continue
        said = _run(step.command, clone, capsys)
        assert agrees(step.prints, said), f"$ {step.command}\n{said}\nthe page says:\n{step.prints}"
        number += 1
    return number


def test_the_first_change_of_the_readme_works_and_moves_nobody(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four lines of YAML; of the ledger only lines that are new."""
    assert follow((ROOT / "README.md").read_text(encoding="utf-8"), clone, capsys) == 6
    subprocess.run(["git", "add", "."], cwd=clone, check=True)
    listing = subprocess.run(
        ["git", "diff", "--cached", "--numstat"], cwd=clone, check=True, capture_output=True, text=True
    )
    rows = [line.split("\t") for line in listing.stdout.splitlines()]
    assert {removed for _, removed, _ in rows} == {"0"}
    assert [added for added, _, name in rows if "/site/" in name] == ["4"]


def test_the_newcomer_s_page_can_be_followed(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert follow((DOCS / "newcomer.md").read_text(encoding="utf-8"), clone, capsys) > 12


def test_one_s_own_regency_can_be_made(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert follow((DOCS / "own-regency.md").read_text(encoding="utf-8"), clone, capsys) > 12
    assert not any(b"Purwakarta" in file.read_bytes() for file in (clone / "inventory/site").rglob("*.yml"))


@pytest.mark.parametrize(
    ("prints", "said", "same"),
    [
        ("a\n", "a\n", True),
        ("a\n", "b\n", False),
        ("a\n", "a\nb\n", False),
        ("…\nb\n", "b\n", True),
        ("…\nb\n", "x\ny\nb\n", True),
        ("…\nb\n", "x\nb\ny\n", False),
        ("0 errors, … warnings\n", "0 errors, 31 warnings\n", True),
        ("0 errors, … warnings\n", "1 errors, 31 warnings\n", False),
        ("", "said\n", False),
    ],
)
def test_what_is_printed_is_compared(prints: str, said: str, same: bool) -> None:
    assert agrees(prints, said) is same


def test_a_page_that_says_otherwise_is_noticed(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = "```console\n$ awan reach office:dishub rsud/simrs:443/tcp\nyes\n```\n"
    with pytest.raises(AssertionError, match="the page says"):
        follow(page, clone, capsys)
