# SPDX-License-Identifier: GPL-3.0-or-later
"""Text → Site and Ledger, each value with its file, line and column. Opens no file."""
