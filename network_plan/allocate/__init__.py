# SPDX-License-Identifier: GPL-3.0-or-later
"""Site + Ledger → the ledger lines that are still missing. Never changes a line, never a clock."""
