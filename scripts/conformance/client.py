# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain requests to one endpoint through proxmoxer: no retry, no waiting, so that every answer is seen as it came.

Only the opening of the connection, with its pinned certificate, is shared with the provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from proxmoxer import ProxmoxAPI
from proxmoxer.core import ResourceException
from requests import exceptions as http

from pve_provider.client.connect import Settings, open_endpoint
from pve_provider.errors import ApiError


class Unreachable(Exception):
    """No answer came; the text says why and what to do."""


def segment(text: object) -> str:
    """A value as one segment of a path."""
    return quote(str(text), safe="")


class Client:
    """GET, POST, PUT and DELETE; a refusal is an ApiError with PVE's status and words."""

    def __init__(self, endpoint: str, fingerprint: str, token: str) -> None:
        self.endpoint, self.fingerprint, self.token = endpoint, fingerprint, token
        self._api: ProxmoxAPI = open_endpoint(
            Settings(endpoints=(endpoint,), api_token=token, fingerprint=fingerprint, ca_file="", cluster=""),
            endpoint,
        )

    def with_token(self, token: str) -> Client:
        """The same endpoint as somebody else."""
        return Client(self.endpoint, self.fingerprint, token)

    def get(self, path: str, /, **params: Any) -> Any:
        return self._send("get", path, params)

    def post(self, path: str, /, **params: Any) -> Any:
        return self._send("post", path, params)

    def put(self, path: str, /, **params: Any) -> Any:
        return self._send("put", path, params)

    def delete(self, path: str, /, **params: Any) -> Any:
        return self._send("delete", path, params)

    def _send(self, method: str, path: str, params: Mapping[str, Any]) -> Any:
        resource = self._api(path.strip("/").split("/"))
        try:
            return getattr(resource, method)(**params)
        except ResourceException as error:
            fields = error.errors if isinstance(error.errors, dict) else {}
            raise ApiError(method.upper(), path, error.status_code, str(error.content), fields) from None
        except http.SSLError:
            raise Unreachable(
                f"{self.endpoint} has not the pinned certificate, so the token was not sent; "
                "set FINGERPRINT to what `pvenode cert info` prints on the node"
            ) from None
        except http.RequestException as error:
            raise Unreachable(
                f"{self.endpoint} does not answer ({type(error).__name__}); check ENDPOINT and that the node is up"
            ) from None
