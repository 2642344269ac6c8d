# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs inside a namespace: writes every frame that arrives at an interface to a pcap file, until SIGTERM.

Stands alone (standard library only, no import of ours).

    capture_agent.py INTERFACE PCAP_FILE READY_FD
"""

import os
import signal
import socket
import struct
import sys
import time

ETH_P_ALL = 3
PACKET_OUTGOING = 4
SOL_PACKET, PACKET_STATISTICS = 263, 6
LONGEST = 262144


def main(argv: list[str]) -> int:
    """Captures; at the end says on standard output how many frames the kernel saw and how many it could not keep."""
    interface, path, ready = argv
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.bind((interface, 0))
    sock.settimeout(0.1)
    ending: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: ending.append(number))
    with open(path, "wb", buffering=0) as file:  # noqa: PTH123 - pathlib would double the start-up time
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, LONGEST, 1))
        with os.fdopen(int(ready), "w") as pipe:
            pipe.write("ready\n")
        while True:
            try:
                frame, origin = sock.recvfrom(LONGEST)
            except TimeoutError:
                if ending:
                    break
                continue
            if origin[2] == PACKET_OUTGOING:
                continue
            now = time.time_ns()
            head = struct.pack("<IIII", now // 10**9, now % 10**9 // 1000, len(frame), len(frame))
            file.write(head + frame)
    seen, lost = struct.unpack("II", sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    print(seen, lost)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
