# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources that PVE keeps as rows of a list with POST, PUT and DELETE. What is special stands in subclasses."""

from __future__ import annotations

from typing import Any

from . import mark
from .client import retry
from .client.api import segment
from .definition import Field, Kind, Many
from .errors import ApiError, Refused
from .handler import Change, Handler, Making
from .run import Run
from .wire import Values

Row = dict[str, Any]


def to_pve(field: Field, value: Any) -> Any:
    """A value as PVE's parameter."""
    if field.many is not Many.ONE:
        return ",".join(str(item) for item in value)
    return value


def from_pve(field: Field, raw: Any) -> Any:
    """A value of PVE's answer in the schema's type."""
    if field.many is not Many.ONE:
        items = (
            raw if isinstance(raw, list) else [item for item in str(raw).replace(";", ",").split(",") if item]
        )
        values = [item.strip() for item in items]
        return sorted(set(values)) if field.many is Many.SET else values
    if field.kind is Kind.BOOL:
        return str(raw) in ("1", "True", "true", "yes", "on")
    if field.kind is Kind.INT:
        return int(raw)
    if field.kind is Kind.NUMBER:
        return float(raw)
    value = raw if isinstance(raw, str) else _text(raw)
    return field.normal(value) if field.normal else value


def _text(raw: Any) -> str:
    """A property string that PVE has taken apart, as one text again."""
    if isinstance(raw, dict):
        return ",".join(f"{name}={_text(value)}" for name, value in raw.items())
    if isinstance(raw, list):
        return ";".join(_text(value) for value in raw)
    return str(int(raw)) if isinstance(raw, bool) else str(raw)


class Collection(Handler):
    """One row of a list. `key` is the field that names it; `comment` the field in which the mark can stand."""

    clears = False
    """Whether PVE's PUT takes `delete`, the options to set back to their defaults."""
    removing = retry.DELETE
    """How PVE says that there is nothing to delete any more."""

    def __init__(
        self,
        *,
        noun: str,
        fields: tuple[Field, ...],
        path: str,
        key: str,
        lock: str,
        comment: str | None = None,
        lines: bool = False,
        list_params: Values | None = None,
        fixed: Values | None = None,
    ) -> None:
        self.noun, self.fields, self.path, self.key, self.lock = noun, fields, path, key, lock
        self.comment, self.lines = comment, lines
        self.list_params, self.fixed = list_params or {}, fixed or {}

    def field(self, name: str) -> Field:
        """The definition of a property."""
        return next(field for field in self.fields if field.name == name)

    def identify(self, news: Values) -> str:
        """The key's value."""
        return str(news[self.key])

    def of_id(self, ident: str) -> Values:
        """The properties that an id tells."""
        return {self.key: ident}

    def where(self, values: Values) -> str:
        """The list's path."""
        return self.path

    def item(self, values: Values) -> str:
        """The path of one row."""
        return f"{self.where(values)}/{segment(values[self.key])}"

    def params(self, news: Values, tag: mark.Mark | None) -> Values:
        """PVE's parameters of these inputs, the mark in the comment."""
        out = {
            field.parameter: to_pve(field, news[field.name])
            for field in self.fields
            if not field.server and not field.setting and news.get(field.name) is not None
        }
        if self.comment and tag is not None:
            out[self.field(self.comment).parameter] = mark.join(
                str(news.get(self.comment, "")), tag, lines=self.lines
            )
        return out

    def rows(self, run: Run, values: Values) -> list[Row]:
        """All rows, read once per run."""
        return run.lists.rows(self.where(values), **self.list_params)

    def matches(self, row: Row, values: Values) -> bool:
        """Whether a row is the object with this id."""
        return str(row.get(self.field(self.key).parameter)) == str(values[self.key])

    def live(self, row: Row) -> Values:
        """The state of a row: inputs as they are, and the mark's incarnation."""
        out: Values = {}
        for field in self.fields:
            raw = row.get(field.parameter)
            if field.server or field.setting or raw is None:
                continue
            out[field.name] = from_pve(field, raw)
        if self.comment:
            text, tag = mark.split(row.get(self.field(self.comment).parameter))
            out.pop(self.comment, None)
            if text:
                out[self.comment] = text
            out["incarnation"] = tag.incarnation if tag else ""
        return out

    def find(self, run: Run, values: Values) -> Row | None:
        """The row with this id."""
        return next((row for row in self.rows(run, values) if self.matches(row, values)), None)

    def forget(self, run: Run, values: Values) -> None:
        """After a write: the list has changed."""
        run.lists.forget(self.where(values))

    def state(self, news: Values, tag: mark.Mark | None) -> Values:
        """The state after a write."""
        out = dict(news)
        if self.comment:
            out["incarnation"] = tag.incarnation if tag else ""
        return out

    def create(self, run: Run, news: Values, making: Making) -> Values:
        """POST; when it exists, take over what is ours and refuse the rest."""
        making.id = self.identify(news)
        tag = making.mark if self.comment else None
        with run.locks.hold(self.lock):
            try:
                run.api.post(self.where(news), **self.params(news, tag), **self.fixed)
            except ApiError as error:
                if not retry.EXISTS(error):
                    raise
                self.adopt(run, news, making)
        self.forget(run, news)
        making.state = self.state(news, tag)
        return making.state

    def adopt(self, run: Run, news: Values, making: Making) -> None:
        """Take over our own object of an earlier, broken-off run."""
        self.forget(run, news)
        row = self.find(run, news)
        if row is None:
            raise Refused(f"PVE says that {self.noun} {making.id} exists but does not list it; run again")
        if self.comment:
            tag = mark.split(row.get(self.field(self.comment).parameter))[1]
            if tag is None or tag.urn != making.urn:
                raise Refused(foreign(self.noun, making.id, tag))
            self.write(run, news, self.live(row), making.mark)
            return
        live = self.live(row)
        wrong = sorted(name for name, value in news.items() if self._kept(name) and live.get(name) != value)
        if wrong:
            raise Refused(
                f"{self.noun} {making.id} exists with another {', '.join(wrong)} and is not this program's; "
                "import it (`pulumi import`), or remove it by hand"
            )

    def _kept(self, name: str) -> bool:
        field = self.field(name)
        return not field.setting and not field.write_only

    def read(self, run: Run, ident: str, known: Values) -> Values | None:
        """The row as it is."""
        row = self.find(run, {**known, **self.of_id(ident)})
        return None if row is None else {**self.of_id(ident), **self.live(row)}

    def update(self, run: Run, ident: str, change: Change, making: Making) -> Values:
        """PUT what differs."""
        values = {**change.news, **self.of_id(ident)}
        self.forget(run, values)
        row = self.find(run, values)
        if row is None:
            raise Refused(f"{self.noun} {ident} is gone; run `pulumi up --refresh` to make it again")
        tag = None
        if self.comment:
            tag = mark.split(row.get(self.field(self.comment).parameter))[1] or making.mark
        with run.locks.hold(self.lock):
            self.write(run, values, self._managed(self.live(row), change), tag)
        self.forget(run, values)
        return self.state(values, tag)

    def _managed(self, live: Values, change: Change) -> Values:
        """The live values without those that the program never set."""
        names = {"incarnation", *change.news, *change.old_inputs}
        return {name: value for name, value in live.items() if name in names}

    def write(self, run: Run, news: Values, live: Values, tag: mark.Mark | None) -> None:
        """One PUT with the inputs, deleting what the program no longer sets."""
        names = {self.field(self.key).parameter, *self.unchangeable()}
        params = {name: value for name, value in self.params(news, tag).items() if name not in names}
        gone = self.gone(news, live)
        run.api.put(self.item(news), **params, **({"delete": ",".join(gone)} if gone else {}))

    def unchangeable(self) -> set[str]:
        """PVE's parameters that only POST takes."""
        return {field.parameter for field in self.fields if field.replaces}

    def gone(self, news: Values, live: Values) -> list[str]:
        """PVE's options to clear: live ones that the program stopped setting; where PVE has no `delete`, none."""
        return [
            field.parameter
            for field in self.fields
            if self.clears
            and not (field.required or field.replaces or field.server)
            and field.name not in (self.comment, "incarnation")
            and field.name in live
            and news.get(field.name) is None
        ]

    def delete(self, run: Run, ident: str, state: Values) -> None:
        """DELETE, unless another making of the object has taken its place."""
        values = {**state, **self.of_id(ident)}
        row = self.find(run, values)
        if row is None:
            return
        if self.comment and not self.ours(row, state):
            return
        self.refuse(run, values)
        self.remove(run, values)
        self.forget(run, values)

    def ours(self, row: Row, state: Values) -> bool:
        """Whether the live object is the making that this state tells of."""
        tag = mark.split(row.get(self.field(self.comment or "").parameter))[1]
        return (tag.incarnation if tag else "") == (state.get("incarnation") or "")

    def refuse(self, run: Run, values: Values) -> None:
        """Raise Refused before a delete that must not be."""

    def remove(self, run: Run, values: Values) -> None:
        """The DELETE itself."""
        with run.locks.hold(self.lock):
            run.api.delete(self.item(values), self.removing)


def foreign(noun: str, ident: str, tag: mark.Mark | None) -> str:
    """The refusal to take over what somebody else made: cause and cure."""
    whose = f"belongs to {tag.urn}" if tag else "was not made by this program"
    return (
        f"{noun} {ident} exists already and {whose}; import it (`pulumi import`) if this program is to keep it, "
        "else choose another id or remove it by hand"
    )
