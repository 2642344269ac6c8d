# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider's own settings: their fields, their check, and the verification of the cluster before any write."""

from __future__ import annotations

import json
from typing import Any

from .client import connect
from .client.connect import Settings
from .definition import Field, Many
from .errors import ApiError, Refused
from .run import Run
from .wire import UNKNOWN, Values

FIELDS = (
    Field(
        name="endpoints",
        doc="The nodes' APIs, tried in turn, e.g. https://dc1:8006.",
        many=Many.LIST,
        required=True,
    ),
    Field(name="apiToken", doc="The API token, user@realm!name=secret.", required=True, secret=True),
    Field(name="fingerprint", doc="The SHA-256 fingerprint of the server's certificate; this or caFile."),
    Field(name="caFile", doc="The file of the certificate authority that signed the server's certificate."),
    Field(name="cluster", doc="The name that the cluster must have; any other is refused.", required=True),
)


def unpack(values: Values) -> Values:
    """Settings as values: the engine hands over lists as JSON text."""
    out = {name: value for name, value in values.items() if name in {field.name for field in FIELDS}}
    endpoints = out.get("endpoints")
    if isinstance(endpoints, str):
        try:
            out["endpoints"] = json.loads(endpoints)
        except ValueError:
            out["endpoints"] = [part.strip() for part in endpoints.split(",") if part.strip()]
    return out


def pack(values: Values) -> Values:
    """Settings as the engine keeps them: lists as JSON text."""
    return {name: json.dumps(value) if isinstance(value, list) else value for name, value in values.items()}


def check(values: Values) -> list[tuple[str, str]]:
    """Everything that is wrong with the settings."""
    failures: list[tuple[str, str]] = []
    known = {name: value for name, value in values.items() if value is not UNKNOWN}
    failures.extend(
        (field.name, f"is missing; write {field.doc[0].lower()}{field.doc[1:]}")
        for field in FIELDS
        if field.required and not values.get(field.name)
    )
    if not values.get("fingerprint") and not values.get("caFile"):
        failures.append(
            ("fingerprint", "is missing; write the server's fingerprint, or caFile: it is never unverified")
        )
    if values.get("fingerprint") and values.get("caFile"):
        failures.append(("caFile", "stands beside a fingerprint; write one of the two"))
    try:
        if known.get("apiToken"):
            connect.split_token(str(known["apiToken"]))
    except ValueError as error:
        failures.append(("apiToken", str(error)))
    try:
        if known.get("fingerprint"):
            connect.plain_fingerprint(str(known["fingerprint"]))
    except ValueError as error:
        failures.append(("fingerprint", str(error)))
    endpoints = known.get("endpoints") or []
    if not isinstance(endpoints, list):
        failures.append(("endpoints", "is not a list; write a list of https://host:port"))
        endpoints = []
    for endpoint in endpoints:
        try:
            if endpoint is not UNKNOWN:
                connect.split_endpoint(str(endpoint))
        except ValueError as error:
            failures.append(("endpoints", str(error)))
    return failures


def settings(values: Values) -> Settings:
    """The settings in their type."""
    fingerprint = str(values.get("fingerprint") or "")
    return Settings(
        endpoints=tuple(str(item) for item in values["endpoints"]),
        api_token=str(values["apiToken"]),
        fingerprint=connect.plain_fingerprint(fingerprint) if fingerprint else "",
        ca_file=str(values.get("caFile") or ""),
        cluster=str(values["cluster"]),
    )


def verify(run: Run, needs: set[tuple[str, str]]) -> None:
    """Refuse another cluster, a bad token or missing privileges: two reads, before anything is written."""
    wanted = run.settings.cluster
    try:
        rows = run.api.get("/cluster/status")
        granted = run.api.get("/access/permissions")
    except ApiError as error:
        if error.status == 401:
            raise Refused(
                f"the cluster {wanted!r} does not accept the API token ({error.words}); check its name, its secret and "
                "its expiry, and set `apiToken` anew"
            ) from None
        if error.status == 403:
            raise Refused(
                f"the API token may not read the cluster's status ({error.words}); give it Sys.Audit on /"
            ) from None
        raise
    name = next((str(row["name"]) for row in rows if row.get("type") == "cluster"), "")
    if name != wanted:
        found = f"the cluster {name!r}" if name else "a node without a cluster"
        raise Refused(
            f"the endpoint belongs to {found}, not to {wanted!r}; nothing was written. Set endpoints, fingerprint and "
            "cluster to those of the cluster that is meant"
        )
    lacking = sorted({(path, priv) for path, priv in needs if not _granted(granted, path, priv)})
    if lacking:
        words = ", ".join(f"{priv} on {path}" for path, priv in lacking)
        raise Refused(
            f"the API token lacks {words}; nothing was written. Grant a role with these privileges to the token "
            "(and to its user, if the token is privilege-separated)"
        )


def _granted(granted: dict[str, Any], path: str, priv: str) -> bool:
    """Whether a privilege is granted on a path, or propagates to it from above."""
    here = path
    while True:
        if here in granted:
            value = granted[here].get(priv)
            return value is not None and (here == path or str(value) == "1")
        if here == "/":
            return False
        here = here.rpartition("/")[0] or "/"
