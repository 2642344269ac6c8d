# SPDX-License-Identifier: AGPL-3.0-or-later
"""SDN configuration as values: which options an object takes, and how pending and running differ. No API here.

Follows pve-network `SDN.pm` pending_config, the plugins' option tables, and pve-common `SectionConfig.pm`.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from scripts.lab.cluster.base import die

# name -> may it be left out; from options() of each plugin
Options = dict[str, bool]


def _options(text: str) -> Options:
    return {name.rstrip("!"): not name.endswith("!") for name in text.split()}


_COMMON = "nodes dns reversedns dnszone ipam mtu"
ZONE_OPTIONS: dict[str, Options] = {
    "simple": _options(f"{_COMMON} dhcp"),
    "vlan": _options(f"{_COMMON} bridge! bridge-disable-mac-learning"),
    "qinq": _options(f"{_COMMON} tag! bridge! bridge-disable-mac-learning vlan-protocol"),
    "vxlan": _options(f"{_COMMON} peers vxlan-port fabric"),
    "evpn": _options(
        f"{_COMMON} controller! secondary-controllers vrf-vxlan! exitnodes exitnodes-local-routing "
        "exitnodes-primary advertise-subnets disable-arp-nd-suppression mac rt-import"
    ),
    "faucet": _options("nodes controller! dp-id"),
}
VNET_OPTIONS = _options("zone! tag alias vlanaware isolate-ports")
SUBNET_OPTIONS = _options("vnet! gateway snat dnszoneprefix dhcp-range dhcp-dns-server")
NOT_CONFIG = ("lock-token", "digest", "delete", "node")


def check_config(
    options: Options, values: dict[str, Any], drop: tuple[str, ...], create: bool
) -> dict[str, Any]:
    """SectionConfig.pm check_config: the options among the values, or PVE's refusal."""
    given = {k: x for k, x in values.items() if k not in (*NOT_CONFIG, *drop) and x is not None}
    for key in sorted(given):
        if key not in options:
            raise die(f"unexpected property '{key}'")
    if create:
        for key, optional in sorted(options.items()):
            if not optional and key not in given:
                raise die(f"missing value for required option '{key}'")
    return given


def delete_from_config(
    entry: dict[str, Any], options: Options, given: dict[str, Any], names: list[str]
) -> None:
    """SectionConfig.pm delete_from_config."""
    for name in names:
        if name not in options:
            raise die(f"no such option '{name}'")
        if not options[name]:
            raise die(f"unable to delete required option '{name}'")
        if name in given:
            raise die(f"cannot set and delete property '{name}' at the same time!")
        entry.pop(name, None)


def subnet_parts(name: str) -> dict[str, str]:
    """Subnets.pm sdn_subnets_config: what the id `zone-network-mask` says."""
    zone, network, mask = name.split("-", 2)
    return {"zone": zone, "network": network, "mask": mask, "cidr": f"{network}/{mask}"}


def is_cidr(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def pending_config(running: dict[str, Any], config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """SDN.pm pending_config: running values, what differs under `pending`, and the state new, changed or deleted."""
    out: dict[str, dict[str, Any]] = {}
    for name in sorted({*running, *config}):
        old, new = running.get(name, {}), config.get(name, {})
        entry: dict[str, Any] = dict(old)
        pending: dict[str, Any] = {}
        if not new:
            entry["state"] = "deleted"
        else:
            for key in sorted({*old, *new}):
                if key in ("type", "vnet") and key in new:
                    entry[key] = new[key]
                elif key not in new:
                    pending[key] = "deleted"
                elif old.get(key) != new[key]:
                    pending[key] = new[key]
            if not old:
                entry["state"] = "new"
            elif pending or old.get("vnet") != new.get("vnet"):
                entry["state"] = "changed"
        if "state" in entry:
            entry["pending"] = pending
        out[name] = entry
    return out
