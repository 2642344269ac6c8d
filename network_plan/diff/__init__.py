# SPDX-License-Identifier: GPL-3.0-or-later
"""Two Plans of one regency, compared: packets newly let in and no longer, what moved, came and went, what it costs.

Reads what was decided, and decides nothing. Packets are compared over the whole space, exactly, and not by rules: two
Plans with other rules and the same packets let in the same.
"""

from __future__ import annotations

from network_plan.diff.difference import Difference, compare
from network_plan.diff.markdown import markdown
from network_plan.diff.side import Side, side

__all__ = ["Difference", "Side", "compare", "markdown", "side"]
