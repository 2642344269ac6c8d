# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to the live systems, from the environment: clusters by pinned certificate, hosts by known keys only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import paramiko

from pve_provider.client.connect import Settings, plain_fingerprint
from pve_provider.client.stop import Stop
from pve_provider.run import Run
from scripts.awan.problem import SYSTEM, Problem

SECONDS = 10.0


def setting(env: Mapping[str, str], name: str) -> str:
    """A setting, or the content of the file that ``NAME_FILE`` names (so that a secret is in no environment)."""
    if env.get(name):
        return env[name]
    file = env.get(f"{name}_FILE")
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Problem(f"{name}_FILE: {file}: {error.strerror}; name a readable file", SYSTEM) from error
    return ""


def cluster_run(stack: str, env: Mapping[str, str]) -> Run:
    """A stack's cluster, with the read-only token where there is one. Nothing is sent yet."""
    prefix = f"AWAN_{stack.upper()}"
    token = setting(env, f"{prefix}_VERIFY_TOKEN") or setting(env, f"{prefix}_TOKEN")
    endpoints = tuple(filter(None, env.get(f"{prefix}_ENDPOINTS", "").split(",")))
    cluster = env.get(f"{prefix}_CLUSTER", "")
    fingerprint, authority = env.get(f"{prefix}_FINGERPRINT", ""), env.get(f"{prefix}_CA_FILE", "")
    if not (token and endpoints and cluster and (fingerprint or authority)):
        raise Problem(
            f"{prefix}_ENDPOINTS, _TOKEN, _CLUSTER and _FINGERPRINT are not all set; "
            'in the lab run: eval "$(awan lab env)"',
            SYSTEM,
        )
    try:
        pinned = plain_fingerprint(fingerprint) if fingerprint else ""
    except ValueError as error:
        raise Problem(f"{prefix}_FINGERPRINT {error}", SYSTEM) from error
    settings = Settings(
        endpoints=endpoints, api_token=token, fingerprint=pinned, ca_file=authority, cluster=cluster
    )
    return Run(settings, Stop())


class Host:
    """One host over ssh. A host whose key is not known is refused, never asked about."""

    def __init__(self, name: str, env: Mapping[str, str] | None = None) -> None:
        env = env if env is not None else os.environ
        config_file = Path(env.get("AWAN_SSH_CONFIG") or Path.home() / ".ssh" / "config")
        config = paramiko.SSHConfig()
        if config_file.exists():
            config = paramiko.SSHConfig.from_path(str(config_file))
        found = config.lookup(name)
        self.name = name
        self._client = paramiko.SSHClient()
        known = found.get("userknownhostsfile", str(Path.home() / ".ssh" / "known_hosts")).strip('"')
        if Path(known).exists():
            self._client.load_host_keys(known)
        self._client.set_missing_host_key_policy(paramiko.RejectPolicy())
        address = found.get("hostname", name)
        proxy = paramiko.ProxyCommand(found["proxycommand"]) if "proxycommand" in found else None
        keys: Any = [file.strip('"') for file in found.get("identityfile", [])] or None
        try:
            self._client.connect(
                address,
                port=int(found.get("port", 22)),
                username=found.get("user", "root"),
                key_filename=keys,  # paramiko takes a list, its types know a single name only
                sock=proxy,
                timeout=SECONDS,
                banner_timeout=SECONDS,
                auth_timeout=SECONDS,
                allow_agent=found.get("identitiesonly") != "yes",
                look_for_keys=found.get("identitiesonly") != "yes",
            )
        except paramiko.BadHostKeyException as error:
            raise Problem(
                f"{name} has another host key than {known} knows; if it was reinstalled, put its new key there",
                SYSTEM,
            ) from error
        except (paramiko.SSHException, OSError) as error:
            cure = f"check that it runs and that {known} has its key"
            raise Problem(f"{name} can't be reached over ssh: {error}; {cure}", SYSTEM) from error

    def run(self, command: str, text: str = "") -> tuple[int, str, str]:
        """Run a command; exit code, output, errors."""
        stdin, stdout, stderr = self._client.exec_command(command, timeout=60)
        stdin.write(text)
        stdin.channel.shutdown_write()
        out, err = stdout.read().decode(), stderr.read().decode()
        return stdout.channel.recv_exit_status(), out, err

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
