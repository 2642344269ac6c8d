# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reading and changing network namespaces with few processes; what a lab's network looks like stands in `build`."""

import contextlib
import fcntl
import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

NETNS_DIR = Path("/run/netns")


class NetworkError(RuntimeError):
    """The kernel or a tool refused a change; the text names the namespace and the tool's own words."""


_locks: list[int] = []


@contextlib.contextmanager
def exclusive(lab_prefix: str, *, last: bool = False) -> Iterator[None]:
    """One change to a lab's network at a time, across processes; `last` takes the lock's file away at the end.

    Our children hold the lock too: when a run is killed, the next one waits until the last `ip` of the killed
    one has ended, and never works against it.
    """
    path = Path("/run") / f"{lab_prefix}lock"
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if path.exists() and path.stat().st_ino == os.fstat(handle).st_ino:
            break
        os.close(handle)  # somebody took the file away while we waited
    _locks.append(handle)
    try:
        yield
        if last:
            path.unlink()
    finally:
        _locks.remove(handle)
        os.close(handle)


def _run(argv: Sequence[str], text: str | None, what: str) -> str:
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False, pass_fds=_locks)
    if done.returncode != 0:
        words = done.stderr.strip() or done.stdout.strip() or f"exit {done.returncode}"
        raise NetworkError(f"cannot {what}: {words}")
    return done.stdout


def exists(namespace: str) -> bool:
    """True when the name is bound to a live namespace; a file left by a killed `netns add` is not."""
    try:
        return (NETNS_DIR / namespace).stat().st_dev == Path("/proc/self/ns/net").stat().st_dev
    except OSError:
        return False


def listed(lab_prefix: str) -> list[str]:
    """Every name with this prefix, also half-made ones."""
    if not NETNS_DIR.is_dir():
        return []
    return sorted(entry.name for entry in NETNS_DIR.iterdir() if entry.name.startswith(lab_prefix))


def inode(namespace: str) -> int:
    """The kernel's identity of the namespace; a namespace made anew under the same name has another."""
    return (NETNS_DIR / namespace).stat().st_ino


def add(namespaces: Iterable[str]) -> list[str]:
    """Makes the namespaces that are missing, with loopback up; answers which were made."""
    missing = [name for name in namespaces if not exists(name)]
    for name in missing:
        (NETNS_DIR / name).unlink(missing_ok=True)
    if missing:
        batch(None, [f"netns add {name}" for name in missing])
    return missing


def delete(namespaces: Iterable[str]) -> None:
    """Removes the names; their interfaces go when the last process has left."""
    lines = []
    for name in namespaces:
        if exists(name):
            lines.append(f"netns del {name}")
        else:
            (NETNS_DIR / name).unlink(missing_ok=True)
    batch(None, lines)


def batch(namespace: str | None, lines: Sequence[str]) -> None:
    """Runs `ip` commands in one process, in the namespace or (None) in the one we are in."""
    if not lines:
        return
    argv = ["ip", *(["-n", namespace] if namespace else []), "-batch", "-"]
    where = f"in {namespace}" if namespace else "namespaces"
    _run(argv, "\n".join(lines) + "\n", f"set up the network {where}")


def links(namespace: str) -> set[str]:
    """The names of the namespace's interfaces."""
    return {str(link["ifname"]) for link in query(namespace, "link", "show")}


def delete_links(namespace: str, interfaces: Sequence[str]) -> None:
    """Removes interfaces as one link group: a veth deleted alone costs 20 ms of the kernel's time.

    One that goes meanwhile is fine: a namespace that was just deleted takes its ends of cables along, in the kernel's
    own time.
    """
    group = 9999
    rest = list(interfaces)
    while rest:
        try:
            batch(
                namespace, [*(f"link set {name} group {group}" for name in rest), f"link del group {group}"]
            )
        except NetworkError:
            there = links(namespace)
            still = [name for name in rest if name in there]
            if still == rest:
                raise
            rest = still
        else:
            return


def query(namespace: str, *arguments: str) -> list[dict[str, Any]]:
    """What `ip -json` answers in the namespace."""
    out = _run(
        ["ip", "-n", namespace, "-json", *arguments], None, f"read {' '.join(arguments)} in {namespace}"
    )
    answer: list[dict[str, Any]] = json.loads(out or "[]")
    return answer


def sysctl(namespace: str, values: dict[str, str]) -> None:
    """Sets kernel parameters of the namespace (`net.` only); one that this kernel lacks needs no setting."""
    settings = [f"{key}={value}" for key, value in values.items()]
    _run(
        ["ip", "netns", "exec", namespace, "sysctl", "-q", "-e", "-w", *settings],
        None,
        f"set sysctls in {namespace}",
    )


def nft(namespace: str, text: str) -> None:
    """Loads a ruleset in one transaction."""
    _run(["ip", "netns", "exec", namespace, "nft", "-f", "-"], text, f"load nftables in {namespace}")
