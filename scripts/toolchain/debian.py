# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian packages of the machine itself: what boots hosts, the browser, what bundles the map's script.

Asks apt only for what is missing.
"""

from __future__ import annotations

import os
import subprocess
import time

from scripts.toolchain import paths
from scripts.toolchain.part import Part, PartError, only_one, run, say

_APT_ENV = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}


def _absent(packages: list[str]) -> list[str]:
    """Return those of the packages that dpkg does not call installed."""
    done = subprocess.run(
        ["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n", *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    there = {line.split()[0] for line in done.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in packages if name not in there]


def _install_command(packages: list[str]) -> str:
    return f"sudo apt-get install --no-install-recommends {' '.join(packages)}"


def check_hosts() -> Part:
    """Say whether the programs that boot hosts are installed."""
    wanted: list[str] = paths.versions()["debian"]["hosts"]["packages"]
    if not paths.is_debian():
        why = "the machine is not Debian, whose packages booted hosts are made of"
        return Part(
            name="hosts",
            ok=False,
            needed=False,
            why=why,
            command="run `make up` on a Debian machine, as root",
        )
    absent = _absent(wanted)
    return Part(
        name="hosts",
        ok=not absent,
        needed=False,
        why=f"not installed: {', '.join(absent)}" if absent else "",
        command=_install_command(absent) if absent else "",
    )


def check_browser() -> Part:
    """Say whether a browser is there; the map itself needs none, its tests do."""
    found = paths.browser()
    wanted: list[str] = paths.versions()["debian"]["browser"]["packages"]
    return Part(
        name="browser",
        ok=found is not None,
        needed=False,
        path=str(found or ""),
        why="" if found else "no Chromium to look at the map with",
        command="" if found else _install_command(wanted) if paths.is_debian() else "install Chromium",
    )


def ensure() -> None:
    """Install what is missing, in one call; without root or off Debian leave things as they are."""
    if not paths.is_debian() or os.geteuid() != 0:
        return
    tables = paths.versions()["debian"]
    wanted = [
        *tables["hosts"]["packages"],
        *([] if paths.browser() else tables["browser"]["packages"]),
        *([] if paths.which("npm") else tables["web"]["packages"]),
    ]
    if not _absent(wanted):
        return
    with only_one("debian"):
        absent = _absent(wanted)
        if not absent:
            return
        start = time.monotonic()
        say("debian", f"installing {', '.join(absent)}")
        apt = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3", "-q"]
        try:
            run([*apt, "update"], log="apt-update", env=_APT_ENV)
        except PartError as error:
            # A third party's source that is down must not stop Debian's own; the install decides.
            say("debian", f"`apt-get update` complained, going on: {error}")
        install = [*apt, "install", "--yes", "--no-install-recommends", *absent]
        run(install, log="apt-install", env=_APT_ENV, retry=_install_command(absent))
        say("debian", f"ready in {time.monotonic() - start:.0f} s")
