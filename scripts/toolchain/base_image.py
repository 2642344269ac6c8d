# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the tree that booted hosts start from: Debian with all that roles install, and nobody's identity in it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from pathlib import Path

from scripts.toolchain import paths
from scripts.toolchain.apt_sources import lines_for, transport_options
from scripts.toolchain.part import Part, PartError, only_one, run, say, swapped_into

# Hooks of mmdebstrap; $1 is the tree. sshd proves itself before its keys go: every host makes its own. The mirror's
# name and the way to it are this machine's affair, so they go too.
_HOOKS = (
    'mkdir -p "$1/run/sshd" && chroot "$1" /usr/sbin/sshd -t',
    'chroot "$1" nft --version && chroot "$1" unbound -V && chroot "$1" python3 -c "import apt"',
    'rm -f "$1"/etc/ssh/ssh_host_*_key "$1"/etc/ssh/ssh_host_*_key.pub',
    'rm -f "$1"/etc/apt/sources.list.d/* "$1"/etc/apt/apt.conf.d/99mmdebstrap && : > "$1/etc/apt/sources.list"',
    ': > "$1/etc/machine-id" && rm -f "$1/var/lib/dbus/machine-id" "$1/etc/hostname" "$1/etc/resolv.conf"',
)


def check() -> Part:
    """Say whether the image of exactly this list of packages is built."""
    manifest = paths.base_dir() / "base.json"
    ready = manifest.is_file()
    return Part(
        name="base",
        ok=ready,
        needed=False,
        path=str(paths.base_root()),
        version=f"{paths.versions()['base']['suite']}-{paths.base_key()}",
        why="" if ready else "the base image of booted hosts is not built",
        command="" if ready else "make up" if os.geteuid() == 0 else "sudo make up",
    )


def ensure() -> Part:
    """Build the image where hosts can be booted at all; an interrupted build is never taken for an image."""
    ready = check()
    if ready.ok or not paths.is_debian() or os.geteuid() != 0:
        return ready
    with only_one("base"):
        if (ready := check()).ok:
            return ready
        if paths.which("mmdebstrap") is None:
            raise PartError("mmdebstrap is not installed", "sudo apt-get install mmdebstrap && make up")
        start = time.monotonic()
        say("base", f"building the {paths.versions()['base']['suite']} image of booted hosts")
        with swapped_into(paths.base_dir()) as fresh:
            _build(fresh / "root")
            _write_manifest(fresh, time.monotonic() - start)
        say("base", f"ready in {time.monotonic() - start:.0f} s")
    return check()


def _build(root: Path) -> None:
    base = paths.versions()["base"]
    hooks = [f"--customize-hook={hook}" for hook in (*_HOOKS, _disable(base["disabled"]))]
    trimmed = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")
    options = [f"--dpkgopt=path-exclude={pattern}" for pattern in trimmed]
    options += ["--dpkgopt=path-include=/usr/share/doc/*/copyright"]
    options += [f"--aptopt={line}" for line in transport_options()]
    run(
        [
            # Its mounts of /proc and /sys stay in a namespace of their own, which ends with it, also when it is killed.
            *("unshare", "--mount", "mmdebstrap"),
            "--variant=minbase",
            "--mode=root",
            "--format=directory",
            f"--include={','.join(base['packages'])}",
            *options,
            *hooks,
            base["suite"],
            root,
            *lines_for(base["suite"]),
        ],
        log="mmdebstrap",
        env={"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
    )
    if not (root / "usr/sbin/sshd").exists():
        raise PartError("mmdebstrap ended well but made no sshd", "make up")


def _disable(units: list[str]) -> str:
    return f'chroot "$1" systemctl disable --quiet {" ".join(units)}'


def _write_manifest(folder: Path, seconds: float) -> None:
    listing = subprocess.run(
        ["dpkg-query", f"--admindir={folder / 'root/var/lib/dpkg'}", "-W", "-f=${Package} ${Version}\n"],
        capture_output=True,
        text=True,
        check=True,
    )
    manifest = {
        "key": paths.base_key(),
        "suite": paths.versions()["base"]["suite"],
        "machine": platform.machine(),
        "seconds": round(seconds, 1),
        "packages": dict(line.split() for line in listing.stdout.splitlines()),
    }
    (folder / "base.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
