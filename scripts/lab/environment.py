# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a shell needs so that plain ``pulumi``, ``ansible-playbook`` and ``awan verify`` work in the lab.

Secrets are named by file, never printed: ``AWAN_DC_TOKEN_FILE`` and the like.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from scripts.lab.cluster import launch
from scripts.lab.fabric import names
from scripts.lab.host import keys
from scripts.toolchain import paths

REPOSITORY = Path(__file__).resolve().parents[2]


def lab_dir() -> Path:
    """The lab's folder: ``AWAN_LAB_DIR``, else ``build/lab`` of this repository."""
    return Path(os.environ.get("AWAN_LAB_DIR") or REPOSITORY / "build" / "lab").resolve()


def passphrase_file() -> Path:
    """The passphrase of the lab's stacks, made once per clone: the CLI's salt below build/ is bound to it."""
    path = REPOSITORY / "build" / "pulumi" / "passphrase"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"passphrase.{os.getpid()}")
        part.touch(mode=0o600)
        part.write_text(secrets.token_hex(16) + "\n", encoding="utf-8")
        with contextlib.suppress(FileExistsError):
            os.link(part, path)  # the first of two that start at once wins
        part.unlink()
    return path


def variables(folder: Path, clusters: Iterable[str]) -> dict[str, str]:
    """The variables of a running lab, without those that the shell has anyway.

    Args:
        folder: the lab's folder.
        clusters: names of the Plan's clusters; one that does not run is left out.
    """
    found: dict[str, str] = {"AWAN_LAB_DIR": str(folder)}
    for name in clusters:
        running = launch.status(folder / name)
        if running is None:
            continue
        prefix = f"AWAN_{name.upper()}"
        found[f"{prefix}_ENDPOINTS"] = running.endpoint
        found[f"{prefix}_FINGERPRINT"] = running.fingerprint
        found[f"{prefix}_CLUSTER"] = running.name
        found[f"{prefix}_TOKEN_FILE"] = str(running.tokens["pulumi"])
        found[f"{prefix}_VERIFY_TOKEN_FILE"] = str(running.tokens["verify"])
    state = folder / "pulumi" / "state"
    home = folder / "pulumi" / "home"
    for path in (state, home):
        path.mkdir(parents=True, exist_ok=True)
    # Beside each file the backend keeps an .attrs file, which it writes in place: a run killed at that moment
    # leaves it empty, and the stack can't be read any more ("failed to load checkpoint: EOF"). Skipped.
    found["PULUMI_BACKEND_URL"] = f"file://{state}?metadata=skip"
    found["PULUMI_HOME"] = str(home)
    found["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(passphrase_file())
    found["PULUMI_SKIP_UPDATE_CHECK"] = "true"
    config = keys.ssh_config(folder)
    if config.exists():
        found["AWAN_SSH_CONFIG"] = str(config)
        found["AWAN_SSH_KEYS"] = str(keys.client_key(folder)) + ".pub"
        found.update(keys.ansible_environment(folder, names.prefix(folder)))
    else:
        found["AWAN_NO_HOSTS"] = "1"
    found["ANSIBLE_CONFIG"] = str(REPOSITORY / "ansible.cfg")
    return found


def path_variable(env: Mapping[str, str]) -> str:
    """PATH with the toolchain's programs first: Pulumi, then this environment's own."""
    first = [str(paths.pulumi_bin()), str(Path(sys.executable).parent)]
    rest = [part for part in env.get("PATH", "").split(os.pathsep) if part not in first]
    return os.pathsep.join([*first, *rest])


def full(folder: Path, clusters: Iterable[str]) -> dict[str, str]:
    """The whole environment for a child process."""
    env = dict(os.environ)
    env.update(variables(folder, clusters))
    env["PATH"] = path_variable(env)
    return env


def as_shell(folder: Path, clusters: Iterable[str]) -> str:
    """``export`` lines for ``eval``."""
    lines = [
        f"export {name}={shlex.quote(value)}" for name, value in sorted(variables(folder, clusters).items())
    ]
    lines.append(f"export PATH={shlex.quote(path_variable(os.environ))}")
    return "\n".join(lines)
