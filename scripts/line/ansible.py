# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a playbook with the real ``ansible-playbook`` and reads its recap."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.stack.child import child

REPOSITORY = Path(__file__).resolve().parents[2]


class PlaybookFailed(Exception):
    """A play failed or a host was not reached; the text is the failed tasks' own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recap:
    """Counts over all hosts."""

    ok: int
    changed: int
    skipped: int

    def __str__(self) -> str:
        """``ok=31 changed=0 skipped=2``."""
        return f"ok={self.ok} changed={self.changed} skipped={self.skipped}"


_RECAP = re.compile(
    r"^\S+\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)\s+skipped=(\d+)", re.MULTILINE
)


def read_recap(text: str) -> Recap | None:
    """The recap that ``ansible-playbook`` prints last, summed over hosts; ``None`` without one."""
    counts = [tuple(map(int, found.groups())) for found in _RECAP.finditer(text)]
    if not counts:
        return None
    ok, changed, _, _, skipped = (sum(column) for column in zip(*counts, strict=True))
    return Recap(ok=ok, changed=changed, skipped=skipped)


def read_failures(text: str) -> list[str]:
    """What failed, with the task's name, as the default output says it."""
    task, found = "", []
    for line in text.splitlines():
        if line.startswith("TASK ["):
            task = line.removeprefix("TASK [").partition("]")[0]
        elif line.startswith(("fatal: ", "failed: ", "[ERROR]")):
            found.append(f"{task}: {line}" if task else line)
    return found


def play(playbook: str, inventory: str, env: Mapping[str, str], *args: str) -> Recap:
    """Run one playbook.

    Args:
        playbook, inventory: paths relative to the repository.
        env: the environment with ssh settings (``awan lab env``).
        args: more words for the command line.

    Raises:
        PlaybookFailed: with what failed.
    """
    command = ["ansible-playbook", "-i", inventory, playbook, *args]
    settings = {**env, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
    with child(command, REPOSITORY, settings) as process:
        out, errors = process.communicate()
    recap = read_recap(out)
    if process.returncode != 0 or recap is None:
        said = read_failures(out + errors) or [(errors or out).strip()[-2000:]]
        raise PlaybookFailed(f"{playbook}: " + "; ".join(said))
    return recap


def known_inventory(site: Path, cluster: str) -> str:
    """The inventory file of a cluster: beside the site's folder if there is one, else the repository's.

    Raises:
        PlaybookFailed: there is neither.
    """
    beside = site.resolve().parent / f"{cluster}.plan.yml"
    own = REPOSITORY / "inventory" / f"{cluster}.plan.yml"
    for path in (beside, own):
        if path.is_file():
            return str(path)
    raise PlaybookFailed(
        f"there is no {beside}; write it with two lines: 'plugin: plan', 'cluster: {cluster}'"
    )
