# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks every part how it stands, and says in words or JSON what this machine can do and what is left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from scripts.toolchain import base_image, debian, paths, pulumi_cli, python_env, web
from scripts.toolchain.part import Part

_MEANING = {
    "python": "everything",
    "pulumi": "the clusters' part of `make up`",
    "hosts": "booted hosts: Ansible, the gateway, its probes, the tests marked hosts",
    "base": "booted hosts: Ansible, the gateway, its probes, the tests marked hosts",
    "web": "the map: `awan map`, and the tests that look at it",
    "browser": "the tests that look at the map in a browser",
}


def parts() -> tuple[Part, ...]:
    """Return the state of every part, in the order in which they matter."""
    checks = (
        python_env.check, pulumi_cli.check, debian.check_hosts, base_image.check, web.check, debian.check_browser,
    )  # fmt: skip
    return tuple(check() for check in checks)


def left_out(found: Sequence[Part]) -> list[dict[str, str]]:
    """Return what this machine goes without, each with the reason and the command that brings it."""
    gone = [
        {"part": part.name, "without": _MEANING[part.name], "why": part.why, "command": part.command}
        for part in found
        if not part.ok
    ]
    hosts = paths.hosts_missing()
    if hosts and not any(entry["part"] in ("hosts", "base") for entry in gone):
        command = "sudo make up"
        gone.append(
            {"part": "hosts", "without": _MEANING["hosts"], "why": "; ".join(hosts), "command": command}
        )
    return gone


def write_left_out(found: Sequence[Part]) -> list[dict[str, str]]:
    """Keep what is left out where later steps and people find it; return it too."""
    entries = left_out(found)
    text = json.dumps(entries, indent=2) + "\n"
    if not paths.LEFT_OUT.is_file() or paths.LEFT_OUT.read_text(encoding="utf-8") != text:
        paths.BUILD.mkdir(exist_ok=True)
        paths.LEFT_OUT.write_text(text, encoding="utf-8")
    return entries


def as_json(found: Sequence[Part]) -> str:
    """Return the state for programs."""
    return json.dumps(
        {
            "ready": all(part.ok for part in found if part.needed),
            "parts": {part.name: asdict(part) for part in found},
            "hosts_possible": not paths.hosts_missing(),
            "hosts_missing": list(paths.hosts_missing()),
            "cache": str(paths.cache_dir()),
            "pulumi_bin": str(paths.pulumi_bin()),
            "base_root": str(paths.base_root()),
            "left_out": left_out(found),
        },
        indent=2,
    )


def as_text(found: Sequence[Part]) -> str:
    """Return the state for people, a line or two per part."""
    lines = []
    for part in found:
        lines.append(
            f"{part.name:8} {'ready' if part.ok else 'absent':7} {part.version:18} {part.path}".rstrip()
        )
        if not part.ok:
            lines.append(f"{'':8} {part.why}")
            lines.append(f"{'':8} brought by: {part.command}")
    reasons = paths.hosts_missing()
    lines.append(
        f"{'':8} hosts can be booted here" if not reasons else f"{'':8} no hosts here: {'; '.join(reasons)}"
    )
    return "\n".join(lines)
