# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a playbook with the real ``ansible-playbook`` and reads its recap."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def _failures(result: Mapping[str, Any]) -> list[str]:
    found = []
    for play in result.get("plays", []):
        for task in play["tasks"]:
            for host, answer in task["hosts"].items():
                if answer.get("failed") or answer.get("unreachable"):
                    said = answer.get("msg") or answer.get("stderr") or answer.get("module_stderr") or answer
                    found.append(f"{host}: {task['task']['name']}: {said}")
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
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "result.json"
        child = {**env, "ANSIBLE_STDOUT_CALLBACK": "json", "ANSIBLE_JSON_INDENT": "0"}
        with out.open("w", encoding="utf-8") as file:
            result = subprocess.run(
                ["ansible-playbook", "-i", inventory, playbook, *args],
                cwd=REPOSITORY,
                env=child,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        text = out.read_text(encoding="utf-8")
    start = text.find("{")
    try:
        answer = json.loads(text[start:])
    except ValueError:
        raise PlaybookFailed(f"{playbook}: {(result.stderr or text).strip()[-2000:]}") from None
    failures = _failures(answer)
    if result.returncode != 0 or failures:
        raise PlaybookFailed(f"{playbook}: " + ("; ".join(failures) or result.stderr.strip()[-2000:]))
    stats = answer["stats"].values()
    return Recap(
        ok=sum(host["ok"] for host in stats),
        changed=sum(host["changed"] for host in stats),
        skipped=sum(host["skipped"] for host in stats),
    )


def known_inventory(cluster: str) -> str:
    """The inventory file of a cluster."""
    return f"inventory/{cluster}.plan.yml"
