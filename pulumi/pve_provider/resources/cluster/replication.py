# SPDX-License-Identifier: GPL-3.0-or-later
"""/cluster/replication: a job that copies a guest's disks to another node of the cluster (pvesr).

A migration or an HA recovery swaps the job's source and target; the pair is the same, so that this is no difference.
PVE can't change a target, so that another one is another job under the same name; where PVE's own swap has brought it
about already, nothing is copied anew. Deleting marks the job; the scheduler of the node that runs the guest removes the
copies and then the job.
"""

from __future__ import annotations

import time

from ...client import retry
from ...client.lock import REPLICATION
from ...collection import Collection, Row
from ...definition import INCARNATION, Field, Kind, Resource
from ...errors import Refused
from ...handler import Change, Making
from ...mark import Mark, split
from ...normal import one_line
from ...run import Run
from ...wire import Values
from ..nodes.qemu_update import refuse_what_keeps

PATH = "/cluster/replication"
REMOVE_SECONDS = 300.0
"""PVE's scheduler looks every minute; removing copies takes a while on a busy pool."""
MOVE_SECONDS = 300.0
"""HA's manager looks every ten seconds, then moves the guest."""

FIELDS = (
    Field(
        name="jobid",
        doc="The guest and a number, e.g. 100-0.",
        api="id",
        required=True,
        replaces=True,
        pattern=r"[1-9][0-9]{2,8}-\d{1,9}",
    ),
    Field(name="target", doc="The node that keeps the copies.", required=True),
    Field(name="schedule", doc="How often, as PVE's calendar event, e.g. */5."),
    Field(name="rate", doc="The most that it sends, in MB/s.", kind=Kind.NUMBER),
    Field(name="disable", doc="Whether it rests.", kind=Kind.BOOL),
    Field(name="comment", doc="Why.", normal=one_line),
    INCARNATION,
)


class Replications(Collection):
    """Rows of the list of jobs; one that is marked for removal counts as gone."""

    clears = True

    def find(self, run: Run, values: Values) -> Row | None:
        """The job, if it is to stay."""
        row = super().find(run, values)
        return None if row is None or row.get("remove_job") else row

    def read(self, run: Run, ident: str, known: Values) -> Values | None:
        """The row; a pair whose ends were swapped is read as the program wrote it."""
        found = super().read(run, ident, known)
        if found is not None and known.get("target") not in (None, found["target"]):
            guest = run.guests().get(int(ident.partition("-")[0]))
            if guest is not None and guest.get("node") == known["target"]:
                found["target"] = known["target"]
        return found

    def unchangeable(self) -> set[str]:
        """The target is only said when the job is made."""
        return {*super().unchangeable(), "target"}

    def update(self, run: Run, ident: str, change: Change, making: Making) -> Values:
        """PUT what differs; towards another target a new job, once the guest does not live there."""
        values = {**change.news, **self.of_id(ident)}
        if change.olds.get("target") != values["target"]:
            self._await_departure(run, values)
            row = self.find(run, values)
            if row is not None and row["target"] != values["target"]:
                tag = split(row.get("comment"))[1] or making.mark
                self._make_anew(run, values, tag)
                return self.state(values, tag)
        return super().update(run, ident, change, making)

    def adopt(self, run: Run, news: Values, making: Making) -> None:
        """Take over our own; one that is being removed, or has another target, is awaited and then made anew."""
        self.forget(run, news)
        row = super().find(run, news)
        tag = split(row.get("comment"))[1] if row else None
        ours = tag is not None and tag.urn == making.urn
        if row is not None and (row.get("remove_job") or (ours and row["target"] != news["target"])):
            self._make_anew(run, news, making.mark)
            return
        super().adopt(run, news, making)

    def _make_anew(self, run: Run, values: Values, tag: Mark | None) -> None:
        """Remove the job with its copies, then make it."""
        row = super().find(run, values)
        if row is not None and not row.get("remove_job"):
            run.api.delete(self.item(values))
        self._await_removal(run, values)
        run.api.post(self.where(values), **self.params(values, tag), **self.fixed)
        self.forget(run, values)

    def delete(self, run: Run, ident: str, state: Values) -> None:
        """DELETE unless it is another making, then wait until the job has gone with its copies."""
        values = {**state, **self.of_id(ident)}
        row = super().find(run, values)
        if row is None or not self.ours(row, state):
            return
        if not row.get("remove_job"):
            refuse_what_keeps(run, [f"vm:{ident.partition('-')[0]}"])
            run.api.delete(self.item(values))
        self._await_removal(run, values)

    def _await_departure(self, run: Run, values: Values) -> None:
        """Return when the guest does not live where its copies are to be: HA moves it there and away by itself."""
        vmid = int(values["jobid"].partition("-")[0])
        deadline = time.monotonic() + MOVE_SECONDS
        for pause in retry.pauses():
            run.place(vmid, None)
            self.forget(run, values)
            if run.node_of(vmid) != values["target"]:
                return
            run.stop.check()
            if time.monotonic() > deadline:
                raise Refused(
                    f"guest {vmid} lives on {values['target']}, where its copies are to be; move it to another node "
                    "(`ha-manager migrate` where HA runs it), and run again"
                )
            run.stop.pause(pause)

    def _await_removal(self, run: Run, values: Values) -> None:
        """Return when the job is not listed any more."""
        ident = values["jobid"]
        deadline = time.monotonic() + REMOVE_SECONDS
        for pause in retry.pauses():
            self.forget(run, values)
            if super().find(run, values) is None:
                return
            run.stop.check()
            if time.monotonic() > deadline:
                raise Refused(
                    f"replication job {ident} is marked for removal and still there after {REMOVE_SECONDS:.0f} s; see "
                    "that the guest's node is up and pvescheduler runs on it, and run again (`pvesr delete "
                    f"{ident} --force` forgets the job and leaves the copies)"
                )
            run.stop.pause(pause)


REPLICATION_JOB = Resource(
    name="Replication",
    noun="replication job",
    doc="A replication job: a guest's disks are copied to another node. Deleting it removes the copies.",
    import_id="jobid",
    fields=FIELDS,
    handler=Replications(
        noun="replication job",
        fields=FIELDS,
        path=PATH,
        key="jobid",
        lock=REPLICATION,
        comment="comment",
        fixed={"type": "local"},
    ),
    needs=(("/vms", "VM.Replicate"), ("/vms", "VM.Audit")),
)
