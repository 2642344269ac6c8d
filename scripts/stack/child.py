# SPDX-License-Identifier: GPL-3.0-or-later
"""A child process that outlives nobody: when the command that reads it is interrupted, it is ended in order."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path


@contextlib.contextmanager
def child(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run a command for the block to read; whatever ends the block early interrupts the command and waits for it.

    It has a process group of its own, so that the terminal's interrupt reaches it once, from here: Pulumi
    takes a second one for an order to drop everything. A second interrupt of ours kills it.
    """
    with subprocess.Popen(
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as process:
        try:
            yield process
        except BaseException:
            _end(process)
            raise


def _end(process: subprocess.Popen[str]) -> None:
    """Interrupt it, and read on until it has ended: left alone it would die of a pipe that nobody reads."""
    process.send_signal(signal.SIGINT)
    try:
        process.communicate()
    except BaseException:
        process.kill()
        raise
