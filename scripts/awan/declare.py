# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of one site file: made in memory, judged with the whole site, then written whole or not at all."""

from __future__ import annotations

import contextlib
import difflib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from network_plan.build import SITE_FILES, Checked, check_texts
from network_plan.files import FileError, read_texts, shown
from network_plan.model.finding import Finding
from scripts.awan.insert import Entry, NoPlace, document, insert
from scripts.awan.problem import INPUT, Problem
from scripts.awan.site import folders

FINDINGS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file before and after.

    Attributes:
        path: the file.
        name: its name within the site's folder.
        old: its text with its own ends of line; ``None`` for a new file.
        lines: what is new.
    """

    path: Path
    name: str
    old: str | None
    new: str
    lines: Sequence[str]

    @property
    def diff(self) -> str:
        """A unified diff, as git shows it."""
        before = [] if self.old is None else self.old.splitlines(keepends=True)
        label = shown(self.path)
        return "".join(
            line if line.endswith("\n") else line + "\n"
            for line in difflib.unified_diff(
                before,
                self.new.splitlines(keepends=True),
                "/dev/null" if self.old is None else f"a/{label}",
                f"b/{label}",
            )
        )

    def write(self) -> None:
        """Replace the file whole, so that a cut never leaves half of it."""
        target = self.path.resolve()
        part = target.with_name(target.name + ".part")
        try:
            target.parent.mkdir(exist_ok=True)
            try:
                part.write_bytes(self.new.encode("utf-8"))
                if self.old is not None:
                    shutil.copymode(target, part)
                part.replace(target)
            finally:
                with contextlib.suppress(OSError):
                    part.unlink()
        except OSError as error:
            raise Problem(f"{shown(self.path)}: {error.strerror}; make it writable") from error


def absent(path: Path) -> None:
    """Refuse a file that is there."""
    if path.exists():
        raise Problem(f"{shown(path)}: the file is there already; edit it, or choose another id")


def new_file(site_dir: Path, name: str, top: Entry, sections: Mapping[str, Mapping[str, Entry]]) -> Change:
    """A file that is not there yet: keys at its top, then entries below a section each."""
    path = site_dir / name
    absent(path)
    text = document(top)
    for section, entries in sections.items():
        for key, entry in entries.items():
            text, _ = insert(text, section, key, entry, [*top, *sections])
    return Change(path=path, name=name, old=None, new=text, lines=text.splitlines())


def grown_file(
    site_dir: Path, name: str, section: str, key: str, entry: Entry, order: Sequence[str]
) -> Change:
    """A file with one entry more in a section."""
    path = site_dir / name
    try:
        old = path.read_bytes().decode("utf-8")
        new, lines = insert(old, section, key, entry, order)
    except OSError as error:
        raise Problem(f"{shown(path)}: {error.strerror}; make it readable") from error
    except UnicodeDecodeError as error:
        raise Problem(f"{shown(path)}: it is no UTF-8; run 'awan check'") from error
    except NoPlace as error:
        raise Problem(f"{shown(path)}: {error}") from error
    return Change(path=path, name=name, old=old, new=new, lines=lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a change does to the findings of the site.

    Attributes:
        warnings: those that the change brings.
        missing: how many ledger lines it asks for.
    """

    warnings: Sequence[Finding]
    missing: int


def _said(finding: Finding) -> tuple[str, str]:
    """A finding without its place, which lines above it move."""
    return finding.rule, finding.what


def _check(texts: Mapping[str, str], ledger_dir: Path, site_dir: Path, today: date) -> Checked:
    ledger = read_texts(ledger_dir, "ledger", missing_ok=True)
    return check_texts(texts, ledger, today=today, shown=(shown(site_dir), shown(ledger_dir)))


def judge(change: Change, site: Path | None, ledger: Path | None, today: date) -> Judged:
    """Check the whole site with the change in it.

    Raises:
        Problem: there is an error; code 2 where the site can't be understood, 1 where a rule forbids it.
    """
    site_dir, ledger_dir = folders(site, ledger)
    try:
        texts = read_texts(site_dir, *SITE_FILES)
        before = _check(texts, ledger_dir, site_dir, today)
        changed = {**texts, change.name: change.new.replace("\r\n", "\n")}
        after = _check(changed, ledger_dir, site_dir, today)
    except FileError as error:
        raise Problem(str(error)) from error
    known = {_said(finding) for finding in before.findings}
    if after.errors:
        code = INPUT if any(finding.in_the_way for finding in after.errors) else FINDINGS
        end = "nothing was written"
        if all(_said(finding) in known for finding in after.errors):
            end += "; the site has these errors without the change: mend them first"
        raise Problem("\n".join([*map(str, after.errors), end]), code)
    own = [finding for finding in after.findings if _said(finding) not in known]
    return Judged(warnings=own, missing=len(set(after.missing) - set(before.missing)))
