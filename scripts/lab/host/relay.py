# SPDX-License-Identifier: AGPL-3.0-or-later
"""Joins its standard streams to a TCP connection, as an ssh ProxyCommand.

With `--banner S` it only waits until the server says something. Stands alone (standard library only,
no import of ours), because it is started once per ssh connection.
"""

import os
import select
import socket
import sys
import time


def relay(connection: socket.socket) -> None:
    """Copies both ways until the far side closes; the end of our input is passed on."""
    sources = [0, connection.fileno()]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if 0 in ready:
            data = os.read(0, 65536)
            if data:
                connection.sendall(data)
            else:
                connection.shutdown(socket.SHUT_WR)
                sources.remove(0)
        if connection.fileno() in ready:
            data = connection.recv(65536)
            if not data:
                return
            while data:
                data = data[os.write(1, data) :]


def greeted(host: str, port: int, seconds: float) -> bool:
    """True as soon as the server says its first bytes, False when the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with socket.create_connection((host, port), timeout=1) as connection:
                if connection.recv(16):
                    return True
        except OSError:
            time.sleep(0.05)
    return False


def main(argv: list[str]) -> int:
    """`HOST PORT` relays; `HOST PORT --banner SECONDS` waits."""
    host, port = argv[0], int(argv[1])
    if len(argv) == 4 and argv[2] == "--banner":
        return 0 if greeted(host, port, float(argv[3])) else 1
    try:
        connection = socket.create_connection((host, port), timeout=10)
    except OSError as error:
        print(f"no connection to {host} port {port}: {error}; is the host booted?", file=sys.stderr)
        return 1
    connection.settimeout(None)
    try:
        relay(connection)
    except (BrokenPipeError, ConnectionResetError):
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
