# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the cluster: endpoints in turn, retries by policy, no write after the end of the run."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from proxmoxer import ProxmoxAPI
from proxmoxer.core import ResourceException
from requests import exceptions as http
from urllib3.exceptions import NewConnectionError

from ..errors import ApiError, LostAnswer, Refused, Unreachable
from . import retry
from .connect import Settings, open_endpoint
from .stop import Stop

ROUNDS = 2
"""How often all endpoints are tried before the cluster counts as unreachable."""


class NotSent(Exception):
    """The connection was never made: the request did not reach anyone."""


class Lost(Exception):
    """The request may have arrived; its answer did not come."""


def segment(text: object) -> str:
    """A value as one segment of an API path."""
    return quote(str(text), safe="")


def _parameters(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as PVE takes them: booleans as 0 and 1, nothing for None."""
    return {
        name: int(value) if isinstance(value, bool) else value
        for name, value in params.items()
        if value is not None
    }


class Api:
    """A cluster's API. Paths start with a slash and have their segments quoted."""

    def __init__(self, settings: Settings, stop: Stop) -> None:
        self._settings, self._stop = settings, stop
        self._lock = threading.Lock()
        self._current = 0
        self._open: dict[str, ProxmoxAPI] = {}
        self.sent: list[tuple[str, str]] = []

    def get(self, path: str, /, **params: Any) -> Any:
        """Read."""
        return self.call("GET", path, retry.READ, params)

    def post(self, path: str, policy: retry.Policy = retry.REPEATABLE, /, **params: Any) -> Any:
        """Create, or act."""
        return self.call("POST", path, policy, params)

    def put(self, path: str, policy: retry.Policy = retry.REPEATABLE, /, **params: Any) -> Any:
        """Change."""
        return self.call("PUT", path, policy, params)

    def delete(self, path: str, policy: retry.Policy = retry.DELETE, /, **params: Any) -> Any:
        """Remove; what is gone already counts as removed."""
        return self.call("DELETE", path, policy, params)

    def call(self, method: str, path: str, policy: retry.Policy, params: Mapping[str, Any]) -> Any:
        """One request under its policy; raises ApiError, LostAnswer, Unreachable or Stopped."""
        deadline = time.monotonic() + policy.lock_seconds
        pauses = retry.pauses()
        attempts, lost = policy.attempts, False
        while True:
            if method != "GET":
                self._stop.check()
            try:
                return self._anywhere(method, path, params)
            except Lost as error:
                attempts, lost = attempts - 1, True
                if not policy.again_when_lost or attempts <= 0:
                    raise LostAnswer(
                        f"no answer to {method} {path}: {error}; it may have been done, the next run will look"
                    ) from None
            except ApiError as error:
                if policy.done(error) or (lost and policy.done_when_lost(error)):
                    return None
                if (
                    retry.is_overloaded(error)
                    and attempts > 1
                    and (method == "GET" or policy.again_when_lost)
                ):
                    attempts -= 1
                elif not retry.is_locked(error) or time.monotonic() > deadline or self._stop.is_set():
                    raise
            self._stop.pause(next(pauses))

    def _anywhere(self, method: str, path: str, params: Mapping[str, Any]) -> Any:
        """Send to the endpoint that answered last, or to the next one that can be reached."""
        endpoints = self._settings.endpoints
        reasons: list[str] = []
        for _ in range(ROUNDS * len(endpoints)):
            index = self._current
            endpoint = endpoints[index % len(endpoints)]
            try:
                return self._send(endpoint, method, path, params)
            except NotSent as error:
                reasons.append(f"{endpoint}: {error}")
                with self._lock:
                    if self._current == index:
                        self._current = index + 1
        tried = "; ".join(dict.fromkeys(reasons))
        raise Unreachable(
            f"no endpoint of the cluster {self._settings.cluster!r} answers ({tried}); "
            "check that the nodes are up and that `endpoints` names them"
        )

    def _session(self, endpoint: str) -> ProxmoxAPI:
        with self._lock:
            if endpoint not in self._open:
                self._open[endpoint] = open_endpoint(self._settings, endpoint)
            return self._open[endpoint]

    def _send(self, endpoint: str, method: str, path: str, params: Mapping[str, Any]) -> Any:
        resource = self._session(endpoint)(path.strip("/").split("/"))
        values = _parameters(params)
        self.sent.append((method, path))
        try:
            return getattr(resource, method.lower())(**values)
        except ResourceException as error:
            fields = error.errors if isinstance(error.errors, dict) else {}
            raise ApiError(method, path, error.status_code, str(error.content), _named(fields)) from None
        except http.SSLError as error:
            raise Refused(_certificate_words(endpoint, self._settings, error)) from None
        except http.ConnectTimeout:
            raise NotSent("no connection in time") from None
        except http.ConnectionError as error:
            if _never_connected(error):
                raise NotSent("connection refused or no route") from None
            raise Lost("the connection broke") from None
        except http.Timeout:
            raise Lost("no answer in time") from None
        except http.RequestException:
            raise Lost("the answer broke off") from None
        except OSError as error:
            raise Refused(f"cannot use {endpoint}: {error}; check `caFile`") from None


def _named(fields: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        for name, value in fields.items()
    }


def _never_connected(error: http.ConnectionError) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def _certificate_words(endpoint: str, settings: Settings, error: Exception) -> str:
    """Cause and cure when the server is not the one that was meant; the token was not sent."""
    if settings.fingerprint:
        return (
            f"{endpoint} has not the pinned certificate, so the token was not sent; if the certificate was renewed, "
            "set `fingerprint` to what `pvenode cert info` prints on the node, else the endpoint is another cluster"
        )
    return (
        f"the certificate of {endpoint} is not signed by `caFile`, so the token was not sent ({error}); "
        "give the cluster's /etc/pve/pve-root-ca.pem, or pin its fingerprint"
    )
