# SPDX-License-Identifier: GPL-3.0-or-later
"""/pools: a pool of guests. Its members are set by the guests, not here."""

from __future__ import annotations

from ..client.lock import ACCESS
from ..collection import Collection
from ..definition import INCARNATION, Field, Resource
from ..mark import Mark
from ..run import Run
from ..wire import Values

FIELDS = (
    Field(
        name="poolid",
        doc="The pool's name.",
        required=True,
        replaces=True,
        pattern=r"[A-Za-z][A-Za-z0-9.\-_/]*",
    ),
    Field(name="comment", doc="What the pool is for."),
    INCARNATION,
)


class Pools(Collection):
    """PVE takes the id of a pool as a parameter, because nested ids hold slashes."""

    def write(self, run: Run, news: Values, live: Values, tag: Mark | None) -> None:
        """PUT on the list itself."""
        run.api.put(self.path, **self.params(news, tag))

    def remove(self, run: Run, values: Values) -> None:
        """DELETE on the list itself."""
        with run.locks.hold(self.lock):
            run.api.delete(self.path, poolid=values["poolid"])


POOL = Resource(
    name="Pool",
    noun="pool",
    doc="A pool: the guests of one tenant, as one target of permissions.",
    import_id="poolid",
    fields=FIELDS,
    handler=Pools(
        noun="pool", fields=FIELDS, path="/pools", key="poolid", lock=ACCESS, comment="comment", lines=True
    ),
    needs=(("/pool", "Pool.Allocate"), ("/pool", "Pool.Audit")),
)
