# SPDX-License-Identifier: GPL-3.0-or-later
"""/nodes/{node}/qemu: a VM's life. Its identity is the VMID; node, pool and disk order are attributes.

Order of every change: look, refuse what must not be, then write. What stands in the configuration as text is in
qemu_config.py; how a live VM is brought to new inputs is in qemu_update.py.
"""

from __future__ import annotations

from typing import Any

from ... import mark
from ...client import retry
from ...client.api import segment
from ...collection import Row, foreign
from ...definition import Resource
from ...errors import ApiError, Refused, TaskFailed
from ...handler import Change, Handler, Making
from ...run import RESOURCES, Run
from ...wire import UNKNOWN, Values
from . import qemu_config as config
from . import qemu_ha as ha
from . import qemu_update as update
from .qemu_fields import FIELDS

PATH = "/nodes/{node}/qemu"
MAKERS = 3
"""How many makings of the same VM, begun by runs that died, may fail before ours begins."""


class Vms(Handler):
    """Create, read, update and delete of VMs."""

    def check(self, news: Values) -> dict[str, str]:
        """What the fields cannot say one by one."""
        wrong: dict[str, str] = {}
        if news.get("vmid") is not UNKNOWN and int(news["vmid"]) < 100:
            wrong["vmid"] = f"is {news['vmid']}; write a number from 100 on"
        for index, disk in enumerate(news["disks"] if isinstance(news["disks"], list) else ()):
            size = disk.get("sizeGib") if isinstance(disk, dict) else None
            if size is not None and size is not UNKNOWN and size <= 0:
                wrong[f"disks[{index}].sizeGib"] = f"is {size}; write a size above 0"
        if news.get("template") is True and news.get("started") is True:
            wrong["started"] = "is true on a template; leave it out"
        return wrong

    def identify(self, news: Values) -> str:
        """The VMID."""
        return str(news["vmid"])

    def guard(self, news: Values, olds: Values) -> None:
        """Refuse what would lose data."""
        update.guard_disks(news, olds.get("disks") or [])
        if olds.get("template") and news.get("template") is False:
            raise Refused(f"VM {olds.get('vmid')} is a template and stays one; clone it instead")

    def needs_update(self, news: Values, olds: Values) -> dict[str, str]:
        """Changes wait for a restart that is allowed."""
        if news.get("restartIfNeeded") is True and olds.get("pendingRestart"):
            return {"pendingRestart": "these settings wait for a restart, which restartIfNeeded allows"}
        return {}

    def create(self, run: Run, news: Values, making: Making) -> Values:
        """POST on the node; when the VM exists, take over our own and refuse the rest."""
        vmid, node = int(news["vmid"]), str(news["node"])
        making.id = str(vmid)
        clone = news.get("cloneFrom") is not None
        if not self._begin(run, news, making, clone=clone):
            return self._adopt(run, news, making)
        run.place(vmid, node)
        run.made(f"vm firewall {vmid}")
        if news.get("started") is not True:
            run.made(f"vm power {vmid}")
        update.finish_new(run, node, news, cloned=clone, tag=making.mark)
        run.lists.forget(RESOURCES)
        return self._state(run, node, news)

    def _begin(self, run: Run, news: Values, making: Making, *, clone: bool) -> bool:
        """Make the VM; False if it exists. One that is just being made is awaited: its maker may fail."""
        for _ in range(MAKERS):
            try:
                if clone:
                    self._clone(run, news, making)
                else:
                    self._post(run, news, making)
            except ApiError as error:
                making.state = None
                if not retry.EXISTS(error):
                    raise
            except TaskFailed:
                making.state = None
                raise
            else:
                return True
            row = self._row(run, int(news["vmid"]), again=True)
            if row is not None:
                update.wait_unlocked(run, str(row["node"]), int(news["vmid"]))
                if self._row(run, int(news["vmid"]), again=True) is not None:
                    return False
        raise Refused(f"VMID {news['vmid']} is taken by something that the cluster does not list; run again")

    def _row(self, run: Run, vmid: int, *, again: bool = False) -> Row | None:
        """The VM in the cluster's list."""
        if again:
            run.place(vmid, None)
        row = run.guests().get(vmid)
        if row is not None and row.get("type") not in (None, "qemu"):
            raise Refused(f"VMID {vmid} is taken by something that is no VM; choose another number")
        return row

    def _post(self, run: Run, news: Values, making: Making) -> None:
        vmid, node = int(news["vmid"]), str(news["node"])
        params: dict[str, Any] = config.encode(news, making.mark)
        for disk in news["disks"]:
            params[disk["slot"]] = config.new_disk(disk)
        for network in news["networks"]:
            params[network["slot"]] = config.encode_network(network)
        params.update(config.cloud_drive(news))
        if news.get("pool"):
            params["pool"] = news["pool"]

        def start() -> Any:
            answer = run.api.post(PATH.format(node=segment(node)), vmid=vmid, **params)
            making.state = self._kept(news, making.mark)
            return answer

        with run.locks.storages(node, update.storages(news)):
            run.act(start, f"create VM {vmid}")

    def _clone(self, run: Run, news: Values, making: Making) -> None:
        vmid, node, source = int(news["vmid"]), str(news["node"]), int(news["cloneFrom"])
        home = run.node_of(source)
        if home is None:
            raise Refused(f"template {source} does not exist; make it first, or use importFrom")
        if home != node:
            raise Refused(
                f"template {source} lives on {home} and VM {vmid} is to live on {node}: local disks cannot be "
                "cloned across nodes; name a template on the same node, or use importFrom"
            )
        full = bool(news.get("fullClone", True))
        params: dict[str, Any] = {
            "newid": vmid,
            "name": news.get("name"),
            "pool": news.get("pool"),
            "full": full,
            "storage": news["disks"][0]["storage"] if full and news["disks"] else None,
            "description": mark.join(str(news.get("description", "")), making.mark, lines=True),
        }

        def start() -> Any:
            answer = run.api.post(f"{PATH.format(node=segment(node))}/{source}/clone", **params)
            making.state = self._kept(news, making.mark)
            return answer

        with run.locks.storages(node, update.storages(news)), run.locks.hold(f"template {source}"):
            run.act(start, f"clone VM {source} to {vmid}")

    def _adopt(self, run: Run, news: Values, making: Making) -> Values:
        """Our own VM of a broken-off run: bring it to the inputs under a fresh incarnation."""
        vmid = int(news["vmid"])
        row = self._row(run, vmid)
        if row is None:
            raise Refused(f"VM {vmid} was there and is gone; run again")
        node = str(row["node"])
        live, _waiting = update.look(run, node, vmid)
        tag = mark.split(live.get("description"))[1]
        if tag is None or tag.urn != making.urn:
            raise Refused(foreign("VM", str(vmid), tag))
        making.state = self._kept(news, making.mark)
        update.apply(run, vmid, node, row, Change(news, news, news), making.mark, adopting=True)
        run.lists.forget(RESOURCES)
        return self._state(run, node, news)

    def _kept(self, news: Values, tag: mark.Mark) -> Values:
        """The state of a making that may still break off."""
        return {
            **news,
            "liveNode": news["node"],
            "pendingRestart": [],
            "volumes": [],
            "incarnation": tag.incarnation,
        }

    def _state(self, run: Run, node: str, news: Values) -> Values:
        """The inputs, and what the server filled in; one read."""
        live, waiting = update.look(run, node, int(news["vmid"]))
        found = config.decode(live)
        return {
            **news,
            "liveNode": node,
            "pendingRestart": waiting,
            "volumes": found["volumes"],
            "incarnation": found["incarnation"],
        }

    def read(self, run: Run, ident: str, known: Values) -> Values | None:
        """Where it lives from the cluster's list, what it is from one read on its node."""
        vmid = int(ident)
        row = run.guests().get(vmid)
        if row is None or row.get("type") not in (None, "qemu"):
            return None
        node = str(row["node"])
        live, waiting = update.look(run, node, vmid)
        out = config.decode(live)
        if known:
            mine = {disk["slot"] for disk in known.get("disks") or () if isinstance(disk, dict)}
            out["disks"] = [disk for disk in out["disks"] if disk["slot"] in mine]
        if "cloudInit" in out and "storage" not in out["cloudInit"] and not known:
            out.pop("cloudInit")
        out.update(vmid=vmid, node=known.get("node") or node, liveNode=node, pendingRestart=waiting)
        if row.get("pool"):
            out["pool"] = str(row["pool"])
        if row.get("status") in (None, "unknown"):
            out["started"] = known.get("started")
        elif not out.get("template"):
            out["started"] = row.get("status") == "running"
            if known.get("started") not in (None, out["started"]):
                out["started"] = update.is_running(run, node, vmid)
        return out

    def update(self, run: Run, ident: str, change: Change, making: Making) -> Values:
        """From what is live to what is wanted; a making that broke off before the VM stood begins anew."""
        vmid = int(ident)
        row = self._row(run, vmid) or self._row(run, vmid, again=True)
        if row is None:
            if not change.olds.get("volumes"):
                return self.create(run, change.news, making)
            raise Refused(f"VM {vmid} is gone; run `pulumi up --refresh` to make it again")
        node = run.node_of(vmid) or str(row["node"])
        update.apply(run, vmid, node, row, change, making.mark, adopting=False)
        run.lists.forget(RESOURCES)
        return self._state(run, run.node_of(vmid) or node, change.news)

    def delete(self, run: Run, ident: str, state: Values) -> None:
        """Stop and destroy, unless it is protected or another making."""
        vmid = int(ident)
        row = self._row(run, vmid)
        if row is None:
            return
        node = run.node_of(vmid) or str(row["node"])
        live, _waiting = update.look(run, node, vmid)
        tag = mark.split(live.get("description"))[1]
        if (tag.incarnation if tag else "") != (state.get("incarnation") or ""):
            return
        if live.get("lock"):
            update.wait_unlocked(run, node, vmid)
        if str(live.get("protection", 0)) == "1":
            raise Refused(update.PROTECTED.format(vmid=vmid))
        path = f"{PATH.format(node=segment(node))}/{vmid}"
        if update.is_running(run, node, vmid):
            stop = f"{path}/status/stop"
            ha.act(run, vmid, lambda: run.api.post(stop), f"stop VM {vmid}", running=False)
            path = f"{PATH.format(node=segment(run.node_of(vmid) or node))}/{vmid}"
        run.act(lambda: run.api.delete(path, purge=True), f"destroy VM {vmid}")
        run.place(vmid, None)


VM = Resource(
    name="Vm",
    noun="VM",
    doc="A virtual machine. Its identity is its VMID: no other change than of that makes it anew.",
    import_id="vmid",
    fields=FIELDS,
    handler=Vms(),
    needs=(
        ("/vms", "VM.Allocate"),
        ("/vms", "VM.Audit"),
        ("/vms", "VM.Clone"),
        ("/vms", "VM.Migrate"),
        ("/vms", "VM.Config.Disk"),
        ("/vms", "VM.Config.CPU"),
        ("/vms", "VM.Config.Memory"),
        ("/vms", "VM.Config.Network"),
        ("/vms", "VM.Config.Options"),
        ("/vms", "VM.Config.HWType"),
        ("/vms", "VM.Config.Cloudinit"),
        ("/vms", "VM.PowerMgmt"),
        ("/storage", "Datastore.AllocateSpace"),
    ),
)
