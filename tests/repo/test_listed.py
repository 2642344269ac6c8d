# SPDX-License-Identifier: GPL-3.0-or-later
"""What was added in one place is known in the others: rules have a broken site, roles a playbook, commands a help."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
import yaml

from network_plan.policy import RULES
from scripts.toolchain.paths import ROOT

BROKEN = ROOT / "tests" / "sites" / "broken"
COMMANDS = sorted(
    file.stem for file in (ROOT / "scripts/awan/commands").glob("*.py") if file.stem != "__init__"
)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_has_a_site_that_breaks_it(rule: str) -> None:
    """The folder's name begins with the rule's id, in lower case: gw_3 or gw-3-no-date breaks GW-3."""
    name = rule.lower().replace("-", "_")
    folders = [folder.name for folder in BROKEN.glob("*") if folder.is_dir()]
    fitting = [folder for folder in folders if re.match(rf"{name}(_|$)", folder.lower().replace("-", "_"))]
    assert fitting, f"{rule}: no folder {name}* in tests/sites/broken"


def _plays(playbook: Path) -> list[dict[str, object]]:
    plays: list[dict[str, object]] = yaml.load(playbook.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return plays


def test_the_site_playbook_only_imports() -> None:
    for play in _plays(ROOT / "playbooks" / "site.yml"):
        assert set(play) <= {"name", "ansible.builtin.import_playbook", "tags", "vars"}


def test_every_role_is_in_a_playbook() -> None:
    texts = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "playbooks").glob("*.yml"))
    roles = sorted(folder.name for folder in (ROOT / "roles").glob("*") if folder.is_dir())
    assert roles
    assert [role for role in roles if not re.search(rf"\b{role}\b", texts)] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_an_example(name: str) -> None:
    command = importlib.import_module(f"scripts.awan.commands.{name}").command
    text = " ".join([command.help or "", command.epilog or ""])
    assert command.help
    assert re.search(r"Example", text), f"awan {name} --help shows no example"
    assert f"awan {name}" in text, f"the example of awan {name} is not one of it"
