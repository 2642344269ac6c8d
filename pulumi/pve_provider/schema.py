# SPDX-License-Identifier: GPL-3.0-or-later
"""The package's schema, derived from the definitions. Nothing is said here that the definitions do not say."""

from __future__ import annotations

import json
from typing import Any

from . import VERSION
from .definition import Field, Many, Resource, Shape
from .provider_config import FIELDS as PROVIDER_FIELDS
from .resources import ALL

Json = dict[str, Any]


def _type(field: Field) -> Json:
    if isinstance(field.kind, Shape):
        one: Json = {"$ref": f"#/types/pve:index:{field.kind.name}"}
    else:
        one = {"type": field.kind.value}
    return one if field.many is Many.ONE else {"type": "array", "items": one}


def _property(field: Field) -> Json:
    notes = [field.doc]
    if field.choices:
        notes.append(f"One of {', '.join(field.choices)}.")
    if field.default not in (None, [], False):
        notes.append(f"{json.dumps(field.default)} if unset.")
    if field.replaces:
        notes.append("A change makes the object anew.")
    out: Json = {"description": " ".join(notes), **_type(field)}
    if field.secret:
        out["secret"] = True
    if field.replaces:
        out["willReplaceOnChanges"] = True
    return out


def _required(fields: tuple[Field, ...]) -> list[str]:
    return sorted(field.name for field in fields if field.required)


def _shapes(fields: tuple[Field, ...], out: dict[str, Shape]) -> None:
    for field in fields:
        if isinstance(field.kind, Shape):
            out[field.kind.name] = field.kind
            _shapes(field.kind.fields, out)


def _resource(resource: Resource) -> Json:
    outputs = [
        field for field in resource.fields if field.required or (field.server and not field.write_only)
    ]
    return {
        "description": f"{resource.doc}\n\nImport id: `{resource.import_id}`.",
        "inputProperties": {field.name: _property(field) for field in resource.inputs},
        "requiredInputs": _required(resource.inputs),
        "properties": {field.name: _property(field) for field in resource.fields},
        "required": sorted(field.name for field in outputs),
    }


def schema() -> Json:
    """The schema as one value."""
    shapes: dict[str, Shape] = {}
    for resource in ALL:
        _shapes(resource.fields, shapes)
    provider = {field.name: _property(field) for field in PROVIDER_FIELDS}
    return {
        "name": "pve",
        "version": VERSION,
        "displayName": "Proxmox VE",
        "description": "Proxmox VE, kept safe: identity is the VMID, rule sets are wholes, no disk is lost.",
        "license": "GPL-3.0-or-later",
        "config": {"variables": provider, "required": []},
        "provider": {
            "description": "A Proxmox VE cluster: where it is, who we are there, and how to recognise it.",
            "inputProperties": provider,
            "requiredInputs": _required(PROVIDER_FIELDS),
        },
        "types": {
            f"pve:index:{shape.name}": {
                "type": "object",
                "description": shape.doc,
                "properties": {field.name: _property(field) for field in shape.fields},
                "required": _required(shape.fields),
            }
            for _name, shape in sorted(shapes.items())
        },
        "resources": {resource.token: _resource(resource) for resource in ALL},
        "language": {"python": {"respectSchemaVersion": True, "pyproject": {"enabled": True}}},
    }


def text() -> str:
    """The schema as it stands in git."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
