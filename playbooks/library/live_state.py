# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: says each difference between a host and what a role wants as a sentence, and changes nothing.

What is wanted comes from the role; what counts as a difference stands here, once for all roles.
"""

from __future__ import annotations

import difflib
import json
import socket
import subprocess
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: live_state
short_description: Names each difference between a host's live state and what is wanted
options:
  files: {description: Files as module host_files takes them., type: list, elements: dict, default: []}
  sysctls: {description: Kernel parameter and wanted value., type: dict, default: {}}
  services: {description: Units that must run now and at boot., type: list, elements: str, default: []}
  interfaces: {description: Interfaces as role gateway takes them., type: list, elements: dict, default: []}
  ruleset: {description: nftables file whose tables must be the loaded ones., type: path}
  foreign_tables: {description: Whether other loaded tables are told too., type: bool, default: false}
  trees: {description: "Device, and handles of classes that must be on it.", type: list, elements: dict, default: []}
  listens: {description: "Address and port that must answer, V(127.0.0.1 53).", type: list, elements: str, default: []}
"""

SHOW = ("systemctl", "show", "--property=Id,ActiveState,UnitFileState")


def run(*argv: str) -> str:
    """Standard output of a command, or an empty text where it fails."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def check_files(files: list[dict[str, str]]) -> list[str]:
    """Files that are missing or edited; the first changed line is quoted."""
    found = []
    for file in files:
        name, text = file["path"], file["text"]
        try:
            lines = Path(name).read_text(encoding="utf-8").rstrip("\n").splitlines()
        except OSError as error:
            found.append(f"{name} can't be read ({error.strerror}); run playbooks/site.yml")
            continue
        wanted = text.rstrip("\n").splitlines()
        if lines != wanted:
            changed = [
                line
                for line in difflib.unified_diff(wanted, lines, lineterm="", n=0)
                if line[:3] not in {"---", "+++"}
            ]
            quoted = next((line for line in changed if line[0] in "+-"), "")
            found.append(f"{name} was edited (first difference: {quoted!r}); run playbooks/site.yml")
    return found


def check_sysctls(sysctls: dict[str, object]) -> list[str]:
    """Kernel parameters with another value."""
    found = []
    for name, value in sysctls.items():
        path = Path("/proc/sys", *name.split("."))
        live = path.read_text(encoding="ascii").split() if path.exists() else ["nothing"]
        if live != str(value).split():
            what = f"{name} is {' '.join(live)}, not {value}"
            if name in {"net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"}:
                off = "off" if live == ["0"] else "on"
                what = f"forwarding is {off} ({what}); restart awan-forwarding.service"
            elif name.endswith(".accept_ra"):
                what += "; run `ifreload -a`"
            else:
                what += "; run playbooks/site.yml, or sysctl -p /etc/sysctl.d/60-awan.conf"
            found.append(what)
    return found


def check_services(services: list[str]) -> list[str]:
    """Units that do not run, or would not at the next boot."""
    if not services:
        return []
    found = []
    for block in run(*SHOW, *services).strip().split("\n\n"):
        unit = dict(line.split("=", 1) for line in block.splitlines())
        name, state, at_boot = unit.get("Id", "?"), unit.get("ActiveState"), unit.get("UnitFileState")
        if state != "active":
            found.append(f"{name} is {state}; look at `journalctl -u {name}` and start it")
        if at_boot not in {"enabled", "static", "alias"}:
            found.append(
                f"{name} would not start at boot ({at_boot or 'no such unit'}); run playbooks/site.yml"
            )
    return found


def check_interfaces(interfaces: list[dict[str, object]]) -> list[str]:
    """Addresses that are missing or too many, links that are down, a default route that leads elsewhere."""
    if not interfaces:
        return []
    live = {link["ifname"]: link for link in json.loads(run("ip", "-json", "address", "show") or "[]")}
    found = []
    for wanted in interfaces:
        name = str(wanted["name"])
        if name not in live:
            found.append(f"there is no interface {name}; run playbooks/site.yml, or plug it in")
            continue
        if "UP" not in live[name]["flags"]:
            found.append(f"{name} is down; run `ifup {name}`")
        have = {f"{a['local']}/{a['prefixlen']}" for a in live[name]["addr_info"] if a["scope"] == "global"}
        addresses = set(wanted["addresses"]) if isinstance(wanted["addresses"], list) else set()
        found += [f"{name} lacks its address {a}; run `ifreload -a`" for a in sorted(addresses - have)]
        found += [f"{name} has {a}, which is not in the Plan; remove it" for a in sorted(have - addresses)]
        hops = wanted["gateways"] if isinstance(wanted["gateways"], list) else []
        found += [
            f"the default route does not lead to {hop} alone; run `ifreload -a`"
            for hop in hops
            if default_routes("-6" if ":" in hop else "-4") != [hop]
        ]
    return found


def default_routes(family: str) -> list[object]:
    """Where a family's default routes lead."""
    routes = json.loads(run("ip", family, "-json", "route", "show", "default") or "[]")
    return [route.get("gateway") for route in routes]


def tables(*command: str) -> dict[str, list[str]]:
    """The loaded rules as text, without counters, by table."""
    found: dict[str, list[str]] = {}
    for line in run(*command).splitlines():
        if line.startswith("table "):
            block = found.setdefault(line.rstrip(" {"), [])
        else:
            # An element's line is the same wherever in its set it stands.
            text = line.strip().removeprefix("elements = { ").removesuffix(",")
            block.append(text if "{" in text else text.removesuffix(" }"))
    return found


def check_ruleset(path: str | None, *, foreign: bool) -> list[str]:
    """Rules that our tables lack or have too many, against the file loaded in an empty network namespace."""
    if not path:
        return []
    listing = "nft --stateless list ruleset"
    wanted = tables("unshare", "--net", "sh", "-c", f"nft -f {path} && {listing}")
    if not wanted:
        return [f"{path} can't be loaded; run `nft -c -f {path}`"]
    live = tables("sh", "-c", listing)
    found = []
    for name in sorted(live.keys() - wanted.keys()):
        if foreign:
            found.append(
                f"`{name}` is loaded and not ours; whoever made it should say so, or `nft delete {name}`"
            )
    for name, lines in wanted.items():
        found += compare(path, name, lines, live.get(name, []))
    return found


def compare(path: str, table: str, wanted: list[str], live: list[str]) -> list[str]:
    """The differing lines of one table, each with its chain or set."""
    found, place = [], table
    for line in difflib.ndiff(wanted, live):
        mark, text = line[:2], line[2:]
        if mark in {"  ", "- "} and text.startswith(("chain ", "set ", "map ")):
            place = text.rstrip(" {")
        if mark == "- " and text not in {"", "}"}:
            found.append(f"the live rules lack `{text}` in {place}; run `systemctl reload nftables`")
        if mark == "+ " and text not in {"", "}"}:
            found.append(
                f"the live rules have `{text}` in {place}, {path} has not; run `systemctl reload nftables`"
            )
    return found


def check_trees(trees: list[dict[str, object]]) -> list[str]:
    """Classes of the line that are missing or too many."""
    found = []
    for tree in trees:
        device, handles = str(tree["device"]), tree["handles"]
        wanted = set(handles) if isinstance(handles, list) else set()
        have = {
            row["handle"] for row in json.loads(run("tc", "-json", "class", "show", "dev", device) or "[]")
        }
        if have != wanted:
            named = ", ".join(sorted(have ^ wanted)[:3])
            found.append(
                f"{device} has {len(have)} classes, {len(wanted)} are planned (differing: {named}); "
                "restart awan-shaping.service"
            )
    return found


def check_listens(listens: list[str]) -> list[str]:
    """Sockets that nobody serves."""
    found = []
    for place in listens:
        address, _, port = place.partition(" ")
        try:
            socket.create_connection((address, int(port)), timeout=2).close()
        except OSError as error:
            found.append(
                f"nothing answers on {address} port {port} ({error.strerror or error}); look at the service"
            )
    return found


def main() -> None:
    """Compares and answers."""
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "dict", "default": []},
            "sysctls": {"type": "dict", "default": {}},
            "services": {"type": "list", "elements": "str", "default": []},
            "interfaces": {"type": "list", "elements": "dict", "default": []},
            "ruleset": {"type": "path"},
            "foreign_tables": {"type": "bool", "default": False},
            "trees": {"type": "list", "elements": "dict", "default": []},
            "listens": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    wanted = module.params
    findings = [
        *check_files(wanted["files"]),
        *check_sysctls(wanted["sysctls"]),
        *check_services(wanted["services"]),
        *check_interfaces(wanted["interfaces"]),
        *check_ruleset(wanted["ruleset"], foreign=wanted["foreign_tables"]),
        *check_trees(wanted["trees"]),
        *check_listens(wanted["listens"]),
    ]
    module.exit_json(changed=False, findings=[f"{socket.gethostname()}: {finding}" for finding in findings])


if __name__ == "__main__":
    main()
