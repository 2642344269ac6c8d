# SPDX-License-Identifier: GPL-3.0-or-later
"""/access/users: a user without a password, as the owner of API tokens. People come from the identity provider."""

from __future__ import annotations

from ...client.lock import ACCESS
from ...collection import Collection
from ...definition import INCARNATION, Field, Kind, Resource

PATH = "/access/users"
LIST = {"full": 1}
"""Users with their tokens: one list for both kinds."""

FIELDS = (
    Field(
        name="userid",
        doc="The user with the realm, e.g. monitor@pve.",
        required=True,
        replaces=True,
        pattern=r"[^\s:/@]+@[A-Za-z][A-Za-z0-9.\-_]+",
    ),
    Field(name="enable", doc="Whether its tokens work.", kind=Kind.BOOL, default=True),
    Field(name="comment", doc="What the user is for."),
    INCARNATION,
)

USER = Resource(
    name="User",
    noun="user",
    doc="A user that has no password and owns API tokens. Deleting it takes its tokens and rights away.",
    import_id="userid",
    fields=FIELDS,
    handler=Collection(
        noun="user",
        fields=FIELDS,
        path=PATH,
        key="userid",
        lock=ACCESS,
        comment="comment",
        lines=True,
        list_params=LIST,
    ),
    needs=(("/access/realm/pve", "Realm.AllocateUser"), ("/access/groups", "User.Modify")),
)
