# SPDX-License-Identifier: GPL-3.0-or-later
"""The site and its ledger as they stand in a commit, read without touching a file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from network_plan.build import SITE_FILES, Checked, check_texts
from network_plan.files import shown
from scripts.awan import git
from scripts.awan.problem import Problem
from scripts.awan.site import folders


def checked_at(revision: str, site: Path | None, ledger: Path | None, today: date) -> Checked:
    """Everything that a check finds in a commit's site, on a day.

    Raises:
        Problem: git is not there, or does not know the commit, or the commit has no site at that place.
    """
    site_dir, ledger_dir = folders(site, ledger)
    commit = _commit(revision, site_dir)
    texts = []
    for folder, suffixes in ((site_dir, SITE_FILES), (ledger_dir, ("ledger",))):
        found = git.texts_of(folder, commit, tuple(f".{suffix}" for suffix in suffixes))
        if found is None:
            raise Problem(
                f"{revision} has no {shown(folder)}; name the folder that it had with --site and --ledger"
            )
        texts.append(found)
    label = (f"{revision}:{shown(site_dir)}", f"{revision}:{shown(ledger_dir)}")
    return check_texts(texts[0], texts[1], today=today, shown=label)


def _commit(revision: str, folder: Path) -> str:
    commit = git.commit_of(folder, revision)
    if commit is not None:
        return commit
    if git.described(folder) == "unknown":
        raise Problem(f"{shown(folder)} is in no git repository; awan diff compares with a commit")
    if git.is_shallow(folder):
        cure = f"this checkout is shallow: run 'git fetch --unshallow', or 'git fetch --depth=1 origin {revision}'"
        raise Problem(f"git does not know {revision!r}; {cure} and compare with FETCH_HEAD")
    raise Problem(f"git does not know {revision!r}; name a commit, a branch or a tag, or run 'git fetch'")
