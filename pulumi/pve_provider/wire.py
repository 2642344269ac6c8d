# SPDX-License-Identifier: GPL-3.0-or-later
"""Pulumi's wire values to plain Python and back: secrets, unknowns, whole numbers. Knows no resource."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf import struct_pb2

Values = dict[str, Any]
Path = tuple[str | int, ...]

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the wire's sign of a secret, not one
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWN_TEXTS: Final = frozenset(
    {
        UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


class Unknown:
    """A value that only exists after another resource was made; seen in previews."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __deepcopy__(self, memo: object) -> Unknown:
        return self


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True)
class Decoded:
    """Plain values, and the paths that came as secrets."""

    values: Values
    secrets: frozenset[Path]


def decode(struct: struct_pb2.Struct) -> Decoded:
    """The plain values of a wire structure; which of them were secret is kept beside them."""
    secrets: set[Path] = set()
    values = {name: _decode(value, (name,), secrets) for name, value in struct.fields.items()}
    return Decoded(values, frozenset(secrets))


def _decode(value: struct_pb2.Value, path: Path, secrets: set[Path]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        fields = value.struct_value.fields
        signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
        if signature == SECRET:
            secrets.add(path)
            return _decode(fields["value"], path, secrets)
        if signature == OUTPUT:
            if "secret" in fields and fields["secret"].bool_value:
                secrets.add(path)
            return _decode(fields["value"], path, secrets) if "value" in fields else UNKNOWN
        return {name: _decode(item, (*path, name), secrets) for name, item in fields.items()}
    if kind == "list_value":
        return [_decode(item, (*path, index), secrets) for index, item in enumerate(value.list_value.values)]
    if kind == "string_value":
        return UNKNOWN if value.string_value in UNKNOWN_TEXTS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    return None


def encode(values: Values, secrets: Iterable[Path] = ()) -> struct_pb2.Struct:
    """A wire structure of the values; those at the given paths are wrapped as secrets ("*" is any index)."""
    wanted = frozenset(secrets)
    struct = struct_pb2.Struct()
    for name, value in values.items():
        struct.fields[name].CopyFrom(_encode(value, (name,), wanted))
    return struct


def _is_secret(path: Path, secrets: frozenset[Path]) -> bool:
    return any(
        len(pattern) == len(path)
        and all(want in ("*", have) for want, have in zip(pattern, path, strict=True))
        for pattern in secrets
    )


def _encode(value: Any, path: Path, secrets: frozenset[Path]) -> struct_pb2.Value:
    plain = _encode_plain(value, path, secrets)
    if not secrets or not _is_secret(path, secrets):
        return plain
    wrapped = struct_pb2.Value()
    wrapped.struct_value.fields[SIGNATURE].string_value = SECRET
    wrapped.struct_value.fields["value"].CopyFrom(plain)
    return wrapped


def _encode_plain(value: Any, path: Path, secrets: frozenset[Path]) -> struct_pb2.Value:
    out = struct_pb2.Value()
    if value is UNKNOWN:
        out.string_value = UNKNOWN_TEXT
    elif value is None:
        out.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        out.bool_value = value
    elif isinstance(value, int | float):
        out.number_value = float(value)
    elif isinstance(value, str):
        out.string_value = value
    elif isinstance(value, dict):
        out.struct_value.SetInParent()
        for name, item in value.items():
            out.struct_value.fields[name].CopyFrom(_encode(item, (*path, name), secrets))
    elif isinstance(value, list | tuple):
        out.list_value.SetInParent()
        for index, item in enumerate(value):
            out.list_value.values.append(_encode(item, (*path, index), secrets))
    else:
        raise TypeError(f"no wire form for {type(value).__name__} at {path}")
    return out


def has_unknown(value: Any) -> bool:
    """Whether something inside is known only after the run."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN
