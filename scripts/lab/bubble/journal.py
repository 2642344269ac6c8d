# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a bubble is made of, written down before each thing is made; removing it stands in `clean`."""

import json
import os
from pathlib import Path
from typing import Any

from scripts.lab.replica import files

NAME = "journal"


class Journal:
    """An append-only file: a line is on the disk before `note` returns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._file = os.open(
            folder / NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
        )
        files.sync_folder(folder)
        files.sync_folder(folder.parent)

    def note(self, kind: str, **what: Any) -> None:
        """Say what will be made next."""
        os.write(self._file, json.dumps({"make": kind, **what}, sort_keys=True).encode() + b"\n")
        os.fsync(self._file)

    def close(self) -> None:
        """No more is made."""
        os.close(self._file)


def read(folder: Path) -> list[dict[str, Any]]:
    """The lines; one that was cut short was never acted upon."""
    try:
        text = (folder / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.split("\n")[:-1]]
