# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's inventory, read from the Plan in-process: hosts, groups and finished values; no role decides anything.

Values are named after the role that takes them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin

REPOSITORY = Path(__file__).resolve().parents[2]
if str(REPOSITORY) not in sys.path:
    sys.path.insert(0, str(REPOSITORY))

from network_plan.build import PlanError, load_plan  # noqa: E402 - the path is set above
from network_plan.model.gateway import Gateway  # noqa: E402
from network_plan.model.plan import Plan  # noqa: E402
from network_plan.render.blocked import render_blocked  # noqa: E402
from network_plan.render.dhcp import render_radvd  # noqa: E402
from network_plan.render.dns import ZONES, render_resolver  # noqa: E402
from network_plan.render.nftables import render_nftables  # noqa: E402
from network_plan.render.shaping import render_classify, render_trees  # noqa: E402
from network_plan.render.zones import render_zones  # noqa: E402

DOCUMENTATION = """
name: plan
short_description: Hosts of one cluster's site from the Plan
description:
  - Reads the site files and the ledger beside this inventory file, and gives the gateway and the PVE hosts.
  - "Groups: C(gateway), which the playbooks configure, and C(pve_hosts), which Pulumi speaks to through the API."
options:
  plugin:
    description: Always V(plan).
    required: true
    choices: [plan]
  cluster:
    description: The cluster whose site is meant.
    required: true
    type: str
  site:
    description: Folder of the site files, relative to the inventory file.
    type: str
    default: site
    env: [{name: AWAN_SITE}]
  lab_dir:
    description:
      - Set inside the lab, where PVE hosts are API doubles and the gateway's VLANs are cables, not 802.1Q devices.
    type: str
    env: [{name: AWAN_LAB_DIR}]
"""


def interfaces(gateway: Gateway, *, cabled: bool) -> list[dict[str, Any]]:
    """The gateway's interfaces as ifupdown2 gets them; VLAN devices on the trunk unless they are cables already."""
    found = []
    for interface in gateway.interfaces:
        tagged = interface.kind == "lan" and not cabled
        addresses = [str(address) for address in interface.addresses]
        if interface.kind == "wan" and gateway.delivery == "on_link":
            # The provider asks for each public address by ARP, so the gateway must own them.
            addresses += [f"{address}/32" for address in public_addresses(gateway)]
        found.append(
            {
                "name": interface.name,
                "addresses": addresses,
                "vlan": interface.vlan if tagged else None,
                "parent": gateway.trunk if tagged else None,
                "gateways": next_hops(gateway) if interface.kind == "wan" else [],
                # What is routed to us and is nobody's must not go back up the default route.
                "blackholes": routed_prefixes(gateway) if interface.kind == "wan" else [],
            }
        )
    return found


def next_hops(gateway: Gateway) -> list[str]:
    """The provider's end of the link, in each family that the site has."""
    return [str(address) for address in (gateway.isp, gateway.isp6) if address is not None]


def routed_prefixes(gateway: Gateway) -> list[str]:
    """What the provider routes to us: the public block, unless he asks for each address, and the one of IPv6."""
    public = [str(gateway.public)] if gateway.delivery == "routed" else []
    return public + [str(prefix) for prefix in gateway.internal if prefix.version == 6]


def public_addresses(gateway: Gateway) -> list[str]:
    """The public addresses in use, in order."""
    used = {rule.public for rule in gateway.dnat} | {rule.public for rule in gateway.snat}
    return [str(address) for address in sorted(used)]


def gateway_values(plan: Plan, gateway: Gateway, *, cabled: bool) -> dict[str, Any]:
    """All that the gateway's roles take."""
    six = any(address.version == 6 for i in gateway.interfaces for address in i.addresses)
    return {
        "host_baseline_hostname": gateway.host,
        "host_baseline_domain": plan.domain,
        "host_baseline_address": str(gateway.management),
        "gateway_management": str(gateway.management),
        "gateway_interfaces": interfaces(gateway, cabled=cabled),
        "gateway_ruleset": render_nftables(plan, gateway) + render_classify(plan, gateway),
        "gateway_trees": trees(plan, gateway, cabled=cabled),
        "gateway_ipv6": six,
        "gateway_advertisements": render_radvd(plan, gateway) or "",
        "dns_resolver": render_resolver(plan, gateway),
        "dns_listen": [str(address) for address in gateway.listen],
        "dns_zones": [zone.name for zone in render_zones(plan) if zone.view == "public"],
        "dns_zone_files": zone_files(plan),
    }


def trees(plan: Plan, gateway: Gateway, *, cabled: bool) -> list[dict[str, Any]]:
    """The classes of the line by device; where VLANs are cables there is no trunk that all of them leave by."""
    return [
        {"device": tree.device, "handles": list(tree.handles), "tree": tree.tree, "leaves": tree.leaves}
        for tree in render_trees(plan, gateway)
        if not (cabled and tree.device == gateway.trunk)
    ]


def zone_files(plan: Plan) -> list[dict[str, Any]]:
    """The zones as files: public ones for the primary, internal ones and lists of bad names for the resolver."""
    folders = {"public": "/etc/nsd/zones", "internal": ZONES}
    zones = [(folders[zone.view], zone.name, zone.text) for zone in render_zones(plan)]
    zones += [(ZONES, name, text) for name, text in render_blocked(plan).items()]
    return [
        {
            "path": f"{folder}/{name}.zone",
            "text": text,
            "check": ["/usr/sbin/nsd-checkzone", name, "%s"],
        }
        for folder, name, text in zones
    ]


class InventoryModule(BaseInventoryPlugin):  # type: ignore[misc] # ansible ships no types
    """The plugin that Ansible loads."""

    NAME = "plan"

    def verify_file(self, path: str) -> bool:
        """True for `*.plan.yml` only: everything else below inventory/ is no list of hosts."""
        return path.endswith(".plan.yml")

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fills the inventory."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        cluster = self.get_option("cluster")
        try:
            plan = load_plan(Path(path).parent / self.get_option("site"))
            nodes = plan.cluster(cluster).nodes
        except (PlanError, KeyError) as error:
            raise AnsibleParserError(f"{path}: there is no Plan to read hosts from; {error}") from error
        in_lab = bool(self.get_option("lab_dir"))
        for group in ("gateway", "pve_hosts"):
            inventory.add_group(group)
        for gateway in plan.gateways:
            if gateway.site == cluster:
                values = gateway_values(plan, gateway, cabled=in_lab)
                self._add(gateway.host, ["gateway"], str(gateway.management), values)
        for node in nodes:
            # In the lab a PVE host is an API double and no machine: nothing answers at its address.
            self._add(node.name, ["pve_hosts"], str(node.addresses[0]), {"pve_hosts_reachable": not in_lab})

    def _add(self, host: str, groups: Iterable[str], address: str, values: dict[str, Any]) -> None:
        for group in groups:
            self.inventory.add_host(host, group=group)
        for name, value in {"ansible_host": address, "ansible_user": "root", **values}.items():
            self.inventory.set_variable(host, name, value)
