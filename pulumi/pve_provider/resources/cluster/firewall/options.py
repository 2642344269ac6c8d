# SPDX-License-Identifier: GPL-3.0-or-later
"""/cluster/firewall/options: whether the cluster's firewall is on, and its policies. There is one, always.

Creating takes the settings over as they are and writes what differs. Deleting leaves them as they are: switching a
firewall off because a program no longer mentions it would open every guest.
"""

from __future__ import annotations

from ....client.lock import FIREWALL
from ....definition import Field, Kind, Resource
from ....handler import Change, Handler, Making
from ....run import Run
from ....wire import Values
from ...firewall_options import POLICY, decode, write

PATH = "/cluster/firewall/options"
IDENT = "cluster"

FIELDS = (
    Field(name="enable", doc="Whether the cluster's firewall is on.", kind=Kind.BOOL),
    Field(name="policyIn", doc="What happens to incoming traffic.", api="policy_in", choices=POLICY),
    Field(name="policyOut", doc="What happens to outgoing traffic.", api="policy_out", choices=POLICY),
    Field(name="ebtables", doc="Whether ebtables rules are made too.", kind=Kind.BOOL),
    Field(
        name="logRatelimit", doc="The log's limit, e.g. enable=1,rate=1/second,burst=5.", api="log_ratelimit"
    ),
)


class Options(Handler):
    """A singleton: what the program does not set stays as it is."""

    def identify(self, news: Values) -> str:
        """One per cluster."""
        return IDENT

    def _write(self, run: Run, news: Values, dropped: set[str]) -> None:
        with run.locks.hold(FIREWALL):
            live = decode(FIELDS, run.api.get(PATH))
            mine = {name: value for name, value in live.items() if name in news or name in dropped}
            write(run, PATH, FIELDS, news, mine)

    def create(self, run: Run, news: Values, making: Making) -> Values:
        """Write what differs."""
        making.id = IDENT
        self._write(run, news, set())
        return dict(news)

    def read(self, run: Run, ident: str, known: Values) -> Values | None:
        """The options that are set."""
        return decode(FIELDS, run.api.get(PATH))

    def update(self, run: Run, ident: str, change: Change, making: Making) -> Values:
        """Write what differs; what the program dropped goes back to PVE's default."""
        self._write(run, change.news, change.dropped)
        return dict(change.news)

    def delete(self, run: Run, ident: str, state: Values) -> None:
        """Left as it is."""


OPTIONS = Resource(
    name="FirewallOptions",
    noun="firewall options",
    doc="The cluster's firewall options. Deleting the resource leaves them as they are.",
    import_id=IDENT,
    fields=FIELDS,
    handler=Options(),
    needs=(("/", "Sys.Modify"), ("/", "Sys.Audit")),
)
