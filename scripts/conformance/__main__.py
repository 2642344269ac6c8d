# SPDX-License-Identifier: GPL-3.0-or-later
"""The command behind `make conformance`: asks every check of one cluster and says what holds.

Of the environment: ENDPOINT, FINGERPRINT and TOKEN (better TOKEN_FILE, which no process list shows) name a real
cluster; without them the lab is asked. Exit codes: 0 all holds, 1 something differs, 2 wrong usage, 3 unreachable.
"""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from pve_provider.errors import SCRUBBER, ApiError, ProviderError, TaskFailed
from scripts.conformance.checks import CHECKS
from scripts.conformance.ground import Differs, Ground, lab, real


def _ground() -> AbstractContextManager[Ground] | None:
    """Return the cluster that is meant; None when it is named by halves."""
    endpoint, fingerprint = os.environ.get("ENDPOINT", ""), os.environ.get("FINGERPRINT", "")
    file = os.environ.get("TOKEN_FILE")
    token = Path(file).read_text(encoding="utf-8").strip() if file else os.environ.get("TOKEN", "")
    if not endpoint:
        return lab()
    if not fingerprint or not token:
        return None
    SCRUBBER.add(token)
    return real(endpoint, token, fingerprint)


def ask(ground: Ground) -> int:
    """Ask every check, also after one that differs; remove what they made."""
    differ = 0
    try:
        for check in CHECKS:
            sentence = (check.__doc__ or check.__name__).strip()
            try:
                check(ground)
            except (Differs, ApiError, TaskFailed) as error:
                differ += 1
                print(f"differs  {sentence}\n         {error}")
            else:
                print(f"holds    {sentence}")
    finally:
        for line in ground.clean():
            print(f"left behind, remove it by hand: {line}", file=sys.stderr)
    print(f"{len(CHECKS) - differ} of {len(CHECKS)} hold")
    return 1 if differ else 0


def main() -> int:
    """Ask the cluster that the environment names."""
    chosen = _ground()
    if chosen is None:
        print(
            "conformance: ENDPOINT alone is not enough; give FINGERPRINT and TOKEN_FILE too", file=sys.stderr
        )
        return 2
    try:
        with chosen as ground:
            return ask(ground)
    except ValueError as error:
        print(f"conformance: ENDPOINT, FINGERPRINT or TOKEN {SCRUBBER.clean(str(error))}", file=sys.stderr)
        return 2
    except ProviderError as error:
        print(f"conformance: {SCRUBBER.clean(str(error))}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
