# SPDX-License-Identifier: GPL-3.0-or-later
"""/cluster/options: settings of the whole cluster (datacenter.cfg). There is one, always.

Only what the program declares is managed. What it stops declaring, and all of it when the resource is deleted, goes
back to PVE's default. PVE takes texts like `type=secure,network=…` and gives them back taken apart, so that they are
compared in the order of their names.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ...collection import from_pve
from ...definition import Field, Kind, Resource
from ...handler import Change, Handler, Making
from ...normal import description, options
from ...run import Run
from ...wire import Values

PATH = "/cluster/options"
IDENT = "cluster"
PVES_MACS = "BC:24:11"
"""The prefix that PVE tells where none is set: Proxmox's own."""


def _options(name: str, doc: str, api: str = "", first: str = "") -> Field:
    return Field(name=name, doc=doc, api=api, normal=partial(options, first=first))


FIELDS = (
    Field(name="keyboard", doc="The keyboard of consoles, e.g. en-us."),
    Field(name="language", doc="The language of PVE's pages, e.g. en."),
    Field(name="console", doc="The default viewer.", choices=("applet", "vv", "html5", "xtermjs")),
    Field(name="description", doc="Notes on the cluster.", normal=description),
    Field(name="emailFrom", doc="The sender of PVE's mails.", api="email_from"),
    Field(name="httpProxy", doc="The proxy for PVE's own downloads.", api="http_proxy", pattern=r"http://.*"),
    Field(name="macPrefix", doc="The first bytes of MACs that PVE chooses.", api="mac_prefix"),
    Field(name="maxWorkers", doc="How many guests start or move at once.", api="max_workers", kind=Kind.INT),
    _options("bwlimit", "Limits in KiB/s, e.g. migration=100000,restore=50000."),
    _options("crs", "How HA chooses nodes, e.g. ha=static,ha-rebalance-on-start=1.", first="ha"),
    _options(
        "ha", "What HA does when a node shuts down, e.g. shutdown_policy=migrate.", first="shutdown_policy"
    ),
    _options("migration", "How and where guests move, e.g. network=10.0.0.0/24,type=secure.", first="type"),
    _options("replication", "How and where replicas go, as for `migration`.", first="type"),
    _options("nextId", "The VMIDs that PVE proposes, e.g. lower=10000,upper=99999.", api="next-id"),
    _options("notify", "Which events are told.", first="fencing"),
    _options("tagStyle", "How tags look.", api="tag-style"),
    _options("userTagAccess", "Which tags users may set.", api="user-tag-access"),
    Field(name="registeredTags", doc="Tags that only administrators set, a;b.", api="registered-tags"),
)


def decode(answer: dict[str, Any]) -> Values:
    """The options that are set."""
    return {
        field.name: from_pve(field, answer[field.parameter])
        for field in FIELDS
        if answer.get(field.parameter) is not None
    }


class ClusterOptions(Handler):
    """A singleton: one PUT, nothing looked at before."""

    def check(self, news: Values) -> dict[str, str]:
        """A resource that declares nothing would manage nothing."""
        return (
            {}
            if news
            else {"ha": "is missing, as is every other option; declare one, or leave the resource out"}
        )

    def identify(self, news: Values) -> str:
        """One per cluster."""
        return IDENT

    def _put(self, run: Run, news: Values, gone: set[str]) -> None:
        params = {field.parameter: news[field.name] for field in FIELDS if news.get(field.name) is not None}
        cleared = sorted(field.parameter for field in FIELDS if field.name in gone)
        with run.locks.hold(IDENT):
            run.api.put(PATH, **params, delete=",".join(cleared) or None)
        run.lists.forget(PATH)

    def create(self, run: Run, news: Values, making: Making) -> Values:
        """Set what is declared."""
        making.id = IDENT
        self._put(run, news, set())
        return dict(news)

    def read(self, run: Run, ident: str, known: Values) -> Values | None:
        """The options that are set; an import leaves out what PVE fills in by itself."""
        found = {name: value for name, value in decode(run.api.get(PATH)).items() if value != ""}
        if not known and found.get("macPrefix") == PVES_MACS:
            del found["macPrefix"]
        return found

    def update(self, run: Run, ident: str, change: Change, making: Making) -> Values:
        """Set what is declared now; what the program dropped goes back to the default."""
        self._put(run, change.news, change.dropped)
        return dict(change.news)

    def delete(self, run: Run, ident: str, state: Values) -> None:
        """What was declared goes back to the default."""
        self._put(run, {}, {field.name for field in FIELDS if state.get(field.name) is not None})


CLUSTER_OPTIONS = Resource(
    name="ClusterOptions",
    noun="cluster options",
    doc="Settings of the whole cluster. Only what is set here is managed; deleting sets that back to PVE's defaults.",
    import_id=IDENT,
    fields=FIELDS,
    handler=ClusterOptions(),
    needs=(("/", "Sys.Modify"), ("/", "Sys.Audit")),
)
