# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON Schema of the site files (draft 2020-12), one per kind of file, from the types that check them.

Pydantic writes what it checks; this adds what the docstrings say of each key, and closes what pydantic leaves open.
A schema never refuses what ``awan check`` takes. What a single file can't show (names, sums, rules) it leaves to it.
"""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from network_plan.model.site import Tenant
from network_plan.parse.site import FILES
from scripts.docs.site_files import collect, meaning
from scripts.docs.words import attributes, description

DRAFT = "https://json-schema.org/draft/2020-12/schema"
KINDS: Mapping[str, tuple[type, str]] = {
    **{name: (kind, f"{name}.yml") for name, kind in FILES.items()},
    "tenant": (Tenant, "tenants/*.yml"),
}
"""Name of the schema → the declaration, and the files within a site's folder."""

_README = """# Schemas of the site files

One JSON Schema (draft 2020-12) for each kind of file, written from the types that `awan check` checks with. What can be
seen in one file (keys, types, forms) an editor says while you type; names, sums and rules are said by `awan check`.

**Visual Studio Code, VSCodium**: nothing to do beyond the extension *YAML* (`redhat.vscode-yaml`), which the clone
recommends; `.vscode/settings.json` tells it which schema belongs to which file, wherever a folder `site/` stands.
**Other editors** with `yaml-language-server` (Neovim, Helix, Emacs, Kate, Zed …): put the object `yaml.schemas` of that
file into the server's settings; it is the server's own setting, not the editor's.

There is no line `# yaml-language-server: …` in the files: it would stand in each of them, a new file would lack it, and
a copied site would point beside the schema. One mapping by folder and name covers those too.

Without an editor:

```
.venv/bin/check-jsonschema --schemafile docs/reference/schema/tenant.schema.json inventory/site/tenants/*.yml
```

| schema | files in `site/` |
| --- | --- |
"""


def _keys(kind: type) -> dict[str, tuple[dataclasses.Field[Any], Any]]:
    """Key as written → field and type."""
    hints = typing.get_type_hints(kind, include_extras=True)
    found = {}
    for item in dataclasses.fields(kind):
        extras = typing.get_args(hints[item.name])[1:]
        alias = next((e.alias for e in extras if isinstance(e, FieldInfo) and e.alias), item.name)
        found[alias] = (item, hints[item.name])
    return found


def describe(kind: type, shape: dict[str, Any]) -> None:
    """Put the docstring's sentences where editors show them."""
    shape["description"] = description(kind.__doc__)
    said = attributes(kind.__doc__)
    for name, (item, hint) in _keys(kind).items():
        key = shape["properties"][name]
        text = said.get(item.name) or meaning(hint)
        if not text:
            raise TypeError(
                f"{kind.__name__}.{item.name} has no sentence in its class's docstring; write one"
            )
        key["description"] = text.replace("``", "`")


def _closed(shape: Any, parts: Mapping[str, Any]) -> Any:
    """A schema without pydantic's own titles, whose mappings take no key but those of the right form."""
    if isinstance(shape, list):
        return [_closed(item, parts) for item in shape]
    if not isinstance(shape, dict):
        return shape
    shape.pop("title", None)
    if shape.get("default") in (None, []):
        shape.pop("default", None)
    if "patternProperties" in shape:
        shape["additionalProperties"] = False
    names = shape.pop("propertyNames", None)
    if names is not None:
        names = parts[names["$ref"].rpartition("/")[2]] if "$ref" in names else names
        shape["properties"] = dict.fromkeys(names["enum"], shape.pop("additionalProperties"))
        shape["additionalProperties"] = False
    return {
        key: {name: _closed(item, parts) for name, item in value.items()}
        if key in ("properties", "patternProperties", "$defs")
        else _closed(value, parts)
        for key, value in shape.items()
    }


def schema(name: str) -> dict[str, Any]:
    """The schema of one kind of file."""
    kind, files = KINDS[name]
    whole = TypeAdapter(kind).json_schema(by_alias=True)
    parts = whole.get("$defs", {})
    describe(kind, whole)
    found: dict[type, None] = {}
    collect(kind, found)
    for part in found:
        describe(part, parts[part.__name__])
    return {"$schema": DRAFT, "title": files, **_closed(whole, parts)}


def _printed(name: str) -> str:
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"


def settings() -> str:
    """``.vscode/settings.json``: which schema belongs to which file of any folder ``site/``."""
    schemas = {
        f"./docs/reference/schema/{name}.schema.json": f"**/site/{files}"
        for name, (_, files) in KINDS.items()
    }
    return json.dumps({"yaml.schemas": schemas}, indent=2) + "\n"


def extensions() -> str:
    """``.vscode/extensions.json``: what an editor of that family offers to install."""
    return json.dumps({"recommendations": ["redhat.vscode-yaml"]}, indent=2) + "\n"


def readme() -> str:
    """The page beside the schemas."""
    return _README + "".join(
        f"| [{name}.schema.json]({name}.schema.json) | `{files}` |\n" for name, (_, files) in KINDS.items()
    )


def pages() -> dict[str, Callable[[], str]]:
    """File relative to the repository → its text."""
    return {
        **{f"docs/reference/schema/{name}.schema.json": partial(_printed, name) for name in KINDS},
        "docs/reference/schema/README.md": readme,
        ".vscode/settings.json": settings,
        ".vscode/extensions.json": extensions,
    }
