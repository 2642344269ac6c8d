# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one process to its end and writes what it took as JSON to a file. Standard library only, started with -I -S.

It stands in a process of its own because Linux counts the memory of whoever starts a process as that process's own
high-water mark: a small starter gives the measured one's figure, a large one its own.
"""

import json
import os
import subprocess
import sys
import time


def main(out: str, command: list[str]) -> None:
    """Run the command with our own stdout and stderr; times are of the whole process."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    took = {
        "seconds": seconds,
        "mib": usage.ru_maxrss / 1024,
        "cpu": usage.ru_utime + usage.ru_stime,
        "code": child.returncode,
    }
    with open(out, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib would be half of this process
        json.dump(took, file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
