# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider's errors, and the scrubbing of secrets from every text that leaves it. No error is raised here."""

from __future__ import annotations

import threading
from collections.abc import Mapping

HIDDEN = "[secret]"


class ProviderError(Exception):
    """What a person can act on: a sentence with cause and cure."""


class Refused(ProviderError):
    """The provider will not do this: wrong cluster, foreign object, a disk that would shrink."""


class Unreachable(ProviderError):
    """No endpoint answered; nothing was sent."""


class Stopped(ProviderError):
    """The run was cancelled or the engine died: no further write is made."""


class LostAnswer(ProviderError):
    """A write was sent and its answer never came: it may or may not have been done."""


class TaskFailed(ProviderError):
    """A PVE task ended with something other than OK."""


class ApiError(ProviderError):
    """PVE answered with a refusal: its status and its own words."""

    def __init__(self, method: str, path: str, status: int, words: str, fields: Mapping[str, object]) -> None:
        self.method, self.path, self.status, self.fields = method, path, status, dict(fields)
        detail = "; ".join(f"{name}: {str(text).strip()}" for name, text in sorted(self.fields.items()))
        self.words = f"{words.strip()} ({detail})" if detail else words.strip()
        super().__init__(self.words)

    def says(self, *texts: str) -> bool:
        """Whether PVE's words contain one of the texts, in any case."""
        words = self.words.lower()
        return any(text.lower() in words for text in texts)


class Scrubber:
    """Replaces known secrets in texts. One for the process: a secret seen anywhere is hidden everywhere."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: set[str] = set()

    def add(self, secret: str) -> None:
        """Hide this text from now on; a token also without its name."""
        with self._lock:
            for text in (secret, secret.rpartition("=")[2]):
                if len(text) >= 4:
                    self._secrets.add(text)

    def clean(self, text: str) -> str:
        """The text without any known secret."""
        with self._lock:
            for secret in sorted(self._secrets, key=len, reverse=True):
                text = text.replace(secret, HIDDEN)
        return text


SCRUBBER = Scrubber()
