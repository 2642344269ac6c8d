# SPDX-License-Identifier: GPL-3.0-or-later
"""A decided tenant: who it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One agency (SKPD). ``type`` is A or B (Perbup 253/2019 §2.2.2) where the source gives one.

    Attributes:
        duty: the affairs of government that it has.
    """

    key: str
    name: str
    kind: str
    type: str | None
    duty: str | None
    pool: str
    operator: bool
    source: str
