# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches what: the first packet of a flow, followed through both walls of the Plan.

Judged on prefixes, from the same compiled rules that the gateway and Proxmox VE get. ``yes`` means that
every address of the source may open the flow (its replies follow by state); a source of which only a
part may is answered ``no``, and the step says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Address, IPv4Network, ip_network

from network_plan.model.firewall import Rule
from network_plan.model.gateway import Gateway
from network_plan.model.guest import Guest
from network_plan.model.network import IpNetwork, Network
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.model.site.endpoint import EndpointKind, parse_endpoint


class ReachError(Exception):
    """The question names nothing in the Plan; the text says what it could name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to the packet: where, by which rule, and whether it went on."""

    where: str
    rule: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Yes or no, with the path that decides it."""

    reachable: bool
    source: str
    target: str
    service: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """A side of the question: its prefix, and what stands there."""

    text: str
    prefix: IPv4Network
    network: Network | None
    guest: Guest | None
    internet: bool


def _network_at(plan: Plan, prefix: IPv4Network) -> Network | None:
    for network in plan.networks:
        if any(
            own.version == 4 and prefix.subnet_of(own)
            for own in network.prefixes
            if isinstance(own, IPv4Network)
        ):
            return network
    return None


def _guest_at(plan: Plan, prefix: IPv4Network) -> Guest | None:
    for guest in plan.guests:
        if guest.running and any(a.ip == prefix.network_address for nic in guest.nics for a in nic.addresses):
            return guest if prefix.prefixlen == 32 else None
    return None


def _side(plan: Plan, text: str, prefix: IPv4Network) -> _Side:
    network = _network_at(plan, prefix)
    return _Side(
        text=text, prefix=prefix, network=network, guest=_guest_at(plan, prefix), internet=network is None
    )


def _sides(plan: Plan, text: str) -> list[_Side]:
    """What a word of the question means: an address, a prefix, ``internet``, a VM, a network, a tenant's office."""
    if text == "internet":
        return [_Side(text=text, prefix=IPv4Network("0.0.0.0/0"), network=None, guest=None, internet=True)]
    try:
        return [_side(plan, text, IPv4Network(text))]
    except ValueError:
        pass
    word = text.partition(":")[0]
    if word in {kind.value for kind in EndpointKind}:
        try:
            ref = parse_endpoint(text, plan.operator)
        except ValueError as error:
            raise ReachError(str(error)) from error
        if ref.kind is EndpointKind.VM:
            return _sides(plan, ref.key)
        if ref.kind is EndpointKind.GATEWAY:
            return [_side(plan, text, IPv4Network(plan.gateways[0].management))]
        roles = {"offices": ("office",), "servers": ("servers", "dmz"), "management": ("management",)}
        chosen = [
            network
            for network in plan.networks
            if network.role in roles.get(ref.kind.value, ())
            or (ref.kind is EndpointKind.NETWORK and network.key == ref.key)
            or (
                ref.kind is EndpointKind.OFFICE
                and network.role == "office"
                and network.tenant == ref.tenant
                and ref.name in ("", network.name.removeprefix("office-"))
            )
        ]
    else:
        for guest in plan.guests:
            if guest.running and text in (guest.key, guest.name, guest.fqdn, str(guest.vmid)):
                return [_side(plan, guest.key, IPv4Network(guest.nics[0].addresses[0].ip))]
        for name in plan.names:
            if name.fqdn == text:
                return [_side(plan, text, IPv4Network(str(name.addresses[0])))]
        for public in plan.public:
            if public.name == text:
                return [_side(plan, text, IPv4Network(public.address))]
        chosen = [network for network in plan.networks if network.key == text]
    if not chosen:
        raise ReachError(
            f"{text!r} is nothing in the Plan; name an address, tenant/vm, tenant/network, office:TENANT, "
            "a public service or 'internet'"
        )
    return [
        _side(plan, network.key, prefix)
        for network in chosen
        for prefix in network.prefixes
        if isinstance(prefix, IPv4Network)
    ]


def _inside(prefix: IPv4Network, among: tuple[IpNetwork, ...]) -> bool:
    return any(isinstance(other, IPv4Network) and prefix.subnet_of(other) for other in among)


def _carries(services: tuple[Service, ...], service: Service) -> bool:
    return any(item.covers(service) for item in services)


def _dnat(
    gateway: Gateway, target: _Side, service: Service, today: date | None
) -> tuple[IPv4Address, str] | None:
    for rule in gateway.dnat:
        if target.prefix == IPv4Network(rule.public) and _carries(rule.services, service):
            if rule.until is None or today is None or today <= rule.until:
                return rule.target, rule.key
    return None


def _forward(
    gateway: Gateway, source: _Side, target: _Side, service: Service, translated: bool, today: date | None
) -> str | None:
    """The key of the forward rule that lets the packet pass, or ``None``."""
    for rule in gateway.forward:
        if rule.until is not None and today is not None and today > rule.until:
            continue
        if rule.services and not _carries(rule.services, service):
            continue
        if rule.to_internet:
            if target.internet and _inside(source.prefix, rule.sources):
                return rule.key
        elif rule.from_internet:
            if source.internet and translated and _inside(target.prefix, rule.destinations):
                return rule.key
        elif not source.internet and not target.internet:
            if _inside(source.prefix, rule.sources) and _inside(target.prefix, rule.destinations):
                return rule.key
    return None


def _named(plan: Plan, cluster: str, source: str) -> tuple[IpNetwork, ...]:
    """What ``dc/alias``, ``+dc/ipset`` or a CIDR in a rule stands for."""
    firewall = plan.cluster(cluster).firewall
    if source.startswith("+dc/"):
        cidrs = next(ipset.cidrs for ipset in firewall.ipsets if ipset.name == source[4:])
    elif source.startswith("dc/"):
        cidrs = (next(alias.cidr for alias in firewall.aliases if alias.name == source[3:]),)
    else:
        cidrs = (source,)
    return tuple(ip_network(cidr) for cidr in cidrs)


def _expanded(plan: Plan, guest: Guest) -> Iterator[tuple[str, Rule]]:
    groups = {group.name: group for group in plan.cluster(guest.cluster).firewall.groups}
    for rule in guest.firewall.rules:
        if rule.direction == "group":
            yield from ((f"{rule.action}/{inner.key}", inner) for inner in groups[rule.action].rules)
        else:
            yield rule.key, rule


def _guest_in(plan: Plan, guest: Guest, source: _Side, service: Service) -> Step:
    """The second wall: the target VM's own rules, first match."""
    where = f"firewall of VM {guest.vmid} ({guest.key})"
    for key, rule in _expanded(plan, guest):
        if rule.direction != "in" or (rule.proto and rule.proto != service.proto):
            continue
        if rule.dport:
            first, _, last = rule.dport.partition(":")
            if not (int(first) <= service.first and service.last <= int(last or first)):
                continue
        if rule.source and not _inside(source.prefix, _named(plan, guest.cluster, rule.source)):
            continue
        return Step(where=where, rule=key, passed=rule.action == "ACCEPT")
    return Step(
        where=where, rule=f"policy {guest.firewall.policy_in}", passed=guest.firewall.policy_in == "ACCEPT"
    )


def _to_gateway(gateway: Gateway, source: _Side, target: _Side, service: Service) -> Step | None:
    own = [address.ip for interface in gateway.interfaces for address in interface.addresses]
    if target.prefix.prefixlen != 32 or target.prefix.network_address not in own:
        return None
    where = f"gateway {gateway.host} (input)"
    if source.internet:
        return Step(where=where, rule="nothing comes in by the WAN", passed=False)
    if service.proto == "icmp":
        return Step(where=where, rule="echo from inside", passed=True)
    for rule in gateway.input:
        if _carries(rule.services, service) and _inside(source.prefix, rule.sources):
            return Step(where=where, rule=rule.key, passed=True)
    return Step(where=where, rule="policy drop", passed=False)


def _ask(plan: Plan, source: _Side, target: _Side, service: Service, today: date | None) -> Answer:
    gateway = plan.gateways[0]
    steps: list[Step] = []
    text = target.text

    def answer(reachable: bool) -> Answer:
        return Answer(
            reachable=reachable, source=source.text, target=text, service=str(service), steps=tuple(steps)
        )

    if source.guest is not None:
        steps.append(
            Step(
                where=f"firewall of VM {source.guest.vmid} ({source.guest.key})",
                rule=f"policy {source.guest.firewall.policy_out} (out), own address only",
                passed=source.guest.firewall.policy_out == "ACCEPT",
            )
        )
    translated = _dnat(gateway, target, service, today)
    if translated is not None:
        address, key = translated
        steps.append(
            Step(where=f"gateway {gateway.host} (publish)", rule=f"{key}: to {address}", passed=True)
        )
        target = _side(plan, str(address), IPv4Network(address))
    elif target.prefix.subnet_of(gateway.public):
        steps.append(Step(where=f"gateway {gateway.host}", rule="nothing is published there", passed=False))
        return answer(False)
    local = _to_gateway(gateway, source, target, service)
    if local is not None:
        steps.append(local)
        return answer(local.passed)
    same = source.network is not None and source.network == target.network
    if same and translated is not None:
        where = f"gateway {gateway.host} (forward)"
        steps.append(Step(where=where, rule="not back into the network it came from", passed=False))
        return answer(False)
    if same and source.network is not None:
        steps.append(
            Step(where=f"network {source.network.key}", rule="neighbours, no gateway between", passed=True)
        )
    elif source.internet and target.internet:
        steps.append(Step(where="internet", rule="neither side is behind the gateway", passed=False))
        return answer(False)
    else:
        rule = _forward(gateway, source, target, service, translated is not None, today)
        where = f"gateway {gateway.host} (forward)"
        steps.append(Step(where=where, rule=rule or "policy drop", passed=rule is not None))
        if rule is None:
            return answer(False)
    if target.guest is not None:
        steps.append(_guest_in(plan, target.guest, source, service))
        if steps[-1].passed and not _carries(_listens(target.guest), service):
            steps.append(Step(where=f"VM {target.guest.vmid}", rule=f"serves no {service}", passed=False))
        return answer(steps[-1].passed)
    if not target.internet and target.prefix.prefixlen == 32 and target.network and target.network.vnet:
        if target.network.role in ("servers", "dmz"):
            steps.append(
                Step(where=f"network {target.network.key}", rule="no VM has this address", passed=False)
            )
            return answer(False)
    return answer(True)


def _listens(guest: Guest) -> tuple[Service, ...]:
    """What answers on a VM: what it serves, its sshd, and echo."""
    return (
        *guest.serves,
        Service(proto="tcp", first=22, last=22),
        Service(proto="icmp", first=0, last=0),
    )


def reach(plan: Plan, source: str, target: str, service: str, today: date | None = None) -> Answer:
    """May ``source`` open ``service`` to ``target``?

    Args:
        plan: the Plan.
        source, target: an address, a prefix, ``tenant/vm``, ``tenant/network``, ``office:TENANT``,
            a DNS name, the name of a public service, or ``internet``.
        service: ``tcp/443`` (or ``443/tcp``), ``icmp``.
        today: the day asked about; ``None`` takes dated flows as running.

    Returns:
        The answer for all of the source and all of the target: the first refusal where there is one.

    Raises:
        ReachError: a word means nothing here.
    """
    port, _, proto = service.partition("/")
    try:
        wanted = Service.parse(f"{proto}/{port}" if port.replace("-", "").isdigit() else service)
    except ValueError as error:
        raise ReachError(str(error)) from error
    answers = [
        _ask(plan, one, other, wanted, today)
        for one in _sides(plan, source)
        for other in _sides(plan, target)
    ]
    return next((answer for answer in answers if not answer.reachable), answers[0])
