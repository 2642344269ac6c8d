# SPDX-License-Identifier: GPL-3.0-or-later
"""A replication job goes when PVE's scheduler has removed the copies: that is awaited, or said."""

from __future__ import annotations

from itertools import chain, repeat
from typing import Any

import pytest

from pve_provider.client import retry
from pve_provider.resources.cluster import replication

LIST = "/cluster/replication"
INPUTS = {"jobid": "100-0", "target": "dc2"}
MARK = "awan: urn:pulumi:test::awan::pve:index:Replication::it"


def job(**more: Any) -> list[dict[str, Any]]:
    return [{"id": "100-0", "target": "dc2", "comment": f"{MARK} 0123456789abcdef", **more}]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "pauses", lambda **_limits: repeat(0.0))


def kept(engine: Any) -> None:
    known = engine.checked("Replication", "it", INPUTS)
    engine.keep("Replication", "it", "100-0", known, {**known, "incarnation": "0123456789abcdef"})


def test_a_delete_ends_when_the_job_is_gone(recorded: Any) -> None:
    marked = job(remove_job="full")
    engine, api = recorded({LIST: chain([job()], [marked, marked], repeat([])), "/cluster/resources": []})
    kept(engine)
    engine.delete("Replication", "it")
    assert api.writes == [f"DELETE {LIST}/100-0"]
    assert api.reads == [LIST, "/cluster/resources", *[LIST] * 3]


def test_one_that_is_being_removed_is_only_awaited(recorded: Any) -> None:
    engine, api = recorded({LIST: chain([job(remove_job="full")] * 2, repeat([]))})
    kept(engine)
    engine.delete("Replication", "it")
    assert api.writes == []


def test_a_removal_that_does_not_come_is_said(recorded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replication, "REMOVE_SECONDS", -1.0)
    engine, _api = recorded({LIST: job(remove_job="full")})
    kept(engine)
    with pytest.raises(
        Exception, match=r"100-0 is marked for removal and still there .*pvesr delete 100-0 --force"
    ):
        engine.delete("Replication", "it")


def test_a_making_waits_for_the_removal_of_the_one_before(recorded: Any) -> None:
    live = {
        LIST: chain([job(remove_job="full")] * 3, repeat([])),
        f"POST {LIST}": "replication job '100-0' already exists",
    }
    engine, api = recorded(live)
    engine.create("Replication", "it", INPUTS)
    assert [line.split(" ", 1)[0] for line in api.writes] == ["POST", "POST"]
