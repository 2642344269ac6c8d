# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m pve_provider ENGINE`: what the engine starts. Nothing else stands here."""

from __future__ import annotations

import sys

from .protocol import without_sdk

if __name__ == "__main__":
    without_sdk()
    from .serve import main  # only now, so that the protocol comes without the SDK

    main(sys.argv[1:])
