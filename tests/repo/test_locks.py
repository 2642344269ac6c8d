# SPDX-License-Identifier: GPL-3.0-or-later
"""The locks are fresh against their .in files, hold a hash for every file, and name no registry."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from scripts.toolchain.lock import NAMES
from scripts.toolchain.paths import ROOT, pulumi_version

FOLDER = ROOT / "requirements"


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock."""

    version: str
    hashes: int
    via: frozenset[str]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _wanted(stem: str) -> dict[str, str]:
    """Return the packages that an .in file itself names, with their pin if they have one."""
    found = {}
    for line in (FOLDER / f"{stem}.in").read_text(encoding="utf-8").splitlines():
        words = line.split("#")[0].strip()
        if words and not words.startswith("-r"):
            name, _, pin = words.partition("==")
            found[_normal(name)] = pin
    return found


def _locked(stem: str) -> dict[str, Locked]:
    text = (FOLDER / f"{stem}.txt").read_text(encoding="utf-8")
    found = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        head = re.match(r"([A-Za-z0-9._-]+)==([^\s;]+)", block)
        if head:
            via = frozenset(re.findall(r"-r ([a-z]+)\.in", block))
            found[_normal(head[1])] = Locked(head[2], block.count("--hash=sha256:"), via)
    return found


@pytest.mark.parametrize("stem", NAMES)
def test_every_requirement_is_locked_as_asked(stem: str) -> None:
    locked = _locked(stem)
    for name, pin in _wanted(stem).items():
        assert name in locked, f"{name} stands in {stem}.in and not in {stem}.txt; run `make lock`"
        assert not pin or locked[name].version == pin, f"{name}: {stem}.in asks for {pin}; run `make lock`"


@pytest.mark.parametrize("stem", NAMES)
def test_nothing_is_locked_that_nobody_asks_for(stem: str) -> None:
    for name, entry in _locked(stem).items():
        for origin in entry.via:
            assert name in _wanted(origin), f"{name} left {origin}.in but not {stem}.txt; run `make lock`"


@pytest.mark.parametrize("stem", NAMES)
def test_every_package_has_hashes_and_no_address(stem: str) -> None:
    locked = _locked(stem)
    assert locked
    assert [name for name, entry in locked.items() if entry.hashes == 0] == []
    text = (FOLDER / f"{stem}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text


def test_both_locks_agree() -> None:
    dev = _locked("dev")
    assert {name: entry.version for name, entry in _locked("runtime").items()}.items() <= {
        name: entry.version for name, entry in dev.items()
    }.items()


def test_sdk_and_cli_are_of_one_version() -> None:
    assert _locked("runtime")["pulumi"].version == pulumi_version()


def test_every_requirement_says_why_it_is_there() -> None:
    for stem in NAMES:
        for line in (FOLDER / f"{stem}.in").read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-r")):
                assert re.search(r"# .{6,}", line), f"{stem}.in: {line}: say in a few words what it is for"
