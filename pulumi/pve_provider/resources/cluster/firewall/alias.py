# SPDX-License-Identifier: GPL-3.0-or-later
"""/cluster/firewall/aliases: a name for an address or a network."""

from __future__ import annotations

from ....client.api import segment
from ....client.lock import FIREWALL
from ....collection import Collection, Row
from ....definition import INCARNATION, Field, Resource
from ....mark import Mark
from ....normal import member, one_line
from ....run import Run
from ....wire import Values

NAME = r"[A-Za-z][A-Za-z0-9\-_]{1,63}"
LOWER_NAME = r"[a-z][a-z0-9\-_]{1,63}"
"""PVE reads the names of ipsets and groups back in lower case, whatever was written."""

FIELDS = (
    Field(name="name", doc="The alias's name.", required=True, replaces=True, pattern=NAME),
    Field(name="cidr", doc="The address or network.", required=True, normal=member),
    Field(name="comment", doc="What it stands for.", normal=one_line),
    INCARNATION,
)


class Aliases(Collection):
    """PVE finds aliases in any case of letters, and PUT wants name and cidr."""

    def matches(self, row: Row, values: Values) -> bool:
        """In lower case."""
        return str(row.get("name")).lower() == str(values["name"]).lower()

    def write(self, run: Run, news: Values, live: Values, tag: Mark | None) -> None:
        """PUT, the name as part of the path only."""
        params = self.params(news, tag)
        params.pop("name")
        run.api.put(f"{self.path}/{segment(news['name'])}", **params)


ALIAS = Resource(
    name="FirewallAlias",
    noun="firewall alias",
    doc="A name for an address or a network, for rules and ipsets of the whole cluster.",
    import_id="name",
    fields=FIELDS,
    handler=Aliases(
        noun="firewall alias",
        fields=FIELDS,
        path="/cluster/firewall/aliases",
        key="name",
        lock=FIREWALL,
        comment="comment",
    ),
    needs=(("/", "Sys.Modify"), ("/", "Sys.Audit")),
)
