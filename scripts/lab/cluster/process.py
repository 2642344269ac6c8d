# SPDX-License-Identifier: AGPL-3.0-or-later
"""The process of one lab cluster: takes up its folder, listens, and ends cleanly when asked to."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import signal
from pathlib import Path

from scripts.lab.cluster.bootstrap import bootstrap, place_images
from scripts.lab.cluster.certs import make_certificate
from scripts.lab.cluster.control import SOCKET, Control
from scripts.lab.cluster.runtime import load_runtime
from scripts.lab.cluster.server import LabPve
from scripts.lab.cluster.spec import read_spec
from scripts.process import start_time

log = logging.getLogger("lab.cluster")


class PortTaken(Exception):
    """The port that this cluster had is somebody else's by now."""


def write_atomic(path: Path, text: str) -> None:
    made = path.with_name(f".{path.name}.{os.getpid()}")
    made.write_text(text)
    made.rename(path)


def kept_port(folder: Path) -> int:
    """The port of the last start, 0 before the first."""
    try:
        return int((folder / "endpoint").read_text().strip().rsplit(":", 1)[1])
    except (OSError, IndexError, ValueError):
        return 0


async def run(folder: Path) -> None:
    """Serve the cluster of this folder until SIGTERM or SIGINT."""
    spec = read_spec(folder / "spec.json")
    os.umask(0o077)
    make_certificate(folder, spec.name)
    port = kept_port(folder) or spec.port
    pve = LabPve(spec, folder, port=port)
    if pve.load():
        place_images(pve, spec)
    else:
        bootstrap(pve, folder)
    if spec.runtime:
        pve.runtime = load_runtime(spec.runtime, dict(spec.runtime_options))
    # A cluster that ended well took its socket away.
    after_crash = (folder / SOCKET).exists()
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    near = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        await pve.start(str(folder / "cluster.crt"), str(folder / "cluster.key"))
    except OSError as e:
        if e.errno != errno.EADDRINUSE:
            raise
        raise PortTaken(
            f"port {port}, which {spec.name} had, is taken; end what listens there, or remove "
            f"{folder / 'endpoint'} so that another is taken"
        ) from e
    await pve.start_guests(after_crash)
    pve.start_watching()
    control = await Control(pve).serve(folder, f"/proc/self/fd/{near}")
    pve.store.flush()
    write_atomic(folder / "pid", json.dumps({"pid": os.getpid(), "started": start_time(os.getpid())}))
    write_atomic(folder / "endpoint", pve.url + "\n")
    log.info("%s listens on %s", spec.name, pve.url)
    await ending.wait()
    control.close()
    await pve.stop()
    await pve.stop_watching()
    await pve.stop_guests()
    pve.store.close()
    for name in ("pid", SOCKET):
        (folder / name).unlink(missing_ok=True)
    log.info("%s ended", spec.name)
