# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from the engine's and Ansible's own words."""

from __future__ import annotations

from scripts.line.ansible import Recap, read_failures, read_recap
from scripts.stack.engine import Lock, Outcome, StackLocked, parse_locks

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
