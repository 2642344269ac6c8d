# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster that is asked, and what the checks make there: all of it under one fresh name, all of it removed."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pve_provider.client.api import Api
from pve_provider.client.connect import Settings, plain_fingerprint, split_endpoint, split_token
from pve_provider.client.stop import Stop
from pve_provider.client.task import wait
from pve_provider.errors import ApiError
from scripts.lab.cluster import launch
from scripts.lab.cluster.spec import ClusterSpec, Node


class Differs(Exception):
    """The cluster does something else than the provider relies on."""


@dataclass(slots=True)
class Ground:
    """A connection as the provider makes it, a name that nothing else has, and what must be removed at the end."""

    api: Api
    stop: Stop
    name: str = field(default_factory=lambda: f"awanconf{secrets.token_hex(3)}")
    _undo: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def remove_later(self, path: str, **params: Any) -> None:
        """Remember a deletion; the last made is the first removed."""
        self._undo.append((path, params))

    def refusal(self, act: Callable[[], object]) -> ApiError:
        """Do what PVE must refuse, and give its refusal."""
        try:
            answer = act()
        except ApiError as error:
            return error
        raise Differs(f"PVE accepted what it should refuse, and answered {answer!r}")

    def task(self, answer: object, what: str) -> None:
        """Wait for the task that the answer must name."""
        if not isinstance(answer, str) or not answer.startswith("UPID:"):
            raise Differs(f"{what}: the answer names no task: {answer!r}")
        wait(self.api, self.stop, answer, what, seconds=120)

    def clean(self) -> list[str]:
        """Remove what was made; say what could not be."""
        left = []
        for path, params in reversed(self._undo):
            try:
                wait(self.api, self.stop, self.api.delete(path, **params), f"delete {path}", seconds=120)
            except Exception as error:  # noqa: BLE001 - whatever it was, the rest must still be removed
                left.append(f"{path}: {error}")
        self._undo.clear()
        return left


@contextmanager
def real(endpoints: str, token: str, fingerprint: str) -> Iterator[Ground]:
    """Ask a real cluster, recognised by its certificate; ValueError says what is written wrong."""
    for endpoint in endpoints.split(","):
        split_endpoint(endpoint)
    split_token(token)
    settings = Settings(
        endpoints=tuple(endpoints.split(",")),
        api_token=token,
        fingerprint=plain_fingerprint(fingerprint),
        ca_file="",
        cluster=endpoints,
    )
    stop = Stop()
    yield Ground(Api(settings, stop), stop)


@contextmanager
def lab() -> Iterator[Ground]:
    """Ask a lab cluster that is started for this and stopped afterwards."""
    with tempfile.TemporaryDirectory(prefix="awan-conformance-") as name:
        folder = Path(name) / "dc"
        cluster = launch.start(ClusterSpec(name="lab-dc", nodes=(Node(name="dc1"), Node(name="dc2"))), folder)
        try:
            with real(cluster.endpoint, cluster.token("pulumi"), cluster.fingerprint) as ground:
                yield ground
        finally:
            with suppress(ProcessLookupError):
                launch.stop(folder)
