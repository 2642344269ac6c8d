# SPDX-License-Identifier: GPL-3.0-or-later
"""/access/groups: a group of users. Who is in it is the identity provider's matter, not ours."""

from __future__ import annotations

from ...client.lock import ACCESS
from ...collection import Collection
from ...definition import INCARNATION, Field, Resource

FIELDS = (
    Field(name="groupid", doc="The group's name.", required=True, replaces=True, pattern=r"[A-Za-z0-9.\-_]+"),
    Field(name="comment", doc="Who is in it."),
    INCARNATION,
)

GROUP = Resource(
    name="Group",
    noun="group",
    doc="A group of users, as a bearer of permissions.",
    import_id="groupid",
    fields=FIELDS,
    handler=Collection(
        noun="group",
        fields=FIELDS,
        path="/access/groups",
        key="groupid",
        lock=ACCESS,
        comment="comment",
        lines=True,
    ),
    needs=(("/access/groups", "Group.Allocate"),),
)
