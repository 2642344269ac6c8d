# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a booted host is, and where its files lie in the lab's folder; nothing is started here."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSpec:
    """One host.

    `name` is also its hostname and the name of its gateway in the fabric; `management` is its address with
    prefix length on `interface`, up from the first boot on; `base` is the root of the Debian tree it boots from.
    """

    name: str
    interface: str
    management: str
    base: str

    @property
    def address(self) -> str:
        """The management address without its prefix length."""
        return self.management.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFiles:
    """The places of one host's files."""

    lab_dir: Path
    name: str

    @property
    def home(self) -> Path:
        """The folder of everything of this host."""
        return self.lab_dir / "hosts" / self.name

    @property
    def spec(self) -> Path:
        """What it is."""
        return self.home / "host.json"

    @property
    def state(self) -> Path:
        """How often it was booted, and in which cgroup."""
        return self.home / "state.json"

    @property
    def lock(self) -> Path:
        """Held by its supervisor."""
        return self.home / "lock"

    @property
    def console(self) -> Path:
        """What systemd and the supervisor said."""
        return self.home / "console.log"

    @property
    def upper(self) -> Path:
        """The host's own files above the base tree."""
        return self.home / "upper"

    @property
    def host_key(self) -> Path:
        """Its private ssh key."""
        return self.home / "ssh_host_ed25519_key"

    @property
    def fabric(self) -> Path:
        """The fabric spec, kept by whoever built it with `fabric.spec.save`."""
        return self.lab_dir / "fabric.json"


def save(spec: HostSpec, files: HostFiles) -> None:
    """Writes the spec into the host's folder."""
    files.home.mkdir(parents=True, exist_ok=True)
    files.spec.write_text(json.dumps(asdict(spec), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def load(files: HostFiles) -> HostSpec:
    """Reads what `save` wrote."""
    return HostSpec(**json.loads(files.spec.read_text(encoding="utf-8")))
