# SPDX-License-Identifier: AGPL-3.0-or-later
"""A VM's stored firewall → nftables text, after `generate_tap_rules_direction` and its helpers in `PVE/Firewall.pm`.

PVE sees the VM's packets on the host's bridge; here the same chains stand inside the VM's namespace, where the
kernel can track connections. IN is what the VM receives, OUT what it sends. Logging and NFQUEUE are left out:
they change no verdict.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.lab.cluster.runtime import FirewallSnapshot, Nic
from scripts.lab.guest.firewall import standard
from scripts.lab.guest.firewall.addresses import FirewallError, Network, Scope, effective
from scripts.lab.guest.firewall.macros import MACROS

Options = Mapping[str, Any]
Rule = Mapping[str, Any]

VERDICTS = {"ACCEPT": "accept", "DROP": "drop", "REJECT": "goto pvefw-reject"}
FAMILY = {4: "ip", 6: "ip6"}
ICMP = {4: ("icmp", {"icmp"}), 6: ("icmpv6", {"icmpv6", "ipv6-icmp"})}
# iptables' names of ICMP types where nftables has another.
ICMP_NAMES = {
    "router-solicitation": "nd-router-solicit",
    "router-advertisement": "nd-router-advert",
    "neighbor-solicitation": "nd-neighbor-solicit",
    "neighbor-advertisement": "nd-neighbor-advert",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A network card with all that decides about its packets; `allowed` is None where any source may leave."""

    firewall: FirewallSnapshot
    nic: Nic
    scope: Scope
    allowed: dict[int, list[Network]] | None


def is_on(options: Options, name: str, default: int) -> bool:
    """An option as PVE reads it: absent means the default."""
    value = options.get(name)
    return bool(default if value is None else int(value))


def compile_guest(firewall: FirewallSnapshot, nic: Nic, device: str = "eth0") -> str:
    """The ruleset of a VM's network card; empty where the cluster's firewall is off or does not look at the card."""
    if not (nic.firewall and is_on(firewall.cluster_options, "enable", 0)):
        return ""
    scope = Scope(
        cluster_aliases={name: str(alias["cidr"]) for name, alias in firewall.cluster_aliases.items()},
        cluster_sets=firewall.cluster_ipsets,
        guest_aliases={name: str(alias["cidr"]) for name, alias in firewall.vm_aliases.items()},
        guest_sets=firewall.vm_ipsets,
    )
    card = Card(firewall=firewall, nic=nic, scope=scope, allowed=_allowed_sources(firewall, scope, nic))
    tables = [_table(version, card) for version in (4, 6)]
    if is_on(firewall.vm_options, "enable", 0):
        tables.append(_link_layer(card, device))
    return "\n".join(tables)


def _allowed_sources(firewall: FirewallSnapshot, scope: Scope, nic: Nic) -> dict[int, list[Network]] | None:
    """The sources that `ipfilter` lets out: the set `ipfilter-<card>` and the card's link-local address."""
    name = f"ipfilter-{nic.name}"
    if name not in scope.guest_sets and not is_on(firewall.vm_options, "ipfilter", 0):
        return None
    entries = scope.entries(scope.guest_sets.get(name, ()))
    entries += [(scope.network(link_local(nic.mac)), False), (scope.network("fe80::/10"), True)]
    return {version: effective(entries, version) for version in (4, 6)}


def link_local(mac: str) -> str:
    """The link-local address that a card makes from its MAC (RFC 4291, appendix A)."""
    octets = [int(part, 16) for part in mac.split(":")]
    octets[0] ^= 2
    eui = [*octets[:3], 0xFF, 0xFE, *octets[3:]]
    return "fe80::" + ":".join(f"{eui[i] << 8 | eui[i + 1]:x}" for i in range(0, 8, 2))


def _table(version: int, card: Card) -> str:
    firewall = card.firewall
    chains: dict[str, list[str]] = {"pvefw-reject": list(standard.reject(version))}
    if version == 4:
        chains["pvefw-smurfs"] = list(standard.smurfs())
    for name in sorted(firewall.groups):
        for direction in ("in", "out"):
            chains[f"group-{name}-{direction}"] = _rules(firewall.groups[name], direction, version, card)
    for direction in ("in", "out"):
        chains[f"guest-{direction}"] = _guest_chain(direction, version, card)
    lines = [f"table {FAMILY[version]} pvefw {{"]
    for name, body in chains.items():
        lines += [f"  chain {name} {{", *(f"    {line}" for line in body), "  }"]
    invalid = (
        [] if is_on(firewall.node_options, "nf_conntrack_allow_invalid", 0) else ["ct state invalid drop"]
    )
    tracked = [*invalid, "ct state established,related accept"]
    for hook, loop, before in (("input", "iif lo", _input_filters(version, card)), ("output", "oif lo", [])):
        head = [f"type filter hook {hook} priority filter; policy accept;", f"{loop} accept"]
        body = [*head, *tracked, *before, f"jump guest-{'in' if hook == 'input' else 'out'}"]
        lines += [f"  chain {hook} {{", *(f"    {line}" for line in body), "  }"]
    return "\n".join([*lines, "}", ""])


def _input_filters(version: int, card: Card) -> list[str]:
    """`ruleset_chain_add_input_filters`, without the TCP flag checks that are off unless a node asks for them."""
    lines = []
    if "blacklist" in card.scope.cluster_sets:
        blacklist = _match("saddr", "+dc/blacklist", version, card.scope)
        lines += [f"{blacklist} drop"] if blacklist else []
    if version == 4 and is_on(card.firewall.node_options, "nosmurfs", 1):
        lines.append("ct state new jump pvefw-smurfs")
    return lines


def _guest_chain(direction: str, version: int, card: Card) -> list[str]:
    options = card.firewall.vm_options
    if not is_on(options, "enable", 0):
        return ["accept"]
    lines: list[str] = []
    # Documented as off by default, but the code lets DHCP pass unless it is switched off.
    if is_on(options, "dhcp", 1):
        ours, theirs = ("68", "67") if version == 4 else ("546", "547")
        sport, dport = (theirs, ours) if direction == "in" else (ours, theirs)
        lines.append(f"udp sport {sport} udp dport {dport} accept")
    if direction == "out":
        if version == 6 and not is_on(options, "radv", 0):
            lines.append("icmpv6 type nd-router-advert drop")
        if card.allowed is not None:
            lines.append(_only_from(version, card.allowed[version]))
    if version == 6 and is_on(options, "ndp", 1):
        types = ["nd-router-solicit", "nd-neighbor-solicit", "nd-neighbor-advert"]
        if direction == "in" or is_on(options, "radv", 0):
            types.append("nd-router-advert")
        lines.append(f"icmpv6 type {{ {', '.join(types)} }} accept")
    lines += _rules(card.firewall.vm_rules, direction, version, card)
    default = "DROP" if direction == "in" else "ACCEPT"
    return lines + standard.policy(version, str(options.get(f"policy_{direction}") or default))


def _only_from(version: int, networks: list[Network]) -> str:
    if not networks:
        return "drop"
    return f"{FAMILY[version]} saddr != {{ {', '.join(map(str, networks))} }} drop"


def _rules(rules: Sequence[Rule], direction: str, version: int, card: Card) -> list[str]:
    lines: list[str] = []
    for rule in rules:
        if not is_on(rule, "enable", 0) or rule.get("iface") not in {None, "", card.nic.name}:
            continue
        if rule["type"] == "group":
            if rule["action"] not in card.firewall.groups:
                raise FirewallError(f"no such security group '{rule['action']}'")
            lines.append(f"jump group-{rule['action']}-{direction}")
        elif rule["type"] == direction:
            verdict = VERDICTS[rule["action"]]
            lines += [
                " ".join(filter(None, [match, verdict])) for match in _matches(rule, version, card.scope)
            ]
    return lines


def _matches(rule: Rule, version: int, scope: Scope) -> list[str]:
    """The match texts of a rule in one family; none where it can't match there."""
    addresses = []
    for key, word in (("source", "saddr"), ("dest", "daddr")):
        if rule.get(key):
            text = _match(word, str(rule[key]), version, scope)
            if text is None:
                return []
            addresses.append(text)
    if rule.get("macro"):
        rows = MACROS.get(str(rule["macro"]).lower())
        if rows is None:
            raise FirewallError(
                f"the lab does not know macro '{rule['macro']}'; add it to firewall/macros.py"
            )
    else:
        kind = str(rule.get("icmp-type") or rule.get("dport") or "")
        rows = ((str(rule.get("proto") or ""), kind, str(rule.get("sport") or "")),)
    return [" ".join(filter(None, [*addresses, text])) for row in rows for text in _transport(row, version)]


def _match(word: str, text: str, version: int, scope: Scope) -> str | None:
    networks = scope.resolve(text, version)
    return f"{FAMILY[version]} {word} {{ {', '.join(map(str, networks))} }}" if networks else None


def _transport(row: tuple[str, str, str], version: int) -> list[str]:
    proto, dport, sport = row
    if not proto:
        return [""]
    name, spellings = ICMP[version]
    if proto in ICMP[4][1] | ICMP[6][1]:
        if proto not in spellings:
            return []
        if not dport or dport == "any":
            return [f"meta l4proto {'icmp' if version == 4 else 'ipv6-icmp'}"]
        return [f"{name} type {ICMP_NAMES.get(dport, dport)}"]
    parts = [
        f"{proto} {word} {{ {_ports(ports)} }}"
        for word, ports in (("sport", sport), ("dport", dport))
        if ports
    ]
    return [" ".join(parts) or f"meta l4proto {proto}"]


def _ports(text: str) -> str:
    """`80,443,5000:5010` as nftables writes it."""
    return ", ".join(part.replace(":", "-") for part in text.split(","))


def _link_layer(card: Card, device: str) -> str:
    """The MAC filter and what PVE does with ebtables: frames and ARP answers only from the card's own addresses."""
    body = [f'type filter hook egress device "{device}" priority filter; policy accept;']
    if is_on(card.firewall.vm_options, "macfilter", 1):
        body.append(f"ether saddr != {card.nic.mac.lower()} drop")
    if card.allowed is not None:
        v4 = ", ".join(map(str, card.allowed[4]))
        body.append(f"arp saddr ip != {{ {v4} }} drop" if v4 else "ether type arp drop")
    return "\n".join(
        ["table netdev pvefw {", "  chain out {", *(f"    {line}" for line in body), "  }", "}", ""]
    )
