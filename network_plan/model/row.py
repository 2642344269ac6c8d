# SPDX-License-Identifier: GPL-3.0-or-later
"""What a key of the ledger has today, as a table or a live cluster says it."""

from __future__ import annotations

from dataclasses import dataclass

from network_plan.model.finding import Place
from network_plan.model.ledger import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One value, and where it was said."""

    kind: Kind
    key: str
    value: str
    place: Place | None = None
