# SPDX-License-Identifier: GPL-3.0-or-later
"""A token's value is told once: never lost where it can be kept, never guessed where it can't, never in plain."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from pve_provider import wire
from pve_provider.errors import SCRUBBER, LostAnswer

INPUTS = {"userid": "monitor@pve", "tokenid": "read"}
PATH = "/access/users/monitor@pve/token/read"
URN = "urn:pulumi:test::awan::pve:index:Token::it"
VALUE = "fedc6789-0000-4111-8222-333344445555"


def users(comment: str) -> list[dict[str, Any]]:
    return [{"userid": "monitor@pve", "tokens": [{"tokenid": "read", "privsep": 1, "comment": comment}]}]


def lost() -> LostAnswer:
    return LostAnswer("no answer")


def test_a_lost_answer_leaves_a_token_that_is_made_again(recorded: Any) -> None:
    live = {"/access/users": users(f"awan: {URN} fedcba9876543210")}
    engine, api = recorded(live, answers=[lost(), {"value": VALUE}])
    state = engine.create("Token", "it", INPUTS).state
    assert [line.split(" ", 2)[:2] for line in api.writes] == [
        ["POST", PATH],
        ["DELETE", PATH],
        ["POST", PATH],
    ]
    assert state["value"] == VALUE


def test_a_lost_answer_to_a_making_that_never_came_about_is_a_making_again(recorded: Any) -> None:
    engine, api = recorded({"/access/users": []}, answers=[lost(), {"value": VALUE}])
    assert engine.create("Token", "it", INPUTS).state["value"] == VALUE
    assert [line.split(" ", 1)[0] for line in api.writes] == ["POST", "POST"]


def test_answers_that_never_come_are_no_token(recorded: Any) -> None:
    live = {"/access/users": users(f"awan: {URN} fedcba9876543210")}
    engine, _api = recorded(live, answers=[lost(), lost(), lost()])
    with pytest.raises(Exception, match="cannot create token monitor@pve!read: .*no answer came; run again"):
        engine.create("Token", "it", INPUTS)


@pytest.mark.parametrize(
    "comment", ["made by hand", "awan: urn:pulumi:dc::awan::pve:index:Token::b fedcba9876543210"]
)
def test_somebody_elses_token_is_not_touched(recorded: Any, comment: str) -> None:
    live = {"/access/users": users(comment), f"POST {PATH}": "Token already exists."}
    engine, api = recorded(live)
    with pytest.raises(Exception, match="token monitor@pve!read exists already and"):
        engine.create("Token", "it", INPUTS)
    assert [line.split(" ", 1)[0] for line in api.writes] == ["POST"]


def test_the_value_leaves_the_provider_as_a_secret_only(recorded: Any) -> None:
    """In the answers to Create, Read and Update it is wrapped; in every text it is scrubbed."""
    engine, _api = recorded(
        {"/access/users": users(f"awan: {URN} 0123456789abcdef")}, answers=[{"value": VALUE}]
    )
    news = wire.encode(engine.checked("Token", "it", INPUTS))
    made = engine.stub.Create(provider_pb2.CreateRequest(urn=URN, properties=news))
    assert VALUE not in SCRUBBER.clean(f"PVE says {VALUE}")
    read = engine.stub.Read(
        provider_pb2.ReadRequest(id=made.id, urn=URN, properties=made.properties, inputs=news)
    )
    changed = wire.encode(engine.checked("Token", "it", {**INPUTS, "comment": "x"}))
    updated = engine.stub.Update(
        provider_pb2.UpdateRequest(id=made.id, urn=URN, olds=read.properties, news=changed, old_inputs=news)
    )
    for answer in (made.properties, read.properties, updated.properties):
        value = answer.fields["value"].struct_value.fields
        assert value[wire.SIGNATURE].string_value == wire.SECRET
        assert wire.decode(answer).values["value"] == VALUE


def test_an_imported_token_has_no_value_and_no_difference(recorded: Any) -> None:
    engine, _api = recorded({"/access/users": users("by hand")})
    kept = engine.fetch("Token", "it", "monitor@pve!read")
    assert kept is not None
    assert "value" not in kept.state
    assert engine.diff("Token", "it", {**INPUTS, "comment": "by hand"}).detail == {}
    with pytest.raises(Exception, match="write user@realm!name"):
        engine.fetch("Token", "other", "monitor@pve")
