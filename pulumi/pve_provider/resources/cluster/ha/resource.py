# SPDX-License-Identifier: GPL-3.0-or-later
"""/cluster/ha/resources: a guest that PVE's HA manager keeps in a state, on another node if its own fails.

From then on starting and stopping the guest is a wish to the HA manager, which `VmPower` waits for.
"""

from __future__ import annotations

from ....client import retry
from ....client.lock import HA
from ....collection import Collection, Row
from ....definition import INCARNATION, Field, Kind, Resource
from ....normal import one_line
from ....run import Run
from ....wire import Values
from ...nodes.qemu_update import refuse_what_keeps

SID = r"(vm|ct):[1-9][0-9]{2,8}"
FIELDS = (
    Field(name="sid", doc="The guest, e.g. vm:100.", required=True, replaces=True, pattern=SID),
    Field(
        name="state",
        doc="What HA keeps the guest in.",
        default="started",
        choices=("started", "stopped", "disabled", "ignored"),
    ),
    Field(
        name="maxRestart",
        doc="How often a failed start is tried on a node.",
        api="max_restart",
        kind=Kind.INT,
    ),
    Field(name="maxRelocate", doc="How many other nodes are tried.", api="max_relocate", kind=Kind.INT),
    Field(name="failback", doc="Whether it goes back when a better node returns.", kind=Kind.BOOL),
    Field(name="comment", doc="Why.", normal=one_line),
    INCARNATION,
)


class HaResources(Collection):
    """The guest itself stays as it is when it comes under HA, and when it leaves it."""

    clears = True
    removing = retry.UNMANAGE

    def live(self, row: Row) -> Values:
        """A state that is not written is `started`; `enabled` is its old name."""
        state = row.get("state") or "started"
        return super().live({**row, "state": "started" if state == "enabled" else state})

    def refuse(self, run: Run, values: Values) -> None:
        """Not of a protected VM."""
        refuse_what_keeps(run, [values["sid"]])


HA_RESOURCE = Resource(
    name="HaResource",
    noun="HA resource",
    doc="A guest under PVE's HA manager. Deleting it leaves the guest as it is.",
    import_id="sid",
    fields=FIELDS,
    handler=HaResources(
        noun="HA resource",
        fields=FIELDS,
        path="/cluster/ha/resources",
        key="sid",
        lock=HA,
        comment="comment",
    ),
    needs=(("/", "Sys.Console"), ("/", "Sys.Audit")),
)
