# SPDX-License-Identifier: GPL-3.0-or-later
"""The schemas of the site files: editors take what ``awan check`` takes, and refuse what is wrong within one file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import regress
import yaml
from check_jsonschema.cli import main as check_jsonschema
from click.testing import CliRunner

from network_plan.model.site.base import FORBID
from network_plan.parse.document import Data, Positions, read_document
from scripts.docs import broken, schema
from scripts.toolchain.paths import ROOT

FOLDER = ROOT / "docs" / "reference" / "schema"
SITES = [ROOT / "inventory", *(ROOT / "tests" / "sites" / name for name in ("minimal", "small", "dual"))]
IN_ONE_FILE = {"site/type", "site/missing", "site/unknown-key", "site/source", "site/text", "site/endpoint"}
"""Rules that a schema must know: each of them is broken within one file, whatever the others say."""
ALSO_SEEN = {"site/service", "site/id", "site/empty", "site/yaml", "site/value", "site/alias"}
"""Rules that it knows in part, or whose text leaves nothing to read."""


def _kind(file: str) -> str | None:
    """The schema of a file, by its name within a site's folder."""
    return next((kind for kind, (_, files) in schema.KINDS.items() if Path(file).match(files)), None)


def _pattern(_: Any, pattern: str, value: object, __: object) -> Iterator[jsonschema.ValidationError]:
    """ECMA's expressions with the flag ``u``, as editors and check-jsonschema read them; Python's know no ``\\p``."""
    if isinstance(value, str) and regress.Regex(pattern, "u").find(value) is None:
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


_Validator: Any = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator, {"pattern": _pattern}
)
VALIDATORS = {
    name: _Validator(schema.schema(name), format_checker=_Validator.FORMAT_CHECKER) for name in schema.KINDS
}


def _json(value: Data) -> Any:
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _errors(kind: str, text: str) -> list[str]:
    data, _ = read_document("x.yml", text, ("x",), Positions())
    return [error.message for error in VALIDATORS[kind].iter_errors(_json(data))]


def _patterns(shape: object) -> Iterator[str]:
    if isinstance(shape, dict):
        for key, value in shape.items():
            if key == "pattern" and isinstance(value, str):
                yield value
            if key == "patternProperties":
                yield from value
            yield from _patterns(value)
    elif isinstance(shape, list):
        for item in shape:
            yield from _patterns(item)


@pytest.mark.parametrize("name", sorted(schema.KINDS))
def test_a_schema_is_one(name: str) -> None:
    shape = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    run = CliRunner().invoke(check_jsonschema, ["--check-metaschema", str(FOLDER / f"{name}.schema.json")])
    assert run.exit_code == 0, run.output
    patterns = set(_patterns(shape))
    assert patterns
    for pattern in patterns:
        regress.Regex(pattern, "u")  # raises where it is no ECMA expression


def test_an_expression_that_is_none_is_noticed() -> None:
    with pytest.raises(regress.RegressError):
        regress.Regex(r"\p{Nonsense}", "u")


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
def test_every_site_file_fits_its_schema(site: Path) -> None:
    files = sorted(site.glob("site/**/*.yml"))
    assert len(files) >= len(schema.KINDS)
    for kind in schema.KINDS:
        mine = [str(file) for file in files if _kind(file.relative_to(site / "site").as_posix()) == kind]
        assert mine
        run = CliRunner().invoke(
            check_jsonschema, ["--schemafile", str(FOLDER / f"{kind}.schema.json"), *mine]
        )
        assert run.exit_code == 0, run.output


def test_the_validator_refuses_a_misspelt_key_and_a_bad_source(tmp_path: Path) -> None:
    text = (ROOT / "tests/sites/minimal/site/tenants/dinas.yml").read_text(encoding="utf-8")
    file = tmp_path / "dinas.yml"
    for old, new in (("kind:", "knd:"), ("source: assumption: ", "source: hearsay: "), ("dinas", "a\u202eb")):
        spoilt = re.sub(old, new, text.replace('"', ""), count=1)
        file.write_text(spoilt, encoding="utf-8")
        run = CliRunner().invoke(
            check_jsonschema, ["--schemafile", str(FOLDER / "tenant.schema.json"), str(file)]
        )
        assert run.exit_code == 1, spoilt


@pytest.mark.parametrize(
    "name", sorted(folder.name for folder in (ROOT / "tests/sites/broken").iterdir() if folder.is_dir())
)
def test_a_broken_file_is_refused_and_no_other(name: str) -> None:
    folder = ROOT / "tests" / "sites" / "broken" / name
    texts = broken.changed(name)
    rules = set(
        re.findall(r"\[([^\[\]]+)\]$", (folder / "expected.txt").read_text(encoding="utf-8"), re.MULTILINE)
    )
    edited = yaml.load((folder / "change.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["edits"]
    errors = []
    for file in {edit["file"] for edit in edited} & set(texts):
        kind = _kind(file.removeprefix("site/"))
        if file.startswith("site/") and kind is not None:
            errors += _errors(kind, texts[file])
    if rules & IN_ONE_FILE and name != "too_deep":
        assert errors, rules
    if errors and "site/file" not in rules:
        assert rules & (IN_ONE_FILE | ALSO_SEEN), errors


def test_mappings_take_no_other_key() -> None:
    assert _errors("networks", "pools: {serves: {}}")[0].startswith("Additional properties")
    assert any("'4'" in error for error in _errors("dr", "tiers: {'4': {}}"))
    assert any("regexes" in error for error in _errors("tenant", "vms: {App_1: {}}"))


def test_the_editor_finds_one_schema_for_every_site_file() -> None:
    mapping = json.loads((ROOT / ".vscode/settings.json").read_text(encoding="utf-8"))["yaml.schemas"]
    for site in SITES:
        for file in site.glob("site/**/*.yml"):
            found = [name for name, files in mapping.items() if file.match(files.removeprefix("**/"))]
            assert len(found) == 1, file
            assert (ROOT / found[0]).is_file()


def test_every_key_says_what_it_is() -> None:
    for name in schema.KINDS:
        shape = schema.schema(name)
        for part in (shape, *shape.get("$defs", {}).values()):
            assert part.get("description"), part
            for key, about in part.get("properties", {}).items():
                assert about.get("description"), (name, key)


def test_a_key_without_a_sentence_is_refused() -> None:
    @dataclass
    class Mute:
        """A class whose key says nothing."""

        __pydantic_config__ = FORBID
        key: str

    with pytest.raises(TypeError, match="Mute.key has no sentence"):
        schema.describe(Mute, {"properties": {"key": {}}})
