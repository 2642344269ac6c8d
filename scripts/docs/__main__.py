# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m scripts.docs`` writes the generated pages of docs/reference; ``--check`` only compares (exit 1)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.docs import commands, provider, requirements, site_files

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
NOTE = "<!-- Written by `python -m scripts.docs`; do not edit. -->\n\n"

PAGES: Mapping[str, Callable[[], str]] = {
    "site-files.md": site_files.page,
    "commands.md": commands.page,
    "provider.md": provider.page,
    "requirements.md": requirements.page,
}


def texts() -> dict[str, str]:
    """File name → text, as it should be now."""
    return {name: NOTE + page() for name, page in PAGES.items()}


def stale(folder: Path = FOLDER) -> list[str]:
    """The pages whose text is not what the code says."""
    return [
        name
        for name, text in texts().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Write or compare."""
    if arguments == ["--check"]:
        found = stale()
        for name in found:
            print(f"docs/reference/{name} is stale; run 'python -m scripts.docs'", file=sys.stderr)
        return 1 if found else 0
    if arguments:
        print("usage: python -m scripts.docs [--check]", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
