# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the locks `requirements/*.txt` from the `.in` files: every file by its hash, no registry by its name."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from scripts.toolchain import paths
from scripts.toolchain.part import run, say

_OPTIONS = ("--quiet", "--universal", "--generate-hashes", "--no-emit-index-url", "--allow-unsafe")
NAMES = ("dev", "runtime")  # dev first: runtime takes its choices from it


def write_locks(*, upgrade: bool = False) -> None:
    """Compile both locks in an environment made for it; versions that still fit stay, unless told to move."""
    with tempfile.TemporaryDirectory(prefix="awan-lock-") as name:
        python = Path(name) / "bin" / "python"
        run([sys.executable, "-m", "venv", name], log="lock-venv", retry="make lock")
        tool = paths.versions()["python"]["lock_tool"]
        run([python, "-m", "pip", "install", "--quiet", tool], log="lock-tool", retry="make lock")
        minimum = paths.versions()["python"]["minimum"]
        for stem in NAMES:
            run(
                [
                    *(python.parent / "uv", "pip", "compile", *_OPTIONS, "--python-version", minimum),
                    *(["--upgrade"] if upgrade else []),
                    *("--custom-compile-command", "make lock", f"{stem}.in", "--output-file", f"{stem}.txt"),
                ],
                log=f"lock-{stem}",
                cwd=paths.ROOT / "requirements",
                retry="make lock",
            )
            say("lock", f"requirements/{stem}.txt written")
