# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider as the process that the engine starts: its port first, its end with the engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from pve_provider import VERSION

pytestmark = pytest.mark.lab

BINARY = Path(__file__).resolve().parents[3] / "pulumi" / "bin" / "pulumi-resource-pve"
ENGINE = "127.0.0.1:9"


def environment() -> dict[str, str]:
    return {**os.environ, "AWAN_PYTHON": sys.executable}


@pytest.fixture
def provider() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([str(BINARY), ENGINE], stdout=subprocess.PIPE, text=True, env=environment())
    yield process
    process.kill()
    process.communicate()


def test_it_prints_its_port_and_nothing_else_and_ends_on_sigint(provider: subprocess.Popen[str]) -> None:
    assert provider.stdout is not None
    port = int(provider.stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        assert stub.GetPluginInfo(empty_pb2.Empty(), timeout=20).version == VERSION
    began = time.monotonic()
    provider.send_signal(signal.SIGINT)
    assert provider.wait(20) == 0
    assert time.monotonic() - began < 4  # after 5 s the engine would kill it
    assert provider.stdout.read() == ""


def test_it_ends_when_the_engine_dies() -> None:
    code = (
        "import subprocess, sys; p = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE); "
        "p.stdout.readline(); print(p.pid, flush=True); sys.stdin.read()"
    )
    engine = subprocess.Popen(
        [sys.executable, "-c", code, str(BINARY), ENGINE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert engine.stdout is not None
    pid = int(engine.stdout.readline())
    command = Path(f"/proc/{pid}/cmdline")
    assert b"pve_provider" in command.read_bytes()
    engine.kill()
    engine.communicate()
    deadline = time.monotonic() + 20
    while command.exists() and b"pve_provider" in command.read_bytes():
        assert time.monotonic() < deadline, "the provider outlives the engine"
        time.sleep(0.05)
