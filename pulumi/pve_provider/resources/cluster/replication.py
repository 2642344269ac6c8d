# SPDX-License-Identifier: GPL-3.0-or-later
"""/cluster/replication: a job that copies a guest's disks to another node of the cluster (pvesr).

A migration or an HA recovery swaps the job's source and target; the pair is the same, so that this is no difference.
Deleting marks the job; the scheduler of the node that runs the guest removes the copies and then the job.
"""

from __future__ import annotations

import time

from ...client import retry
from ...client.lock import REPLICATION
from ...collection import Collection, Row
from ...definition import INCARNATION, Field, Kind, Resource
from ...errors import Refused
from ...handler import Making
from ...normal import one_line
from ...run import Run
from ...wire import Values

PATH = "/cluster/replication"
REMOVE_SECONDS = 300.0
"""PVE's scheduler looks every minute; removing copies takes a while on a busy pool."""

FIELDS = (
    Field(
        name="jobid",
        doc="The guest and a number, e.g. 100-0.",
        api="id",
        required=True,
        replaces=True,
        pattern=r"[1-9][0-9]{2,8}-\d{1,9}",
    ),
    Field(name="target", doc="The node that keeps the copies.", required=True, replaces=True),
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

    def adopt(self, run: Run, news: Values, making: Making) -> None:
        """Take over our own; one that is being removed is awaited, and then made anew."""
        self.forget(run, news)
        if super().find(run, news) is not None and self.find(run, news) is None:
            self._await_removal(run, news)
            run.api.post(self.where(news), **self.params(news, making.mark), **self.fixed)
            return
        super().adopt(run, news, making)

    def delete(self, run: Run, ident: str, state: Values) -> None:
        """DELETE unless it is another making, then wait until the job has gone with its copies."""
        values = {**state, **self.of_id(ident)}
        row = super().find(run, values)
        if row is None or not self.ours(row, state):
            return
        if not row.get("remove_job"):
            self.remove(run, values)
        self._await_removal(run, values)

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
