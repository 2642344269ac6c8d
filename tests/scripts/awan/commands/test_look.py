# SPDX-License-Identifier: GPL-3.0-or-later
"""``plan``, ``show`` and ``render``: what they print, in words and as JSON, and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from network_plan.build import load_plan
from scripts.awan import show
from scripts.toolchain.paths import ROOT
from tests.small import SMALL

Awan = Callable[..., Any]
Spoil = Callable[[str, str, str], None]


def test_the_plan_as_json_is_the_plan(awan: Awan, inventory: Path) -> None:
    said = awan("plan", "--json")
    assert said.code == 0
    assert said.out == load_plan(inventory / "site").to_json()
    assert awan("plan", "--json").out == said.out


def test_the_plan_for_people(awan: Awan) -> None:
    out = awan("plan").out
    assert out.startswith("Minimal · epoch 1, primary dc · serial 34\n")
    assert "dc        100    dinas/app       dc1    10.1.0.10   1024   yes" in out
    assert "203.0.113.1   egress    offices   kominfo" in out
    assert not any(line != line.rstrip() for line in out.splitlines())


@pytest.mark.parametrize(
    "command", [("plan",), ("show", "dinas"), ("reach", "internet", "www"), ("render", "dns")]
)
def test_without_a_plan_the_errors_are_printed_and_it_exits_2(
    awan: Awan, spoil: Spoil, command: tuple[str, ...]
) -> None:
    spoil("site/tenants/kominfo.yml", "to: vm:state", "to: vm:stat")
    said = awan(*command)
    assert (said.code, said.out) == (2, "")
    assert "there is no vm 'kominfo/stat'; did you mean 'kominfo/state'?" in said.err


@pytest.mark.parametrize(
    ("word", "lines"),
    [
        ("dinas", ["Tenant", "  name      Dinas", "VMs", "dinas/app   dc        100    dc1    10.1.0.10   yes", "dinas/office-to-app   office:dinas   vm:dinas/app   tcp/443            the counter"]),
        ("dinas/app", ["VM", "  lets in      dinas/office-to-app:office-dinas:tcp-443", "  memory (MiB)  1024", "203.0.113.0   publish   www    kominfo"]),
        ("kominfo-state", ["VM", "  twin         yes", "regency/dns                   offices, servers   gateway            udp/53             names are resolved at the gateway"]),
        ("100", ["VM", "  key          dinas/app"]),
        ("dc1", ["Host", "  cores        4", "VMs"]),
        ("10.1.0.10", ["Network", "  key       dinas/servers", "app.dinas.minimal.example   10.1.0.10   internal"]),
        ("10.1.0.1", ["Network", "Gateway interfaces", "lan20 lan 20 dinas/servers 10.1.0.1/24"]),
        ("gw1", ["Gateway", "  site        dc", "Gateway interfaces", "lan20 lan 20 dinas/servers 10.1.0.1/24"]),
        ("dc", ["Cluster", "  nodes        3", "Hosts", "dc2 4 5120 200 10.0.0.11", "VMs"]),
        ("dinas/servers", ["Network", "  vlan      20", "dinas/app   dc        100    dc1    10.1.0.10   yes"]),
        ("10.1.0.0/24", ["Network", "  key       dinas/servers"]),
        ("www", ["Public address", "  address  203.0.113.0", "Flows"]),
        ("203.0.113.1", ["Public address", "  use      egress", "egress/offices offices internet all internet access"]),
        ("203.0.113.0", ["Public address", "Names", "publish/www internet vm:dinas/app tcp/443 the public's page"]),
        ("dinas", ["Offices", "dinas/office-main Kantor fibre not measured sw-dinas-main 10.2.0.0/24 assumption: twenty devices"]),
        ("dinas", ["Applications", "counter Counter application exists 2 own dinas/app assumption: one application"]),
        ("dinas", ["Bandwidth", "  share (kbit/s)  500", "Posts", "network 1 dinas-network"]),
        ("dinas/app", ["Recovery targets", "2 1440 2880 no none 01:00 assumption: start values"]),
        ("dinas/app", ["Backups", "awan-dinas dc dinas 01:00 keep-daily 7, keep-weekly 4 backup", "Applications"]),
        ("kominfo/state", ["Copies to the recovery cluster", "kominfo/state dc2 (dc) drc1 (drc) every 2 min 30 1000"]),
        ("counter", ["Application", "  vms           dinas/app", "VMs", "Recovery targets", "Flows"]),
        ("Rules of content", ["Application", "  kind          policy"]),
        ("10.0.0.11", ["Host", "  name         dc2"]),
    ],
)  # fmt: skip
def test_show_knows(awan: Awan, word: str, lines: list[str]) -> None:
    said = awan("show", word)
    assert said.code == 0
    squeezed = {" ".join(line.split()) for line in said.out.splitlines()}
    assert {" ".join(line.split()) for line in lines} <= squeezed
    assert "\n\n\n" not in said.out


def test_a_narrow_terminal_breaks_no_word(awan: Awan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show, "PIPED_WIDTH", 60)
    out = awan("show", "dinas").out
    assert max(map(len, out.splitlines())) <= 60
    assert "Flows\n  flow      dinas/office-to-app\n  from      office:dinas\n" in out
    assert "dinas/app   dc        100    dc1    10.1.0.10   yes" in out


def test_show_as_json(awan: Awan) -> None:
    data = json.loads(awan("show", "dinas/app", "--json").out)
    assert sorted(data) == [
        "applications",
        "backups",
        "flows",
        "guests",
        "ledger",
        "networks",
        "public",
        "tiers",
    ]
    assert data["guests"][0]["nics"][0]["addresses"] == ["10.1.0.10/24"]


def test_what_a_tenant_may_and_must_not_is_shown_with_its_source(awan: Awan, spoil: Spoil) -> None:
    extra = (
        "exceptions:\n"
        '  own: {tenant: dinas, kind: own_bandwidth, until: 2028-06-30, reason: a contract, source: "assumption: for the test"}\n'
        "sanctions:\n"
        '  spam: {target: dinas/app, measure: slow, rate_kbit: 100, until: 2027-01-31, reason: it sent spam, source: "assumption: for the test"}\n'
        "flows:\n"
    )
    spoil("site/services.yml", "flows:\n", extra)
    line = "spam dinas/app slow to 100 kbit/s 2027-01-31 it sent spam assumption: for the test"
    for word in ("dinas", "dinas/app"):
        assert line in {" ".join(line.split()) for line in awan("show", word).out.splitlines()}
    assert "  kind    own_bandwidth\n" in awan("show", "dinas").out
    assert "sanctions" not in json.loads(awan("show", "kominfo", "--json").out)


def test_a_twin_has_no_backup_and_an_ha_vm_says_where_it_goes(awan: Awan) -> None:
    out = awan("show", "rsud/simrs", "--site", str(SMALL)).out
    assert "  HA            started on dc5, replica on dc3 every 5 min\n" in out
    data = json.loads(awan("show", "rsud/simrs", "--site", str(SMALL), "--json").out)
    assert [job["cluster"] for job in data["backups"]] == ["dc"]


def test_an_address_of_a_reserved_block_is_of_that_block(awan: Awan) -> None:
    plan = load_plan(ROOT / "inventory" / "site")
    block = plan.reservations[0]
    said = awan("show", str(block.prefix[5]), "--site", str(ROOT / "inventory" / "site"))
    assert said.out.startswith(f"Reserved block\n  key        {block.key}\n  title      {block.title}\n")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("dinsa", "did you mean 'dinas'?"),
        ("app", "did you mean 'dinas/app'?"),
        ("vm:app", "did you mean 'dinas/app'?"),
        ("192.0.2.1", "name a tenant, a host, a VM"),
        ("", "name a tenant"),
    ],
)
def test_show_of_nothing_exits_2(awan: Awan, word: str, hint: str) -> None:
    said = awan("show", word)
    assert said.code == 2
    assert hint in said.err


def test_render_writes_one_targets_files(awan: Awan, inventory: Path) -> None:
    said = awan("render", "pve")
    assert said.code == 0
    assert said.out.splitlines() == [
        f"build/pve/{name}"
        for name in ("dc/100.fw", "dc/101.fw", "dc/cluster.fw", "drc/101.fw", "drc/cluster.fw")
    ]
    assert (inventory.parent / "build/pve/dc/100.fw").read_text(encoding="utf-8").startswith("[OPTIONS]")
    assert awan("render", "nftables", "--out", "there").out == "there/nftables/gw1.nft\n"


def test_render_into_a_file_exits_2(awan: Awan, inventory: Path) -> None:
    (inventory.parent / "there").write_text("", encoding="utf-8")
    said = awan("render", "dns", "--out", "there")
    assert (said.code, said.out) == (2, "")
    assert said.err.endswith("; choose another folder with --out\n")
