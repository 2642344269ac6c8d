# SPDX-License-Identifier: GPL-3.0-or-later
"""/nodes/{node}/qemu/{vmid}/status as a resource of its own: power that comes after the VM's firewall, and goes before.

A program that uses it leaves the VM's own `started` unset. Deleting it shuts the VM down, so that a VM being destroyed
never runs without its rules; a protected VM is not touched at all.
"""

from __future__ import annotations

from ...definition import Field, Kind, Resource
from ...errors import Refused
from ...handler import Change, Handler, Making
from ...run import RESOURCES, Run
from ...wire import Values
from . import qemu_update as update

FIELDS = (
    Field(name="vmid", doc="The VM.", kind=Kind.INT, required=True, replaces=True),
    Field(name="started", doc="Whether it runs.", kind=Kind.BOOL, required=True),
    Field(
        name="shutdownTimeout",
        doc="Seconds to wait for an orderly shutdown before it is stopped.",
        kind=Kind.INT,
        default=60,
        setting=True,
    ),
)


class VmPower(Handler):
    """Starts and shuts down; nobody waits for the guest."""

    def identify(self, news: Values) -> str:
        """The VMID."""
        return str(news["vmid"])

    def create(self, run: Run, news: Values, making: Making) -> Values:
        """A VM that this run made is known to be stopped; any other is looked up."""
        vmid = int(news["vmid"])
        making.id = str(vmid)
        fresh = run.untouched(f"vm power {vmid}")
        self._set(run, vmid, news, fresh=fresh)
        return dict(news)

    def _set(self, run: Run, vmid: int, news: Values, *, fresh: bool = False) -> None:
        node = run.node_of(vmid)
        if node is None:
            raise Refused(f"VM {vmid} does not exist; let its power depend on the VM")
        running = not fresh and update.is_running(run, node, vmid)
        update.power(run, node, vmid, news, running=running)
        if running != news["started"]:
            run.lists.forget(RESOURCES)

    def read(self, run: Run, ident: str, known: Values) -> Values | None:
        """From the cluster's list; it is late, so news is asked of the node. Unknown keeps what was known."""
        vmid = int(ident)
        row = run.guests().get(vmid)
        if row is None:
            return None
        listed, started = row.get("status"), known.get("started")
        if started is None or (listed not in (None, "unknown") and (listed == "running") != started):
            started = update.is_running(run, str(row["node"]), vmid)
        return {"vmid": vmid, "started": bool(started)}

    def update(self, run: Run, ident: str, change: Change, making: Making) -> Values:
        """As the program says now."""
        run.lists.forget(RESOURCES)
        self._set(run, int(ident), change.news)
        return dict(change.news)

    def delete(self, run: Run, ident: str, state: Values) -> None:
        """Shut the VM down, unless it is protected."""
        vmid = int(ident)
        row = run.guests().get(vmid)
        if row is None:
            return
        node = run.node_of(vmid) or str(row["node"])
        if not update.is_running(run, node, vmid):
            return
        update.refuse_protected(run, node, vmid)
        update.power(run, node, vmid, {**state, "started": False}, running=True)
        run.lists.forget(RESOURCES)


VM_POWER = Resource(
    name="VmPower",
    noun="power of VM",
    doc="Whether a VM runs, as a resource of its own: it depends on the VM's firewall. Deleting it shuts the VM down.",
    import_id="vmid",
    fields=FIELDS,
    handler=VmPower(),
    needs=(("/vms", "VM.PowerMgmt"), ("/vms", "VM.Audit")),
)
