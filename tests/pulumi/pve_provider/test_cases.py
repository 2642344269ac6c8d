# SPDX-License-Identifier: GPL-3.0-or-later
"""Live state and inputs against the calls that are expected: one YAML file per resource, with a no-op and a drift."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pve_provider.resources import ALL

FOLDER = Path(__file__).parent / "cases"
CASES = [
    (path.stem, name, case)
    for path in sorted(FOLDER.glob("*.yaml"))
    for name, case in yaml.safe_load(path.read_text(encoding="utf-8")).items()
]


@pytest.mark.parametrize(
    ("kind", "case"), [pytest.param(kind, case, id=f"{kind}-{name}") for kind, name, case in CASES]
)
def test_calls_are_as_expected(kind: str, case: dict[str, Any], recorded: Any) -> None:
    engine, api = recorded(case.get("live", {}), case.get("then"), case.get("answers"))
    act, inputs = case["do"], case.get("inputs", {})
    if act == "create":
        state = engine.create(kind, "it", inputs).state
    else:
        before = case.get("before", inputs)
        known = engine.checked(kind, "it", before)
        state = {**known, "incarnation": "0123456789abcdef", **case.get("state", {})}
        engine.keep(kind, "it", case["id"], known, state)
        if act == "delete":
            engine.delete(kind, "it")
        else:
            kept = engine.refresh(kind, "it")
            assert (kept is None) == case.get("gone", False)
            if kept is not None:
                assert engine.diff(kind, "it", inputs).detail == case.get("differences", {})
                engine.up(kind, "it", inputs)
    assert api.writes == case.get("calls", [])
    for field, value in case.get("outputs", {}).items():
        assert engine.state(kind, "it")[field] == value


@pytest.mark.parametrize("kind", [resource.name for resource in ALL])
def test_every_resource_has_a_create_a_no_op_and_a_drift_case(kind: str) -> None:
    cases = {name: case for found, name, case in CASES if found == kind}
    assert {"create", "no-op", "drift"} <= set(cases)
    assert not cases["no-op"].get("calls")
    assert not cases["no-op"].get("differences")
    assert cases["drift"]["calls"]
