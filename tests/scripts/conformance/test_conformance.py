# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab conforms; a cluster that does otherwise is told, check by check; and nothing is left behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.conformance.__main__ import ask, main
from scripts.conformance.checks import CHECKS
from scripts.conformance.ground import Ground, lab

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with lab() as opened:
        yield opened


def _everything(ground: Ground) -> str:
    paths = ("/pools", "/access/groups", "/access/acl", "/cluster/firewall/aliases", "/cluster/firewall/ipset",
             "/cluster/firewall/groups", "/cluster/resources")  # fmt: skip
    return "\n".join(str(ground.api.get(path)) for path in paths)


def test_the_lab_conforms_and_is_left_as_it_was(ground: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(ground) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == f"{len(CHECKS)} of {len(CHECKS)} hold"
    assert said.err == ""
    assert ground.name not in _everything(ground)


def test_what_differs_is_told_and_the_rest_is_asked_all_the_same(
    ground: Ground, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster of another release, and one where the pool cannot be made: two answers, three checks that need them."""
    get, post = ground.api.get, ground.api.post

    def older(path: str, /, **params: object) -> object:
        return {"version": "8.4.1"} if path == "/version" else get(path, **params)

    def no_pools(path: str, *rest: object, **params: object) -> object:
        return post("/pools/nowhere/at/all" if path == "/pools" else path, *rest, **params)  # type: ignore[arg-type]

    monkeypatch.setattr(ground.api, "get", older)
    monkeypatch.setattr(ground.api, "post", no_pools)
    assert ask(ground) == 1
    lines = capsys.readouterr().out.splitlines()
    told = [line for line in lines if line.startswith("differs")]
    assert "version 8.4.1" in lines[1]
    assert "differs  A pool keeps its comment" in "\n".join(told)
    assert lines[-1].startswith(f"{len(CHECKS) - len(told)} of {len(CHECKS)}")
    assert any(line.startswith("holds    An IP set") for line in lines)
    assert ground.name not in _everything(ground)


def test_a_cluster_named_by_halves_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENDPOINT", "https://127.0.0.1:1")
    monkeypatch.delenv("FINGERPRINT", raising=False)
    assert main() == 2


@pytest.mark.parametrize(
    ("name", "value"), [("TOKEN", "root"), ("FINGERPRINT", "AB:CD"), ("ENDPOINT", "http://127.0.0.1:1")]
)
def test_what_is_written_wrong_is_wrong_usage(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"ENDPOINT": "https://127.0.0.1:1", "FINGERPRINT": "AB" * 32, "TOKEN": "a@pve!b=cccc"}
    for key, text in {**given, name: value}.items():
        monkeypatch.setenv(key, text)
    assert main() == 2
    assert "write" in capsys.readouterr().err


def test_a_cluster_that_does_not_answer_is_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    token = "conf@pve!test=11112222-3333-4444-5555-666677778888"
    for name, value in {"ENDPOINT": "https://127.0.0.1:1", "FINGERPRINT": "AB" * 32, "TOKEN": token}.items():
        monkeypatch.setenv(name, value)
    assert main() == 3
    said = capsys.readouterr()
    assert "answers" in said.err
    assert "11112222" not in said.out + said.err
