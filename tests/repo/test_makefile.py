# SPDX-License-Identifier: GPL-3.0-or-later
"""The Makefile is the front door: it explains itself, stays thin, and the README knows its targets."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from scripts.toolchain.paths import ROOT

TEXT = (ROOT / "Makefile").read_text(encoding="utf-8")
PROMISED = {"up", "down", "test", "check", "bench", "golden", "conformance", "clean"}


def _phony() -> set[str]:
    declared = re.search(r"^\.PHONY: (.+)$", TEXT, flags=re.MULTILINE)
    assert declared
    return set(declared[1].split())


def test_make_alone_lists_every_target_with_a_line() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    explained = dict(re.findall(r"^make (\w+) +(\S.+)$", listed, flags=re.MULTILINE))
    assert set(explained) == _phony()
    assert set(explained) >= PROMISED


def test_recipes_are_a_few_lines() -> None:
    for recipe in re.findall(r"^([a-z]+):.*\n((?:\t.*\n)*)", TEXT, flags=re.MULTILINE):
        assert recipe[1].count("\n") <= 5, f"make {recipe[0]}: what takes so many lines belongs into Python"


def test_the_readme_knows_the_targets() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [target for target in sorted(PROMISED) if f"make {target}" not in readme]
    assert not missing, f"README.md does not name: {', '.join(f'make {target}' for target in missing)}"


def test_every_target_that_is_named_anywhere_exists(written: list[Path]) -> None:
    """A message that sends people to a target that is not there is worse than none."""
    named = re.compile(r"[`']make ([a-z]+)\b")
    wrong = [
        f"{file}: `make {target}`"
        for file in written
        if file.suffix in {".py", ".md", ".sh", ".yml", ".go", ".in", ".txt", ".toml", ""}
        for target in named.findall(
            (ROOT / file).read_text(encoding="utf-8", errors="replace").replace("\\`", "`")
        )
        if target not in _phony()
    ]
    assert not wrong, "\n".join(wrong)
