# SPDX-License-Identifier: GPL-3.0-or-later
"""One change of the ledger: what was asked for, what a merge left, what is missing; judged before it is written."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

from network_plan.allocate import acts
from network_plan.allocate.merge import taken_back
from network_plan.build import SITE_FILES, Checked, check_texts
from network_plan.files import read_texts, shown, with_entries, without_lines
from network_plan.model.finding import Finding
from network_plan.model.ledger import Entry, Kind, Ledger
from network_plan.model.row import Row
from network_plan.model.site import Site
from network_plan.parse.ledger import parse_ledger
from network_plan.parse.rows import parse_rows
from network_plan.parse.values import KEY, problem_of
from scripts.awan.git import ledger_before, ledger_on_main
from scripts.awan.problem import Problem

END = "nothing was allotted; mend the errors first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asks for beside what is missing.

    Attributes:
        kind: only keys of this kind.
        length: the prefix length for ``grow`` and ``split``.
        today, until: the day of a reclaim, the last day of rest of what is released.
        main: what main was, where git's own names do not say it.
    """

    today: date
    until: date
    release: tuple[str, ...] = ()
    retired: bool = False
    reclaim: tuple[str, ...] = ()
    rested: bool = False
    reserve: tuple[tuple[str, str, str], ...] = ()
    grow: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    void: tuple[str, ...] = ()
    kind: Kind | None = None
    length: int | None = None
    table: Path | None = None
    cluster: str | None = None
    main: str | None = None

    @property
    def anything(self) -> bool:
        """Whether it is more than the lines that are missing."""
        words = (self.release, self.reclaim, self.reserve, self.grow, self.split, self.void)
        return any(words) or self.retired or self.rested or bool(self.table or self.cluster)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A ledger before and after.

    Attributes:
        entries: the new lines, in the order in which they are appended.
        back: the lines that are taken back, each with the reason.
        left: what a live cluster holds and was not taken over.
    """

    before: Mapping[str, str]
    after: Mapping[str, str]
    entries: tuple[Entry, ...]
    back: Mapping[Entry, str]
    left: tuple[str, ...] = field(default=())


def _stop(findings: list[Finding] | tuple[Finding, ...]) -> Problem:
    return Problem("\n".join([*map(str, findings), END]))


def _rows(asked: Asked, site: Site) -> tuple[list[Row], tuple[str, ...]]:
    """What exists today, from a table or a live cluster."""
    rows: list[Row] = []
    left: list[str] = []
    if asked.table is not None:
        try:
            text = asked.table.read_bytes().decode("utf-8", "surrogateescape")
        except OSError as error:
            raise Problem(f"{shown(asked.table)}: {error.strerror}; name a table that can be read") from error
        rows, findings = parse_rows(text, shown(asked.table))
        if findings:
            raise _stop(findings)
    if asked.cluster is not None:
        from scripts.verify.everything import read_cluster
        from scripts.verify.holdings import holdings

        if asked.cluster not in site.clusters.clusters:
            known = ", ".join(sorted(site.clusters.clusters))
            raise Problem(f"there is no cluster {asked.cluster!r}; name one of {known}")
        live, _ = read_cluster(asked.cluster, os.environ)
        more, left = holdings(site, asked.cluster, live)
        rows += more
    return rows, tuple(left)


def _acts(asked: Asked, site: Site) -> Iterator[Callable[[Ledger], list[Entry]]]:
    """What was asked for, in the order in which it is done: each sees the lines of those before it."""
    kind, until, today, length = asked.kind, asked.until, asked.today, asked.length
    yield from (partial(acts.void, key=key, kind=kind) for key in asked.void)
    for word in asked.release:
        yield partial(acts.release, site, word=word, kind=kind, until=until)
    if asked.retired:
        yield partial(acts.release_retired, site, until=until)
    for name in (*asked.reclaim, *((None,) if asked.rested else ())):
        yield partial(acts.reclaim, word=name, kind=kind, today=today)
    for words in asked.reserve:
        yield partial(_reserved, site, words)
    yield from (partial(acts.grow, site, key=key, length=length) for key in asked.grow)
    if asked.split and length is None:
        raise Problem("--split needs the length of what the network keeps; add --to LENGTH")
    for key in asked.split:
        yield partial(acts.split, site, key=key, length=length or 0, until=until)


def _reserved(site: Site, words: tuple[str, str, str], ledger: Ledger) -> list[Entry]:
    name, key, value = words
    kinds = {kind.value: kind for kind in Kind}
    if name not in kinds:
        raise Problem(f"there is no kind {name!r}; write one of {', '.join(kinds)}")
    if not re.fullmatch(KEY, key):
        raise Problem(f"{key!r} is no key; write lower-case words with slashes: isp/modem")
    what = problem_of(kinds[name], value)
    if what is not None:
        raise Problem(f"{what}; write the value as it is used")
    return acts.reserve(site, ledger, kinds[name], key, value)


def _asked(asked: Asked, site: Site, ledger: Ledger) -> tuple[list[Entry], tuple[str, ...]]:
    """All lines that were asked for."""
    entries: list[Entry] = []
    try:
        for act in _acts(asked, site):
            entries += act(ledger.plus(entries))
    except acts.ActError as error:
        raise Problem(str(error)) from error
    rows, left = _rows(asked, site)
    more, findings = acts.take_over(site, ledger.plus(entries), rows)
    if findings:
        raise _stop(findings)
    return entries + more, left


def change_of(site_dir: Path, ledger_dir: Path, asked: Asked) -> Change:
    """The whole change. Nothing is written.

    Raises:
        Problem: the site or the ledger has errors, as it is or as it would be.
        FileError: a folder can't be read.
    """
    site_texts = read_texts(site_dir, *SITE_FILES)
    before = read_texts(ledger_dir, "ledger", missing_ok=True)
    base = ledger_before(ledger_dir) if asked.main is None else ledger_on_main(ledger_dir, asked.main)
    if asked.main is not None and base is None:
        raise Problem(f"git knows no {asked.main!r} with this ledger; name a commit or a branch")
    names = shown(site_dir), shown(ledger_dir)

    def check(texts: Mapping[str, str]) -> Checked:
        return check_texts(site_texts, texts, today=asked.today, before=base, shown=names)

    checked = check(before)
    entries: list[Entry] = []
    left: tuple[str, ...] = ()
    texts: Mapping[str, str] = before
    if asked.anything:
        if checked.site is None:
            raise _stop(checked.errors)
        entries, left = _asked(asked, checked.site, checked.ledger)
        texts = with_entries(before, entries)
        checked = check(texts)
    back: dict[Entry, str] = {}
    collisions = {"ledger/taken", "ledger/twice", "ledger/overlap", "ledger/room"}
    while base is not None and checked.site and collisions & {finding.rule for finding in checked.errors}:
        ledger, _ = parse_ledger(texts, names[1])
        found, stuck = taken_back(checked.site, ledger, ledger_on_main(ledger_dir, asked.main) or base, texts)
        if stuck:
            raise _stop(stuck)
        if not found:
            break
        back |= found
        texts = without_lines(texts, ((entry.file, entry.place.line) for entry in found if entry.place))
        checked = check(texts)
    wrong = [finding for finding in checked.errors if finding.in_the_way]
    if wrong:
        raise _stop(wrong)
    return Change(
        before=before,
        after=with_entries(texts, checked.missing),
        entries=(*entries, *checked.missing),
        back=back,
        left=left,
    )
