# SPDX-License-Identifier: GPL-3.0-or-later
"""/storage: a storage that the cluster knows. What lies on it is never touched: deleting only forgets the storage."""

from __future__ import annotations

from ..client.lock import STORAGE
from ..collection import Collection
from ..definition import Field, Kind, Many, Resource
from ..normal import options
from ..wire import Values

FIELDS = (
    Field(
        name="storage",
        doc="The storage's name.",
        required=True,
        replaces=True,
        pattern=r"[A-Za-z][A-Za-z0-9\-_.]*[A-Za-z0-9]",
    ),
    Field(
        name="type",
        doc="What it is: a folder, or a ZFS pool.",
        default="dir",
        replaces=True,
        choices=("dir", "zfspool"),
    ),
    Field(name="path", doc="The folder on each node, of a `dir`.", replaces=True, pattern=r"/.*"),
    Field(name="pool", doc="The pool or dataset, of a `zfspool`.", replaces=True),
    Field(name="content", doc="What may lie on it, e.g. backup, images, iso.", many=Many.SET, required=True),
    Field(name="nodes", doc="The nodes that have it; all if unset.", many=Many.SET),
    Field(name="shared", doc="Whether all nodes see the same content.", kind=Kind.BOOL),
    Field(name="sparse", doc="Whether disks take space only as they fill, of a `zfspool`.", kind=Kind.BOOL),
    Field(name="disable", doc="Whether PVE leaves it aside.", kind=Kind.BOOL),
    Field(
        name="pruneBackups",
        doc="Which backups are kept, e.g. keep-daily=7,keep-weekly=4.",
        api="prune-backups",
        normal=options,
    ),
)
ONLY = {"path": "dir", "pool": "zfspool", "sparse": "zfspool", "shared": "dir"}
"""Fields that one type alone has."""


class Storages(Collection):
    """PVE keeps no comment here, so that equality decides whether an existing one is taken over."""

    clears = True

    def check(self, news: Values) -> dict[str, str]:
        """Each type has fields of its own, and one that it cannot do without."""
        wrong = {
            name: f"is no property of a storage of type {news['type']}; leave it out"
            for name, kind in ONLY.items()
            if news.get(name) is not None and news["type"] != kind
        }
        needed = {"dir": "path", "zfspool": "pool"}.get(news["type"], "")
        if needed and news.get(needed) is None:
            wrong[needed] = f"is missing; a storage of type {news['type']} needs it"
        return wrong


STORAGE_RESOURCE = Resource(
    name="Storage",
    noun="storage",
    doc="A storage of the cluster. Deleting it leaves what lies on it.",
    import_id="storage",
    fields=FIELDS,
    handler=Storages(noun="storage", fields=FIELDS, path="/storage", key="storage", lock=STORAGE),
    needs=(("/storage", "Datastore.Allocate"), ("/storage", "Datastore.Audit")),
)
