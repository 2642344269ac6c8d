# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m scripts.docs`` writes docs/reference and what editors read of it; ``--check`` only compares (exit 1)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.docs import commands, differences, provider, requirements, schema, site_files

ROOT = Path(__file__).resolve().parents[2]
NOTE = "<!-- Written by `python -m scripts.docs`; do not edit. -->\n\n"

PAGES: Mapping[str, Callable[[], str]] = {
    "docs/reference/site-files.md": site_files.page,
    "docs/reference/commands.md": commands.page,
    "docs/reference/diff.md": differences.page,
    "docs/reference/provider.md": provider.page,
    "docs/reference/requirements.md": requirements.page,
    **schema.pages(),
}


def text(name: str) -> str:
    """One file's text, as it should be now; a page for people says that it is written."""
    return (NOTE if name.endswith(".md") else "") + PAGES[name]()


def stale(root: Path = ROOT) -> list[str]:
    """The files whose text is not what the code says."""
    return [
        name
        for name in PAGES
        if not (root / name).is_file() or (root / name).read_text(encoding="utf-8") != text(name)
    ]


def main(arguments: list[str]) -> int:
    """Write or compare."""
    if arguments == ["--check"]:
        found = stale()
        for name in found:
            print(f"{name} is stale; run 'python -m scripts.docs'", file=sys.stderr)
        return 1 if found else 0
    if arguments:
        print("usage: python -m scripts.docs [--check]", file=sys.stderr)
        return 2
    for name in PAGES:
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(text(name), encoding="utf-8")
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
