# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lab as a whole: up, down, status, reset. Clusters in processes, network and host where root can make them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from network_plan.model.plan import Plan
from scripts.lab import internet, wiring
from scripts.lab.bubble import clean
from scripts.lab.cluster import launch
from scripts.lab.fabric import build as fabric_build
from scripts.lab.fabric import names, netns
from scripts.lab.fabric import spec as fabric_spec
from scripts.lab.guest import machine
from scripts.lab.host import cgroup, control, keys
from scripts.toolchain import paths

Say = Callable[[str], None]


class LabError(Exception):
    """The lab's folder can't be used; the text says why and what to do."""


class LabBusy(LabError):
    """Another command works on this lab."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabStatus:
    """What runs of the lab."""

    clusters: dict[str, launch.Cluster | None]
    hosts: dict[str, control.Status]
    namespaces: int


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the lab for one command; the kernel lets go however it ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        cure = "make it writable, or name another folder with AWAN_LAB_DIR"
        raise LabError(f"the lab's folder {folder} can't be used: {error.strerror}; {cure}") from error
    with lock as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LabBusy(f"another command works on the lab in {folder}; wait for it to end") from error
        yield


def write_guests(plan: Plan, folder: Path) -> None:
    """Write what each VM answers on, for the guests' own processes to read."""
    part = folder / "guests.json.part"
    part.write_text(json.dumps(wiring.guest_ports(plan), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(folder / "guests.json")


def _host(plan: Plan, folder: Path) -> control.Host:
    return control.Host(lab_dir=folder, spec=wiring.host_spec(plan, paths.base_root()))


def up(plan: Plan, folder: Path, say: Say) -> tuple[str, ...]:
    """Bring the lab up; what runs already is left running.

    Returns:
        Why network and hosts were left out; empty where they are up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = paths.hosts_missing()
    write_guests(plan, folder)
    if not missing:
        fabric = wiring.fabric(plan, folder)
        fabric_spec.save(fabric, folder / "fabric.json")
        fabric_build.ensure(fabric)
        internet.ensure(fabric, folder)
        keys.write_client_files(folder, fabric.prefix, [wiring.host_spec(plan, paths.base_root())])
        say("network: " + f"{len(netns.listed(fabric.prefix))} namespaces")
    with ThreadPoolExecutor() as pool:
        hosts = [] if missing else [pool.submit(_host(plan, folder).ensure)]
        clusters = [
            pool.submit(
                launch.start,
                wiring.cluster_spec(cluster, folder, with_guests=not missing),
                folder / cluster.name,
            )
            for cluster in plan.clusters
        ]
        for future in clusters:
            running = future.result()
            say(f"cluster {running.name}: {running.endpoint}")
        for host in hosts:
            host.result()
            say(f"host {plan.gateways[0].host}: booted, ssh answers")
    return missing


def down(folder: Path, say: Say) -> None:
    """Stop everything of the lab; its state stays on disk."""
    keys.end_connections(names.prefix(folder))
    for cluster in sorted(path.parent for path in folder.glob("*/spec.json")):
        launch.stop(cluster)
        say(f"cluster {cluster.name}: stopped")
    for host in control.recorded(folder):
        if host.files.fabric.exists():
            host.power_off()
            say(f"host {host.spec.name}: stopped")
    internet.stop(folder)
    if not paths.hosts_missing():
        for group in cgroup.of_lab(names.prefix(folder)):
            cgroup.kill(group)  # what an earlier teardown, broken off, no longer had on record
        clean.remove_all(folder)  # drills that were killed
        machine.remove_all(names.prefix(folder), folder)  # and VMs whose cluster was killed
        fabric_build.remove(names.prefix(folder))


def reset(folder: Path, say: Say) -> None:
    """Stop the lab and forget its state: clusters, hosts' disks, stacks."""
    down(folder, say)
    for host in control.recorded(folder):
        host.remove()
    for path in folder.iterdir():
        if path.name != "lock":
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    say(f"{folder}: empty")


def status(plan: Plan, folder: Path) -> LabStatus:
    """What runs now."""
    hosts = {host.spec.name: host.status() for host in control.recorded(folder) if host.files.fabric.exists()}
    spaces = 0 if paths.hosts_missing() else len(netns.listed(names.prefix(folder)))
    return LabStatus(
        clusters={cluster.name: launch.status(folder / cluster.name) for cluster in plan.clusters},
        hosts=hosts,
        namespaces=spaces,
    )
