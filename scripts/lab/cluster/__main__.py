# SPDX-License-Identifier: AGPL-3.0-or-later
"""`python -m scripts.lab.cluster --dir FOLDER`: one lab cluster in this process, from FOLDER/spec.json."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from scripts.lab.cluster.process import PortTaken, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.lab.cluster", description=__doc__)
    parser.add_argument(
        "--dir", type=Path, required=True, help="the cluster's folder; spec.json in it says what it is"
    )
    folder: Path = parser.parse_args().dir
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("aiohttp").setLevel(logging.ERROR)
    if not (folder / "spec.json").exists():
        print(f"{folder} has no spec.json; write one (scripts.lab.cluster.spec)", file=sys.stderr)
        return 2
    try:
        asyncio.run(run(folder))
    except (PortTaken, ValueError) as e:
        print(e, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
