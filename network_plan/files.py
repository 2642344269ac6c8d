# SPDX-License-Identifier: GPL-3.0-or-later
"""The only disk access of the core: reads folders of texts, appends ledger lines."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path

from network_plan.model.ledger import SCHEMA, Entry

MAX_BYTES = 8_000_000
"""More of a file is not read: two million characters (``parse.document``) in UTF-8 at most."""


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
                text = file.read(MAX_BYTES + 1).decode("utf-8", "surrogateescape")
        except OSError as error:
            unread.append(f"{shown(path)}: {error.strerror}; make it readable")
            continue
        texts[path.relative_to(folder).as_posix()] = text.replace("\r\n", "\n")
    if unread:
        raise FileError("\n".join(unread))
    return texts


def append_entries(folder: Path, entries: Iterable[Entry]) -> list[Path]:
    """Append lines to the ledger; each file is replaced whole, so that a cut never leaves half a line.

    Returns:
        The files written, sorted.
    """
    lines: dict[str, list[str]] = {}
    for entry in entries:
        lines.setdefault(entry.file, []).append(entry.line)
    written = []
    for name, new in sorted(lines.items()):
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            old = path.read_text(encoding="utf-8") if path.exists() else f"schema {SCHEMA}\n"
            if not old.endswith("\n"):
                raise FileError(f"{shown(path)}: the last line is cut off; restore the file from git")
            part = path.with_name(path.name + ".part")
            try:
                part.write_text(old + "".join(line + "\n" for line in new), encoding="utf-8")
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
