# SPDX-License-Identifier: GPL-3.0-or-later
"""The provider's process: prints its port, serves, and ends with the engine. What it serves stands in server.py."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from concurrent import futures

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2_grpc

from .client.stop import Stop
from .errors import SCRUBBER
from .server import PveProvider

THREADS = 64
"""More than the engine ever asks for at once: a Cancel must not queue behind makings that wait."""
IDLE_SECONDS = 4.0
ORPHAN_SECONDS = 30.0
WATCH_SECONDS = 0.2


class EngineLog(logging.Handler):
    """Hands log records to the engine, without secrets."""

    def __init__(self, address: str) -> None:
        super().__init__(logging.DEBUG)
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def emit(self, record: logging.LogRecord) -> None:
        """One record; what is for us (a traceback) shows with `--debug` only."""
        severity = engine_pb2.WARNING if record.levelno >= logging.WARNING else engine_pb2.DEBUG
        message = SCRUBBER.clean(self.format(record))
        try:
            self._engine.Log(engine_pb2.LogRequest(severity=severity, message=message), timeout=1)
        except grpc.RpcError:
            sys.stderr.write(message + "\n")


def main(arguments: list[str]) -> None:
    """Serve until the engine says SIGINT or dies."""
    stop = Stop()
    stop.watch_parent()
    logging.getLogger().handlers.clear()
    logging.getLogger("pve").propagate = False
    logging.getLogger("pve").setLevel(logging.DEBUG)
    logging.getLogger("pve").addHandler(logging.NullHandler())
    if arguments:
        logging.getLogger("pve").addHandler(EngineLog(arguments[0]))
    provider = PveProvider(stop)
    limit = [("grpc.max_receive_message_length", 1 << 28), ("grpc.max_send_message_length", 1 << 28)]
    server = grpc.server(futures.ThreadPoolExecutor(THREADS), options=limit)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    server.start()
    print(port, flush=True)
    while not ended.wait(WATCH_SECONDS):
        if stop.is_set() and stop.orphaned():
            break
    orphaned = stop.orphaned()
    if orphaned or provider.busy():
        stop.set("the run was cancelled" if not orphaned else "the Pulumi engine has died")
    provider.wait_idle(ORPHAN_SECONDS if orphaned else IDLE_SECONDS)
    os._exit(0)
