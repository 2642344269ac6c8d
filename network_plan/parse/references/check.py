# SPDX-License-Identifier: GPL-3.0-or-later
"""What every subject uses: the site, its findings so far, and the look-up of a word with the nearest known."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from network_plan.model.finding import Finding, Severity
from network_plan.model.service import Service
from network_plan.model.site import Site
from network_plan.model.site.expand import declared_networks

_MANY = 12


class Check:
    """One run over one site.

    Attributes:
        networks: every declared network by key.
        vms: every VM by key.
        offices: every office as ``tenant/name``.
        whole: whether everything could be read, so that what is not here is nowhere.
    """

    def __init__(self, site: Site, lost: frozenset[str]) -> None:
        self.site = site
        self.findings: list[Finding] = []
        self.networks = {network.key: network for network in declared_networks(site)}
        self.vms = {f"{t}/{v}": vm for t, tenant in site.tenants.items() for v, vm in tenant.vms.items()}
        self.offices = {f"{t}/{o}" for t, tenant in site.tenants.items() for o in tenant.offices}
        self.whole = not lost
        self._lost = lost

    def fail(self, rule: str, what: str, cure: str, *path: str | int) -> None:
        """Note an error at a key path."""
        self.findings.append(Finding(severity=Severity.ERROR, rule=rule, what=what, cure=cure, path=path))

    def was_lost(self, name: str) -> bool:
        """Whether a name, or a part of it, could not be read and so may well exist."""
        return any(part in self._lost for part in (name, *name.split("/")))

    def known(self, kind: str, name: str, among: Collection[str], *path: str | int) -> bool:
        """Whether a word is one of the known ones; else a finding with the nearest of them."""
        if name in among:
            return True
        if self.was_lost(name):
            return False
        names = sorted(among)
        last = name.rpartition("/")[2]
        near = [other for other in names if other.endswith(f"/{last}")]
        near = near[:1] or difflib.get_close_matches(name.lower(), names, n=1)
        shown = ", ".join(names[:_MANY]) + (", ..." if len(names) > _MANY else "")
        cure = f"did you mean {near[0]!r}?" if near else f"known: {shown or 'none'}"
        self.fail(f"site/{kind}", f"there is no {kind} {name!r}", cure, *path)
        return False

    def services(self, texts: Sequence[str], *path: str | int) -> list[Service]:
        """The services that a list names; a finding for each text that is none."""
        found = []
        for index, text in enumerate(texts):
            try:
                found.append(Service.parse(text))
            except ValueError as error:
                self.sentence("site/service", error, *path, index)
        return found

    def sentence(self, rule: str, error: ValueError, *path: str | int) -> None:
        """A finding from an error of the model: its text is 'what; cure' already."""
        what, _, cure = str(error).partition("; ")
        self.fail(rule, what, cure, *path)
