# SPDX-License-Identifier: GPL-3.0-or-later
"""`make conformance` as people and CI see it: variables, exit codes, and what a kill leaves to the next run."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any

import pytest

from scripts.conformance.target import PREFIX
from scripts.toolchain.paths import ROOT
from tests.scripts.conformance.conftest import Ground

pytestmark = pytest.mark.lab
COMMAND = [sys.executable, "-m", "scripts.conformance"]


def environment(*parts: dict[str, str]) -> dict[str, str]:
    out = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "AWAN_TEST_RUN")}
    for part in parts:
        out.update(part)
    return out


def conform(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words], cwd=ROOT, env=environment(env), capture_output=True, text=True, check=False
    )


def test_a_cluster_given_by_variables(ground: Ground) -> None:
    done = conform({**ground.env, "ONLY": "version pool.", "SKIP": "pool.gone"}, "--json")
    assert done.returncode == 0, done.stderr
    results: list[dict[str, Any]] = json.loads(done.stdout)["results"]
    assert [one["name"] for one in results][:2] == ["version", "pool.comment"]
    assert {one["outcome"] for one in results} == {"ok"}
    assert "pool.gone" not in done.stdout


def test_a_difference_is_exit_1_and_named(ground: Ground) -> None:
    ground.control.fail("GET", "/version", 500, "no such thing")
    done = conform({**ground.env, "ONLY": "version permissions"})
    assert done.returncode == 1
    line = next(line for line in done.stdout.splitlines() if " version " in line)
    assert "DIFFERS" in line
    assert "no such thing" in line
    assert "1 ok, 1 DIFFERS, 0 left out" in done.stdout


def test_half_of_the_variables_is_usage(ground: Ground) -> None:
    done = conform({"ENDPOINT": ground.env["ENDPOINT"]})
    assert done.returncode == 2
    assert "FINGERPRINT, TOKEN missing" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("FINGERPRINT", "AA:BB", "64 hex digits"),
        ("ENDPOINT", "http://pve1", "write https://host:8006"),
        ("TOKEN_FILE", "/nonexistent", "name a readable file"),
        ("VMIDS", "9000", "9000-9099"),
        ("NODE", "nowhere", "is not up"),
        ("ONLY", "nothing", "leave no check"),
    ],
)
def test_wrong_values_are_usage(ground: Ground, name: str, value: str, words: str) -> None:
    done = conform({**ground.env, name: value})
    assert done.returncode == 2
    assert words in done.stderr


def test_nobody_there_and_another_certificate_are_exit_3(ground: Ground) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = {"ENDPOINT": f"https://127.0.0.1:{free.getsockname()[1]}"}
        done = conform({**ground.env, **nobody})
    assert done.returncode == 3
    assert "does not answer" in done.stderr
    done = conform({**ground.env, "FINGERPRINT": "AA" * 32})
    assert done.returncode == 3
    assert "not the pinned certificate" in done.stderr


def test_the_token_is_in_no_output(ground: Ground) -> None:
    secret = ground.target.client.token.partition("=")[2]
    done = conform({**ground.env, "ONLY": "token. permissions."}, "--json")
    assert secret not in done.stdout + done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 4), (signal.SIGKILL, -signal.SIGKILL)])
def test_what_an_interrupted_run_made_is_removed(ground: Ground, number: signal.Signals, code: int) -> None:
    """By the run itself where it can; after a SIGKILL by the next one."""
    with subprocess.Popen(
        COMMAND, cwd=ROOT, env=environment(ground.env), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 30
        while not _ours(ground) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        process.wait(30)
    assert process.returncode == code
    assert bool(_ours(ground)) == (number is signal.SIGKILL)
    assert conform({**ground.env, "ONLY": "version"}).returncode == 0
    assert _ours(ground) == []


def _ours(ground: Ground) -> list[str]:
    names = [str(row.get("name", "")) for row in ground.target.guests().values()]
    return [name for name in names if name.startswith(PREFIX)]
