# SPDX-License-Identifier: GPL-3.0-or-later
"""The map's script: keyed by what it is made from, missing with a reason, and what is in it named with its licence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from scripts.toolchain import paths, web
from scripts.toolchain.part import PartError


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sources that a test may change."""
    folder = tmp_path / "web"
    shutil.copytree(web.SOURCES, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    monkeypatch.setattr(web, "SOURCES", folder)
    return folder


def test_another_source_is_another_bundle_and_another_lock_other_packages(sources: Path) -> None:
    bundle, packages = web.bundle_dir(), web.modules()
    file = sources / "src" / "main.ts"
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert web.bundle_dir() != bundle
    assert web.modules() == packages
    lock = sources / "package-lock.json"
    lock.write_text(lock.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert web.modules() != packages


def test_without_a_bundle_it_is_said_what_brings_it(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not own_cache.exists()
    assert web.check().why == "the script that draws the map is not built"
    monkeypatch.setattr(paths, "which", lambda _name: None)
    part = web.check()
    assert (part.ok, part.needed) == (False, False)
    assert "npm" in part.command
    assert part.command.endswith("make setup")
    with pytest.raises(PartError, match="npm is not installed"):
        web.ensure()


def test_the_lock_names_no_registry_and_every_package_has_its_sum() -> None:
    text = (web.SOURCES / "package-lock.json").read_text(encoding="utf-8")
    assert "resolved" not in text
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())


def test_what_is_bundled_is_named_with_its_licence() -> None:
    if not web.check().ok:
        pytest.skip(f"{web.check().why}; {web.check().command}")
    notice = (web.bundle_dir() / "NOTICE").read_text(encoding="utf-8")
    lock = json.loads((web.SOURCES / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    inside = {name.removeprefix("node_modules/"): e for name, e in lock.items() if name and not e.get("dev")}
    assert {"leaflet", "flatbush"} <= set(inside)
    for name, entry in inside.items():
        assert f"{name} {entry['version']}, {entry['license']}" in notice
    assert notice.count("Copyright") >= 2
    assert sorted(file.name for file in web.bundle_dir().iterdir()) == sorted(web.FILES)
    script = (web.bundle_dir() / "map.js").read_text(encoding="utf-8")
    assert script.isascii()
    assert "</script" not in script.lower()


def test_a_wrong_type_is_no_bundle(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = web.modules()
    if not (packages / "node_modules").is_dir():
        pytest.skip("the npm packages of the map are not there; make setup")
    monkeypatch.setattr(web, "_fetch", lambda: packages)
    monkeypatch.setenv("AWAN_CACHE", str(tmp_path / "cache"))
    (sources / "src" / "wrong.ts").write_text(
        "// SPDX-License-Identifier: GPL-3.0-or-later\nexport const one: number = 'two';\n", encoding="utf-8"
    )
    with pytest.raises(PartError, match=r"(?s)wrong\.ts.*not assignable"):
        web.ensure()
    assert not web.bundle_dir().exists()
