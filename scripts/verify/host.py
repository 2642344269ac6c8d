# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway host against the Plan: rules in the kernel, forwarding, addresses, routes, services, names.

The expected ruleset is loaded into an empty network namespace on the host itself and listed by the same
``nft``, so that two texts of one program are compared and not two ways of writing.
"""

from __future__ import annotations

import difflib
import json
from typing import Protocol

from network_plan.model.gateway import Gateway
from network_plan.model.plan import Plan
from network_plan.render.nftables import render_nftables
from scripts.verify.difference import Difference, Report

LIST = "nft --stateless --numeric list table inet awan"
EXPECTED = f"unshare --net sh -c 'nft -f /dev/stdin && {LIST}'"
SERVICES = ("nftables.service", "unbound.service", "ssh.service")


class Shell(Protocol):
    """What runs commands on the host."""

    name: str

    def run(self, command: str, text: str = "") -> tuple[int, str, str]:
        """Exit code, output, errors."""


def _normal(listing: str) -> list[str]:
    return [line.strip() for line in listing.splitlines() if line.strip() and "last used" not in line]


def _rules(report: Report, shell: Shell, text: str) -> None:
    code, live, _ = shell.run(LIST)
    if code != 0:
        report.compare("nftables", "table inet awan", "it loaded", "")
        return
    code, wanted, error = shell.run(EXPECTED, text)
    if code != 0:
        report.compare("nftables", "the planned rules", "that they load", f"refused: {error.strip()[:200]}")
        return
    planned, have = _normal(wanted), _normal(live)
    report.count("nftables lines", len(planned))
    for line in difflib.unified_diff(planned, have, lineterm="", n=0):
        if line.startswith(("---", "+++", "@@")):
            continue
        planned_line, live_line = (line[1:], "") if line.startswith("-") else ("", line[1:])
        report.differences.append(
            Difference(
                where=report.where, thing="nftables", what="the line", planned=planned_line, live=live_line
            )
        )


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
