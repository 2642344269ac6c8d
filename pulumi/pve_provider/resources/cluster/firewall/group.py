# SPDX-License-Identifier: GPL-3.0-or-later
"""/cluster/firewall/groups: a security group with its rules as a whole."""

from __future__ import annotations

from ....client import retry
from ....client.lock import FIREWALL
from ....collection import Collection
from ....definition import INCARNATION, Field, Resource
from ....errors import ApiError
from ....handler import Change, Making
from ....mark import Mark, join
from ....normal import one_line
from ....run import Run
from ....wire import Values
from ...firewall_rules import RULES, check_rules, clear, converge, decode, fill

FIELDS = (
    Field(
        name="group",
        doc="The group's name in lower case, at most 18 characters.",
        required=True,
        replaces=True,
        pattern=r"[a-z][a-z0-9\-_]{1,17}",
    ),
    Field(name="comment", doc="What the group allows.", normal=one_line),
    RULES,
    INCARNATION,
)


class Groups(Collection):
    """Name and comment by POST (with `rename` for a change), rules by key."""

    def check(self, news: Values) -> dict[str, str]:
        """Keys of rules."""
        return check_rules(news["rules"])

    def params(self, news: Values, tag: Mark | None) -> Values:
        """Without the rules."""
        return {"group": news["group"], "comment": join(str(news.get("comment", "")), tag, lines=False)}

    def create(self, run: Run, news: Values, making: Making) -> Values:
        """The group, then its rules; a group that was not there has none to look for."""
        making.id = self.identify(news)
        with run.locks.hold(self.lock):
            try:
                run.api.post(self.path, **self.params(news, making.mark))
            except ApiError as error:
                if not retry.EXISTS(error):
                    raise
                self.adopt(run, news, making)
                making.state = {**self.state(news, making.mark), "rules": []}
                converge(run, self.item(news), news["rules"])
            else:
                making.state = {**self.state(news, making.mark), "rules": []}
                fill(run, self.item(news), news["rules"])
        self.forget(run, news)
        return self.state(news, making.mark)

    def read(self, run: Run, ident: str, known: Values) -> Values | None:
        """The row and its rules."""
        state = super().read(run, ident, known)
        return None if state is None else {**state, "rules": decode(run.api.get(self.item({"group": ident})))}

    def write(self, run: Run, news: Values, live: Values, tag: Mark | None) -> None:
        """PVE changes a comment by renaming the group to its own name."""
        if news.get("comment", "") != live.get("comment", "") or (
            tag and tag.incarnation != live.get("incarnation")
        ):
            run.api.post(self.path, **self.params(news, tag), rename=news["group"])

    def update(self, run: Run, ident: str, change: Change, making: Making) -> Values:
        """The comment, then the rules."""
        state = super().update(run, ident, change, making)
        with run.locks.hold(self.lock):
            converge(run, self.item({"group": ident}), change.news["rules"])
        return state

    def remove(self, run: Run, values: Values) -> None:
        """PVE deletes only empty groups."""
        with run.locks.hold(self.lock):
            clear(run, self.item(values))
            run.api.delete(self.item(values))


GROUP = Resource(
    name="FirewallGroup",
    noun="security group",
    doc="A security group of the cluster's firewall. All its rules are this resource's; others are removed.",
    import_id="group",
    fields=FIELDS,
    handler=Groups(
        noun="security group",
        fields=FIELDS,
        path="/cluster/firewall/groups",
        key="group",
        lock=FIREWALL,
        comment="comment",
    ),
    needs=(("/", "Sys.Modify"), ("/", "Sys.Audit")),
)
