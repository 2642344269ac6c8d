# SPDX-License-Identifier: GPL-3.0-or-later
"""/access/roles: a named set of privileges. PVE keeps no comment here, so there is no mark."""

from __future__ import annotations

from ...client.lock import ACCESS
from ...collection import Collection
from ...definition import Field, Many, Resource

FIELDS = (
    Field(name="roleid", doc="The role's name.", required=True, replaces=True, pattern=r"[A-Za-z0-9.\-_]+"),
    Field(name="privs", doc="The privileges, e.g. VM.Audit.", many=Many.SET, required=True),
)

ROLE = Resource(
    name="Role",
    noun="role",
    doc="A role: a named set of privileges.",
    import_id="roleid",
    fields=FIELDS,
    handler=Collection(noun="role", fields=FIELDS, path="/access/roles", key="roleid", lock=ACCESS),
    needs=(("/access", "Sys.Modify"),),
)
