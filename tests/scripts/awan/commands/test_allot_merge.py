# SPDX-License-Identifier: GPL-3.0-or-later
"""Two branches that both allot, merged with the real git: clean, or taken back and allotted anew, or said."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.toolchain.paths import ROOT

Awan = Callable[..., Any]
Git = Callable[..., str]


def _tenant(name: str, vms: int = 1, memory_mib: int = 256) -> str:
    lines = [
        "schema: 1",
        f"name: {name}",
        "kind: badan",
        'source: "assumption: a new agency"',
        'offices: {main: {title: Kantor, transport: fibre, hosts: 9, source: "assumption: for the test"}}',
        "vms:",
    ]
    lines += [
        f'  v{number}: {{size: small, memory_mib: {memory_mib}, serves: [tcp/80], source: "assumption: for the test"}}'
        for number in range(vms)
    ]
    return "\n".join([*lines, ""])


@pytest.fixture
def git(inventory: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """A repository with the minimal site on main, and this repository's rule for merges."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (("NAME", "Ani"), ("EMAIL", "ani@kominfo.example")):
        monkeypatch.setenv(f"GIT_AUTHOR_{name}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{name}", value)
    root = inventory.parent

    def call(*args: str, code: int = 0) -> str:
        done = subprocess.run(["git", *args], cwd=root, check=False, capture_output=True, text=True)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    shutil.copy(ROOT / ".gitattributes", root)
    call("init", "-q", "-b", "main")
    call("add", ".")
    call("commit", "-q", "-m", "first")
    return call


def _branch(git: Git, awan: Awan, inventory: Path, name: str, vms: int = 1, memory_mib: int = 256) -> None:
    """A branch from main that adds a tenant and allots for it."""
    git("switch", "-q", "-c", name, "main")
    (inventory / f"site/tenants/{name}.yml").write_text(_tenant(name, vms, memory_mib), encoding="utf-8")
    said = awan("allot")
    assert said.code == 0, said.err
    git("add", ".")
    git("commit", "-q", "-m", f"tenant {name}")


def _live(inventory: Path) -> dict[str, str]:
    return {
        f"{path.parent.name} {words[1]}": words[2]
        for path in (inventory / "ledger").glob("*/*.ledger")
        for words in map(str.split, path.read_text(encoding="utf-8").splitlines()[1:])
    }


def test_two_branches_that_took_the_same_values(awan: Awan, git: Git, inventory: Path) -> None:
    """The first is merged; the second takes main in, and only its own lines are allotted anew."""
    _branch(git, awan, inventory, "alpha", 1)
    _branch(git, awan, inventory, "beta", 2)
    git("switch", "-q", "main")
    git("merge", "-q", "alpha")
    on_main = _live(inventory)
    git("switch", "-q", "beta")
    git("merge", "-q", "-m", "main into beta", "main")
    said = awan("check")
    assert said.code == 1
    assert "vlan 22 of beta/servers was given to alpha/servers before" in said.err
    assert "run 'awan allot', which allots anew what is not on main yet [ledger/taken]" in said.err
    said = awan("allot")
    assert said.code == 0, said.err
    assert "took back 'allot beta/servers 22': alpha/servers has vlan 22 on main" in said.out
    assert "address/beta.ledger: took back 'allot beta/v1/net0 10.1.2.11'" in said.out
    assert said.out.splitlines()[-1] == "10 lines written, 10 taken back"
    assert "alpha" not in " ".join(line.partition(":")[0] for line in said.out.splitlines())
    assert awan("check").code == 0
    live = _live(inventory)
    assert live.items() >= on_main.items()
    assert live["address beta/v1/net0"] == "10.1.3.11"
    git("add", ".")
    git("commit", "-q", "-m", "allotted anew")
    git("switch", "-q", "main")
    git("merge", "-q", "--no-ff", "-m", "beta", "beta")
    assert awan("check").code == 0
    assert awan("allot").out == "the ledger is complete\n"


def test_two_branches_with_other_values_merge_cleanly(awan: Awan, git: Git, inventory: Path) -> None:
    """What each took is reserved against the other beforehand: nothing is to be done."""
    for kind, value in (("vmid", "102"), ("mac", "02:61:77:00:00:03"), ("vlan", "22"), ("vlan", "32")):
        key = f"later/{value.replace(':', '')}"
        assert awan("allot", "--reserve", kind, key, value).code == 0
    for value in ("10.1.2.0/24", "10.2.2.0/24"):
        assert awan("allot", "--reserve", "prefix", f"later/{value[3:]}", value).code == 0
    git("add", ".")
    git("commit", "-q", "-m", "reserved")
    _branch(git, awan, inventory, "beta")
    git("switch", "-q", "main")
    for path in (inventory / "ledger").glob("*/kominfo.ledger"):
        text = path.read_text(encoding="utf-8")
        gone = [line for line in text.splitlines() if not line.startswith("reserve")]
        path.write_text("\n".join([*gone, ""]), encoding="utf-8")
    git("commit", "-q", "-a", "-m", "as if nobody had reserved")
    _branch(git, awan, inventory, "alpha")
    git("switch", "-q", "main")
    git("merge", "-q", "alpha")
    git("merge", "-q", "-m", "beta", "beta")
    assert "<<<<" not in git("grep", "-h", "", "--", "inventory/ledger")
    assert awan("check").code == 0
    assert awan("allot").out == "the ledger is complete\n"


def test_both_branches_append_to_one_file(awan: Awan, git: Git, inventory: Path) -> None:
    """Union merges keep both sides' lines in one file, and nothing is lost when they are allotted anew."""
    for name in ("one", "two"):
        git("switch", "-q", "-c", name, "main")
        file = inventory / "site/tenants/dinas.yml"
        vm = f'vms:\n  {name}: {{size: small, memory_mib: 256, serves: [tcp/80], source: "assumption: for the test"}}\n'
        file.write_text(file.read_text(encoding="utf-8").replace("vms:\n", vm, 1), encoding="utf-8")
        assert awan("allot").code == 0
        git("commit", "-q", "-a", "-m", name)
    git("switch", "-q", "main")
    git("merge", "-q", "one")
    git("switch", "-q", "two")
    git("merge", "-q", "main", code=1)  # the site file: people say what stands in it
    file = inventory / "site/tenants/dinas.yml"
    kept = [
        line
        for line in file.read_text(encoding="utf-8").splitlines()
        if line[:7] not in ("<<<<<<<", "=======", ">>>>>>>")
    ]
    file.write_text("\n".join([*kept, ""]), encoding="utf-8")
    text = (inventory / "ledger/vmid/dinas.ledger").read_text(encoding="utf-8")
    assert "allot dinas/one 102" in text
    assert "allot dinas/two 102" in text
    said = awan("allot")
    assert said.code == 0, said.err
    assert "took back 'allot dinas/two 102': dinas/one has vmid 102 on main" in said.out
    live = _live(inventory)
    assert (live["vmid dinas/one"], live["vmid dinas/two"]) == ("102", "103")


def test_what_is_on_main_twice_is_for_people_to_decide(awan: Awan, git: Git, inventory: Path) -> None:
    """Both were merged without a look: neither line may be rewritten, one is declared void by name."""
    _branch(git, awan, inventory, "alpha")
    _branch(git, awan, inventory, "beta")
    git("switch", "-q", "main")
    git("merge", "-q", "alpha")
    git("merge", "-q", "-m", "beta", "beta")
    said = awan("allot")
    assert said.code == 2
    assert (
        "beta/v0 has vmid 102, and alpha/v0 has 102 (inventory/ledger/vmid/alpha.ledger:2); both are on main"
        in said.err
    )
    assert "run 'awan allot --void KEY' with the key that does not use it yet [ledger/both]" in said.err
    before = git("rev-parse", "HEAD").strip()
    voids = [
        arg
        for key in ("beta/v0", "beta/v0/net0", "beta/servers", "beta/office-main")
        for arg in ("--void", key)
    ]
    said = awan("allot", *voids)
    assert said.code == 0, said.err
    assert "void beta/v0 102" in said.out
    assert awan("check").code == 0
    git("commit", "-q", "-a", "-m", "void")
    changed = git("diff", "--numstat", before, "--", "inventory/ledger")
    assert {line.split("\t")[1] for line in changed.splitlines()} == {"0"}
    # or main as it was before the second merge is named, and the branch's lines are rewritten
    git("reset", "-q", "--hard", before)
    said = awan("allot", "--main", "HEAD^1", "--json")
    assert {entry["file"].rpartition("/")[2] for entry in json.loads(said.out)} == {"beta.ledger"}


def test_two_branches_that_filled_one_host(awan: Awan, git: Git, inventory: Path) -> None:
    """Where both chose the emptiest host, the one that is merged later is placed anew."""
    _branch(git, awan, inventory, "alpha", memory_mib=2500)
    _branch(git, awan, inventory, "beta", memory_mib=2500)
    git("switch", "-q", "main")
    git("merge", "-q", "alpha")
    git("switch", "-q", "beta")
    git("merge", "-q", "-m", "main into beta", "main")
    assert "allot beta/v0@dc dc1" in (inventory / "ledger/node/beta.ledger").read_text(encoding="utf-8")
    said = awan("allot")
    assert said.code == 0, said.err
    assert "took back 'allot beta/v0@dc dc1': dc1 has no room for it beside the others" in said.out
    live = _live(inventory)
    assert (live["node alpha/v0@dc"], live["node beta/v0@dc"]) == ("dc1", "dc2")
    assert awan("allot").out == "the ledger is complete\n"


def test_a_reference_that_git_does_not_know_is_said(awan: Awan, git: Git, inventory: Path) -> None:
    assert git("status", "--short") == ""
    assert inventory.is_dir()
    said = awan("allot", "--main", "nowhere")
    assert (said.code, said.err) == (
        2,
        "git knows no 'nowhere' with this ledger; name a commit or a branch\n",
    )


def test_show_says_who_allotted_and_when(awan: Awan, git: Git, inventory: Path) -> None:
    _branch(git, awan, inventory, "alpha")
    day = git("log", "-1", "--format=%as").strip()
    commit = git("log", "-1", "--format=%h").strip()
    found = json.loads(awan("show", "alpha/v0", "--json").out)["ledger"]
    assert {(line["kind"], line["value"]) for line in found} == {
        ("vmid", "102"),
        ("mac", "02:61:77:00:00:03"),
        ("address", "10.1.2.10"),
        ("node", "dc1"),
    }
    assert {(line["author"], line["commit"], line["day"]) for line in found} == {("Ani", commit, day)}
    assert "allot alpha/v0 102" in awan("show", "alpha/v0").out
    assert "Ani" in awan("show", "10.1.2.10").out
