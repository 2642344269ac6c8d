# SPDX-License-Identifier: GPL-3.0-or-later
"""/cluster/backup: a backup job (vzdump) that PVE's scheduler runs. Backups that it made stay when it goes."""

from __future__ import annotations

from ...client import retry
from ...client.lock import JOBS
from ...collection import Collection
from ...definition import INCARNATION, Field, Kind, Many, Resource
from ...normal import one_line, options
from ...wire import Values

FIELDS = (
    Field(
        name="jobid",
        doc="The job's name.",
        api="id",
        required=True,
        replaces=True,
        pattern=r"[A-Za-z][A-Za-z0-9\-_]{0,48}[A-Za-z0-9]",
    ),
    Field(name="schedule", doc="When, as PVE's calendar event, e.g. 01:30 or mon..fri 21:00.", required=True),
    Field(name="storage", doc="Where the backups go.", required=True),
    Field(name="pool", doc="All guests of this pool; this or vmids."),
    Field(name="vmids", doc="These guests; this or pool.", api="vmid", many=Many.SET),
    Field(name="node", doc="Only guests on this node."),
    Field(name="mode", doc="How a running guest is held still.", choices=("snapshot", "suspend", "stop")),
    Field(name="compress", doc="How backups are packed.", choices=("0", "1", "gzip", "lzo", "zstd")),
    Field(
        name="pruneBackups",
        doc="Which backups are kept, e.g. keep-daily=7,keep-weekly=4.",
        api="prune-backups",
        normal=options,
    ),
    Field(name="notesTemplate", doc="The note of each backup.", api="notes-template"),
    Field(
        name="repeatMissed",
        doc="Whether a run that was missed is made up for.",
        api="repeat-missed",
        kind=Kind.BOOL,
    ),
    Field(name="enabled", doc="Whether it runs.", kind=Kind.BOOL, default=True),
    Field(name="comment", doc="Why.", normal=one_line),
    INCARNATION,
)


class Backups(Collection):
    """A job is over a pool, which takes new guests in by itself, or over guests by number."""

    clears = True
    removing = retry.FORGET

    def check(self, news: Values) -> dict[str, str]:
        """Exactly one of the two."""
        if (news.get("pool") is None) == (not news.get("vmids")):
            return {"pool": "and vmids: exactly one of them says which guests are backed up"}
        return {}


BACKUP_JOB = Resource(
    name="BackupJob",
    noun="backup job",
    doc="A backup job. Deleting it leaves the backups that it made.",
    import_id="jobid",
    fields=FIELDS,
    handler=Backups(
        noun="backup job", fields=FIELDS, path="/cluster/backup", key="jobid", lock=JOBS, comment="comment"
    ),
    needs=(
        ("/", "Sys.Modify"),
        ("/", "Sys.Audit"),
        ("/pool", "VM.Backup"),
        ("/storage", "Datastore.AllocateSpace"),
    ),
)
