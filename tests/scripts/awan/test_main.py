# SPDX-License-Identifier: GPL-3.0-or-later
"""The front of the command line: help, misspelt words, completion, the exit codes, and a pipe that closes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.awan import main
from scripts.awan.problem import SYSTEM, Problem

Awan = Callable[..., Any]
PROGRAM = str(Path(sys.executable).parent / "awan")
COMMANDS = ("check", "allot", "plan", "show", "reach", "render")


def _process(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *args], capture_output=True, text=True, check=False, env={**os.environ, **env}
    )


def test_help_lists_every_command_and_loads_none(awan: Awan) -> None:
    said = awan("--help")
    assert said.code == 0
    for name, line in main.COMMANDS.items():
        assert f"  {name} " in said.out
        assert line.split()[0] in said.out


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_an_example(awan: Awan, name: str) -> None:
    said = awan(name, "--help")
    assert said.code == 0
    assert re.search(rf"^  Example:\n    awan {name}", said.out, flags=re.MULTILINE)
    assert "\\b" not in said.out


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("chek",), "there is no command 'chek'; did you mean 'awan check'?"),
        (("xyzzy",), "there is no command 'xyzzy'; see 'awan --help'"),
        (("check", "--sit", "x"), "Did you mean '--site'?"),
        (("check", "--today", "morgen"), "'morgen' does not match the format"),
        (("render", "nftable"), "is not one of 'cabling', 'dhcp', 'dns'"),
        (("show",), "Missing argument 'WORD'"),
    ],
)
def test_wrong_usage_exits_2_with_what_is_meant(awan: Awan, args: tuple[str, ...], words: str) -> None:
    said = awan(*args)
    assert said.code == 2
    assert words in said.err


@pytest.mark.parametrize(
    ("raised", "code", "text"),
    [
        (KeyboardInterrupt(), 4, "\nawan: interrupted; the same command goes on where it stopped\n"),
        (Problem("dc does not answer; start it", SYSTEM), 3, "dc does not answer; start it\n"),
        (Problem("nonsense; write sense"), 2, "nonsense; write sense\n"),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_what_is_raised_becomes_an_exit_code(
    awan: Awan, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int, text: str
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise raised

    monkeypatch.setattr("scripts.awan.commands.plan.read_plan", fail)
    said = awan("plan")
    assert (said.code, said.err) == (code, text)


@pytest.mark.parametrize(
    ("line", "word", "expected"),
    [("awan re", 1, {"reach", "render", "recover"}), ("awan check --to", 2, {"--today"})],
)
def test_the_shell_completes_commands_and_options(
    inventory: Path, line: str, word: int, expected: set[str]
) -> None:
    assert inventory.is_dir()
    done = _process(COMP_WORDS=line, COMP_CWORD=str(word), _AWAN_COMPLETE="bash_complete")
    assert {item.partition(",")[2] for item in done.stdout.split()} == expected


def test_the_shell_completes_words_of_the_plan(inventory: Path) -> None:
    done = _process(COMP_WORDS="awan show di", COMP_CWORD="2", _AWAN_COMPLETE="bash_complete")
    assert done.stdout.split() == [
        f"plain,{word}" for word in ("dinas", "dinas/app", "dinas/office-main", "dinas/servers")
    ]
    (inventory / "site/dr.yml").unlink()
    done = _process(COMP_WORDS="awan reach di", COMP_CWORD="2", _AWAN_COMPLETE="bash_complete")
    assert (done.stdout.strip(), done.stderr) == ("", "")


@pytest.mark.parametrize(
    ("line", "word", "expected"),
    [
        ("awan reach di", 2, ["dinas", "dinas/app", "dinas/office-main", "dinas/servers"]),
        ("awan reach office:", 2, ["office:dinas", "office:kominfo"]),
        ("awan recover d", 2, ["dc", "drc"]),
        ("awan lab fault d", 3, ["dc", "drc"]),
        ("awan verify --only ", 3, ["dc", "drc", "gw1"]),
    ],
)
def test_the_shell_completes_what_the_command_takes(
    inventory: Path, line: str, word: int, expected: list[str]
) -> None:
    assert inventory.is_dir()
    done = _process(COMP_WORDS=line, COMP_CWORD=str(word), _AWAN_COMPLETE="bash_complete")
    assert done.stdout.split() == [f"plain,{text}" for text in expected]


def test_the_program_exits_as_its_command_says(inventory: Path) -> None:
    assert _process("check").returncode == 0
    (inventory / "site/dr.yml").unlink()
    done = _process("check")
    assert done.returncode == 1
    assert done.stderr.startswith("inventory/site/dr.yml: error: the file is missing; write it")
    assert _process("plan", "--json").returncode == 2


def test_a_reader_that_leaves_is_no_error(inventory: Path) -> None:
    assert inventory.is_dir()
    done = subprocess.run(
        ["bash", "-c", f'"{PROGRAM}" plan --json | head -1; exit "${{PIPESTATUS[0]}}"'],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr, done.returncode) == ("{\n", "", 0)


def test_a_shell_without_utf8_is_served(inventory: Path) -> None:
    assert inventory.is_dir()
    done = _process("reach", "office:dinas", "dinas/app:443/tcp", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stderr == ""
