# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the mirror that this machine's own apt uses, so that the base image comes from the same place.

No mirror's name stands in the repository: a regency may have one of its own, and CI surely has.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.toolchain.part import PartError

_APT = Path("/etc/apt")
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True, slots=True)
class _Source:
    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]


def _deb822(text: str) -> Iterator[_Source]:
    """Read the stanzas of a `.sources` file."""
    for stanza in text.split("\n\n"):
        fields: dict[str, str] = {}
        key = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():
                fields[key] = f"{fields.get(key, '')} {line.strip()}"
            elif ":" in line:
                key, value = line.split(":", 1)
                fields[key] = value.strip()
        if "deb" in fields.get("Types", "").split() and fields.get("Enabled", "yes") != "no":
            for uri in fields.get("URIs", "").split():
                yield _Source(
                    uri, tuple(fields.get("Suites", "").split()), tuple(fields.get("Components", "").split())
                )


def _one_line(text: str) -> Iterator[_Source]:
    """Read the lines of a `.list` file: deb [options] uri suite component..."""
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words or words[0] != "deb":
            continue
        if words[1].startswith("["):
            end = next(place for place, word in enumerate(words) if word.endswith("]"))
            words = [words[0], *words[end + 1 :]]
        yield _Source(words[1], (words[2],), tuple(words[3:]))


def _declared() -> Iterator[_Source]:
    for file in [_APT / "sources.list", *sorted((_APT / "sources.list.d").glob("*"))]:
        if not file.is_file():
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        yield from _deb822(text) if file.suffix == ".sources" else _one_line(text)


def _codename() -> str:
    for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.split("=", 1)[1].strip('"')
    return ""


def lines_for(suite: str) -> list[str]:
    """Return the sources of another suite at this machine's mirrors: the suite, its updates, its security fixes."""
    own = _codename()
    main = [source.uri for source in _declared() if own in source.suites and "main" in source.components]
    security = [source.uri for source in _declared() if f"{own}-security" in source.suites]
    if not main:
        raise PartError(
            f"apt's own sources name no Debian mirror for {own}",
            "add `deb MIRROR SUITE main` to /etc/apt/sources.list, then: make up",
        )
    option = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
    lines = [f"deb {option}{main[0]} {suite} main", f"deb {option}{main[0]} {suite}-updates main"]
    if security:
        lines.append(f"deb {option}{security[0]} {suite}-security main")
    return lines


def transport_options() -> list[str]:
    """Return apt's settings for how to reach a mirror (proxy, certificates): the image's apt knows none of them."""
    dump = subprocess.run(["apt-config", "dump", "--no-empty"], capture_output=True, text=True, check=False)
    wanted = ("Acquire::http::", "Acquire::https::", "Acquire::ftp::")
    return [line for line in dump.stdout.splitlines() if line.startswith(wanted)]
