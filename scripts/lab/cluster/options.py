# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/cluster/options`: datacenter.cfg. The values are kept as the file has them and shown as PVE parses them.

Follows pve-cluster `PVE/DataCenterConfig.pm`, pve-manager `PVE/API2/Cluster.pm` get_options and set_options, and
pve-guest-common `PVE/GuestHelpers.pm` get_allowed_tags.
"""

from __future__ import annotations

import re
from typing import Any

from fakepve import schema as pve_schema
from fakepve.routing import split_list

from scripts.lab.cluster.base import Route, Values, die
from scripts.lab.cluster.formats import parse_property_string
from scripts.lab.cluster.ha_status import HaStatus

# DataCenterConfig.pm: what the API gives back as an object; `bwlimit` stays the text that it is.
PARSED = (
    "crs",
    "ha",
    "migration",
    "next-id",
    "notify",
    "replication",
    "tag-style",
    "u2f",
    "user-tag-access",
    "webauthn",
)
MAC_PREFIX = "BC:24:11"
NEXT_ID = (100, 1000000)
# PVE/API2/Cluster.pm get_options: what may be seen without Sys.Audit
PUBLIC = ("console", "tag-style")


class ClusterOptions(HaStatus):
    """Mixin: the options of the datacenter."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        # As the installer leaves the file.
        self.options: dict[str, Any] = {"keyboard": "en-us"}

    def _lab_options(self) -> list[Route]:
        return [
            ("GET", "/cluster/options", self._options_read),
            ("PUT", "/cluster/options", self._options_update),
        ]

    def shown_options(self) -> dict[str, Any]:
        """parse_datacenter_config: numbers of the file are text, a missing prefix is PVE's own."""
        known = pve_schema.load().paths["/cluster/options"]["PUT"]["parameters"]["properties"]
        shown: dict[str, Any] = {"description": "", "mac_prefix": MAC_PREFIX}
        for name, value in self.options.items():
            schema = known[name]
            if name in PARSED:
                shown[name] = parse_property_string(value, schema["format"])
            elif schema.get("type") == "integer":
                shown[name] = str(value)
            else:
                shown[name] = value
        if "user-allow-list" in shown.get("user-tag-access", {}):
            allowed = shown["user-tag-access"]["user-allow-list"]
            shown["user-tag-access"]["user-allow-list"] = allowed.split(";")
        if "registered-tags" in shown:
            shown["registered-tags"] = shown["registered-tags"].split(";")
        if shown["description"]:
            # it is kept as comment lines, each with its end
            shown["description"] = "".join(f"{line}\n" for line in shown["description"].split("\n"))
        return shown

    def _allowed_tags(self, user: str, shown: dict[str, Any]) -> list[str]:
        """get_allowed_tags: those of the options and those that guests have."""
        privileged = self.allowed(user, "/", "Sys.Modify")
        access = shown.get("user-tag-access", {})
        how = access.get("user-allow", "free")
        tags: set[str] = set(shown.get("registered-tags", ())) if privileged else set()
        if how != "none" or privileged:
            tags |= set(access.get("user-allow-list", ()))
        if how in ("free", "existing") or privileged:
            for vm in self.vms:
                if privileged or self.allowed(user, f"/vms/{vm.vmid}", "VM.Audit"):
                    tags |= set(split_list(vm.config.get("tags")))
        return sorted(tags)

    async def _options_read(self, v: Values, user: str) -> Any:
        shown = self.shown_options()
        tags = self._allowed_tags(user, shown)
        if not self.allowed(user, "/", "Sys.Audit"):
            shown = {name: shown[name] for name in PUBLIC if name in shown}
        return {**shown, "allowed-tags": tags}

    async def _options_update(self, v: Values, user: str) -> None:
        async with self.cfs_lock("file-datacenter_cfg"):
            changed = {**self.options, **{k: x for k, x in v.items() if k != "delete" and x is not None}}
            for name in split_list(v.get("delete")):
                changed.pop(name, None)
            self.options = self._written(changed)

    @staticmethod
    def _written(options: dict[str, Any]) -> dict[str, Any]:
        """write_datacenter_config: what is refused, mapped or left out when the file is written."""
        options = dict(options)
        unsecure = options.get("migration_unsecure")
        if unsecure is not None and "migration" not in options:
            del options["migration_unsecure"]
            options["migration"] = "type=" + ("insecure" if unsecure else "secure")
        if options.get("console") == "applet":
            options["console"] = "html5"
        if str(options.get("mac_prefix", "")).upper() == MAC_PREFIX:
            del options["mac_prefix"]
        if "next-id" in options:
            lower, upper = _bounds(options["next-id"])
            if lower > upper:
                raise die(f"lower ({lower}) <= upper ({upper}) boundary rule broken")
        if not options.get("description"):
            options.pop("description", None)
        else:
            options["description"] = options["description"].rstrip("\n")
        if "registered-tags" in options:
            options["registered-tags"] = ";".join(sorted(options["registered-tags"].split(";")))
        return options

    def mac_prefix(self) -> str:
        """What a new card's MAC begins with; empty for PVE's own."""
        return str(self.options.get("mac_prefix", ""))

    def next_id_range(self) -> tuple[int, int]:
        """Where `/cluster/nextid` looks; the upper end is not in it."""
        return _bounds(str(self.options.get("next-id", "")))


def _bounds(text: str) -> tuple[int, int]:
    given = dict(re.findall(r"(lower|upper)=(\d+)", text))
    return int(given.get("lower", NEXT_ID[0])), int(given.get("upper", NEXT_ID[1]))
