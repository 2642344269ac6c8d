# SPDX-License-Identifier: GPL-3.0-or-later
"""What a resource and its fields are. Check, diff, schema, SDK and the calls to PVE follow from these values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from .wire import Path, Values

if TYPE_CHECKING:
    from .handler import Handler


class Kind(Enum):
    """The schema's plain types."""

    STRING = "string"
    INT = "integer"
    NUMBER = "number"
    BOOL = "boolean"


class Many(Enum):
    """How several values stand together."""

    ONE = "one"
    LIST = "list"
    SET = "set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A nested object.

    `key` is the field that identifies it in a list, whose order then says nothing unless `ordered`.
    """

    name: str
    doc: str
    fields: tuple[Field, ...]
    key: str | None = None
    ordered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One property: its name in the schema, PVE's name, its type and how it behaves."""

    name: str
    doc: str
    kind: Kind | Shape = Kind.STRING
    many: Many = Many.ONE
    api: str = ""
    required: bool = False
    default: Any = None
    server: bool = False
    """Filled in by the server: an output, never an input."""
    create_only: bool = False
    """Used when the object is made and never compared afterwards."""
    write_only: bool = False
    """PVE never gives it back: compared with the last inputs, not with the live object. With `server`: given once, when
    the object is made, and kept in the state from then on."""
    secret: bool = False
    replaces: bool = False
    setting: bool = False
    """Steers the provider and is not kept in PVE: a change alone is written to the state, not to PVE."""
    free: bool = False
    """Left out, it stays as it is in PVE: taking it out of the program changes nothing."""
    choices: tuple[str, ...] = ()
    pattern: str = ""
    normal: Callable[[Any], Any] | None = None
    """The one form in which equal values are equal text; raises ValueError with what to write instead."""

    @property
    def parameter(self) -> str:
        """PVE's name of the field."""
        return self.api or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of resource: its name, its fields and the hooks that talk to PVE."""

    name: str
    doc: str
    noun: str
    import_id: str
    fields: tuple[Field, ...]
    handler: Handler
    needs: tuple[tuple[str, str], ...] = ()
    """(path, privilege) that the token must have."""

    @property
    def token(self) -> str:
        """The resource's type token."""
        return f"pve:index:{self.name}"

    @property
    def inputs(self) -> tuple[Field, ...]:
        """The fields that a program sets."""
        return tuple(field for field in self.fields if not field.server)

    def field(self, name: str) -> Field:
        """The field of that name."""
        return next(field for field in self.fields if field.name == name)

    def secret_paths(self) -> frozenset[Path]:
        """The paths that are always secret."""
        return frozenset(_secret_paths(self.fields, ()))

    def once(self, state: Values) -> Values:
        """What the server filled in once and never gives again."""
        names = {field.name for field in self.fields if field.server and field.write_only}
        return {name: value for name, value in state.items() if name in names}

    def only_inputs(self, values: Values) -> Values:
        """The values of input fields."""
        return {field.name: values[field.name] for field in self.inputs if values.get(field.name) is not None}


def _secret_paths(fields: tuple[Field, ...], prefix: Path) -> Iterator[Path]:
    for field in fields:
        path: Path = (*prefix, field.name) if field.many is Many.ONE else (*prefix, field.name, "*")
        if field.secret:
            yield path
        if isinstance(field.kind, Shape):
            yield from _secret_paths(field.kind.fields, path)


INCARNATION = Field(
    name="incarnation",
    doc="The mark of this making of the object; a delete that finds another one leaves the object alone.",
    server=True,
)
