# SPDX-License-Identifier: GPL-3.0-or-later
"""The only disk access of the core: reads folders of texts, writes ledger lines."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from network_plan.model.ledger import SCHEMA, Entry

MAX_BYTES = 8_000_000
"""More of a site file is not read: two million characters (``parse.document``) in UTF-8 at most."""

MAX_LEDGER_BYTES = 256_000_000
"""More of a ledger file is not read: five million lines."""


Folder = Path


class FileError(Exception):
    """A folder or file can't be read or written; the text says which and what to do."""


def shown(folder: Path) -> str:
    """A folder as messages show it: relative to the working directory where it lies below it."""
    try:
        return str(folder.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError, RuntimeError):  # elsewhere, or a link that leads to itself
        return str(folder)


def read_texts(folder: Path, *suffixes: str, missing_ok: bool = False) -> dict[str, str]:
    """File name relative to ``folder`` → text, for every file of these suffixes, two levels deep.

    Bytes that are no UTF-8 stay in the text as lone surrogates, for the parser to name their place.

    Raises:
        FileError: the folder is not there, or files can't be read; all of them are named.
    """
    limit = MAX_LEDGER_BYTES if "ledger" in suffixes else MAX_BYTES
    if not folder.is_dir():
        if missing_ok:
            return {}
        raise FileError(f"{shown(folder)}: there is no such folder; name the site's with --site")
    texts, unread = {}, []
    for path in sorted(
        path for suffix in suffixes for level in ("", "*/") for path in folder.glob(f"{level}*.{suffix}")
    ):
        try:
            if not path.is_file():
                unread.append(f"{shown(path)}: not a file; remove or rename it")
                continue
            with path.open("rb") as file:
                text = file.read(limit + 1).decode("utf-8", "surrogateescape")
        except OSError as error:
            unread.append(f"{shown(path)}: {error.strerror}; make it readable")
            continue
        texts[path.relative_to(folder).as_posix()] = text.replace("\r\n", "\n")
    if unread:
        raise FileError("\n".join(unread))
    return texts


@contextmanager
def only_writer(folder: Folder) -> Iterator[None]:
    """Keep others from writing to a ledger meanwhile; the system lets go of it whatever becomes of us.

    Raises:
        FileError: somebody else writes to it, or it can't be opened.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise FileError(f"{shown(folder)}: {error.strerror}; make the ledger writable") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            what = f"{shown(folder)}: another 'awan allot' writes to it"
            raise FileError(f"{what}; wait for its end, and run the same command again") from error
        yield
    finally:
        os.close(handle)


def with_entries(texts: Mapping[str, str], entries: Iterable[Entry]) -> dict[str, str]:
    """The texts of a ledger with lines appended to their files."""
    lines: dict[str, list[str]] = {}
    for entry in entries:
        lines.setdefault(entry.file, []).append(entry.line)
    grown = dict(texts)
    for name, new in lines.items():
        grown[name] = grown.get(name, f"schema {SCHEMA}\n") + "".join(line + "\n" for line in new)
    return grown


def without_lines(texts: Mapping[str, str], lines: Iterable[tuple[str, int]]) -> dict[str, str]:
    """The texts of a ledger without some lines, each named by its file and its number from 1."""
    gone: dict[str, set[int]] = {}
    for name, number in lines:
        gone.setdefault(name, set()).add(number)
    left = dict(texts)
    for name, numbers in gone.items():
        kept = enumerate(texts[name].split("\n"), start=1)
        left[name] = "\n".join(line for number, line in kept if number not in numbers)
    return left


def append_entries(folder: Folder, entries: Iterable[Entry]) -> list[Path]:
    """Append lines to the ledger.

    Returns:
        The files written, sorted.
    """
    entries = list(entries)
    names = {entry.file for entry in entries}
    before = {name: text for name in sorted(names) if (text := _ledger_text(folder / name)) is not None}
    for name, text in before.items():
        if not text.endswith("\n"):
            raise FileError(f"{shown(folder / name)}: the last line is cut off; restore the file from git")
    return write_ledger(folder, before, with_entries(before, entries))


def _ledger_text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8") if path.exists() else None
    except OSError as error:
        raise FileError(f"{shown(path)}: {error.strerror}; make it readable") from error


def write_ledger(folder: Folder, before: Mapping[str, str], after: Mapping[str, str]) -> list[Path]:
    """Write the files of a ledger that have changed; each is replaced whole, so that a cut never leaves half a line.

    Returns:
        The files written, sorted.
    """
    written = []
    for name, text in sorted(after.items()):
        if before.get(name) == text:
            continue
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(path.name + ".part")
            try:
                part.write_text(text, encoding="utf-8")
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            cure = "make room for the ledger" if error.errno == errno.ENOSPC else "make the ledger writable"
            raise FileError(
                f"{shown(path)}: {error.strerror}; {cure}, and run the same command again"
            ) from error
        written.append(path)
    return written
