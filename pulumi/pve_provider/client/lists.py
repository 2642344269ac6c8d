# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists that are read once per run and shared by all resources of a kind, until something of the kind is written."""

from __future__ import annotations

import threading
from typing import Any

from .api import Api

Rows = list[dict[str, Any]]


class Lists:
    """GETs whose answers are kept. Two that ask at once share one request."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._rows: dict[str, Rows] = {}

    def rows(self, path: str, /, **params: Any) -> Rows:
        """The rows of a list, from PVE or from earlier in this run."""
        with self._guard:
            lock = self._locks.setdefault(path, threading.Lock())
        with lock:
            with self._guard:
                if path in self._rows:
                    return self._rows[path]
            rows: Rows = self._api.get(path, **params) or []
            with self._guard:
                self._rows[path] = rows
            return rows

    def forget(self, *paths: str) -> None:
        """These have changed: read them again when asked."""
        with self._guard:
            for path in paths:
                self._rows.pop(path, None)
