# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that stand while the rules change: what a change or a day forbids ends in the kernel, the rest goes on.

Each case is asked over both address families. The rules are those of the gateway; only the second at which a day ends
is moved to now.
"""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Iterator
from datetime import date

import pytest

from network_plan.model.gateway import ForwardRule
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.render.dated import end_of
from network_plan.render.nftables import render_nftables
from tests.network_plan.render.town import Conversation, Town, address_of, town

pytestmark = pytest.mark.hosts

SIAK, SIMRS, PROXY = "dukcapil/siak", "rsud/simrs", "diskominfo/proxy"
HOSPITAL, AUDITORS, VILLAGE = "rsud/office-main", "diskominfo/office-main", "kec-purwakarta/office-main"
OFFICES = {
    HOSPITAL: {4: "10.64.6.10", 6: "2001:db8:100:c003::10"},
    AUDITORS: {4: "10.64.0.10", 6: "2001:db8:100:c000::10"},
    VILLAGE: {4: "10.64.4.10", 6: "2001:db8:100:c002::10"},
}
SERVERS = {SIAK: "dukcapil/servers", SIMRS: "rsud/servers"}
STRANGER = {4: "192.0.2.80", 6: "2001:db8:f::80"}


@pytest.fixture(scope="module")
def streets(dual_plan: Plan) -> Iterator[Town]:
    stations = {key: list(addresses.values()) for key, addresses in OFFICES.items()}
    stations |= {
        key: [address_of(dual_plan, vm, 4), address_of(dual_plan, vm, 6)] for vm, key in SERVERS.items()
    }
    with town(dual_plan, stations, [f"{STRANGER[4]}/32", f"{STRANGER[6]}/128"]) as made:
        yield made


@pytest.fixture(params=(4, 6))
def version(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


def _text(plan: Plan, *, without: str = "", blocks: bool = False) -> str:
    """The rules without the flow of a key, and without sanctions unless they are asked for."""
    gateway = plan.gateways[0]
    kept = tuple(rule for rule in gateway.forward if rule.key != without)
    changed = dataclasses.replace(gateway, forward=kept, blocked=gateway.blocked if blocks else ())
    return render_nftables(plan, changed)


def _ending(text: str, day: date, seconds: float) -> tuple[str, float]:
    """The text with the end of a day moved to so many seconds from now, and the moment when it is over."""
    end = int(time.time() + seconds) + 1
    before = f"meta time < {end_of(day, 7)} "
    assert before in text
    return text.replace(before, f"meta time < {end} "), end + 0.1


def _wait(until: float) -> None:
    time.sleep(max(0.0, until - time.time()))


def _talk(streets: Town, office: str, vm: str, version: int) -> Conversation:
    """A connection from an office to a VM's port 443 that has carried something both ways."""
    target = address_of(streets.plan, vm, version)
    with streets.listen(SERVERS[vm], target, 443) as server:
        found = streets.connect(office, OFFICES[office][version], target, server)
    assert found is not None
    assert found.carries(b"first")
    assert found.carries(b"answer", back=True)
    return found


def test_a_change_elsewhere_leaves_a_connection_alone(streets: Town, version: int) -> None:
    """The next word may come from either end."""
    streets.load(_text(streets.plan))
    talk = _talk(streets, HOSPITAL, SIMRS, version)
    streets.load(_text(streets.plan, without="dukcapil/office-to-siak"))
    assert talk.carries(b"from the server", back=True)
    streets.load(_text(streets.plan))
    assert talk.carries(b"from the client")


@pytest.mark.parametrize("back", [False, True])
def test_a_change_that_forbids_it_ends_a_connection(streets: Town, version: int, *, back: bool) -> None:
    """Whoever speaks first after it; and what allows it again lets it go on."""
    streets.load(_text(streets.plan))
    talk = _talk(streets, HOSPITAL, SIMRS, version)
    streets.load(_text(streets.plan, without="rsud/office-to-simrs"))
    assert not talk.carries(b"one way", back=back)
    assert not talk.carries(b"the other", back=not back)


def test_a_connection_without_a_look_at_its_mark_would_go_on(streets: Town, version: int) -> None:
    """The case above fails with the usual rule for established connections."""
    streets.load(_text(streets.plan))
    talk = _talk(streets, HOSPITAL, SIMRS, version)
    tight = _text(streets.plan, without="rsud/office-to-simrs")
    usual = tight.replace(
        "ct state { established, related } ct mark $generation", "ct state { established, related }"
    )
    assert usual != tight
    streets.load(usual)
    assert talk.carries(b"still here")


def test_a_dated_flow_ends_with_its_day_and_with_it_its_connections(streets: Town, version: int) -> None:
    """Also once its lines are gone from the site; a lasting flow to the same VM goes on."""
    text, over = _ending(_text(streets.plan), date(2027, 3, 31), 1)
    streets.load(text)
    dated, lasting = _talk(streets, AUDITORS, SIMRS, version), _talk(streets, HOSPITAL, SIMRS, version)
    _wait(over)
    assert not dated.carries(b"too late", back=True)
    assert not dated.carries(b"too late as well")
    assert lasting.carries(b"still here")
    streets.load(_text(streets.plan, without="rsud/audit-to-simrs"))
    assert not dated.carries(b"and now", back=True)
    assert lasting.carries(b"here too")


def test_a_dated_flow_that_is_longer_now_goes_on(streets: Town, version: int) -> None:
    streets.load(_text(streets.plan))
    talk = _talk(streets, AUDITORS, SIMRS, version)
    text, _ = _ending(_text(streets.plan), date(2027, 3, 31), 3600)
    streets.load(text)
    assert talk.carries(b"longer", back=True)
    assert talk.carries(b"longer still")


def test_a_sanction_cuts_what_stands_and_ends_by_itself(streets: Town, version: int) -> None:
    streets.load(_text(streets.plan))
    talk = _talk(streets, VILLAGE, SIAK, version)
    text, over = _ending(_text(streets.plan, blocks=True), date(2027, 1, 31), 2)
    streets.load(text)
    assert not talk.carries(b"to", back=False)
    assert not talk.carries(b"from", back=True)
    assert streets.counter("blocked") > 0
    _wait(over)
    assert _talk(streets, VILLAGE, SIAK, version).carries(b"again")


def test_a_sanction_on_a_published_vm_reaches_the_internets_connections(streets: Town, version: int) -> None:
    """Before the translation's target is anything else: the packet is known by the VM's own address."""
    plan = streets.plan
    (block,) = plan.gateways[0].blocked
    address = address_of(plan, SIAK, version)
    inside = tuple(
        net for rule in plan.gateways[0].forward for net in rule.destinations if str(net[0]) == address
    )
    blocked = dataclasses.replace(
        plan.gateways[0], blocked=(dataclasses.replace(block, prefixes=inside[:1]),)
    )
    streets.load(_text(plan))
    talk = _published(streets, version)
    assert talk is not None
    streets.load(render_nftables(plan, blocked))
    assert not talk.carries(b"to")
    assert not talk.carries(b"from", back=True)
    assert _published(streets, version) is None


def _published(streets: Town, version: int) -> Conversation | None:
    """A connection from the internet to the register: at its public address, or at its own over IPv6."""
    target = address_of(streets.plan, SIAK, version)
    public = next(item.address for item in streets.plan.public if item.name == "dukcapil-own")
    asked = str(public) if version == 4 else target
    with streets.listen(SERVERS[SIAK], target, 443) as server:
        return streets.connect("internet", STRANGER[version], asked, server)


def test_a_dated_publication_ends_with_its_connections(streets: Town, version: int) -> None:
    text, over = _ending(_text(streets.plan), date(2027, 6, 30), 1)
    streets.load(text)
    talk = _published(streets, version)
    assert talk is not None
    assert talk.carries(b"in")
    assert talk.carries(b"out", back=True)
    _wait(over)
    assert not talk.carries(b"late")
    assert not talk.carries(b"late", back=True)
    assert _published(streets, version) is None


def test_errors_about_a_dated_flow_are_heard_while_it_lasts(streets: Town, version: int) -> None:
    """An ICMP error has no ports: it is known by its connection. Without it a path's smaller packets would be lost."""
    import socket

    plan = streets.plan
    udp = Service.parse("udp/5555")

    def widened(rule: ForwardRule) -> ForwardRule:
        return dataclasses.replace(rule, services=(udp,)) if rule.key == "rsud/audit-to-simrs" else rule

    gateway = dataclasses.replace(plan.gateways[0], forward=tuple(map(widened, plan.gateways[0].forward)))
    text = render_nftables(plan, gateway)
    target = address_of(plan, SIMRS, version)

    def refused() -> bool:
        """Whether a packet to a port where nobody listens is answered by the VM's own kernel."""
        kind = socket.AF_INET6 if version == 6 else socket.AF_INET
        client = streets.at(AUDITORS, lambda: socket.socket(kind, socket.SOCK_DGRAM))
        with client:
            client.settimeout(0.4)
            client.connect((target, 5555))
            client.send(b"anybody?")
            try:
                client.recv(100)
            except ConnectionRefusedError:
                return True
            except TimeoutError:
                return False
        return False

    streets.load(text)
    assert refused()
    streets.load(re.sub(r"\t\tct state related jump errors\n", "", text))
    assert not refused()
