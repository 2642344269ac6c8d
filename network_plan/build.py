# SPDX-License-Identifier: GPL-3.0-or-later
"""Composes the steps: texts → Site and Ledger → Plan. The order of the line stands here only."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from network_plan import files
from network_plan.allocate.allot import allot
from network_plan.allocate.declared import check_retired
from network_plan.allocate.fit import check_fit
from network_plan.allocate.history import check_history
from network_plan.allocate.replay import check_ledger
from network_plan.derive.applications import derive_applications
from network_plan.derive.clusters import derive_clusters
from network_plan.derive.flows import derive_flows
from network_plan.derive.gateway import derive_gateway
from network_plan.derive.guests import derive_guests
from network_plan.derive.names import derive_names
from network_plan.derive.networks import derive_networks, derive_public, derive_reservations
from network_plan.derive.recovery import (
    derive_place,
    derive_risks,
    derive_role,
    derive_tiers,
    derive_tunnels,
)
from network_plan.derive.replication import derive_replication
from network_plan.model.blocked import BlockedList
from network_plan.model.finding import Finding, Severity
from network_plan.model.ledger import Entry, Ledger
from network_plan.model.plan import SCHEMA, DatedException, Plan, Sanction
from network_plan.model.site import Site
from network_plan.model.tenant import Tenant
from network_plan.parse.document import Positions
from network_plan.parse.ledger import parse_ledger
from network_plan.parse.references import check_references
from network_plan.parse.site import parse_site
from network_plan.policy import check_policy

SITE_FILES = ("yml", "yaml", "txt")
"""What of a site's folder is read, by its ending: declarations, and lists of names."""


class PlanError(Exception):
    """The input is wrong; ``findings`` says everything that is, with places."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(map(str, self.findings)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found.

    Attributes:
        site: ``None`` where the files' form is wrong.
        plan: ``None`` where anything stands in its way (incomplete ledger, wrong input).
        missing: ledger lines that ``awan allot`` would write.
        findings: errors first, each with its place, in the order of files and lines.
    """

    site: Site | None
    ledger: Ledger
    plan: Plan | None
    missing: tuple[Entry, ...]
    findings: tuple[Finding, ...]

    @property
    def report(self) -> tuple[Finding, ...]:
        """The findings as people read them, with one more for all missing lines where they can be written."""
        if self.missing and not any(finding.in_the_way for finding in self.errors):
            return (missing_finding(self.missing), *self.findings)
        return self.findings

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop the line."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


def derive_plan(site: Site, ledger: Ledger) -> Plan:
    """Site and complete ledger → the Plan. Pure and deterministic."""
    live = ledger.live()
    role = derive_role(ledger)
    networks = derive_networks(site, live)
    public = derive_public(site, live)
    flows = derive_flows(site, live, networks)
    guests = derive_guests(site, live, networks, flows, role)
    clusters = derive_clusters(site, live, networks, flows, guests)
    gateways = (derive_gateway(site, networks, flows, public, guests),)
    operator = site.regency.operator
    tiers = derive_tiers(site)
    tunnels = derive_tunnels(site)
    return Plan(
        schema=SCHEMA,
        serial=ledger.lines,
        regency=site.regency.name,
        domain=site.regency.domain,
        operator=operator,
        utc_offset_hours=site.regency.utc_offset_hours,
        role=role,
        tenants=tuple(
            Tenant(
                key=key,
                name=tenant.name,
                kind=tenant.kind.value,
                type=tenant.type,
                duty=tenant.duty,
                pool=key,
                operator=key == operator,
                source=tenant.source,
            )
            for key, tenant in sorted(site.tenants.items())
        ),
        networks=networks,
        clusters=clusters,
        guests=guests,
        public=public,
        gateways=gateways,
        flows=flows,
        exceptions=tuple(
            DatedException(
                key=key,
                tenant=item.tenant,
                kind=item.kind,
                until=item.until,
                reason=item.reason,
                source=item.source,
            )
            for key, item in sorted(site.services.exceptions.items())
        ),
        names=derive_names(site, clusters, guests, gateways, public),
        tiers=tiers,
        tunnels=tunnels,
        replication=derive_replication(guests, tiers, tunnels, role),
        applications=derive_applications(site),
        reservations=derive_reservations(site, live),
        sanctions=tuple(
            Sanction(
                key=key,
                target=item.target,
                measure=item.measure,
                rate_kbit=item.rate_kbit,
                until=item.until,
                reason=item.reason,
                source=item.source,
            )
            for key, item in sorted(site.services.sanctions.items())
        ),
        blocked=tuple(
            BlockedList(
                key=key, title=item.title, reason=item.reason, names=site.blocked[key], source=item.source
            )
            for key, item in sorted(site.services.blocked.items())
        ),
        posts={post.value: number for post, number in sorted(site.regency.posts.items())},
        risks=derive_risks(site),
        recovery_place=derive_place(site),
        shifts=dict(sorted(site.dr.shifts.items())),
        facilities=site.facilities,
    )


def _placed(findings: Iterable[Finding], positions: Positions) -> tuple[Finding, ...]:
    """Findings with their place looked up, errors first, then in the order of files and lines."""
    placed = [
        finding
        if finding.place or not finding.path
        else dataclasses.replace(finding, place=positions.of(finding.path))
        for finding in findings
    ]
    unique = dict.fromkeys(placed)
    return tuple(
        sorted(
            unique,
            key=lambda f: (
                f.severity is Severity.WARNING,
                f.place.file if f.place else "",
                f.place.line if f.place else 0,
                f.place.column if f.place else 0,
                f.rule,
                f.what,
            ),
        )
    )


def check_texts(
    site_texts: Mapping[str, str],
    ledger_texts: Mapping[str, str],
    *,
    today: date | None = None,
    before: Mapping[str, str] | None = None,
    shown: tuple[str, str] = ("site", "ledger"),
) -> Checked:
    """Everything that can be said about a site and its ledger, in one run.

    Each step is taken as long as the ones before found nothing that it stands on: policy is judged on
    the Plan as it will be once the missing lines are written, which is handed out only when they are.

    Args:
        site_texts, ledger_texts: file names relative to their folder → text.
        today: the day for dated exceptions; ``None`` judges no dates.
        before: the ledger's texts at the merge base, where history is known.
        shown: the two folders as they appear in messages.
    """
    parsed = parse_site(site_texts, shown[0])
    ledger, ledger_findings = parse_ledger(ledger_texts, shown[1])
    findings = [*parsed.findings, *ledger_findings]
    site = parsed.site
    missing: tuple[Entry, ...] = ()
    plan: Plan | None = None
    if site is not None:
        findings += check_references(site, parsed.lost)
        clusters = None if parsed.lost else frozenset(site.clusters.clusters)
        findings += check_ledger(ledger, clusters, shown[1], today)
    if site is not None and not findings:
        findings += check_fit(site, ledger)
        missing, full = allot(site, ledger)
        findings += full
        if not findings:
            complete = ledger.plus(missing) if missing else ledger
            plan = derive_plan(site, complete)
            findings += check_policy(plan, today)
            findings += check_retired(site, ledger)
    if before is not None:
        findings += check_history(before, ledger_texts, shown[1])
    return Checked(
        site=None if parsed.findings else site,
        ledger=ledger,
        plan=None if missing else plan,
        missing=missing,
        findings=_placed(findings, parsed.positions),
    )


def check(
    site_dir: files.Folder,
    ledger_dir: files.Folder | None = None,
    *,
    today: date | None = None,
    before: Mapping[str, str] | None = None,
) -> Checked:
    """:func:`check_texts` on folders; the ledger is ``ledger`` beside the site unless named."""
    ledger_dir = ledger_dir or site_dir.parent / "ledger"
    return check_texts(
        files.read_texts(site_dir, *SITE_FILES),
        files.read_texts(ledger_dir, "ledger", missing_ok=True),
        today=today,
        before=before,
        shown=(files.shown(site_dir), files.shown(ledger_dir)),
    )


def load_plan(site_dir: files.Folder, ledger_dir: files.Folder | None = None) -> Plan:
    """The Plan of a site.

    Raises:
        PlanError: the input is wrong or the ledger incomplete; nothing is allotted here.
    """
    result = check(site_dir, ledger_dir)
    if result.plan is None or result.errors:
        findings = list(result.errors)
        if result.missing:
            findings.append(missing_finding(result.missing))
        raise PlanError(findings)
    return result.plan


def missing_finding(missing: tuple[Entry, ...]) -> Finding:
    """One finding for all lines that the ledger lacks."""
    keys = ", ".join(f"{entry.kind.value} of {entry.key}" for entry in missing[:3])
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    return Finding(
        severity=Severity.ERROR,
        rule="ledger/missing",
        what=f"not allotted yet: {keys}{more}",
        cure="run 'awan allot' and commit the new lines",
    )
