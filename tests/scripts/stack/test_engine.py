# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from the engine's and Ansible's own words, and how a run of the engine is ended."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts.line.ansible import Recap, read_failures, read_recap
from scripts.stack.engine import EngineError, Lock, Outcome, Stack, StackLocked, parse_locks

LOCKED = """error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the
lock file with `pulumi cancel`.
  file:///lab/pulumi/state/.pulumi/locks/organization/awan/dc/0c1d.json: created by root@control (pid 4711) at 2026-11-24T07:00:01Z
"""


def test_a_lock_is_read_from_the_engines_words() -> None:
    lock = Lock(user="root", host="control", pid=4711, since="2026-11-24T07:00:01Z")
    assert parse_locks(LOCKED) == (lock,)
    assert parse_locks("something else") == ()
    said = str(StackLocked("dc", (lock,)))
    assert "pid 4711" in said
    assert "awan recover dc" in said


def test_what_counts_as_changed() -> None:
    assert Outcome(changes={"same": 53}).changed == 0
    assert Outcome(changes={"same": 50, "update": 2, "create": 1}).changed == 3
    assert str(Outcome(changes={"same": 50, "update": 2})) == "50 same, 2 update"


STAND_IN = """#!{python}
import pathlib, signal, sys, time
here = pathlib.Path(__file__).parent

def interrupted(number, frame):
    with (here / "interrupts").open("a") as file:
        file.write("one\\n")

signal.signal(signal.SIGINT, interrupted)
print('{{"resOutputsEvent": {{"metadata": {{"op": "create", "type": "pve:index:Vm", "urn": "a::b"}}}}}}', flush=True)
while not (here / "interrupts").exists():
    time.sleep(0.01)
print("x" * 200_000, flush=True)  # more than a pipe holds: somebody still reads
time.sleep(0.5)
(here / "unlocked").touch()
"""
"""A ``pulumi`` that gives its lock back a while after it was interrupted, as the real one does."""


@pytest.mark.lab
@pytest.mark.parametrize("error", [KeyboardInterrupt, BrokenPipeError])
def test_an_interrupted_run_is_waited_for_until_it_has_unlocked(
    tmp_path: Path, error: type[BaseException]
) -> None:
    binary = tmp_path / "pulumi"
    binary.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
    binary.chmod(0o755)

    def progress(_text: str) -> None:
        raise error

    with pytest.raises(error):
        Stack("dc", {"PATH": str(tmp_path)}, tmp_path).up(progress=progress)
    assert (tmp_path / "unlocked").exists()
    assert (tmp_path / "interrupts").read_text(encoding="utf-8") == "one\n"


@pytest.mark.lab
def test_a_killed_run_is_no_empty_sentence(tmp_path: Path) -> None:
    binary = tmp_path / "pulumi"
    binary.write_text("#!/bin/sh\nkill -KILL $$\n", encoding="utf-8")
    binary.chmod(0o755)
    with pytest.raises(
        EngineError, match="stack dc: pulumi ended with -9 and said nothing; 'awan recover dc'"
    ):
        Stack("dc", {"PATH": str(tmp_path)}, tmp_path).up()


def test_recap() -> None:
    text = (
        "PLAY RECAP ***\n"
        "gw1   : ok=17   changed=1    unreachable=0    failed=0    skipped=2    rescued=0    ignored=0\n"
        "gw2   : ok=3    changed=0    unreachable=0    failed=0    skipped=1    rescued=0    ignored=0\n"
    )
    assert read_recap(text) == Recap(ok=20, changed=1, skipped=3)
    assert read_recap("no recap") is None


def test_failures_name_their_task() -> None:
    text = 'TASK [gateway : Load the rules] ***\nfatal: [gw1]: FAILED! => {"msg": "no"}\n'
    assert read_failures(text) == ['gateway : Load the rules: fatal: [gw1]: FAILED! => {"msg": "no"}']
