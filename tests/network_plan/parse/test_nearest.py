# SPDX-License-Identifier: GPL-3.0-or-later
"""A word that is nearly right is answered with the right one, with line and column, whatever kind of word it is."""

from __future__ import annotations

from datetime import date

import pytest

from network_plan.build import check_texts
from network_plan.files import read_texts
from tests.small import SMALL

LEDGER = SMALL.parent / "ledger"


@pytest.fixture(scope="module")
def small() -> dict[str, str]:
    return read_texts(SMALL, "yml")


def _said(texts: dict[str, str]) -> list[str]:
    checked = check_texts(texts, read_texts(LEDGER, "ledger"), today=date(2026, 11, 24))
    return [str(finding) for finding in checked.errors]


CASES = [
    ("key", "tenants/rsud.yml", "    size: ", "    siez: ", "did you mean 'size'?"),
    ("key of a file", "tenants/rsud.yml", "offices:", "ofices:", "did you mean 'offices'?"),
    ("key of what may be left out", "services.yml", "egress:", "hosting: {publication: portal, sorce: x}\negress:", "did you mean 'source'?"),
    ("key in a mapping", "networks.yml", "  office:", "  ofice:", "did you mean 'office'?"),
    ("word of a list", "tenants/rsud.yml", "transport: fibre", "transport: fiber", "did you mean 'fibre'?"),
    ("literal", "networks.yml", "delivery: routed", "delivery: Routed", "did you mean 'routed'?"),
    ("tenant", "services.yml", "tenant: dukcapil", "tenant: dukcapill", "did you mean 'dukcapil'?"),
    ("operator", "regency.yml", "operator: diskominfo", "operator: kominfo", "did you mean 'diskominfo'?"),
    ("vm", "services.yml", "vm: dukcapil/siak", "vm: dukcapil/siac", "did you mean 'dukcapil/siak'?"),
    ("vm of another", "services.yml", "vm: dukcapil/siak", "vm: rsud/siak", "did you mean 'dukcapil/siak'?"),
    ("size", "tenants/rsud.yml", "size: ", "size: x", "did you mean"),
    ("cluster", "dr.yml", "cluster: drc", "cluster: drcc", "did you mean 'drc'?"),
    ("network", "clusters.yml", "network: diskominfo/management-dc", "network: diskominfo/managment-dc", "did you mean 'diskominfo/management-dc'?"),
    ("application", "tenants/rsud.yml", "[kesehatan]", "[kesihatan]", "did you mean 'kesehatan'?"),
    ("owner", "applications.yml", "owner: dukcapil", "owner: dukcapi", "did you mean 'dukcapil'?"),
    ("host", "tenants/rsud.yml", "    size: ", "    node: dc11\n    size: ", "did you mean 'dc1'?"),
    ("network of a VM", "tenants/rsud.yml", "    size: ", "    network: server\n    size: ", "did you mean 'servers'?"),
    ("sanction", "services.yml", "egress:", 'sanctions:\n  x: {target: rsudd, measure: block, until: 2027-01-01, reason: spam, source: "assumption: a test of words"}\negress:', "did you mean 'rsud'?"),
    ("hosting", "services.yml", "egress:", "hosting: {publication: portl, source: Perbup 253/2019}\negress:", "did you mean 'portal'?"),
    ("exception", "services.yml", "exception: dukcapil-public", "exception: dukcapil-publik", "did you mean 'dukcapil-public'?"),
    ("endpoint", "services.yml", "[offices]", "[ofices]", "did you mean 'offices'?"),
    ("endpoint's tenant", "services.yml", "[offices]", '["office:rsd"]', "did you mean 'rsud'?"),
    ("endpoint's first word", "services.yml", "[offices]", '["Office:rsud"]', "did you mean 'office:rsud'?"),
    ("service turned round", "services.yml", "[tcp/443]", "[443/tcp]", "write tcp/443"),
    ("service with a colon", "services.yml", "[tcp/443]", '["TCP:443"]', "write tcp/443"),
    ("service without a protocol", "services.yml", "[tcp/443]", '["443"]', "write tcp/443"),
    ("echo", "services.yml", "[tcp/443]", "[ping]", "write icmp"),
    ("file", "service.yml", "", "", "did you mean services.yml?"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "cure"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_the_nearest_right_word(small: dict[str, str], file: str, old: str, new: str, cure: str) -> None:
    text = small.get(file, "")
    assert old in text, f"{file} of the small site no longer holds {old!r}"
    line = text[: text.index(old)].count("\n") + 1
    said = _said({**small, file: text.replace(old, new, 1)})
    fitting = [sentence for sentence in said if cure in sentence]
    assert fitting, "\n".join(said)
    assert fitting[0].startswith(f"site/{file}")
    if old and "\n" not in new:
        assert f"{file}:{line}:" in fitting[0], fitting[0]


def test_what_is_near_nothing_is_answered_with_what_there_is(small: dict[str, str]) -> None:
    texts = {**small, "dr.yml": small["dr.yml"].replace("cluster: drc", "cluster: xyzzy", 1)}
    assert any("known: dc, drc" in sentence for sentence in _said(texts))
    texts = {**small, "services.yml": small["services.yml"].replace("[offices]", "[xyzzy]", 1)}
    assert any("it begins with one of internet, offices" in sentence for sentence in _said(texts))


def test_the_small_site_has_no_error(small: dict[str, str]) -> None:
    assert _said(small) == []


def test_constraints_and_absence_are_seen_through() -> None:
    """A key below a value that may be left out, or that has limits, is still one of its type's."""
    from typing import Annotated

    from annotated_types import Ge

    from network_plan.parse import sentence

    assert sentence._bare(Annotated[int | None, Ge(1)]) is int
    assert sentence._bare(Annotated[int, Ge(1)] | None) is int
