# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens a verified connection to one endpoint. The certificate is checked before the token is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from proxmoxer import ProxmoxAPI
from requests.adapters import HTTPAdapter

from ..errors import Refused

CONNECT_SECONDS = 5.0
READ_SECONDS = 60.0
CONNECTIONS = 16

_TOKEN = re.compile(r"([^\s:/!=]+@[^\s!=]+)!([^\s=]+)=(\S+)")
_FINGERPRINT = re.compile(r"[0-9A-F]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the cluster is, who we are there, and how to recognise it."""

    endpoints: tuple[str, ...]
    api_token: str
    fingerprint: str
    ca_file: str
    cluster: str

    def __repr__(self) -> str:
        return f"Settings(endpoints={self.endpoints}, cluster={self.cluster})"


class PinnedAdapter(HTTPAdapter):
    """Accepts exactly one server certificate: the one with the fingerprint."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        super().__init__(pool_connections=1, pool_maxsize=CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Have urllib3 compare the certificate right after the handshake."""
        super().init_poolmanager(*args, assert_fingerprint=self._fingerprint, **kwargs)


def plain_fingerprint(text: str) -> str:
    """A SHA-256 fingerprint as 64 upper-case hex digits; ValueError says what to write."""
    digits = text.replace(":", "").strip().upper()
    if not _FINGERPRINT.fullmatch(digits):
        raise ValueError(
            "is no SHA-256 fingerprint; write 64 hex digits, e.g. as `pvenode cert info` prints them (AA:BB:…)"
        )
    return digits


def split_token(text: str) -> tuple[str, str, str]:
    """User, name and secret of an API token; ValueError says what to write."""
    found = _TOKEN.fullmatch(text.strip())
    if not found:
        raise ValueError("is no API token; write user@realm!name=secret")
    return found.group(1), found.group(2), found.group(3)


def split_endpoint(text: str) -> tuple[str, int]:
    """Host and port of an endpoint; ValueError says what to write."""
    parts = urlsplit(text if "//" in text else f"https://{text}")
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.username:
        raise ValueError(f"{text!r} is no endpoint; write https://host:8006")
    return parts.hostname, parts.port or 8006


def open_endpoint(settings: Settings, endpoint: str) -> ProxmoxAPI:
    """A proxmoxer connection to the endpoint; nothing is sent yet."""
    host, port = split_endpoint(endpoint)
    user, name, secret = split_token(settings.api_token)
    try:
        api = ProxmoxAPI(
            f"[{host}]" if ":" in host else host,
            port=port,
            user=user,
            token_name=name,
            token_value=secret,
            verify_ssl=False if settings.fingerprint else settings.ca_file,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
        )
    except OSError as error:
        raise Refused(f"cannot open {endpoint}: {error}") from None
    session: requests.Session = api._store["session"]  # noqa: SLF001 - proxmoxer has no other door to it
    session.trust_env = False
    adapter = (
        PinnedAdapter(settings.fingerprint)
        if settings.fingerprint
        else HTTPAdapter(pool_connections=1, pool_maxsize=CONNECTIONS)
    )
    session.mount("https://", adapter)
    return api
