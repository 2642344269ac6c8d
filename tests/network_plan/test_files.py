# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading names every file that can't be read; an append is whole or has not happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from network_plan.build import check
from network_plan.files import (
    FileError,
    append_entries,
    only_writer,
    read_texts,
    shown,
    without_lines,
    write_ledger,
)
from network_plan.model.ledger import Act, Entry, Kind


def _entry(key: str, value: str) -> Entry:
    return Entry(kind=Kind.VMID, owner="dinas", act=Act.ALLOT, key=key, value=value)


def test_files_two_levels_deep_are_read_and_others_left(tmp_path: Path) -> None:
    for name in ("a.yml", "tenants/b.yml", "tenants/deep/c.yml", "d.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{name}\r\n", encoding="utf-8")
    assert read_texts(tmp_path, "yml") == {"a.yml": "a.yml\n", "tenants/b.yml": "tenants/b.yml\n"}
    assert list(read_texts(tmp_path, "yml", "txt")) == ["a.yml", "d.txt", "tenants/b.yml"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert read_texts(tmp_path / "none", "ledger", missing_ok=True) == {}
    with pytest.raises(FileError, match="there is no such folder; name the site's with --site"):
        read_texts(tmp_path / "none", "yml")


def test_every_file_that_can_t_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yml").mkdir()
    (tmp_path / "b.yml").symlink_to("b.yml")
    (tmp_path / "c.yml").write_text("fine", encoding="utf-8")
    with pytest.raises(FileError) as caught:
        read_texts(tmp_path, "yml")
    assert "a.yml: not a file" in str(caught.value)
    assert "b.yml: " in str(caught.value)


def test_an_error_of_the_system_is_passed_on_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.yml").write_text("x", encoding="utf-8")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FileError, match=r"a\.yml: Permission denied; make it readable"):
        read_texts(tmp_path, "yml")


def test_bytes_that_are_no_utf8_are_findings_with_their_place(
    minimal: dict[str, str], tmp_path: Path
) -> None:
    for name, text in minimal.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "site/dr.yml").write_bytes(b"schema: 1\ncluster: d\xffrc\n")
    (tmp_path / "site/regency.yml").write_text("schema: 1", encoding="utf-16")
    (tmp_path / "ledger/vmid/dinas.ledger").write_bytes(b"schema 1\nallot dinas/app \xe9\n")
    lines = [str(finding).removeprefix(f"{tmp_path}/") for finding in check(tmp_path / "site").findings]
    assert lines == [
        "ledger/vmid/dinas.ledger:2:17: error: byte 0xe9 is no UTF-8; restore the file from git [ledger/form]",
        "site/dr.yml:2:11: error: byte 0xff is no UTF-8; save the file as UTF-8 [site/utf8]",
        "site/regency.yml:1:1: error: byte 0xff is no UTF-8; save the file as UTF-8 [site/utf8]",
    ]


def test_a_folder_is_shown_from_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "inventory" / "site") == "inventory/site"
    assert shown(Path("/etc")) == "/etc"


def test_lines_are_appended_and_a_new_file_gets_its_schema(tmp_path: Path) -> None:
    assert append_entries(tmp_path, [_entry("dinas/a", "100")]) == [tmp_path / "vmid/dinas.ledger"]
    append_entries(tmp_path, [_entry("dinas/b", "101"), _entry("dinas/c", "102")])
    text = (tmp_path / "vmid/dinas.ledger").read_text(encoding="utf-8")
    assert text == "schema 1\nallot dinas/a 100\nallot dinas/b 101\nallot dinas/c 102\n"
    assert [path.name for path in tmp_path.rglob("*.part")] == []


def test_an_append_cut_short_leaves_the_ledger_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append_entries(tmp_path, [_entry("dinas/a", "100")])
    before = (tmp_path / "vmid/dinas.ledger").read_bytes()

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        append_entries(tmp_path, [_entry("dinas/b", "101")])
    monkeypatch.undo()
    assert (tmp_path / "vmid/dinas.ledger").read_bytes() == before
    assert list(read_texts(tmp_path, "ledger")) == ["vmid/dinas.ledger"]
    append_entries(tmp_path, [_entry("dinas/b", "101")])
    assert [path.name for path in tmp_path.rglob("*.part")] == []


def test_a_full_or_foreign_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(FileError, match="No space left on device; make room for the ledger"):
        append_entries(tmp_path, [_entry("dinas/a", "100")])


def test_nothing_is_appended_to_half_a_line(tmp_path: Path) -> None:
    (tmp_path / "vmid").mkdir()
    (tmp_path / "vmid/dinas.ledger").write_text("schema 1\nallot dinas/a 1", encoding="utf-8")
    with pytest.raises(FileError, match="the last line is cut off; restore the file from git"):
        append_entries(tmp_path, [_entry("dinas/b", "101")])


def test_one_writes_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "ledger"
    with only_writer(folder):
        with (
            pytest.raises(FileError, match="another 'awan allot' writes to it; wait for its end"),
            only_writer(folder),
        ):
            pytest.fail("two at once")
        assert folder.is_dir()
    with only_writer(folder):
        pass
    (tmp_path / "file").write_text("", encoding="utf-8")
    with (
        pytest.raises(FileError, match="make the ledger writable"),
        only_writer(tmp_path / "file" / "ledger"),
    ):
        pytest.fail("there is no such folder")


def test_lines_are_taken_out_by_their_numbers() -> None:
    texts = {"vmid/a.ledger": "schema 1\na\nb\nc\n", "vmid/b.ledger": "schema 1\n"}
    assert without_lines(texts, [("vmid/a.ledger", 2), ("vmid/a.ledger", 4)]) == {
        "vmid/a.ledger": "schema 1\nb\n",
        "vmid/b.ledger": "schema 1\n",
    }


def test_a_ledger_file_that_is_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "vmid" / "dinas.ledger").mkdir(parents=True)
    with pytest.raises(FileError, match="Is a directory; make it readable"):
        append_entries(tmp_path, [_entry("dinas/a", "100")])


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    before = {"vmid/a.ledger": "schema 1\n"}
    after = {**before, "vmid/b.ledger": "schema 1\n"}
    assert write_ledger(tmp_path, before, after) == [tmp_path / "vmid/b.ledger"]
