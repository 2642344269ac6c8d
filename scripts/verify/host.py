# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway host against the Plan: rules in the kernel, forwarding, addresses, routes, services.

The expected ruleset is loaded into an empty network namespace on the host itself and listed by the same
``nft``, so that two texts of one program are compared and not two ways of writing. It is rendered here
from the Plan of now, and nothing of the roles is used: ``playbooks/verify.yml`` asks whether a host is as
the roles wrote it, files and all, this whether the roles wrote what the Plan says.
"""

from __future__ import annotations

import difflib
import json
from typing import Protocol

from network_plan.model.gateway import Gateway
from network_plan.model.plan import Plan
from network_plan.render.nftables import render_nftables
from scripts.verify.difference import Report, Unmanaged

LIST = "nft --stateless --numeric list table inet awan"
EXPECTED = f"unshare --net sh -c 'nft -f /dev/stdin && {LIST}'"
TABLES = "nft list tables"
TABLE = "table inet awan"
SERVICES = ("nftables.service", "unbound.service", "nsd.service", "ssh.service")


class Shell(Protocol):
    """What runs commands on the host."""

    name: str

    def run(self, command: str, text: str = "") -> tuple[int, str, str]:
        """Exit code, output, errors."""


def _lines(listing: str) -> list[tuple[str, str]]:
    """A listing as ``(chain, set or map; line)``; an element's line is the same wherever in its set it stands."""
    found, place = [], TABLE
    for line in map(str.strip, listing.splitlines()):
        if line.startswith(("chain ", "set ", "map ", "counter ")):
            place = line.rstrip(" {")
        text = line.removeprefix("elements = { ").removesuffix(",")
        if "{" not in text:
            text = text.removesuffix(" }")  # the last element's; a rule closes only what it opened
        if text not in ("", "}") and "last used" not in text:
            found.append((place, text))
    return found


def _rules(report: Report, shell: Shell, text: str) -> None:
    code, live, _ = shell.run(LIST)
    if code != 0:
        report.compare("nftables", TABLE, "it loaded", "")
        return
    code, wanted, error = shell.run(EXPECTED, text)
    if code != 0:
        report.compare("nftables", "the planned rules", "that they load", f"refused: {error.strip()[:200]}")
        return
    planned, have = _lines(wanted), _lines(live)
    report.count("nftables lines", len(planned))
    steps = difflib.SequenceMatcher(None, planned, have, autojunk=False).get_opcodes()
    for _, start, end, live_start, live_end in (step for step in steps if step[0] != "equal"):
        for place, line in planned[start:end]:
            report.compare(f"nftables {place}", "the line", line, "")
        for place, line in have[live_start:live_end]:
            report.compare(f"nftables {place}", "the line", "", line)
    _, tables, _ = shell.run(TABLES)
    report.unmanaged += [
        Unmanaged(where=report.where, thing=f"nftables {table}")
        for table in tables.splitlines()
        if table.strip() != TABLE
    ]


def _addresses(report: Report, shell: Shell, gateway: Gateway) -> None:
    _, out, _ = shell.run("ip -json address show")
    live: dict[str, set[str]] = {}
    for link in json.loads(out or "[]"):
        live[link["ifname"]] = {
            f"{info['local']}/{info['prefixlen']}"
            for info in link["addr_info"]
            if info.get("scope") == "global"
        }
    for interface in gateway.interfaces:
        planned = {str(address) for address in interface.addresses}
        have = live.get(interface.name, set())
        report.count("interfaces", 1)
        report.compare(
            f"interface {interface.name}", "addresses", " ".join(sorted(planned)), " ".join(sorted(have))
        )
    _, out, _ = shell.run("ip -json route show default")
    via = {route.get("gateway", "") for route in json.loads(out or "[]")}
    report.compare("routes", "default route", gateway.isp, " ".join(sorted(via)))


def compare_host(plan: Plan, gateway: Gateway, shell: Shell) -> Report:
    """Compare one gateway; looks only."""
    report = Report(where=shell.name)
    _rules(report, shell, render_nftables(plan, gateway))
    _, out, _ = shell.run("cat /proc/sys/net/ipv4/ip_forward")
    report.compare("kernel", "net.ipv4.ip_forward", "1", out.strip() or "unknown")
    _addresses(report, shell, gateway)
    for service in SERVICES:
        _, out, _ = shell.run(f"systemctl is-active {service}")
        report.compare(f"service {service}", "state", "active", out.strip() or "unknown")
        report.count("services", 1)
    return report
