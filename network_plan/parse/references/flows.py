# SPDX-License-Identifier: GPL-3.0-or-later
"""Both ends of every flow are there, and it says which ports."""

from __future__ import annotations

from network_plan.model.finding import type_path
from network_plan.model.site import Flow
from network_plan.model.site.endpoint import EndpointKind, EndpointRef, parse_endpoint
from network_plan.parse.references.check import Check


def check_flows(check: Check) -> None:
    """Flows of the tenants and of the regency, and the sources of every egress."""
    site = check.site
    operator = site.regency.operator
    for tenant_id, tenant in site.tenants.items():
        for name, flow in tenant.flows.items():
            _flow(check, tenant_id, flow, ("tenants", tenant_id, "flows", name))
    for name, flow in site.services.flows.items():
        _flow(check, operator, flow, ("services", "flows", name))
    for name, egress in site.services.egress.items():
        path = ("services", "egress", name)
        check.services(egress.ports, *path, "ports")
        for index, text in enumerate(egress.from_):
            _source(check, operator, text, (*path, "from", index))


def _flow(check: Check, owner: str, flow: Flow, path: type_path) -> None:
    services = check.services(flow.ports, *path, "ports")
    for index, text in enumerate(flow.from_):
        _source(check, owner, text, (*path, "from", index))
    ref = _parsed(check, owner, flow.to, (*path, "to"))
    if ref is None:
        return
    if ref.kind is EndpointKind.INTERNET:
        what = "a flow can't lead to the internet"
        check.fail("site/flow", what, "write an egress in services.yml", *path, "to")
    elif not _exists(check, ref, (*path, "to")) or flow.ports:
        return
    elif ref.kind is not EndpointKind.VM:
        check.fail("site/flow", f"a flow to {flow.to!r} names no ports", "name them", *path)
    elif not check.vms[ref.key].serves and not services:
        check.fail("site/flow", f"{ref.key} serves nothing", "name the ports", *path, "to")


def _source(check: Check, owner: str, text: str, path: type_path) -> None:
    ref = _parsed(check, owner, text, path)
    if ref is None:
        return
    if ref.kind is EndpointKind.INTERNET:
        what, cure = "a flow can't come from the internet", "publish a VM in services.yml"
        check.fail("site/flow", what, cure, *path)
    elif ref.kind is EndpointKind.GATEWAY:
        what, cure = "a flow can't come from the gateway, whose own packets nothing filters", "name a network"
        check.fail("site/flow", what, cure, *path)
    else:
        _exists(check, ref, path)


def _parsed(check: Check, owner: str, text: str, path: type_path) -> EndpointRef | None:
    try:
        return parse_endpoint(text, owner)
    except ValueError as error:
        check.sentence("site/endpoint", error, *path)
        return None


def _exists(check: Check, ref: EndpointRef, path: type_path) -> bool:
    """Whether what an endpoint names is there."""
    if ref.kind is EndpointKind.VM:
        return check.known("vm", ref.key, check.vms, *path)
    if ref.kind is EndpointKind.NETWORK:
        return check.known("network", ref.key, check.networks, *path)
    if ref.kind is not EndpointKind.OFFICE:
        return True
    if not check.known("tenant", ref.tenant, check.site.tenants, *path):
        return False
    if ref.name:
        return check.known("office", ref.key, check.offices, *path)
    if check.site.tenants[ref.tenant].offices or not check.whole:
        return True
    what = f"{ref.tenant} has no office"
    check.fail("site/flow", what, "declare one, or name another source", *path)
    return False
