# SPDX-License-Identifier: GPL-3.0-or-later
"""A real cluster as the one under test, from make's variables: which node, storage and bridge, where nobody said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pve_provider.client.connect import plain_fingerprint, split_endpoint, split_token
from pve_provider.errors import ApiError
from scripts.conformance.client import Client, Unreachable
from scripts.conformance.target import Target

NEEDED = ("ENDPOINT", "FINGERPRINT", "TOKEN")


class Usage(Exception):
    """What was given cannot be used; the text says what to write instead."""


def _setting(env: Mapping[str, str], name: str) -> str:
    """A variable, or the content of the file that NAME_FILE names: a secret then stands in no command line."""
    file = env.get(f"{name}_FILE")
    if env.get(name) or not file:
        return env.get(name, "")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Usage(f"{name}_FILE: {file}: {error.strerror}; name a readable file") from None


def given(env: Mapping[str, str]) -> bool:
    """Whether a real cluster is meant."""
    return any(env.get(name) or env.get(f"{name}_FILE") for name in NEEDED)


def _range(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)-(\d+)", text)
    if not found or not 100 <= int(found[1]) <= int(found[2]):
        raise Usage(f"VMIDS is {text!r}; write a range of free numbers like 9000-9099")
    return int(found[1]), int(found[2])


def target(env: Mapping[str, str]) -> Target:
    """The cluster that the variables name.

    Raises:
        Usage: a variable is missing or wrong.
        Unreachable: it does not answer, or does not let us in.
    """
    values = {name: _setting(env, name) for name in NEEDED}
    if missing := [name for name, value in values.items() if not value]:
        raise Usage(f"{', '.join(missing)} missing; a real cluster needs {', '.join(NEEDED)} (or TOKEN_FILE)")
    for name, parse in (
        ("ENDPOINT", split_endpoint),
        ("FINGERPRINT", plain_fingerprint),
        ("TOKEN", split_token),
    ):
        try:
            parse(values[name])
        except ValueError as error:
            raise Usage(f"{name} {error}") from None
    first, last = _range(env.get("VMIDS") or "9000-9099")
    client = Client(values["ENDPOINT"], plain_fingerprint(values["FINGERPRINT"]), values["TOKEN"])
    try:
        up = [row["node"] for row in client.get("/nodes") if row.get("status") == "online"]
        node = env.get("NODE") or up[0]
        storage = env.get("STORAGE") or _first(
            client, node, "storage", "storage", content="images", enabled=1
        )
        bridge = env.get("BRIDGE") or _first(client, node, "network", "iface", type="any_bridge")
    except ApiError as error:
        raise Unreachable(
            f"{values['ENDPOINT']} refuses: {error.status} {error.words}; check TOKEN"
        ) from None
    if node not in up:
        raise Usage(f"NODE {node} is not up; write one of {', '.join(up)}")
    other = next((name for name in up if name != node), "")
    return Target(
        client=client,
        node=node,
        other_node=other,
        storage=storage,
        bridge=bridge,
        uplink=env.get("UPLINK") or (bridge if bridge.startswith("vmbr") else "vmbr0"),
        image=env.get("IMAGE", ""),
        first_vmid=first,
        last_vmid=last,
    )


def _first(client: Client, node: str, list_name: str, key: str, **params: Any) -> str:
    rows = client.get(f"/nodes/{node}/{list_name}", **params)
    if not rows:
        name = {"storage": "STORAGE", "network": "BRIDGE"}[list_name]
        raise Usage(f"node {node} shows no {list_name} that this token may use; name one with {name}")
    return str(rows[0][key])
