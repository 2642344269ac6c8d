# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that two things would share in PVE, and names that are too long or too short for it."""

from __future__ import annotations

from collections.abc import Iterator

from network_plan.model.finding import type_path
from network_plan.model.site import Flow
from network_plan.model.site.endpoint import EndpointKind, EndpointRef, parse_endpoint, pve_name
from network_plan.parse.references.check import Check

_LONGEST_NAME = 64
"""An alias's or ipset's name in PVE (pve-firewall, ``$ip_alias_pattern`` and ``ipset-name``)."""
_GROUP = range(2, 19)
"""Length of a security group's name in PVE (pve-firewall, ``$security_group_name_pattern``)."""


def check_names(check: Check) -> None:
    """Names of VMs, of endpoints and of security groups."""
    _vms(check)
    _endpoints(check)
    _groups(check)
    _hosts_in_dns(check)


def _vms(check: Check) -> None:
    seen: dict[str, str] = {}
    for key in sorted(check.vms):
        tenant, _, name = key.partition("/")
        other = seen.setdefault(f"{tenant}-{name}", key)
        if other != key:
            what = f"{key} and {other} would both be called {tenant}-{name}"
            check.fail("site/duplicate", what, "rename one of the two", "tenants", tenant, "vms", name)


def _sources(check: Check) -> Iterator[tuple[str, EndpointRef, type_path]]:
    """Every endpoint that a rule names as its source, with its place."""
    site = check.site
    places: list[tuple[str, Flow, type_path]] = [
        (tenant_id, flow, ("tenants", tenant_id, "flows", name))
        for tenant_id, tenant in site.tenants.items()
        for name, flow in tenant.flows.items()
    ]
    places += [
        (site.regency.operator, flow, ("services", "flows", name))
        for name, flow in site.services.flows.items()
    ]
    for tenant_id, flow, path in places:
        for index, text in enumerate(flow.from_):
            try:
                ref = parse_endpoint(text, tenant_id)
            except ValueError:
                continue  # reported with the flow
            yield str(ref), ref, (*path, "from", index)


def _endpoints(check: Check) -> None:
    seen: dict[str, str] = {}
    for text, ref, path in sorted(_sources(check), key=lambda item: (item[0], item[2][:2])):
        name = pve_name(text)
        if len(name) > _LONGEST_NAME:
            what = f"{text!r} has {len(name)} characters, a name in PVE {_LONGEST_NAME}"
            check.fail("site/name", what, f"shorten the {ref.kind.value}'s name", *path)
        other = seen.setdefault(name, text)
        if other != text:
            what = f"{text!r} and {other!r} would share the name {name} in PVE"
            check.fail("site/duplicate", what, "rename one of the two", *path)


def _groups(check: Check) -> None:
    """A flow to whole networks becomes a security group that bears its name."""
    site = check.site
    flows: list[tuple[str, str, type_path]] = [
        (name, flow.to, ("tenants", tenant_id, "flows", name))
        for tenant_id, tenant in sorted(site.tenants.items())
        for name, flow in tenant.flows.items()
    ]
    flows += [(name, flow.to, ("services", "flows", name)) for name, flow in site.services.flows.items()]
    seen: dict[str, type_path] = {}
    for name, target, path in flows:
        if target.partition(":")[0] in (EndpointKind.VM.value, EndpointKind.GATEWAY.value):
            continue
        if len(name) not in _GROUP:
            what = f"{name!r} names a security group, which has 2 to 18 characters in PVE"
            check.fail("site/name", what, "rename the flow", *path)
        other = seen.setdefault(name, path)
        if other != path:
            where = ".".join(map(str, other))
            what = f"{name!r} names a security group, and {where} does so too"
            check.fail("site/duplicate", what, "rename one of the two flows", *path)


def _hosts_in_dns(check: Check) -> None:
    """A publication and a hosted subdomain are names of the same zone; the hosting's own publication may be any."""
    site = check.site
    hosting = site.services.hosting
    if hosting is None:
        return
    hosted = {"www", *(key for key, tenant in site.tenants.items() if tenant.subdomain)}
    for name in sorted(hosted & set(site.services.publish) - {hosting.publication}):
        what = f"the publication {name!r} and the hosted subdomain {name!r} would be one name in DNS"
        cure = "rename the publication, or write 'subdomain: false' into the tenant's file"
        check.fail("site/duplicate", what, cure, "services", "publish", name)
