# SPDX-License-Identifier: GPL-3.0-or-later
"""/access/users/{userid}/token/{tokenid}: an API token. Its value comes once, in the answer that makes it.

So a making is never repeated: when its answer was lost, or an earlier run left the token behind, the token is there but
nobody knows its value. Then it is deleted and made again, if the mark in its comment says that it is ours.
"""

from __future__ import annotations

from typing import Any

from ... import mark
from ...client import retry
from ...client.api import segment
from ...client.lock import ACCESS
from ...collection import Collection, Row, foreign
from ...definition import INCARNATION, Field, Kind, Resource
from ...errors import SCRUBBER, ApiError, LostAnswer, Refused
from ...handler import Change, Making
from ...run import Run
from ...wire import Values
from .user import LIST, PATH

FIELDS = (
    Field(name="userid", doc="The user that owns it, with the realm.", required=True, replaces=True),
    Field(
        name="tokenid",
        doc="The token's name.",
        required=True,
        replaces=True,
        pattern=r"[A-Za-z][A-Za-z0-9.\-_]+",
    ),
    Field(
        name="privsep",
        doc="Whether it has rights of its own (ACL entries of type token); else it may do all that its user may.",
        kind=Kind.BOOL,
        default=True,
    ),
    Field(name="expire", doc="When it ends, in seconds since 1970; 0 is never.", kind=Kind.INT, default=0),
    Field(name="comment", doc="What it is for."),
    Field(
        name="fullTokenId", doc="The token's whole name, user@realm!name: the bearer of rights.", server=True
    ),
    Field(
        name="value",
        doc="The secret. Known only to the run that made the token, and to the state; an imported token has none.",
        server=True,
        write_only=True,
        secret=True,
    ),
    INCARNATION,
)
TRIES = 3


class Tokens(Collection):
    """Rows of the list of users."""

    def identify(self, news: Values) -> str:
        """PVE's own name of a token."""
        return f"{news['userid']}!{news['tokenid']}"

    def of_id(self, ident: str) -> Values:
        """User and name of an id."""
        user, found, name = ident.partition("!")
        if not found or "@" not in user:
            raise Refused(f"{ident!r} is no id of a token; write user@realm!name")
        return {"userid": user, "tokenid": name}

    def item(self, values: Values) -> str:
        """The path of one token."""
        return f"{PATH}/{segment(values['userid'])}/token/{segment(values['tokenid'])}"

    def rows(self, run: Run, values: Values) -> list[Row]:
        """The tokens of its user."""
        users = super().rows(run, values)
        return next((row.get("tokens") or [] for row in users if row.get("userid") == values["userid"]), [])

    def live(self, row: Row) -> Values:
        """As listed; PVE leaves an end that never comes out."""
        out = super().live(row)
        out.setdefault("expire", 0)
        out.setdefault("privsep", True)
        return out

    def read(self, run: Run, ident: str, known: Values) -> Values | None:
        """The row, and the whole name that the id is."""
        found = super().read(run, ident, known)
        return None if found is None else {**found, "fullTokenId": ident}

    def create(self, run: Run, news: Values, making: Making) -> Values:
        """POST until an answer with a value comes; a token without a known value is worth nothing."""
        making.id = self.identify(news)
        for _ in range(TRIES):
            with run.locks.hold(ACCESS):
                answer = self._make(run, news, making)
                self.forget(run, news)
                if answer is None:
                    self._remove_ours(run, news, making)
                    continue
            value = str(answer["value"])
            SCRUBBER.add(value)
            making.state = self._filled(self.state(news, making.mark), value)
            return making.state
        raise Refused(f"token {making.id} was made {TRIES} times and no answer came; run again")

    def _make(self, run: Run, news: Values, making: Making) -> dict[str, Any] | None:
        """The answer; None if the token is there and its value is not known."""
        try:
            params = {
                name: value
                for name, value in self.params(news, making.mark).items()
                if name not in ("userid", "tokenid")
            }
            answer: dict[str, Any] = run.api.post(self.item(news), retry.ONCE, **params)
        except LostAnswer:
            return None
        except ApiError as error:
            if not retry.EXISTS(error):
                raise
            return None
        return answer

    def _remove_ours(self, run: Run, news: Values, making: Making) -> None:
        """Delete a token whose value nobody knows, unless somebody else made it."""
        row = self.find(run, news)
        if row is None:
            return
        tag = mark.split(row.get("comment"))[1]
        if tag is None or tag.urn != making.urn:
            raise Refused(foreign("token", making.id, tag))
        run.api.delete(self.item(news))
        self.forget(run, news)

    def update(self, run: Run, ident: str, change: Change, making: Making) -> Values:
        """PUT what differs; the value stays."""
        state = super().update(run, ident, change, making)
        return self._filled(state, change.olds.get("value"))

    def _filled(self, state: Values, value: Any) -> Values:
        filled = {**state, "fullTokenId": self.identify(state)}
        return filled if value is None else {**filled, "value": value}

    def forget(self, run: Run, values: Values) -> None:
        """The list of users has changed."""
        run.lists.forget(PATH)


TOKEN = Resource(
    name="Token",
    noun="token",
    doc="An API token. Its value is a secret output, given once. Rights are `Acl` entries of type token.",
    import_id="userid!tokenid",
    fields=FIELDS,
    handler=Tokens(
        noun="token",
        fields=FIELDS,
        path=PATH,
        key="tokenid",
        lock=ACCESS,
        comment="comment",
        lines=True,
        list_params=LIST,
    ),
    needs=(("/access/groups", "User.Modify"),),
)
