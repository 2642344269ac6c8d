# SPDX-License-Identifier: AGPL-3.0-or-later
"""Asking a running lab cluster for faults, counters and status over the socket in its folder."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

from scripts.lab.cluster.control import SOCKET


class ControlError(Exception):
    """The cluster refused a command, or there is none that listens."""


class ControlClient:
    """`ControlClient(folder).lose("POST", "/nodes/{node}/qemu")`: each method is an operation of `control.py`."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    def ask(self, op: str, **given: Any) -> Any:
        """Send one operation and return what it answers."""
        with socket.socket(socket.AF_UNIX) as line:
            folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                line.connect(f"/proc/self/fd/{folder}/{SOCKET}")
            except OSError as e:
                raise ControlError(
                    f"no cluster listens in {self.folder}; start it first ({e.strerror})"
                ) from e
            finally:
                os.close(folder)
            line.sendall(json.dumps({"op": op, **given}).encode() + b"\n")
            with line.makefile() as answers:
                answer = json.loads(answers.readline() or '{"error": "the cluster went away"}')
        if "error" in answer:
            raise ControlError(answer["error"])
        return answer["ok"]

    # looking
    def status(self) -> dict[str, Any]:
        return dict(self.ask("status"))

    def guest(self, vmid: int) -> dict[str, Any]:
        return dict(self.ask("guest", vmid=vmid))

    def calls(self) -> list[dict[str, Any]]:
        return list(self.ask("calls"))

    def requests(self) -> int:
        """How many requests were served since the last reset."""
        return sum(call["count"] for call in self.calls())

    def invented(self) -> list[str]:
        """The methods that were asked since the last reset and that the lab has no true answer to."""
        return [f"{call['method']} {call['path']}" for call in self.calls() if call["invented"]]

    def reset_calls(self) -> None:
        self.ask("reset_calls")

    def settle(self) -> None:
        self.ask("settle")

    # faults
    def fail(self, method: str, path: str, status: int, text: str, times: int = 1) -> None:
        self.ask("fail", method=method, path=path, status=status, text=text, times=times)

    def lose(self, method: str, path: str, times: int = 1) -> None:
        self.ask("lose", method=method, path=path, times=times)

    def fail_task(self, kind: str, text: str, times: int = 1) -> None:
        self.ask("fail_task", kind=kind, text=text, times=times)

    def node_offline(self, node: str, offline: bool = True) -> None:
        self.ask("node", node=node, online=not offline)

    def lose_quorum(self) -> None:
        self.ask("quorum", has=False)

    def regain_quorum(self) -> None:
        self.ask("quorum", has=True)

    def hold_lock(self, lock: str, seconds: float | None = None) -> None:
        self.ask("hold_lock", lock=lock, seconds=seconds)

    def release_lock(self, lock: str) -> None:
        self.ask("release_lock", lock=lock)

    def vm_lock(self, vmid: int, lock: str | None) -> None:
        self.ask("vm_lock", vmid=vmid, lock=lock)

    def ignore_shutdown(self, vmid: int, ignore: bool = True) -> None:
        self.ask("ignore_shutdown", vmid=vmid, ignore=ignore)

    def network(self, **given: Any) -> None:
        self.ask("network", **given)

    def storage_full(self, storage: str, node: str = "", full: bool = True) -> None:
        self.ask("storage_full", storage=storage, node=node, full=full)

    def time_scale(self, value: float) -> None:
        self.ask("time_scale", value=value)

    def clear_faults(self) -> None:
        self.ask("clear_faults")
