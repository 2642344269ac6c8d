# SPDX-License-Identifier: GPL-3.0-or-later
"""Site + Ledger → the parts of the Plan, a file per aggregate. Needs a complete ledger."""
