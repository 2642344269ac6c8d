# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cluster a stack talks to: from the environment only, never from a committed file (design, rule 11)."""

from __future__ import annotations

import os
from pathlib import Path

import pulumi
import pulumi_pve as pve


def _need(name: str) -> str:
    """A variable's value, or the content of the file that ``NAME_FILE`` names."""
    file = os.environ.get(f"{name}_FILE")
    value = os.environ.get(name) or (Path(file).read_text(encoding="utf-8").strip() if file else "")
    if not value:
        raise pulumi.RunError(
            f'{name} is not set; in the lab run: eval "$(awan lab env)"; elsewhere see docs/runbooks/environment.md'
        )
    return value


def provider(stack: str) -> pve.Provider:
    """The provider of a stack: endpoints, token, cluster name and certificate come together."""
    prefix = f"AWAN_{stack.upper()}"
    authority = os.environ.get(f"{prefix}_CA_FILE")
    return pve.Provider(
        "pve",
        endpoints=_need(f"{prefix}_ENDPOINTS").split(","),
        api_token=pulumi.Output.secret(_need(f"{prefix}_TOKEN")),
        cluster=_need(f"{prefix}_CLUSTER"),
        ca_file=authority,
        fingerprint=None if authority else _need(f"{prefix}_FINGERPRINT"),
    )


def site_folder() -> Path:
    """The site files: ``AWAN_SITE``, or the repository's own."""
    return Path(os.environ.get("AWAN_SITE") or Path(__file__).resolve().parents[2] / "inventory" / "site")


def operator_keys() -> list[str]:
    """Public ssh keys of the operators for new VMs: the file named by ``AWAN_SSH_KEYS``, one a line."""
    name = os.environ.get("AWAN_SSH_KEYS")
    if not name:
        return []
    lines = Path(name).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
