# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan diff`` on the minimal site in a repository of its own: revisions, days, exit codes, JSON."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.awan.main import run
from scripts.toolchain.paths import ROOT
from tests.scripts.diff.conftest import commit_all, git

pytestmark = pytest.mark.lab  # no double is asked, but git runs

TODAY = ("--today", "2026-11-24")


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str


class Repository:
    """The minimal site in git, and the command in the folder above it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def diff(self, *args: str) -> Said:
        self._capsys.readouterr()
        code = run(["diff", *args])
        said = self._capsys.readouterr()
        return Said(code, said.out, said.err)

    def replace(self, name: str, old: str, new: str) -> None:
        file = self.folder / "inventory" / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Repository:
    shutil.copytree(ROOT / "tests" / "sites" / "minimal", tmp_path / "inventory")
    git(tmp_path, "init", "-q")
    commit_all(tmp_path, "one")
    monkeypatch.chdir(tmp_path)
    return Repository(tmp_path, capsys)


def test_nothing_differs(repository: Repository) -> None:
    said = repository.diff("HEAD", *TODAY)
    assert said.code == 0
    assert "Nothing differs" in said.out


def test_a_new_source_is_a_difference_and_no_packet(repository: Repository) -> None:
    repository.replace("site/tenants/dinas.yml", "name: ", "name: Dinas ")
    said = repository.diff("HEAD", *TODAY)
    assert said.code == 1
    assert "0 passages newly allowed, 0 newly denied" in said.out
    assert "- changed: tenant <code>dinas</code>: name " in said.out


def test_between_two_commits(repository: Repository) -> None:
    repository.replace("site/tenants/dinas.yml", "name: ", "name: Dinas ")
    commit_all(repository.folder, "two")
    assert repository.diff("HEAD", *TODAY).code == 0
    said = repository.diff("HEAD~1", "HEAD", *TODAY)
    assert said.code == 1
    assert "from <code>HEAD\\~1</code> to <code>HEAD</code>" in said.out


def test_json_is_all_of_it(repository: Repository) -> None:
    repository.replace(
        "site/tenants/dinas.yml", "    why: the counter", "    ports: [tcp/443, icmp]\n    why: x"
    )
    said = repository.diff("HEAD", "--json", *TODAY)
    found = json.loads(said.out)
    assert (said.code, found["schema"], found["since"], found["today"]) == (1, 1, "2026-11-24", "2026-11-24")
    assert [item["row"]["services"] for item in found["allowed"]] == [["icmp"]]
    assert found["denied"] == []


def test_a_place_that_git_does_not_know(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    said = repository.diff("v9", *TODAY)
    assert said.code == 2
    assert "git does not know 'v9'; name a commit, a branch or a tag" in said.err
    bare = tmp_path_factory.mktemp("bare")
    shutil.copytree(ROOT / "tests" / "sites" / "minimal", bare / "inventory")
    said = repository.diff("HEAD", "--site", str(bare / "inventory" / "site"), *TODAY)
    assert said.code == 2
    assert "is in no git repository" in said.err


def test_an_option_is_no_revision(repository: Repository) -> None:
    assert repository.diff("--", "--output=x", *TODAY).code == 2
    assert not (repository.folder / "x").exists()


def test_a_shallow_checkout_says_what_to_fetch(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = git(repository.folder, "rev-parse", "HEAD").strip()
    repository.replace("site/tenants/dinas.yml", "name: ", "name: Dinas ")
    commit_all(repository.folder, "two")
    shallow = tmp_path_factory.mktemp("shallow") / "clone"
    git(repository.folder, "clone", "-q", "--depth=1", f"file://{repository.folder}", str(shallow))
    monkeypatch.chdir(shallow)
    said = repository.diff(first, *TODAY)
    assert said.code == 2
    assert "this checkout is shallow: run 'git fetch --unshallow'" in said.err
    git(shallow, "fetch", "-q", "--unshallow")
    assert repository.diff(first, *TODAY).code == 1


def test_a_commit_without_a_site(repository: Repository) -> None:
    git(repository.folder, "mv", "inventory", "elsewhere")
    commit_all(repository.folder, "moved")
    git(repository.folder, "mv", "elsewhere", "inventory")
    said = repository.diff("HEAD", *TODAY)
    assert said.code == 2
    assert "HEAD has no inventory/site; name the folder that it had with --site" in said.err


def test_a_side_without_a_plan_says_why(repository: Repository) -> None:
    repository.replace("site/tenants/dinas.yml", "kind: ", "kynd: ")
    said = repository.diff("HEAD", *TODAY)
    assert said.code == 2
    assert "the working tree gives no Plan; mend it first" in said.err
    assert "did you mean 'kind'?" in said.err
    commit_all(repository.folder, "spoilt")
    git(repository.folder, "checkout", "-q", "HEAD~1", "--", "inventory")
    said = repository.diff("HEAD", *TODAY)
    assert said.code == 2
    assert "HEAD gives no Plan; compare with a commit whose site this version can read" in said.err
    assert "HEAD:inventory/site/tenants/dinas.yml:" in said.err


def test_what_is_not_allotted_yet_is_no_plan(repository: Repository) -> None:
    (repository.folder / "inventory/ledger/address/dinas.ledger").write_text("schema 1\n", encoding="utf-8")
    git(repository.folder, "commit", "-q", "-a", "-m", "fewer lines")
    said = repository.diff("HEAD~1", "HEAD", *TODAY)
    assert said.code == 2
    assert "not allotted yet: address of dinas/" in said.err


def test_days_alone_may_differ(repository: Repository) -> None:
    """What runs out between two days is a difference without any change of files."""
    repository.replace(
        "site/tenants/dinas.yml", "    why: the counter", "    why: the counter\n    until: 2026-12-31"
    )
    commit_all(repository.folder, "dated")
    assert repository.diff("HEAD", *TODAY).code == 0
    said = repository.diff("HEAD", "--since", "2026-12-31", "--today", "2027-01-01")
    assert said.code == 1
    assert "### Ran out" in said.out
    assert "(ran out after 2026-12-31)" in said.out
