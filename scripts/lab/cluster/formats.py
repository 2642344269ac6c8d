# SPDX-License-Identifier: AGPL-3.0-or-later
"""PVE's named formats that fakepve does not know, so that their values are checked; the schema of HA rules made flat.

From pve-ha-manager `PVE/HA/Tools.pm`, pve-guest-common `PVE/{ReplicationConfig,VZDump/Common}.pm`, pve-storage
`PVE/Storage/Plugin.pm` and pve-manager `PVE/API2/Backup.pm`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from fakepve import formats as known
from fakepve import schema as pve_schema

from scripts.lab.cluster.base import param_error
from scripts.lab.cluster.schedule import CalendarError, parse

_KEEP = {"type": "integer", "minimum": 0, "optional": 1}
# pve-storage PVE/Storage/Plugin.pm 'prune-backups'
PRUNE_BACKUPS: dict[str, dict[str, Any]] = {
    "keep-all": {"type": "boolean", "optional": 1},
    **{f"keep-{what}": _KEEP for what in ("last", "hourly", "daily", "weekly", "monthly", "yearly")},
}
# pve-guest-common PVE/VZDump/Common.pm 'backup-performance', 'backup-fleecing'
PERFORMANCE: dict[str, dict[str, Any]] = {
    "max-workers": {"type": "integer", "minimum": 1, "maximum": 256, "optional": 1},
    "pbs-entries-max": {"type": "integer", "minimum": 1, "optional": 1},
}
FLEECING: dict[str, dict[str, Any]] = {
    "enabled": {"type": "boolean", "optional": 1, "default_key": 1},
    "storage": {"type": "string", "format": "pve-storage-id", "optional": 1},
}
PROPERTY_STRINGS = {
    "prune-backups": PRUNE_BACKUPS,
    "performance": PERFORMANCE,
    "fleecing": FLEECING,
}
_NODE = r"[a-zA-Z0-9]([a-zA-Z0-9\-]*[a-zA-Z0-9])?"


def _matching(pattern: str, message: str) -> Callable[[str], str | None]:
    compiled = re.compile(pattern)
    return lambda text: None if compiled.fullmatch(text) else message.format(text)


def _calendar_event(text: str) -> str | None:
    """pve-common PVE/CalendarEvent.pm pve_verify_calendar_event."""
    try:
        parse(text)
    except CalendarError as e:
        return f"invalid calendar event '{text}' - {e}"
    return None


def _replication_id(text: str) -> str | None:
    found = re.fullmatch(r"(\d+)-(\d+)", text)
    if found is None:
        return f"invalid replication job id '{text}'"
    if int(found[1]) < 100:
        return f"invalid replication job id '{text}' (guest IDs < 100 are reserved)"
    return None


@functools.cache
def register() -> None:
    """Teach fakepve's checker once."""
    known.NAMED.update(
        {
            "pve-ha-resource-id": _matching(r"[a-z]+:\S+", "value does not look like a valid ha resource id"),
            "pve-ha-resource-or-vm-id": _matching(
                r"[a-z]+:\S+|\d+", "value does not look like a valid ha resource id"
            ),
            "pve-ha-node": _matching(rf"{_NODE}(:\d+)?", "value does not look like a valid ha node"),
            "pve-day-of-week": _matching(r"mon|tue|wed|thu|fri|sat|sun", "invalid day '{}'"),
            # pve-common PVE/JSONSchema.pm verify_mac_prefix
            "mac-prefix": _matching(
                r"(?i:[a-f0-9][02468ace](?::[a-f0-9]{2}){0,2}:?)",
                "value is not a valid unicast MAC address prefix",
            ),
            "pve-calendar-event": _calendar_event,
            "pve-replication-job-id": _replication_id,
        }
    )
    known.REGISTERED.update(
        {"prune-backups": PRUNE_BACKUPS, "backup-performance": PERFORMANCE, "backup-fleecing": FLEECING}
    )
    pve_schema.registered.cache_clear()
    for path, method in (("/cluster/ha/rules", "POST"), ("/cluster/ha/rules/{rule}", "PUT")):
        info = pve_schema.load().paths[path][method]
        info["parameters"] = _flat(info["parameters"])


def _flat(parameters: dict[str, Any]) -> dict[str, Any]:
    """`allOf` and `oneOf` (by type) as one list of parameters; what belongs to which type the handler checks."""
    properties: dict[str, Any] = {}
    for part in parameters.get("allOf", [parameters]):
        for variant in part.get("oneOf", [part]):
            for name, schema in variant["properties"].items():
                optional = schema.get("optional") or (name in properties and properties[name].get("optional"))
                shared = all(name in v["properties"] for v in part.get("oneOf", [part]))
                properties[name] = {**schema, "optional": 1 if optional or not shared else 0}
        if "type-property" in part:
            properties[part["type-property"]] = part["type-property-schema"]
    return {"additionalProperties": 0, "properties": properties}


def check_prune(text: str) -> None:
    """pve-storage Plugin.pm validate_prune_backups: all of it, or some of each."""
    keep = parse_property_string(text, PRUNE_BACKUPS)
    if keep.get("keep-all") and any(int(n) for option, n in keep.items() if option != "keep-all"):
        why = "invalid format - keep-all cannot be set together with other options.\n"
        raise param_error(**{"prune-backups": why})


def parse_property_string(text: str, schema: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """pve-common JSONSchema.pm parse_property_string: booleans as 1 and 0, all else stays text."""
    default = next((k for k, s in schema.items() if s.get("default_key")), "")
    parsed: dict[str, Any] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        key, eq, value = part.partition("=")
        if not eq:
            key, value = default, part
        if schema.get(key, {}).get("type") == "boolean":
            parsed[key] = int(pve_schema.parse_boolean(value) or 0)
        else:
            parsed[key] = value
    return parsed
