# SPDX-License-Identifier: GPL-3.0-or-later
"""One stack and the Pulumi CLI: runs a command, follows its events, says what changed or who holds the lock."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scripts.stack.child import child

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = REPOSITORY / "pulumi"

_LOCKED = re.compile(r"created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)")

Progress = Callable[[str], None]


class EngineError(Exception):
    """The engine failed; the text is what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Who holds a stack: as the engine's own message names them."""

    user: str
    host: str
    pid: int
    since: str

    def __str__(self) -> str:
        """``root@control (pid 4711) since 2026-11-24T07:00:01Z``."""
        return f"{self.user}@{self.host} (pid {self.pid}) since {self.since}"


class StackLocked(EngineError):
    """Somebody holds the stack."""

    def __init__(self, stack: str, locks: tuple[Lock, ...]) -> None:
        self.locks = locks
        who = ", ".join(map(str, locks))
        super().__init__(
            f"stack {stack} is locked by {who}; wait for it, or 'awan recover {stack}' if it is dead"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run did: operation → number of resources (``same``, ``create``, ``update``, ...)."""

    changes: Mapping[str, int]
    messages: tuple[str, ...] = ()

    @property
    def changed(self) -> int:
        """How many resources were, or would be, touched."""
        return sum(count for operation, count in self.changes.items() if operation not in ("same", "read"))

    def __str__(self) -> str:
        """``3 create, 40 same``."""
        return (
            ", ".join(f"{count} {operation}" for operation, count in sorted(self.changes.items()))
            or "nothing"
        )


@dataclass(slots=True, kw_only=True)
class _Run:
    changes: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


def parse_locks(text: str) -> tuple[Lock, ...]:
    """The holders named in the engine's "currently locked" message."""
    return tuple(Lock(user=m[1], host=m[2], pid=int(m[3]), since=m[4]) for m in _LOCKED.finditer(text))


class Stack:
    """A stack of the program in ``pulumi/``; all settings come from ``env``."""

    def __init__(self, name: str, env: Mapping[str, str], folder: Path = PROGRAM) -> None:
        self.name = name
        self._env = dict(env)
        self._folder = folder
        self._binary = shutil.which("pulumi", path=self._env.get("PATH", ""))

    def command(self, *args: str, stack: bool = True) -> list[str]:
        """The command line of one ``pulumi`` call, on this stack unless it is about none or names it itself."""
        if self._binary is None:
            raise EngineError("there is no pulumi on PATH; run 'make setup', then 'eval \"$(awan lab env)\"'")
        named = ["--stack", self.name] if stack else []
        return [self._binary, *args, *named, "--non-interactive", "--color", "never"]

    def _call(self, *args: str, stack: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*args, stack=stack),
            cwd=self._folder,
            env=self._env,
            capture_output=True,
            text=True,
            check=False,
        )

    def ensure(self) -> bool:
        """Make the stack if it is not there; whether it was made."""
        listed = self._call("stack", "ls", "--json", stack=False)
        if listed.returncode == 0 and any(
            _short(item["name"]) == self.name for item in json.loads(listed.stdout)
        ):
            return False
        result = self._call("stack", "init", self.name, "--no-select", stack=False)
        if result.returncode != 0 and "already exists" not in result.stderr:
            raise EngineError(f"cannot make stack {self.name}: {result.stderr.strip()}")
        return True

    def up(self, *args: str, progress: Progress | None = None) -> Outcome:
        """``pulumi up`` without questions."""
        return self._events("up", "--yes", "--skip-preview", *args, progress=progress)

    def refresh(self, *args: str, progress: Progress | None = None) -> Outcome:
        """``pulumi refresh`` without questions."""
        return self._events("refresh", "--yes", "--skip-preview", *args, progress=progress)

    def destroy(self, *args: str, progress: Progress | None = None) -> Outcome:
        """``pulumi destroy`` without questions."""
        return self._events("destroy", "--yes", "--skip-preview", *args, progress=progress)

    def preview(self, *args: str) -> Outcome:
        """``pulumi preview``; writes nothing."""
        result = self._call("preview", "--json", *args)
        try:
            answer = json.loads(result.stdout)
        except ValueError:
            answer = {}
        if result.returncode != 0 or "changeSummary" not in answer:
            raise self._failure(_diagnostics(answer) + result.stderr)
        return Outcome(changes=answer["changeSummary"])

    def pending(self) -> int:
        """How many operations the state still calls pending."""
        return len(self.state().get("pending_operations") or [])

    def state(self) -> dict[str, Any]:
        """The deployment as ``pulumi stack export`` gives it; secrets stay ciphertext."""
        result = self._call("stack", "export")
        if result.returncode != 0:
            raise self._failure(result.stderr)
        deployment: dict[str, Any] = json.loads(result.stdout)["deployment"]
        return deployment

    def cancel(self) -> None:
        """``pulumi cancel``: takes every lock away; only for locks of dead runs."""
        result = self._call("cancel", self.name, "--yes", stack=False)
        if result.returncode != 0:
            raise self._failure(result.stderr)

    def _events(self, *args: str, progress: Progress | None) -> Outcome:
        run = _Run()
        with child(self.command(*args, "--json"), self._folder, self._env) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            for line in process.stdout:
                self._event(line, run, progress)
            said = process.stderr.read()
        if process.returncode != 0:
            words = "\n".join([*run.errors, said]).strip()
            ended = (
                f"pulumi ended with {process.returncode} and said nothing; 'awan recover {self.name}' goes on"
            )
            raise self._failure(words or ended)
        return Outcome(changes=run.changes, messages=tuple(run.errors))

    @staticmethod
    def _event(line: str, run: _Run, progress: Progress | None) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            run.errors.append(line.strip())
            return
        if "summaryEvent" in event:
            run.changes.update(event["summaryEvent"]["resourceChanges"])
        elif "diagnosticEvent" in event:
            said = event["diagnosticEvent"]
            if said["severity"] in ("error", "info#err"):
                run.errors.append(said["message"].strip())
        elif "resOutputsEvent" in event and progress is not None:
            metadata = event["resOutputsEvent"]["metadata"]
            if metadata["op"] not in ("same", "read"):
                kind, name = metadata["type"].rpartition(":")[2], metadata["urn"].split("::", 3)[-1]
                progress(f"{metadata['op']} {kind} {name}")

    def _failure(self, text: str) -> EngineError:
        if "currently locked" in text:
            return StackLocked(self.name, parse_locks(text))
        return EngineError(f"stack {self.name}: {text.strip()}")


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _diagnostics(answer: Mapping[str, Any]) -> str:
    return "\n".join(
        item["message"].strip() for item in answer.get("diagnostics", []) if item["severity"] == "error"
    )
