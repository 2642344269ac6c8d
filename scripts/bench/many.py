# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans every site below a folder, two at a time, each as if it were alone: ``python -m scripts.bench.many DIR``.

Prints how many Plans there are and the SHA-256 of all their texts in order.
"""

from __future__ import annotations

import gc
import hashlib
import multiprocessing
import sys
from pathlib import Path

from network_plan.build import load_plan
from network_plan.model.text import json_pieces

PROCESSES = 2


def digest(folder: Path) -> str:
    """The hash of one Plan's text."""
    gc.disable()
    plan = load_plan(folder / "site")
    found = hashlib.sha256()
    for piece in json_pieces(plan):
        found.update(piece.encode())
    del plan
    gc.enable()
    gc.collect()
    return found.hexdigest()


def main(folder: Path) -> None:
    """Share the sites out, one by one."""
    sites = sorted(path for path in folder.iterdir() if (path / "site").is_dir())
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        digests = list(pool.imap(digest, sites, chunksize=1))
    print(f"{len(digests)} Plans, {hashlib.sha256(' '.join(digests).encode()).hexdigest()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
