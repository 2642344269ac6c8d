# SPDX-License-Identifier: GPL-3.0-or-later
"""Schema and SDK in git are what the definitions say, and every resource deletes before it is made anew."""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path
from typing import Any

import pytest

import pulumi_pve
from pve_provider import VERSION, generate, schema
from pve_provider.resources import ALL
from scripts.toolchain import paths


def test_the_schema_in_git_is_fresh() -> None:
    assert generate.SCHEMA.read_text(encoding="utf-8") == schema.text()


@pytest.mark.lab
def test_the_sdk_in_git_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    if not paths.sdk_generator().exists():
        pytest.skip("the SDK generator is not built; `make setup` builds it")
    monkeypatch.setenv("PATH", f"{paths.pulumi_bin()}{os.pathsep}{os.environ['PATH']}")
    assert generate.stale() == []


@pytest.mark.parametrize("resource", ALL, ids=lambda resource: resource.name)
def test_each_class_of_the_sdk_deletes_first(resource: Any) -> None:
    source = inspect.getsource(getattr(pulumi_pve, resource.name))
    assert source.count("pulumi.ResourceOptions(delete_before_replace=True), opts)") == 1


def test_the_sdk_needs_no_installation() -> None:
    plugin = json.loads((generate.SDK / "pulumi-plugin.json").read_text(encoding="utf-8"))
    version: Any = pulumi_pve._utilities.get_version  # type: ignore[attr-defined,unused-ignore]
    assert version() == plugin["version"] == VERSION
    assert "parver" not in (generate.SDK / "_utilities.py").read_text(encoding="utf-8")


def test_secrets_are_marked_as_such() -> None:
    found = schema.schema()
    assert found["types"]["pve:index:VmCloudInit"]["properties"]["password"]["secret"] is True
    assert found["provider"]["inputProperties"]["apiToken"]["secret"] is True


def test_the_provider_knows_nothing_of_the_plan() -> None:
    for path in (Path(schema.__file__).parent).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "network_plan" not in text, path
        assert "from scripts" not in text, path


def test_every_field_has_a_sentence_and_every_resource_an_import_id() -> None:
    for resource in ALL:
        assert resource.import_id
        assert resource.doc.endswith(".")
        for field in resource.fields:
            assert field.doc.endswith("."), (resource.name, field.name)
