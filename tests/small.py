# SPDX-License-Identifier: GPL-3.0-or-later
"""The small site of the tests: four tenants and five VMs, so that a test's nodes and numbers stay what they are.

The regency's own site (`inventory/site`) grows and is renumbered by nobody but its ledger; few tests are about it.
"""

from __future__ import annotations

from scripts.toolchain.paths import ROOT

SMALL = ROOT / "tests" / "sites" / "small" / "site"
"""Its site files; the ledger lies beside them."""
