# SPDX-License-Identifier: AGPL-3.0-or-later
"""The limit of Proxmox' cluster filesystem: a file holds at most 1 MiB, and all security groups are in one file.

Only the firewall files come near it. Their text is written here as pve-firewall writes it, to know its size.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Awaitable, Callable
from typing import Any

from scripts.lab.cluster.base import die

MAX_FILE = 1024 * 1024  # pve-cluster src/pmxcfs/memdb.h MEMDB_MAX_FILE_SIZE
NEAR = MAX_FILE // 8
_FLAGS = (("source", "-source"), ("dest", "-dest"), ("proto", "-p"), ("dport", "-dport"), ("sport", "-sport"),
          ("icmp-type", "-icmp-type"), ("log", "-log"))  # fmt: skip


def _rule_line(rule: dict[str, Any]) -> str:
    """pve-firewall Firewall.pm $format_rules."""
    words = ["" if rule.get("enable") else "|"]
    if rule["type"] == "group":
        words[0] += f"GROUP {rule['action']}"
    else:
        action = f"{rule['macro']}({rule['action']})" if rule.get("macro") else rule["action"]
        words[0] += f"{rule['type'].upper()} {action}"
    if rule.get("iface"):
        words.append(f"-i {rule['iface']}")
    words += [f"{flag} {rule[key]}" for key, flag in _FLAGS if rule.get(key)]
    return " ".join(words) + (f" # {rule['comment']}" if rule.get("comment") else "")


def firewall_text(conf: dict[str, Any]) -> str:
    """A firewall file as pve-firewall writes it (Firewall.pm save_clusterfw_conf, save_vmfw_conf)."""
    lines = ["[OPTIONS]", *(f"{k}: {x}" for k, x in sorted(conf["options"].items())), "[ALIASES]"]
    lines += [f"{a['name']} {a['cidr']} # {a.get('comment', '')}" for a in conf["aliases"].values()]
    for name, entries in sorted(conf["ipset"].items()):
        lines.append(f"[IPSET {name}] # {conf['ipset_comments'].get(name, '')}")
        lines += [f"{'!' if e.get('nomatch') else ''}{e['cidr']} # {e.get('comment', '')}" for e in entries]
    lines += ["[RULES]", *map(_rule_line, conf["rules"])]
    for name, rules in sorted(conf["groups"].items()):
        lines.append(f"[group {name}] # {conf['group_comments'].get(name, '')}")
        lines += map(_rule_line, rules)
    return "\n".join(lines) + "\n"


def read_back(conf: dict[str, Any]) -> None:
    """Names of ipsets and groups come back in lower case (Firewall.pm generic_fw_config_parser, `lc`)."""
    for section in ("ipset", "ipset_comments", "groups", "group_comments"):
        entries = conf.get(section, {})
        for name in [name for name in entries if name != name.lower()]:
            entries[name.lower()] = entries.pop(name)


class FirewallFiles:
    """Writes to firewall files that undo themselves when the file would be too large."""

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}

    async def write(self, name: str, conf: dict[str, Any], change: Callable[[], Awaitable[Any]]) -> Any:
        """Run the change of `conf`, which is the file `name` under /etc/pve/firewall."""
        before = copy.deepcopy(conf) if self._sizes.get(name, MAX_FILE) > NEAR else None
        result = await change()
        read_back(conf)
        size = len(firewall_text(conf).encode())
        if before is not None and size > MAX_FILE:
            conf.clear()
            conf.update(before)
            # pve-common Tools.pm file_set_contents, with what pmxcfs answers
            raise die(f"unable to write '/etc/pve/firewall/{name}.tmp.{os.getpid()}' - File too large")
        self._sizes[name] = size
        return result
