# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan new`` writes the few lines and nothing else, after the whole site was judged with them."""

from __future__ import annotations

import difflib
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Awan = Callable[..., Any]
Spoil = Callable[[str, str, str], None]

TODAY = ("--today", "2026-11-24")
MAIN = ("--transport", "fibre", "--hosts", "12")
TENANT = (
    *("new", "tenant", "baru", "--name", "Badan Baru", "--kind", "badan", *MAIN),
    *("--why", "a new agency", *TODAY),
)
VM = ("new", "vm", "baru/app", "--why", "its register", *TODAY)


ASSUMED = 'source: "assumption: 2026-11-24, a new agency"'


def _site(inventory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(inventory).as_posix(): path.read_bytes()
        for path in sorted(inventory.rglob("*.*"))
        if path.is_file()
    }


def _added(before: dict[str, bytes], after: dict[str, bytes]) -> dict[str, list[str]]:
    """File → its new lines, and every other byte of every file is what it was."""
    assert set(before) <= set(after)
    found: dict[str, list[str]] = {}
    for name, text in after.items():
        old = before.get(name, b"").splitlines(keepends=True)
        new = text.splitlines(keepends=True)
        for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag == "equal":
                continue
            assert (tag, i1) == ("insert", i2), name
            found.setdefault(name, []).extend(line.decode().rstrip("\r\n") for line in new[j1:j2])
    return found


def test_a_tenant_with_its_office_is_six_lines_and_a_vm_two_more(awan: Awan, inventory: Path) -> None:
    before = _site(inventory)
    said = awan(*TENANT)
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        "inventory/site/tenants/baru.yml: 6 lines written\nnext: awan allot, awan check, awan new vm baru/…\n"
    )
    assert awan(*VM).out == (
        "inventory/site/tenants/baru.yml: 2 lines written\nnext: awan allot, awan check, awan new flow baru/…\n"
    )
    assert _added(before, _site(inventory)) == {
        "site/tenants/baru.yml": [
            "schema: 1",
            "name: Badan Baru",
            "kind: badan",
            ASSUMED,
            "offices:",
            f"  main: {{title: Kantor Badan Baru, transport: fibre, hosts: 12, {ASSUMED}}}",
            "vms:",
            '  app: {size: small, serves: [tcp/443], source: "assumption: 2026-11-24, its register"}',
        ]
    }
    assert awan("check").code == 1
    assert awan("allot").code == 0
    assert awan("check").code == 0


def test_each_kind_adds_its_lines_alone(awan: Awan, inventory: Path) -> None:
    before = _site(inventory)
    perbup = ("--source", "Perbup 253/2019 §4.6.2")
    office = (
        "new",
        "office",
        "dinas/second",
        "--title",
        "Gudang",
        "--transport",
        "wireless",
        "--hosts",
        "12",
    )
    assert awan(*office, *perbup).code == 0
    assert awan("new", "vm", "dinas/web", "--priority", "1", "--title", "Pages", *perbup).code == 0
    flow = ("new", "flow", "dinas/second-to-web", "--from", "office:dinas/second,vm:app", "--to", "vm:web")
    assert awan(*flow, "--why", "the store", "--until", "2027-06-30").code == 0
    operate = (
        "new",
        "flow",
        "regency/operate-web",
        "--from",
        "management",
        "--to",
        "vm:dinas/web",
        "--ports",
        "tcp/443",
    )
    assert awan(*operate, "--why", "the operator looks after it").code == 0
    refused = awan("new", "flow", "regency/all", "--from", "offices", *operate[5:], "--why", "all of them")
    assert refused.code == 1
    assert "its owner does not; write the flow into the file of dinas [SEC-2]" in refused.err
    assert awan("new", "service", "pages", "--vm", "dinas/web", "--why", "the public", *TODAY).code == 0
    added = _added(before, _site(inventory))
    assert set(added) == {"site/tenants/dinas.yml", "site/services.yml"}
    text = (inventory / "site/tenants/dinas.yml").read_text()
    for piece in (
        "title: Gudang, transport: wireless, hosts: 12, source: Perbup 253/2019 §4.6.2",
        "until: 2027-06-30",
        "office:dinas/second, vm:app",
    ):
        assert piece in text
    services = (inventory / "site/services.yml").read_text()
    assert 'source: "assumption: 2026-11-24, the public"' in services
    assert "ports: [tcp/443]" in services  # what the VM serves
    assert awan("allot").code == 0
    assert awan("check").code == 0
    assert awan("reach", "office:dinas/second", "dinas/web:443/tcp").code == 0


def test_nothing_is_written_over(awan: Awan, inventory: Path) -> None:
    before = _site(inventory)
    said = awan("new", "tenant", "dinas", "--name", "X", "--kind", "dinas", "--why", "again")
    assert (said.code, said.err) == (
        2,
        "inventory/site/tenants/dinas.yml: the file is there already; edit it, or choose another id\n",
    )
    said = awan("new", "vm", "dinas/app", "--why", "again")
    assert said.code == 2
    assert "'vms' has 'app' already; choose another name, or edit the file" in said.err
    assert _site(inventory) == before


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("vm", "dinas/web", "--size", "smal", "--why", "x"), 2, "did you mean 'small'?"),
        (("vm", "dinas/web", "--serves", "443", "--why", "x"), 2, "site/service"),
        (("vm", "dinaz/web", "--why", "x"), 2, "there is no tenant 'dinaz'; did you mean 'dinas'?"),
        (("vm", "unheard/web", "--why", "x"), 2, "run 'awan new tenant unheard' first"),
        (("vm", "web", "--why", "x"), 2, "write TENANT/web"),
        (("vm", "dinas/../x", "--why", "x"), 2, "can't name a VM"),
        (("tenant", "../../x", "--why", "x"), 2, "can't name a tenant"),
        (
            ("tenant", "gateway", "--name", "G", "--kind", "dinas", *MAIN, "--why", "x"),
            2,
            "a word of the plan's own",
        ),
        (("tenant", "baru", "--kind", "dinas", "--why", "x"), 2, "give --name"),
        (("tenant", "baru", "--name", "G", "--kind", "dinas", *MAIN), 2, "give --why"),
        (("tenant", "baru", "--name", "G", "--kind", "dinas", "--hosts", "3"), 2, "give --transport"),
        (("vm", "dinas/web"), 2, "give --source, or --why for an assumption"),
        (("vm", "dinas/web", "--source", "hearsay"), 2, "source"),
        (("service", "x", "--vm", "dinas/unheard", "--why", "y"), 2, "has no VM 'unheard'"),
        (
            ("flow", "dinas/x", "--from", "office:dinas", "--to", "vm:kominfo/state", "--why", "w"),
            1,
            "not its own; write the flow into the file of kominfo [SEC-2]",
        ),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(
    awan: Awan, inventory: Path, args: tuple[str, ...], code: int, says: str
) -> None:
    before = _site(inventory)
    said = awan("new", *args)
    assert (said.code, says in said.err) == (code, True), said
    assert _site(inventory) == before


def test_errors_that_were_there_are_called_so(awan: Awan, inventory: Path, spoil: Spoil) -> None:
    spoil("site/tenants/kominfo.yml", "to: vm:state", "to: vm:stat")
    before = _site(inventory)
    said = awan(*TENANT)
    assert said.code == 2
    assert said.err.endswith(
        "nothing was written; the site has these errors without the change: mend them first\n"
    )
    assert _site(inventory) == before


def test_a_dry_run_shows_the_difference(awan: Awan, inventory: Path) -> None:
    before = _site(inventory)
    said = awan("new", "vm", "dinas/web", "--why", "pages", "--dry-run", *TODAY)
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[:2] == ["--- a/inventory/site/tenants/dinas.yml", "+++ b/inventory/site/tenants/dinas.yml"]
    assert [line for line in lines[2:] if line.startswith("-")] == []
    assert any(line.startswith("+  web:") for line in lines)
    assert lines[-1].endswith("would be written")
    assert _site(inventory) == before


def test_json(awan: Awan, inventory: Path) -> None:
    said = json.loads(awan(*TENANT, "--json").out)
    assert said["file"] == "inventory/site/tenants/baru.yml"
    assert said["lines"][0] == "schema: 1"
    assert (said["written"], said["ledger_lines_missing"], said["warnings"]) == (True, 3, [])
    assert json.loads(awan(*VM, "--json").out)["ledger_lines_missing"] > 5
    assert (inventory / "site/tenants/baru.yml").is_file()


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_at_a_terminal_it_asks(awan: Awan, inventory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", _Terminal())
    answers = iter(["Badan Baru", "badan", "fibre", "12", "somebody asked"])
    asked: list[str] = []

    def answer(question: str, **_more: object) -> str:
        asked.append(question)
        return next(answers)

    monkeypatch.setattr("click.prompt", answer)
    assert awan("new", "tenant", "baru", *TODAY).code == 0
    assert [question.split(" (")[0] for question in asked] == [
        "Official name",
        "Kind",
        "Line",
        "How many devices need an address",
        "why its line and devices are assumed so",
    ]
    assert 'source: "assumption: 2026-11-24, somebody asked"' in (
        inventory / "site/tenants/baru.yml"
    ).read_text(encoding="utf-8")


def test_ends_of_line_and_mode_stay(awan: Awan, inventory: Path) -> None:
    file = inventory / "site/tenants/dinas.yml"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n") + b"# the end\r\n")
    file.chmod(0o640)
    before = _site(inventory)
    assert awan("new", "vm", "dinas/web", "--why", "pages").code == 0
    assert _added(before, _site(inventory))
    assert b"\n" not in file.read_bytes().replace(b"\r\n", b"")
    assert file.stat().st_mode & 0o777 == 0o640
    assert not list(file.parent.glob("*.part"))


def test_what_can_t_be_written_is_named(awan: Awan, inventory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    said = awan("new", "vm", "dinas/web", "--why", "pages")
    assert (said.code, said.err) == (
        2,
        "inventory/site/tenants/dinas.yml: Permission denied; make it writable\n",
    )
    (inventory / "site/tenants/dinas.yml").write_text("\udcff", encoding="utf-8", errors="surrogateescape")
    assert "it is no UTF-8; run 'awan check'" in awan("new", "vm", "dinas/web", "--why", "pages").err
