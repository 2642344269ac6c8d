# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of the provider ``pve``, from their definitions."""

from __future__ import annotations

from pve_provider import provider_config
from pve_provider.definition import Field, Many, Shape
from pve_provider.resources import ALL
from scripts.docs.words import table

_INTRODUCTION = """# The provider `pve`

Written once, in `pulumi/pve_provider/resources/`; schema, SDK and this page follow. In Python the names are snake_case.
*Filled by PVE* are outputs; *setting* is a word to the provider that is not kept in PVE; *at creation* is read once.

"""


def _kind(field: Field) -> str:
    kind = field.kind.name if isinstance(field.kind, Shape) else field.kind.value
    return {Many.ONE: kind, Many.LIST: f"list of {kind}", Many.SET: f"set of {kind}"}[field.many]


def _how(field: Field) -> str:
    marks = (
        (field.required, "required"),
        (field.replaces, "makes it anew"),
        (field.create_only, "at creation"),
        (field.secret, "secret"),
        (field.write_only, "write-only"),
        (field.setting, "setting"),
        (field.server, "filled by PVE"),
    )
    return ", ".join(word for holds, word in marks if holds)


def _fields(fields: tuple[Field, ...]) -> str:
    return table(("property", "type", "", ""), [(f"`{f.name}`", _kind(f), _how(f), f.doc) for f in fields])


def _shapes(fields: tuple[Field, ...], found: dict[str, Shape]) -> None:
    for field in fields:
        if isinstance(field.kind, Shape) and field.kind.name not in found:
            found[field.kind.name] = field.kind
            _shapes(field.kind.fields, found)


def page() -> str:
    """The whole page: settings, resources with the privileges that they need, nested objects."""
    shapes: dict[str, Shape] = {}
    text = _INTRODUCTION + "## Settings\n\n" + _fields(provider_config.FIELDS)
    for resource in ALL:
        _shapes(resource.fields, shapes)
        needs = ", ".join(f"{privilege} on `{path}`" for path, privilege in resource.needs)
        text += (
            f"\n## {resource.name}\n\n{resource.doc}\n\nImport by `{resource.import_id}`. Needs {needs}.\n\n"
        )
        text += _fields(resource.fields)
    text += "\n## Nested objects\n"
    for shape in shapes.values():
        key = f" In a list it is known by `{shape.key}`." if shape.key else ""
        text += f"\n### {shape.name}\n\n{shape.doc}{key}\n\n" + _fields(shape.fields)
    return text
