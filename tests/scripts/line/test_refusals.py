# SPDX-License-Identifier: GPL-3.0-or-later
"""Systems that must not be talked to: a sentence with cause and cure, exit 3, nothing written."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from network_plan.model.plan import Plan
from scripts.lab import wiring
from scripts.lab.cluster import launch
from scripts.lab.cluster.client import ControlClient
from tests.scripts.line.conftest import REPOSITORY, Lab

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory, plan: Plan) -> Iterator[Lab]:
    """One empty cluster, nothing else."""
    lab = Lab(folder=tmp_path_factory.mktemp("refusals") / "lab", plan=plan)
    spec = wiring.cluster_spec(plan.cluster("dc"), lab.folder, with_guests=False)
    launch.start(spec, lab.folder / "dc")
    try:
        yield lab
    finally:
        launch.stop(lab.folder / "dc")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wrong(lab: Lab, how: str) -> dict[str, str]:
    token = lab.environment()["AWAN_DC_TOKEN_FILE"]
    right = Path(token).read_text(encoding="utf-8").strip()
    if how == "silent":
        return {"AWAN_DC_ENDPOINTS": f"https://127.0.0.1:{_free_port()}"}
    if how == "token":
        bad = right.partition("=")[0] + "=00000000-0000-0000-0000-000000000000"
        return {"AWAN_DC_TOKEN": bad, "AWAN_DC_VERIFY_TOKEN": bad}
    if how == "certificate":
        return {"AWAN_DC_FINGERPRINT": ":".join(["AB"] * 32)}
    return {"AWAN_DC_CLUSTER": "purwakarta-dc"}


WRONG = {
    "silent": ("answer", "check that the nodes are up"),
    "token": ("does not accept the API token", "its secret"),
    "certificate": ("pinned certificate", "the token was not sent"),
    "name": ("lab-dc", "purwakarta-dc"),
}


@pytest.mark.parametrize("how", WRONG)
def test_verify_refuses(bare: Lab, how: str) -> None:
    control = ControlClient(bare.folder / "dc")
    control.reset_calls()
    result = bare.awan("verify", "--only", "dc", **_wrong(bare, how))
    assert result.returncode == 3, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    for words in WRONG[how]:
        assert words in result.stderr
    assert {call["method"] for call in control.calls()} <= {"GET"}


@pytest.mark.parametrize("how", WRONG)
@pytest.mark.hosts
def test_pulumi_refuses_before_the_first_write(bare: Lab, how: str) -> None:
    control = ControlClient(bare.folder / "dc")
    stack = bare.stack("dc")
    stack.ensure()
    control.reset_calls()
    env = bare.environment(**_wrong(bare, how))
    result = bare.run(*stack.command("up", "--yes", "--skip-preview"), cwd=REPOSITORY / "pulumi", env=env)
    assert result.returncode != 0
    for words in WRONG[how]:
        assert words in result.stdout + result.stderr, result.stdout + result.stderr
    assert {call["method"] for call in control.calls()} <= {"GET"}
    assert bare.root("dc").get("/cluster/resources", type="vm") == []


def test_no_environment_is_said(bare: Lab) -> None:
    result = bare.awan("verify", "--only", "drc")
    assert result.returncode == 3
    assert "AWAN_DRC_ENDPOINTS" in result.stderr
    assert 'eval "$(awan lab env)"' in result.stderr


def test_a_missing_privilege_is_named(bare: Lab) -> None:
    """A token that may not read VMs would take them for missing; it is refused instead."""
    api = bare.root("dc")
    holders = [row for row in api.get("/access/acl") if row["ugid"].startswith("audit@pve")]
    kinds = {"user": "users", "token": "tokens"}
    for row in holders:
        who = {kinds[row["type"]]: row["ugid"]}
        api.put("/access/acl", path=row["path"], roles=row["roleid"], delete=1, **who)
    try:
        result = bare.awan("verify", "--only", "dc")
        assert result.returncode == 3, result.stdout + result.stderr
        assert "Sys.Audit on /" in result.stderr
    finally:
        for row in holders:
            who = {kinds[row["type"]]: row["ugid"]}
            api.put(
                "/access/acl", path=row["path"], roles=row["roleid"], propagate=row.get("propagate", 1), **who
            )
