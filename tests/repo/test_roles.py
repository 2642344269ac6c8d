# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role declares what it takes, says each default once, depends on no other role, and can verify itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.toolchain.paths import ROOT, versions

ROLES = sorted(folder for folder in (ROOT / "roles").glob("*") if folder.is_dir())
NAMES = [role.name for role in ROLES]
LONGEST = 80  # lines of a task file or template
MOST = 25  # variables of one role


def _read(file: Path) -> Any:
    return yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def _defaults(role: Path) -> dict[str, Any]:
    file = role / "defaults" / "main.yml"
    return _read(file) or {} if file.is_file() else {}


def test_there_are_roles() -> None:
    assert ROLES, "no role found: the tests below would prove nothing"


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
def test_spec_and_defaults_say_the_same(role: Path) -> None:
    specs = _read(role / "meta" / "argument_specs.yml")["argument_specs"]
    options = specs["main"]["options"]
    declared = {name: option["default"] for name, option in options.items() if "default" in option}
    assert declared == _defaults(role)


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
def test_variables_carry_the_role_s_name(role: Path) -> None:
    specs = _read(role / "meta" / "argument_specs.yml")["argument_specs"]
    names = {name for entry in specs.values() for name in entry.get("options", {})} | set(_defaults(role))
    assert {name for name in names if not name.startswith(f"{role.name}_")} == set()
    assert len(names) <= MOST


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
def test_every_option_is_described(role: Path) -> None:
    specs = _read(role / "meta" / "argument_specs.yml")["argument_specs"]
    for entry in specs.values():
        assert entry.get("short_description")
        for name, option in entry.get("options", {}).items():
            assert option.get("description"), f"{role.name}: {name} has no description"
            assert option.get("type"), f"{role.name}: {name} has no type"


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
def test_no_role_depends_on_another(role: Path) -> None:
    assert not _read(role / "meta" / "main.yml").get("dependencies"), "the playbook is where roles meet"


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
def test_every_role_can_verify_itself(role: Path) -> None:
    assert (role / "tasks" / "verify.yml").is_file()


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
def test_task_files_and_templates_fit_a_screen_or_two(role: Path) -> None:
    texts = [*role.glob("tasks/*.yml"), *role.glob("templates/**/*.j2")]
    long = {
        file.name: n for file in texts if (n := len(file.read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert not long


def _packages(value: Any) -> set[str]:
    """Collect the packages that apt tasks name outright (a variable's are in the defaults)."""
    found: set[str] = set()
    if isinstance(value, list):
        return found.union(*(_packages(entry) for entry in value))
    if isinstance(value, dict):
        for key, entry in value.items():
            if key in ("ansible.builtin.apt", "apt"):
                names = entry.get("name", [])
                found |= {name for name in ([names] if isinstance(names, str) else names) if "{{" not in name}
            else:
                found |= _packages(entry)
    return found


@pytest.mark.parametrize("role", ROLES, ids=NAMES)
def test_what_a_role_installs_is_in_the_base_image(role: Path) -> None:
    """Booted hosts of the testbed reach no mirror: scripts/toolchain/versions.toml lists what they can install."""
    named = {name for key, value in _defaults(role).items() if key.endswith("_packages") for name in value}
    for file in role.glob("tasks/*.yml"):
        named |= _packages(_read(file))
    assert named - set(versions()["base"]["packages"]) == set()
