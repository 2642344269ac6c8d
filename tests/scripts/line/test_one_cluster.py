# SPDX-License-Identifier: GPL-3.0-or-later
"""The example's one cluster with IPv6 and no recovery center: up, its packets of both families, hands that are seen."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest

from network_plan.build import load_plan
from scripts.lab.fabric import names, netns
from scripts.lab.host import keys
from scripts.line import probes, questions
from scripts.toolchain.paths import ROOT
from tests.scripts.line.conftest import Lab, lab_up

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(600)]

SITE = ROOT / "inventory" / "example" / "site"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, str]]:
    with lab_up(tmp_path_factory.mktemp("example") / "lab", load_plan(SITE), SITE) as made:
        yield made


def on_gateway(lab: Lab, command: str) -> None:
    config = str(keys.ssh_config(lab.folder))
    done = lab.run("ssh", "-F", config, lab.plan.gateways[0].host, command)
    assert done.returncode == 0, done.stderr


def test_one_stack_comes_up_and_nothing_is_copied(example: tuple[Lab, str]) -> None:
    said = example[1]
    assert re.findall(r"stack (\w+): \d+ create", said) == ["main"]
    assert "live equals plan" in said
    assert re.search(r"\d+ probes, all as the Plan says: \d+ answered, \d+ denied", said)
    assert "recovery center" not in said


def test_packets_of_ipv6_do_as_the_plan_says(example: tuple[Lab, str]) -> None:
    """From the same places as over IPv4, to the VMs' own addresses, echoes included; with yes and no in each family."""
    lab = example[0]
    asked = questions.matrix(lab.plan, names.prefix(lab.folder), date.today())
    found = probes.ask([q for q in asked if ":" in q.target.address])
    assert [str(result) for result in found if not result.agrees] == []
    answers = Counter(
        (result.question.target.service.proto, result.outcome == "answered") for result in found
    )
    assert set(answers) == {
        ("tcp", True),
        ("tcp", False),
        ("udp", False),
        ("udp", True),
        ("icmp", True),
        ("icmp", False),
    }
    assert len({result.question.source.address for result in found}) == len(questions.places(lab.plan, "", 6))


def test_machines_of_an_office_make_their_address_from_what_the_gateway_advertises(
    example: tuple[Lab, str],
) -> None:
    lab = example[0]
    offices = [network for network in lab.plan.networks if network.role == "office"]
    end = time.monotonic() + 30
    for network in offices:
        space = names.office_namespace(names.prefix(lab.folder), network.vlan)
        own: list[str] = []
        while not own and time.monotonic() < end:
            (card,) = netns.query(space, "-6", "address", "show", "dev", "eth0")
            own = [info["local"] for info in card["addr_info"] if info.get("dynamic")]
            time.sleep(0.2 if not own else 0)
        assert own, f"{network.key} was not told its prefix"


def test_what_a_hand_changed_of_ipv6_is_said(example: tuple[Lab, str]) -> None:
    lab = example[0]
    guest = lab.guest("dukcapil/register", "main")
    lab.root("main").put(f"{guest}/firewall/options", ndp=0)
    on_gateway(lab, "ip -6 route del default; sysctl -q -w net.ipv6.conf.lan500.accept_ra=2")
    seen = lab.awan("verify", AWAN_SITE=str(SITE))
    assert seen.returncode == 1, seen.stderr
    assert "firewall ndp is 0, the Plan says 1" in seen.stdout
    assert "IPv6 default route is missing, the Plan says 2001:db8:ff::1" in seen.stdout
    assert "net.ipv6.conf.lan500.accept_ra is 2, the Plan says 0" in seen.stdout
    play = ["ansible-playbook", "-i", str(SITE.parent / "main.plan.yml"), "playbooks/gateway.yml"]
    mended = lab.run(*play, env=lab.environment(AWAN_SITE=str(SITE)))
    assert mended.returncode == 0, mended.stdout
    lab.root("main").put(f"{guest}/firewall/options", ndp=1)
    again = lab.awan("verify", AWAN_SITE=str(SITE))
    assert again.returncode == 0, again.stdout
