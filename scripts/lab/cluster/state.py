# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lab cluster's state on disk: one row per object in a SQLite file, written before the answer leaves.

A write goes to the kernel with the request that made it, so a killed process loses nothing that it answered (a
killed machine may: the lab does not wait for the disk). What an object looks like is known by the areas, not here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


class Store:
    """Keyed JSON documents; `mark` what changed, `flush` to write it."""

    def __init__(self, path: Path, dump: Callable[[str], Any]) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS doc (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
        )
        self._dump = dump
        self._dirty: set[str] = set()

    def mark(self, *keys: str) -> None:
        self._dirty.update(keys)

    def flush(self) -> None:
        """Write every marked document; one whose dump is None is deleted."""
        if not self._dirty:
            return
        dirty, self._dirty = self._dirty, set()
        self._db.execute("BEGIN")
        for key in dirty:
            value = self._dump(key)
            if value is None:
                self._db.execute("DELETE FROM doc WHERE key = ?", (key,))
            else:
                self._db.execute("REPLACE INTO doc VALUES (?, ?)", (key, json.dumps(value)))
        self._db.execute("COMMIT")

    def items(self) -> Iterator[tuple[str, Any]]:
        for key, value in self._db.execute("SELECT key, value FROM doc ORDER BY key").fetchall():
            yield key, json.loads(value)

    def close(self) -> None:
        self.flush()
        self._db.close()
