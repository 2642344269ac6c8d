# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS: the resolver's local data at the gateway (unbound) and the public zone as a file (RFC 1035)."""

from __future__ import annotations

from network_plan.model.gateway import Gateway
from network_plan.model.network import Name
from network_plan.model.plan import Plan
from network_plan.model.service import Service
from network_plan.render.template import print_template

_DNS = Service(proto="udp", first=53, last=53)


def _records(names: list[Name]) -> list[tuple[str, str, str]]:
    return [
        (name.fqdn, "A" if address.version == 4 else "AAAA", str(address))
        for name in names
        for address in name.addresses
    ]


def render_resolver(plan: Plan, gateway: Gateway) -> str:
    """Unbound's ``server:`` part: where it listens, whom it answers, the regency's own names."""
    names = [name for name in plan.names if name.view == "internal"]
    return print_template(
        "unbound.conf.j2",
        {
            "domain": plan.domain,
            "listen": [str(address) for address in gateway.listen],
            "allow": [str(prefix) for prefix in gateway.internal],
            "records": _records(names),
            "reverse": [(str(address), name.fqdn) for name in names for address in name.addresses],
            "forward": [str(address) for address in gateway.resolvers],
        },
    )


def render_zone(plan: Plan) -> str:
    """The public zone: only what is published. Its serial is the Plan's, which only grows.

    Its name servers are the published ones that answer UDP port 53. Without any the zone names
    ``localhost``: it is whole, and nobody on the internet is sent to an address that does not answer.
    """
    names = [name for name in plan.names if name.view == "public"]
    servers = sorted(
        f"{rule.key.partition('/')[2]}.{plan.domain}"
        for gateway in plan.gateways
        for rule in gateway.dnat
        if any(service.covers(_DNS) for service in rule.services)
    ) or ["localhost"]
    return print_template(
        "zone.j2",
        {
            "domain": plan.domain,
            "serial": plan.serial,
            "records": _records(names),
            "servers": servers,
        },
    )
