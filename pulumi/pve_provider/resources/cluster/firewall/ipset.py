# SPDX-License-Identifier: GPL-3.0-or-later
"""/cluster/firewall/ipset: a set of addresses with its members as a whole."""

from __future__ import annotations

from ....client import retry
from ....client.api import segment
from ....client.lock import FIREWALL
from ....collection import Collection
from ....definition import INCARNATION, Field, Resource
from ....errors import ApiError
from ....handler import Change, Making
from ....mark import Mark, join
from ....normal import one_line
from ....run import Run
from ....wire import Values
from ...firewall_sets import ENTRIES, read_entries, write_entries
from .alias import LOWER_NAME

FIELDS = (
    Field(
        name="name", doc="The set's name, in lower case.", required=True, replaces=True, pattern=LOWER_NAME
    ),
    Field(name="comment", doc="What it holds.", normal=one_line),
    ENTRIES,
    INCARNATION,
)


class Ipsets(Collection):
    """Name and comment by POST (with `rename` for a change), members one by one."""

    def params(self, news: Values, tag: Mark | None) -> Values:
        """Without the members."""
        return {"name": news["name"], "comment": join(str(news.get("comment", "")), tag, lines=False)}

    def create(self, run: Run, news: Values, making: Making) -> Values:
        """The set, then its members; a set that was not there has none to look for."""
        making.id = self.identify(news)
        path = self.item(news)
        with run.locks.hold(self.lock):
            live: list[Values] = []
            try:
                run.api.post(self.path, **self.params(news, making.mark))
            except ApiError as error:
                if not retry.EXISTS(error):
                    raise
                self.adopt(run, news, making)
                live = read_entries(run, path)
            making.state = {**self.state(news, making.mark), "entries": live}
            write_entries(run, path, news["entries"], live)
        self.forget(run, news)
        return self.state(news, making.mark)

    def read(self, run: Run, ident: str, known: Values) -> Values | None:
        """The row and its members."""
        state = super().read(run, ident, known)
        return None if state is None else {**state, "entries": read_entries(run, self.item({"name": ident}))}

    def write(self, run: Run, news: Values, live: Values, tag: Mark | None) -> None:
        """PVE changes a comment by renaming the set to its own name."""
        if news.get("comment", "") != live.get("comment", "") or (
            tag and tag.incarnation != live.get("incarnation")
        ):
            run.api.post(self.path, **self.params(news, tag), rename=news["name"])

    def update(self, run: Run, ident: str, change: Change, making: Making) -> Values:
        """The comment, then the members."""
        state = super().update(run, ident, change, making)
        path = self.item({"name": ident})
        with run.locks.hold(self.lock):
            write_entries(run, path, change.news["entries"], read_entries(run, path))
        return state

    def remove(self, run: Run, values: Values) -> None:
        """PVE deletes only empty sets."""
        path = f"{self.path}/{segment(values['name'])}"
        with run.locks.hold(self.lock):
            write_entries(run, path, [], read_entries(run, path))
            run.api.delete(path)


IPSET = Resource(
    name="FirewallIpset",
    noun="firewall ipset",
    doc="A set of addresses for the rules of the whole cluster; its members are this resource's alone.",
    import_id="name",
    fields=FIELDS,
    handler=Ipsets(
        noun="firewall ipset",
        fields=FIELDS,
        path="/cluster/firewall/ipset",
        key="name",
        lock=FIREWALL,
        comment="comment",
    ),
    needs=(("/", "Sys.Modify"), ("/", "Sys.Audit")),
)
