# SPDX-License-Identifier: GPL-3.0-or-later
"""Random small sites as people would write them: YAML texts, run through the real check, kept where they are valid.

Words are drawn so that rules meet: few ports, most of them in overlapping ranges, pools that touch each other,
days on both sides of today. The rest of a site (hosts, power, recovery) is that of ``tests/sites/minimal``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Network
from typing import Any

import yaml
from hypothesis import assume
from hypothesis import strategies as st

from network_plan.build import check_texts
from network_plan.model.plan import Plan
from scripts.toolchain.paths import ROOT

MINIMAL = ROOT / "tests" / "sites" / "minimal"
Texts = Mapping[str, str]
Draw = Any
"""Hypothesis' ``draw``, which gives whatever its strategy makes."""

OPERATOR = "kominfo"
TENANTS = ("dinas", "rsud", "kec")
SOURCE = "assumption: drawn by chance for the proof"
SERVICES = (
    *(
        "tcp/22",
        "tcp/80",
        "tcp/443",
        "tcp/8000-8010",
        "tcp/8005-8020",
        "tcp/1-1023",
        "tcp/65535",
        "tcp/1-65535",
    ),
    *("udp/53", "udp/5000-5010", "udp/5005-5006", "udp/1", "udp/65000-65535", "tcp/135", "udp/1900"),
    "icmp",
)
TO_GATEWAY = tuple(text for text in SERVICES if text not in {"tcp/22", "tcp/1-1023", "tcp/1-65535"})
"""Its ssh is the operator's own (GW-1)."""
LAYOUTS = (
    {"management": ("10.0.0.0/16", 24), "servers": ("10.1.0.0/16", 24), "office": ("10.2.0.0/16", 24), "dmz": ("10.3.0.0/16", 26)},
    # Pools that touch, networks of odd sizes.
    {"management": ("172.16.0.0/20", 25), "servers": ("172.16.16.0/20", 27), "office": ("172.16.32.0/20", 25), "dmz": ("172.16.48.0/20", 28)},
    {"management": ("192.168.0.0/22", 26), "servers": ("10.64.0.0/10", 23), "office": ("10.32.0.0/13", 22), "dmz": ("192.168.4.0/22", 28)},
)  # fmt: skip
VLANS = {"management": (10, 19), "servers": (20, 49), "office": (100, 149), "dmz": (50, 79)}


def _base(name: str) -> dict[str, Any]:
    text = (MINIMAL / "site" / f"{name}.yml").read_text(encoding="utf-8")
    value: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return value


BASE = {name: _base(name) for name in ("applications", "clusters", "dr", "facilities", "regency")}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A valid site.

    Attributes:
        texts: its files, by name; the ledger is what ``allot`` makes of them.
        today: the regency's own day around which its dates lie.
    """

    texts: Texts
    today: date

    def __repr__(self) -> str:
        """The files as they would stand on disk, without those that no rule comes from."""
        left_out = {f"{name}.yml" for name in BASE} - {"regency.yml"}
        files = [f"# {name}\n{text}" for name, text in self.texts.items() if name not in left_out]
        return f"\n# today is {self.today}\n" + "\n".join(files)


def day_of(now: datetime, hours: int) -> date:
    """The calendar's day at a moment, so many hours before UTC."""
    return (now.astimezone(UTC) + timedelta(hours=hours)).date()


def planned(texts: Texts) -> Plan | None:
    """The Plan of a site with everything allotted in memory; ``None`` where an error stands in its way."""
    ledger = {"site_role.ledger": (MINIMAL / "ledger" / "site_role.ledger").read_text(encoding="utf-8")}
    checked = check_texts(texts, ledger)
    if checked.errors:
        return None
    for entry in checked.missing:
        ledger[entry.file] = ledger.get(entry.file, "schema 1\n") + f"{entry.line}\n"
    return check_texts(texts, ledger).plan


def _some(draw: Draw, values: list[Any] | tuple[Any, ...], least: int, most: int) -> list[Any]:
    chosen: list[Any] = draw(
        st.lists(st.sampled_from(values), min_size=least, max_size=min(most, len(values)), unique=True)
    )
    return chosen


def _networks(draw: Draw, *, ipv6: bool | None) -> dict[str, Any]:
    layout = draw(st.sampled_from(LAYOUTS))
    pools = {
        role: {
            "prefix": prefix,
            "length": length,
            "vlans": dict(zip(("first", "last"), VLANS[role], strict=True)),
            "source": SOURCE,
        }
        for role, (prefix, length) in layout.items()
    }
    public: dict[str, Any] = {"prefix": "203.0.113.0/28", "delivery": "routed", "source": SOURCE}
    if draw(st.booleans()):
        public |= {"delivery": "on_link", "isp": "203.0.113.14"}
    gateway = {
        "name": "gw1",
        "cluster": "dc",
        "wan": "198.51.100.2/30",
        "isp": "198.51.100.1",
        "source": SOURCE,
    }
    made = {"schema": 1, "pools": pools, "public": public, "gateway": gateway}
    if draw(st.booleans()) if ipv6 is None else ipv6:
        made["ipv6"] = {
            "prefix": draw(st.sampled_from(("2001:db8:100::/48", "2001:db8:0:ff00::/56"))),
            "wan": "2001:db8:0:1::2/64",
            "isp": "2001:db8:0:1::1",
            "source": SOURCE,
        }
    return made


@dataclass(slots=True)
class _Words:
    """What flows can name."""

    offices: list[str]
    networks: list[str]
    vms: dict[str, list[str]]
    """``tenant/name`` → what it serves."""

    @property
    def sources(self) -> list[str]:
        return [
            *("offices", "servers", "management"),
            *sorted({f"office:{office.partition('/')[0]}" for office in self.offices}),
            *(f"office:{office}" for office in self.offices),
            *(f"network:{network}" for network in self.networks),
            *(f"vm:{vm}" for vm in self.vms),
        ]


def _tenant(draw: Draw, key: str, words: _Words) -> dict[str, Any]:
    made: dict[str, Any] = {"schema": 1, "name": key.title(), "kind": "dinas", "source": SOURCE}
    networks: dict[str, Any] = {}
    homes = ["servers"]
    if key == OPERATOR:
        for site in ("dc", "drc"):
            networks[f"management-{site}"] = {
                "role": "management",
                "title": "hosts",
                "source": SOURCE,
                "cluster": site,
            }
            words.networks.append(f"{key}/management-{site}")
    for name, role in (("dmz", "dmz"), ("extra", "servers")):
        if draw(st.booleans()):
            networks[name] = {"role": role, "title": name, "source": SOURCE}
            words.networks.append(f"{key}/{name}")
            homes.append(name)
    offices = _some(draw, ("main", "annex"), 1, 2)
    made["offices"] = {
        name: {"title": name, "transport": "fibre", "hosts": 3, "source": SOURCE} for name in sorted(offices)
    }
    words.offices += [f"{key}/{name}" for name in sorted(offices)]
    vms = {}
    names = [*(["app"] if key == "dinas" else []), *_some(draw, ("web", "db"), key == OPERATOR, 2)]
    for name in names:
        serves = _some(draw, [service for service in SERVICES if service != "icmp"], 1, 3)
        vms[name] = {
            "size": "small",
            "serves": serves,
            "network": draw(st.sampled_from(homes)),
            "source": SOURCE,
        }
        if name == "app":
            vms[name]["applications"] = ["counter"]
        words.vms[f"{key}/{name}"] = serves
    if any(vm["network"] == "servers" for vm in vms.values()):
        words.networks.append(f"{key}/servers")
    return made | {"networks": networks, "vms": vms}


def _flow(draw: Draw, words: _Words, targets: list[str], days: list[str | None]) -> dict[str, Any]:
    target = draw(st.sampled_from(targets))
    made: dict[str, Any] = {"from": _some(draw, words.sources, 1, 3), "to": target, "why": "drawn by chance"}
    if not target.startswith("vm:") or draw(st.booleans()):
        made["ports"] = _some(draw, TO_GATEWAY if target == "gateway" else SERVICES, 1, 3)
    until = draw(st.sampled_from(days))
    return made | ({"until": until} if until else {})


def _flows(draw: Draw, key: str, words: _Words, days: list[str | None]) -> dict[str, Any]:
    own = [f"vm:{vm}" for vm in words.vms if vm.startswith(f"{key}/")]
    own += [
        f"network:{name}"
        for name in words.networks
        if name.startswith(f"{key}/") and "management" not in name
    ]
    own += [f"office:{name}" for name in words.offices if name.startswith(f"{key}/")]
    if not own:
        return {}
    count = draw(st.integers(1, 3))
    return {f"{key}-{number}": _flow(draw, words, own, days) for number in range(count)}


def _services(draw: Draw, words: _Words, days: list[str | None]) -> dict[str, Any]:
    publish: dict[str, Any] = {}
    exceptions: dict[str, Any] = {}
    for number, vm in enumerate(_some(draw, list(words.vms), 1, 3)):
        ports = _some(draw, words.vms[vm], 1, 2)
        item: dict[str, Any] = {"vm": vm, "ports": ports, "why": "drawn by chance", "source": SOURCE}
        until = draw(st.sampled_from(days))
        holder = vm.partition("/")[0]
        if until and holder != OPERATOR:
            exceptions[f"own-{number}"] = {
                "tenant": holder, "kind": "public_address", "until": until, "reason": "drawn by chance", "source": SOURCE,
            }  # fmt: skip
            item |= {"holder": holder, "exception": f"own-{number}"}
        publish[f"public-{number}"] = item
    egress = {}
    for number in range(draw(st.integers(1, 3))):
        item = {"from": _some(draw, words.sources, 1, 2), "why": "drawn by chance", "source": SOURCE}
        if draw(st.booleans()):
            item["ports"] = _some(draw, SERVICES, 1, 3)
        egress[f"out-{number}"] = item
    flows = {
        f"regency-{number}": _flow(draw, words, ["servers", "offices", "gateway", "gateway"], days)
        for number in range(draw(st.integers(1, 3)))
    }
    sanctions = {}
    foreign = [vm for vm in words.vms if not vm.startswith(f"{OPERATOR}/")]
    for number, target in enumerate(_some(draw, [TENANTS[0], *foreign], 0, 2)):
        measure = draw(st.sampled_from(("block", "block", "slow")))
        until = draw(st.sampled_from([day for day in days if day]))
        item = {
            "target": target,
            "measure": measure,
            "until": until,
            "reason": "drawn by chance",
            "source": SOURCE,
        }
        sanctions[f"sanction-{number}"] = item | ({"rate_kbit": 64} if measure == "slow" else {})
    return {
        "schema": 1, "publish": publish, "egress": egress, "exceptions": exceptions, "flows": flows, "sanctions": sanctions,
    }  # fmt: skip


def without_ends(texts: Texts) -> Texts:
    """The site before anything in it ended or was forbidden: no sanction, and no flow with a day."""
    made = {}
    for name, text in texts.items():
        value = yaml.load(text, Loader=yaml.CSafeLoader)
        for flow in (value.get("flows") or {}).values():
            flow.pop("until", None)
        if "sanctions" in value:
            value["sanctions"] = {}
        made[name] = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
    return made


@st.composite
def sites(draw: Draw, now: datetime, *, ipv6: bool | None = None) -> Drawn:
    """A valid site whose dates lie around a moment's day there; ``ipv6`` as said, or by chance."""
    hours = draw(st.sampled_from((7, 8, 9, -12, 14)))
    today = day_of(now, hours)
    days: list[str | None] = [None, None, *((today + timedelta(days=n)).isoformat() for n in (-1, 0, 1))]
    networks = _networks(draw, ipv6=ipv6)
    words = _Words([], [], {})
    keys = [OPERATOR, *TENANTS[: draw(st.integers(1, len(TENANTS)))]]
    tenants = {key: _tenant(draw, key, words) for key in keys}
    for key in keys:
        tenants[key]["flows"] = _flows(draw, key, words, days)
    files = {
        **copy.deepcopy(BASE),
        "networks": networks,
        "services": _services(draw, words, days),
        **{f"tenants/{key}": tenant for key, tenant in tenants.items()},
    }
    files["regency"]["utc_offset_hours"] = hours
    management = IPv4Network(networks["pools"]["management"]["prefix"])
    files["dr"]["tunnel"]["prefix"] = f"{management.broadcast_address - 3}/30"
    files["clusters"]["clusters"]["dc"]["hosts"][0] |= {"cores": 16, "memory_mib": 65536, "disk_gib": 2000}
    texts = {
        f"{name}.yml": yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
        for name, value in files.items()
    }
    assume(planned(texts) is not None)
    return Drawn(texts, today)
