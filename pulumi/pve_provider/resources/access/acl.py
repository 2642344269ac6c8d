# SPDX-License-Identifier: GPL-3.0-or-later
"""/access/acl: one role of one bearer on one path. The entry is its own id; PVE keeps no comment here."""

from __future__ import annotations

from ...client.lock import ACCESS
from ...collection import Collection, Row
from ...definition import Field, Kind, Resource
from ...errors import Refused
from ...handler import Change, Making
from ...run import Run
from ...wire import Values

FIELDS = (
    Field(name="path", doc="The path, e.g. /pool/dukcapil.", required=True, replaces=True, pattern=r"/.*"),
    Field(name="roleid", doc="The role.", required=True, replaces=True),
    Field(name="ugid", doc="The bearer: a user, a group or a token.", required=True, replaces=True),
    Field(
        name="type",
        doc="What the bearer is: user, group or token.",
        default="group",
        replaces=True,
        choices=("user", "group", "token"),
    ),
    Field(name="propagate", doc="Whether it holds below the path too.", kind=Kind.BOOL, default=True),
)

PATH = "/access/acl"


class Acls(Collection):
    """PUT makes, changes and (with delete=1) removes an entry; repeating it is harmless."""

    def identify(self, news: Values) -> str:
        """The four parts, as type:ugid:roleid:path."""
        return f"{news['type']}:{news['ugid']}:{news['roleid']}:{news['path']}"

    def of_id(self, ident: str) -> Values:
        """The four parts of an id."""
        parts = ident.split(":", 3)
        if len(parts) != 4:
            raise Refused(f"{ident!r} is no id of an ACL entry; write type:ugid:roleid:path")
        return dict(zip(("type", "ugid", "roleid", "path"), parts, strict=True))

    def matches(self, row: Row, values: Values) -> bool:
        """All four parts."""
        return all(str(row.get(name)) == values[name] for name in ("type", "ugid", "roleid", "path"))

    def create(self, run: Run, news: Values, making: Making) -> Values:
        """Set the entry."""
        making.id = self.identify(news)
        self._put(run, news)
        making.state = dict(news)
        return making.state

    def update(self, run: Run, ident: str, change: Change, making: Making) -> Values:
        """Set it again."""
        self._put(run, change.news)
        return dict(change.news)

    def remove(self, run: Run, values: Values) -> None:
        """Take it away."""
        self._put(run, values, delete=True)

    def _put(self, run: Run, values: Values, *, delete: bool = False) -> None:
        bearer = {f"{values['type']}s": values["ugid"]}
        with run.locks.hold(self.lock):
            run.api.put(
                PATH,
                path=values["path"],
                roles=values["roleid"],
                propagate=values.get("propagate", True),
                delete=True if delete else None,
                **bearer,
            )
        run.lists.forget(PATH)


ACL = Resource(
    name="Acl",
    noun="ACL entry",
    doc="One role of one user, group or token on one path.",
    import_id="type:ugid:roleid:path",
    fields=FIELDS,
    handler=Acls(noun="ACL entry", fields=FIELDS, path=PATH, key="path", lock=ACCESS),
    needs=(("/pool", "Permissions.Modify"),),
)
