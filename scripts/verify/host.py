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
from network_plan.render.dhcp import render_radvd
from network_plan.render.nftables import render_nftables
from network_plan.render.shaping import render_classify, render_trees
from scripts.verify.difference import Report, Unmanaged

TABLES = "nft list tables"
OURS = ("table inet awan", "table inet awan_shape")
"""The rules, and who is in which class of the line."""
CLASSES = "tc -json class show dev {}"
SERVICES = ("nftables.service", "awan-shaping.service", "unbound.service", "nsd.service", "ssh.service")


def listed(table: str) -> str:
    """The command that lists a table."""
    return f"nft --stateless --numeric list {table}"


def expected(table: str) -> str:
    """The command that lists what a table would be, were it loaded from standard input."""
    return f"unshare --net sh -c 'nft -f /dev/stdin && {listed(table)}'"


class Shell(Protocol):
    """What runs commands on the host."""

    name: str

    def run(self, command: str, text: str = "") -> tuple[int, str, str]:
        """Exit code, output, errors."""


def _lines(listing: str, table: str) -> list[tuple[str, str]]:
    """A listing as ``(chain, set or map; line)``; an element's line is the same wherever in its set it stands."""
    found, place = [], table
    for line in map(str.strip, listing.splitlines()):
        if line.startswith(("chain ", "set ", "map ", "counter ")):
            place = line.rstrip(" {")
        text = line.removeprefix("elements = { ").removesuffix(",")
        if "{" not in text:
            text = text.removesuffix(" }")  # the last element's; a rule closes only what it opened
        if text not in ("", "}") and "last used" not in text:
            found.append((place, text))
    return found


def _rules(report: Report, shell: Shell, table: str, text: str) -> None:
    code, live, _ = shell.run(listed(table))
    if code != 0:
        report.compare("nftables", table, "it loaded", "")
        return
    code, wanted, error = shell.run(expected(table), text)
    if code != 0:
        report.compare("nftables", "the planned rules", "that they load", f"refused: {error.strip()[:200]}")
        return
    planned, have = _lines(wanted, table), _lines(live, table)
    report.count("nftables lines", len(planned))
    steps = difflib.SequenceMatcher(None, planned, have, autojunk=False).get_opcodes()
    for _, start, end, live_start, live_end in (step for step in steps if step[0] != "equal"):
        for place, line in planned[start:end]:
            report.compare(f"nftables {place}", "the line", line, "")
        for place, line in have[live_start:live_end]:
            report.compare(f"nftables {place}", "the line", "", line)


def _tables(report: Report, shell: Shell) -> None:
    _, tables, _ = shell.run(TABLES)
    report.unmanaged += [
        Unmanaged(where=report.where, thing=f"nftables {table}")
        for table in tables.splitlines()
        if table.strip() not in OURS
    ]


def _classes(report: Report, shell: Shell, plan: Plan, gateway: Gateway) -> None:
    """The line's classes on each device; where VLANs are cables there is no trunk."""
    for tree in render_trees(plan, gateway):
        code, out, _ = shell.run(CLASSES.format(tree.device))
        if code != 0 and tree.device == gateway.trunk:
            continue
        have = {row["handle"] for row in json.loads(out or "[]")}
        report.count("classes of the line", len(tree.handles))
        planned, live = (" ".join(sorted(handles)) for handles in (tree.handles, have))
        report.compare(f"interface {tree.device}", "classes of the line", planned, live)


def _ipv6(report: Report, shell: Shell, gateway: Gateway) -> None:
    """It forwards IPv6, and believes no other router."""
    names = ["all.forwarding", *(f"{interface.name}.accept_ra" for interface in gateway.interfaces)]
    paths = " ".join(f"/proc/sys/net/ipv6/conf/{name.replace('.', '/')}" for name in names)
    _, out, _ = shell.run(f"tail -qn1 {paths}")
    live = dict(zip(names, out.split(), strict=False))
    for name in names:
        wanted = "1" if name == "all.forwarding" else "0"
        report.compare("kernel", f"net.ipv6.conf.{name}", wanted, live.get(name, "unknown"))


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
        if interface.kind == "wan" and gateway.delivery == "on_link":
            # The provider asks for each public address on the link, so the gateway must answer to it.
            used = {rule.public for rule in gateway.dnat} | {rule.public for rule in gateway.snat}
            planned |= {f"{address}/32" for address in used}
        have = live.get(interface.name, set())
        report.count("interfaces", 1)
        report.compare(
            f"interface {interface.name}", "addresses", " ".join(sorted(planned)), " ".join(sorted(have))
        )
    for family, hop, what in ((4, gateway.isp, "default route"), (6, gateway.isp6, "IPv6 default route")):
        if hop is not None:
            _, out, _ = shell.run(f"ip -{family} -json route show default")
            via = {route.get("gateway", "") for route in json.loads(out or "[]")}
            report.compare("routes", what, hop, " ".join(sorted(via)))


def compare_host(plan: Plan, gateway: Gateway, shell: Shell) -> Report:
    """Compare one gateway; looks only."""
    report = Report(where=shell.name)
    _rules(report, shell, OURS[0], render_nftables(plan, gateway))
    _rules(report, shell, OURS[1], render_classify(plan, gateway))
    _tables(report, shell)
    _classes(report, shell, plan, gateway)
    _, out, _ = shell.run("cat /proc/sys/net/ipv4/ip_forward")
    report.compare("kernel", "net.ipv4.ip_forward", "1", out.strip() or "unknown")
    if gateway.isp6 is not None:
        _ipv6(report, shell, gateway)
    _addresses(report, shell, gateway)
    advertised = render_radvd(plan, gateway) is not None
    for service in (*SERVICES, *(("radvd.service",) if advertised else ())):
        _, out, _ = shell.run(f"systemctl is-active {service}")
        report.compare(f"service {service}", "state", "active", out.strip() or "unknown")
        report.count("services", 1)
    return report
