# SPDX-License-Identifier: AGPL-3.0-or-later
"""`LabPve`: all areas together. One table of API methods, one way in for requests.

A request goes through: the certificate's TLS, a fault that waits for it, the token, the schema's checks, permissions,
the lock of its area, its handler, the disk, the answer. Methods without a handler are refused: an invented answer would
teach whoever relies on it something wrong. They are counted as such (`stateful.py`).
"""

from __future__ import annotations

import hmac
import json
import ssl
import time
import urllib.parse
from collections import Counter
from pathlib import Path
from typing import Any

from aiohttp import web
from fakepve import schema as pve_schema
from fakepve.model import PveError
from fakepve.server import FORMATS, GENERIC, USER, collect, error, ok, params

from scripts.lab.cluster import formats, stateful
from scripts.lab.cluster.base import WRITING, Handler, Route, Values
from scripts.lab.cluster.keep import Keep
from scripts.lab.cluster.locks import lock_for
from scripts.lab.cluster.patterns import readable
from scripts.lab.cluster.pmxcfs import FirewallFiles
from scripts.lab.cluster.spec import ClusterSpec
from scripts.lab.cluster.state import Store

UNAUTHORIZED_DELAY = 3  # seconds; pve-http-server AnyEvent.pm
# Path parameters that may hold slashes (fragmentDelimiter '' in PVE's API modules), as (what stands before, name).
GREEDY = (
    ("/content/", "volume"),
    ("/ipset/", "cidr"),
    ("/pools/", "poolid"),
)


async def request_values(request: web.Request) -> dict[str, Any]:
    """As fakepve's, but a value that is empty was given all the same (pve-http-server decode_urlencoded)."""
    values: dict[str, Any] = await params(request)
    if request.content_type == "application/x-www-form-urlencoded":
        body = (await request.read()).decode()
        values.update(collect(urllib.parse.parse_qsl(body, keep_blank_values=True)))
    return values


class LabPve(Keep):
    """A lab cluster: PVE's API over the state of one folder."""

    def __init__(self, spec: ClusterSpec, folder: Path, host: str = "127.0.0.1", port: int = 0) -> None:
        readable()
        formats.register()
        super().__init__(spec, Store(folder / "state.db", self.dump), host, port)
        self.firewall_files = FirewallFiles()
        self.calls: Counter[tuple[str, str]] = Counter()
        self._seen_calls = folder / "calls.jsonl"
        self.table: dict[tuple[str, str], Handler] = {
            (method, template): handler for method, template, handler in self._all_routes()
        }

    def _all_routes(self) -> list[Route]:
        """The stateful methods of fakepve that are good as they are, then the lab's own, which win."""
        kept = [
            r for area in ("pools", "storage", "firewall", "qemu") for r in getattr(self, f"_routes_{area}")()
        ]
        kept = [r for r in kept if stateful.kept_from_fakepve(r[1])]
        own = [r for name in sorted(dir(self)) if name.startswith("_lab_") for r in getattr(self, name)()]
        known = pve_schema.load().paths
        for method, template, _handler in own:
            if method not in known[template]:
                raise KeyError(f"{method} {template} is not in the schema")
        return [*kept, *own]

    # ---------------------------------------------------------------- requests

    async def start(self, certfile: str, keyfile: str) -> None:
        """Listen on https://host:port; the port is known afterwards."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certfile, keyfile)
        self.runner = web.AppRunner(self._build_app(), access_log=None, shutdown_timeout=1)
        await self.runner.setup()
        await web.TCPSite(self.runner, self.host, self.port, ssl_context=context).start()
        self.port = self.runner.addresses[0][1]

    def _build_app(self) -> web.Application:
        app = web.Application(
            middlewares=[self._unauthorized, self._extjs, self._middleware],
            client_max_size=self.client_max_size,
        )
        for prefix in FORMATS:
            app.router.add_route("*", prefix + "/{tail:.*}", self._dispatch)
        return app

    @web.middleware
    async def _unauthorized(self, request: web.Request, handler: Any) -> Any:
        """Who is not let in waits, so that guessing is slow."""
        response = await handler(request)
        if response.status == 401:
            await self.pause(UNAUTHORIZED_DELAY)
        return response

    def _record(self, request: web.Request, body: bytes) -> None:
        """Keep nothing of a request: the lab only counts them."""

    def resolve(self, request: web.Request, prefix: str) -> Any:
        match = super().resolve(request, prefix)
        if match is None:
            path = request.path.split("/", 3)[3]
            for mark, name in GREEDY:
                before, found, after = f"/{path}".partition(mark)
                if not found:
                    continue
                if name == "cidr":
                    ipset, _, after = after.partition("/")
                    before = f"{before}{mark}{ipset}"
                else:
                    before = before + mark.rstrip("/")
                match = pve_schema.load().match(f"{before}/{after.replace('/', chr(0))}")
                if match is not None:
                    match.params[name] = after
                    return match
        return match

    def _authenticate(self, request: web.Request) -> str:
        """AccessControl.pm verify_token; there is no login by password."""
        header = request.headers.get("Authorization", "")
        if not header.startswith("PVEAPIToken="):
            raise PveError(401, "No ticket")
        name, _, value = header.removeprefix("PVEAPIToken=").partition("=")
        user, _, token = name.partition("!")
        entry = self.user_cfg["users"].get(user)
        if entry is None:
            raise PveError(401, f"no such user ('{user}')")
        if not self.is_enabled(entry):
            raise PveError(
                401,
                f"user '{user}' is disabled"
                if not entry.get("enable", 1)
                else f"user '{user}' access expired",
            )
        info = entry["tokens"].get(token)
        if info is None:
            raise PveError(401, f"no such token '{token}' for user '{user}'")
        if info.get("expire") and info["expire"] < time.time():
            raise PveError(401, f"token '{token}' access expired")
        if not hmac.compare_digest(self.apitokens[name].encode(), value.encode()):
            raise PveError(401, "invalid token value!")
        return name

    async def _answer(self, request: web.Request, handler: Any, generic: Any, path_node: str | None) -> Any:
        template = generic.template if generic else request.path
        rule = self.faults.take(request.method, template, request.path, lose=False)
        if rule is not None:
            return error(rule.status, rule.text)
        lose = self.faults.take(request.method, template, request.path, lose=True)
        answer = await super()._answer(request, handler, generic, path_node)
        if lose is not None:
            # Written and on disk; the client never hears of it.
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("answer lost on command")
        return answer

    async def _dispatch(self, request: web.Request) -> Any:
        match = request[GENERIC]
        if match is None or request.method not in match.methods:
            raise PveError(501, f"Method '{request.method} {request.path}' not implemented")
        handler = self.table.get((request.method, match.template))
        self._count(request.method, match.template)
        if handler is None:
            raise PveError(501, f"Method '{request.method} {match.template}' is not reproduced by this lab")
        writing = request.method != "GET"
        WRITING.set(writing)
        user = request[USER]

        async def call(_match: Any, values: Values) -> Any:
            if not writing:
                return await handler(values, user)
            self.refuse_without_quorum(request.method, match.template)
            lock = lock_for(request.method, match.template, values)
            if lock is None:
                return await handler(values, user)
            async with self.cfs_lock(*lock):
                return await self._write(lock[0], handler, values, user)

        try:
            data = await self.answer(request, match, await request_values(request), user, call)
        finally:
            if writing:
                self.mark_area(match.template, match.params)
                self.store.flush()
                self.changed()
        return ok(data)

    async def _write(self, lock: str, handler: Handler, values: Values, user: str) -> Any:
        """A write under its lock; the firewall's files have a size that they must not pass."""
        if not lock.startswith("firewall-") or lock.startswith("firewall-host"):
            return await handler(values, user)
        if lock == "firewall-cluster":
            name, conf = "cluster.fw", self.firewall_config("cluster")
        else:
            name, conf = f"{values['vmid']}.fw", self.firewall_config("vm", vmid=values["vmid"])
        return await self.firewall_files.write(name, conf, lambda: handler(values, user))

    def refuse_without_quorum(self, method: str, template: str) -> None:
        """VM configuration is in /etc/pve; stopping a VM is not, and starting one fails in its task."""
        if "/qemu/{vmid}" in template and "/status/" not in template and "/firewall" not in template:
            self.need_quorum()

    def _count(self, method: str, template: str) -> None:
        key = (method, template)
        if key not in self.calls:
            with self._seen_calls.open("a") as out:
                out.write(
                    json.dumps({"method": method, "path": template, "invented": key not in self.table}) + "\n"
                )
        self.calls[key] += 1

    async def _pool_delete(self, v: Values, user: str) -> None:
        await super()._pool_delete(v, user)
        self.drop_acl_path(f"/pool/{v['poolid']}")
