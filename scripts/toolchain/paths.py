# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the toolchain keeps things, and what it was asked to bring. Reads; makes and installs nothing.

Other code asks here and nowhere else: `pulumi_bin()`, `base_root()`, `hosts_missing()`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TOOLCHAIN = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BUILD = ROOT / "build"
LEFT_OUT = BUILD / "left-out.json"
PULUMI_PROGRAMS = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec", "awan-gen-sdk")
HOST_PROGRAMS = ("systemd-nspawn", "mmdebstrap", "nft", "ip", "unshare", "mount", "ssh", "ssh-keygen")


@cache
def versions() -> dict[str, Any]:
    """Return the content of versions.toml."""
    with (TOOLCHAIN / "versions.toml").open("rb") as file:
        return tomllib.load(file)


def cache_dir() -> Path:
    """Return the folder outside the clone where built tools stay; losing it costs time only."""
    named = os.environ.get("AWAN_CACHE")
    return Path(named).expanduser().resolve() if named else Path.home() / ".cache" / "awan"


def pulumi_version() -> str:
    """Return the version of the CLI that the project works with."""
    return str(versions()["pulumi"]["version"])


def pulumi_bin() -> Path:
    """Return the folder that goes first on PATH for Pulumi: CLI, language host, SDK generator."""
    return cache_dir() / f"pulumi-{pulumi_version()}" / "bin"


def sdk_generator() -> Path:
    """Return the program that writes the SDK: `awan-gen-sdk SCHEMA.json OUTDIR`."""
    return pulumi_bin() / "awan-gen-sdk"


def base_key() -> str:
    """Return the name of the base image's content: another list or recipe is another image."""
    recipe = {**versions()["base"], "recipe": (TOOLCHAIN / "base_image.py").read_text(encoding="utf-8")}
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:12]


def base_dir() -> Path:
    """Return the folder of the base image: `root/` and its manifest `base.json`."""
    return cache_dir() / f"base-{base_key()}"


def base_root() -> Path:
    """Return the tree that is the lower layer of every booted host; never write into it."""
    return base_dir() / "root"


def browser() -> Path | None:
    """Return the browser that the map is tested with, if the machine has one."""
    for name in versions()["debian"]["browser"]["programs"]:
        found = which(name)
        if found:
            return found
    return None


def which(name: str) -> Path | None:
    """Find a program as root would: a plain user's PATH often lacks the sbin folders."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin")
    return Path(found) if found else None


@cache
def is_debian() -> bool:
    """Say whether this is Debian itself: a derivative's archives carry no trixie."""
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return "ID=debian" in lines


def hosts_missing() -> tuple[str, ...]:
    """Return why no host can be booted on this machine; empty where hosts can be."""
    reasons = []
    if not sys.platform.startswith("linux"):
        return ("booted hosts need Linux",)
    if not is_debian():
        reasons.append("the machine is not Debian, whose packages booted hosts are made of")
    if os.geteuid() != 0:
        reasons.append("booting a host needs root")
    absent = [name for name in HOST_PROGRAMS if which(name) is None]
    if absent:
        reasons.append(f"not installed: {', '.join(absent)}")
    if not (base_dir() / "base.json").is_file():
        reasons.append("the base image is not built")
    return tuple(reasons)
