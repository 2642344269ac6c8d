# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a live VM to new inputs: guards first, then node, pool, configuration, disks' growth, power."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import Any

from ... import mark
from ...client import retry
from ...client.api import segment
from ...collection import Row
from ...errors import ApiError, Refused, TaskFailed
from ...handler import Change
from ...run import Run
from ...wire import UNKNOWN, Values
from . import qemu_config as config
from . import qemu_ha as ha
from .qemu_fields import NET, PLAIN

UNLOCK_SECONDS = 600.0
PROTECTED = (
    "VM {vmid} is protected and was not touched; set protection to false, run `pulumi up`, then remove"
)


def base(node: str, vmid: int) -> str:
    """The path of a VM."""
    return f"/nodes/{segment(node)}/qemu/{vmid}"


def look(run: Run, node: str, vmid: int) -> tuple[config.Config, list[str]]:
    """The configuration as the next start will have it, and what waits for one: one read."""
    return config.from_pending(run.api.get(f"{base(node, vmid)}/pending"))


def is_running(run: Run, node: str, vmid: int) -> bool:
    """Asked of its node; the cluster's list repeats what pvestatd told last, up to ten seconds ago or never yet."""
    return bool(run.api.get(f"{base(node, vmid)}/status/current").get("status") == "running")


def storages(news: Values) -> set[str]:
    """The storages on which a making allocates."""
    names = {str(disk["storage"]) for disk in news["disks"]}
    return names | ({str(news["cloudInit"]["storage"])} if news.get("cloudInit") else set())


def guard_disks(news: Values, live: list[Values]) -> None:
    """No disk is shrunk, moved or (without the unlock) deleted."""
    if news.get("disks") is UNKNOWN:
        return
    wanted = {disk["slot"]: disk for disk in news.get("disks") or () if isinstance(disk, dict)}
    for disk in live:
        slot = disk["slot"]
        new = wanted.get(slot)
        where = f"disk {slot} of VM {news.get('vmid')}"
        if new is None:
            if news.get("allowDiskDelete") is not True:
                raise Refused(
                    f"{where} is no longer in `disks`, and deleting it would lose its data; put it back, or set "
                    "allowDiskDelete for one run"
                )
            continue
        if new["storage"] is not UNKNOWN and disk.get("storage") and new["storage"] != disk["storage"]:
            raise Refused(
                f"{where} lies on {disk['storage']} and not on {new['storage']}; a disk is not moved from here: move "
                "it in PVE (`qm disk move`) and run again, or write the storage it lies on"
            )
        size, have = new.get("sizeGib"), disk.get("sizeGib")
        if size is not None and size is not UNKNOWN and have is not None and size < have:
            raise Refused(
                f"{where} has {have:g} GiB and cannot shrink to {size:g}; write sizeGib of {have:g} or more"
            )


def wait_unlocked(run: Run, node: str, vmid: int) -> None:
    """Wait until a task of a run that died lets go of the VM."""
    deadline = time.monotonic() + UNLOCK_SECONDS
    for pause in retry.pauses():
        try:
            current = run.api.get(f"{base(node, vmid)}/status/current")
        except ApiError as error:
            if retry.GONE(error):
                return
            raise
        if not current.get("lock"):
            return
        run.stop.check()
        if time.monotonic() > deadline:
            raise Refused(
                f"VM {vmid} is still locked ({current['lock']}); see its tasks, then `qm unlock {vmid}`"
            )
        run.stop.pause(pause)


def refuse_protected(run: Run, node: str, vmid: int) -> None:
    """A protected VM keeps everything, its power and its firewall too: refuse before anything is touched."""
    live, _waiting = look(run, node, vmid)
    if str(live.get("protection", 0)) == "1":
        raise Refused(PROTECTED.format(vmid=vmid))


def refuse_what_keeps(run: Run, sids: Iterable[str]) -> None:
    """Likewise for what keeps a VM available (HA, copies): a protected VM, given as `vm:100`, does not lose it."""
    for sid in sids:
        kind, _, number = sid.partition(":")
        row = run.guests().get(int(number)) if kind == "vm" else None
        if row is not None and row.get("type") in (None, "qemu"):
            refuse_protected(run, str(row["node"]), int(number))


def finish_new(run: Run, node: str, news: Values, *, cloned: bool, tag: mark.Mark) -> None:
    """After the making: what a clone still lacks, the images' growth, template, power."""
    vmid = int(news["vmid"])
    if cloned:
        live, _waiting = look(run, node, vmid)
        configure(run, node, vmid, news, live, set(), tag)
        live, _waiting = look(run, node, vmid)
        grow(run, node, vmid, news, live)
    else:
        for disk in news["disks"]:
            if disk.get("importFrom"):
                resize(run, node, vmid, disk)
    power(run, node, vmid, news, running=False)


def apply(
    run: Run, vmid: int, node: str, row: Row, change: Change, fresh: mark.Mark, *, adopting: bool
) -> None:
    """Everything an update or an adoption does."""
    news = change.news
    live, _waiting = look(run, node, vmid)
    if live.get("lock"):
        wait_unlocked(run, node, vmid)
        live, _waiting = look(run, node, vmid)
    before = config.decode(live)
    mine = {disk["slot"] for disk in (*(change.old_inputs.get("disks") or ()), *news["disks"])}
    guard_disks(news, [disk for disk in before["disks"] if disk["slot"] in mine])
    tag = mark.split(live.get("description"))[1]
    if tag is None or adopting:
        tag = fresh
    running = is_running(run, node, vmid)
    if not adopting and change.olds.get("node") != news["node"] and node != news["node"]:
        node = migrate(run, vmid, node, str(news["node"]), running)
    join_pool(run, vmid, news, row, "pool" in change.dropped)
    dropped = change.dropped | {
        f"disk {disk['slot']}"
        for disk in before["disks"]
        if disk["slot"] in mine - {d["slot"] for d in news["disks"]}
    }
    same_password = not adopting and _password(news) == _password(change.old_inputs)
    configure(run, node, vmid, news, live, dropped, tag, keep_password=same_password)
    live, _waiting = look(run, node, vmid)
    grow(run, node, vmid, news, live)
    power(run, node, vmid, news, running=running)
    if running and news.get("restartIfNeeded") and news.get("started") is not False:
        _config, waiting = look(run, node, vmid)
        if waiting:
            path = f"{base(node, vmid)}/status/reboot"
            run.act(lambda: run.api.post(path, timeout=news.get("shutdownTimeout")), f"restart VM {vmid}")


def migrate(run: Run, vmid: int, source: str, target: str, running: bool) -> str:
    """Move a VM to another node, with its local disks, without stopping it. Where HA's rules place it, they do that."""
    if ha.placed(run, vmid):
        return source
    params = {"target": target, **({"online": True, "with-local-disks": True} if running else {})}
    ha.move(
        run,
        vmid,
        target,
        lambda: run.api.post(f"{base(source, vmid)}/migrate", retry.MIGRATE, **params),
        f"migrate VM {vmid} from {source} to {target}",
    )
    run.place(vmid, target)
    return target


def join_pool(run: Run, vmid: int, news: Values, row: Row, dropped: bool) -> None:
    """Put a VM into its pool, or take it out of the one it had."""
    have, want = row.get("pool") or None, news.get("pool")
    if want and want != have:
        run.api.put("/pools", retry.JOIN_POOL, poolid=want, vms=str(vmid), **{"allow-move": True})
    elif dropped and have and not want:
        run.api.put("/pools", retry.JOIN_POOL, poolid=have, vms=str(vmid), delete=True)


def _password(values: Values) -> Any:
    return (values.get("cloudInit") or {}).get("password")


def configure(
    run: Run,
    node: str,
    vmid: int,
    news: Values,
    live: config.Config,
    dropped: set[str],
    tag: mark.Mark,
    *,
    keep_password: bool = False,
) -> None:
    """One write with every setting that differs from the live ones; a password cannot be compared, only kept."""
    before = config.decode(live)
    wanted = config.encode(news, tag)
    params: dict[str, Any] = {}
    gone: set[str] = set()
    for key, value in wanted.items():
        if key == "cipassword" and keep_password:
            continue
        if _differs(key, value, before, live):
            params[key] = value
    for field in PLAIN:
        if field.name in dropped and field.parameter in live:
            gone.add(field.parameter)
    if "tags" in live and not news.get("tags") and ("tags" in dropped or "tags" in news):
        gone.add("tags")
    _cloud(news, live, dropped, params, gone, wanted)
    allocates = _disks(news, live, dropped, params, gone)
    for network in news["networks"]:
        slot = network["slot"]
        text = str(live.get(slot, ""))
        if not text or config.decode_network(slot, text) != {
            **network,
            "model": network.get("model", "virtio"),
        }:
            params[slot] = config.encode_network(network, text)
    gone |= {key for key in live if re.fullmatch(NET, key)} - {
        network["slot"] for network in news["networks"]
    }
    gone -= set(params)
    if not params and not gone:
        return
    path = f"{base(node, vmid)}/config"
    call = run.api.post if allocates else run.api.put
    if gone:
        params["delete"] = ",".join(sorted(gone))
    run.act(lambda: call(path, **params), f"configure VM {vmid}")
    _destroy_unused(run, node, vmid, news, live, gone)


def _differs(key: str, value: Any, before: Values, live: config.Config) -> bool:
    if key == "description":
        return str(live.get(key, "")).rstrip("\n") != str(value)
    if key == "cipassword" or key not in live:
        return True
    probe = config.decode({key: value})
    shared: list[str] = [
        name for name in probe if name not in ("disks", "networks", "volumes", "incarnation")
    ]
    if not shared:
        return bool(str(live[key]) != str(value))
    return any(bool(probe[name] != _same_part(name, probe, before)) for name in shared)


def _same_part(name: str, probe: Values, before: Values) -> Any:
    """The live counterpart of a probed property; of cloud-init only the part that the key stands for."""
    have = before.get(name)
    if name != "cloudInit" or not isinstance(have, dict):
        return have
    part = {inner: have.get(inner) for inner in probe[name] if inner != "ipConfigs"}
    slots = {entry["slot"] for entry in probe[name]["ipConfigs"]}
    return {**part, "ipConfigs": [entry for entry in have["ipConfigs"] if entry["slot"] in slots]}


def _cloud(
    news: Values,
    live: config.Config,
    dropped: set[str],
    params: dict[str, Any],
    gone: set[str],
    wanted: dict[str, Any],
) -> None:
    """The cloud-init drive, and settings that are no longer wanted."""
    if not news.get("cloudInit"):
        if "cloudInit" in dropped:
            gone |= {key for key in (*config.CLOUD_KEYS.values(),) if key in live}
            gone |= {key for key in live if re.fullmatch(r"ipconfig\d+", key)}
            gone |= {
                key
                for key, value in live.items()
                if "cloudinit" in str(value) and "media=cdrom" in str(value)
            }
        return
    slot = news["cloudInit"]["slot"]
    if "cloudinit" not in str(live.get(slot, "")):
        params.update(config.cloud_drive(news))
    known = {key for key in (*config.CLOUD_KEYS.values(),) if key in live}
    known |= {key for key in live if re.fullmatch(r"ipconfig\d+", key)}
    gone |= known - set(wanted)


def _disks(
    news: Values, live: config.Config, dropped: set[str], params: dict[str, Any], gone: set[str]
) -> bool:
    """New disks, changed options, and (guarded before) disks to take out; whether something is allocated."""
    allocates = False
    for disk in news["disks"]:
        slot = disk["slot"]
        text = str(live.get(slot, ""))
        if not text:
            params[slot] = config.new_disk(disk)
            allocates = True
        else:
            after = config.changed_disk(disk, text)
            if config.parse_options(after, "volume") != config.parse_options(text, "volume"):
                params[slot] = after
    gone |= {name.removeprefix("disk ") for name in dropped if name.startswith("disk ")}
    return allocates


def _destroy_unused(
    run: Run, node: str, vmid: int, news: Values, live: config.Config, gone: set[str]
) -> None:
    """PVE detaches a deleted disk to unusedN; destroy those that we took out ourselves."""
    volumes = {
        config.parse_options(str(live[slot]), "volume").get("volume")
        for slot in gone
        if slot in live and config.is_disk(slot, live[slot])
    }
    if not volumes or not news.get("allowDiskDelete"):
        return
    now, _waiting = look(run, node, vmid)
    unused = sorted(key for key, value in now.items() if key.startswith("unused") and str(value) in volumes)
    if unused:
        run.act(
            lambda: run.api.put(f"{base(node, vmid)}/config", delete=",".join(unused)),
            f"destroy the disks taken out of VM {vmid}",
        )


def grow(run: Run, node: str, vmid: int, news: Values, live: config.Config) -> None:
    """Grow the disks that are smaller than wanted."""
    have = {disk["slot"]: disk.get("sizeGib") for disk in config.decode(live)["disks"]}
    for disk in news["disks"]:
        size = have.get(disk["slot"])
        if size is not None and size < disk["sizeGib"]:
            resize(run, node, vmid, disk)


def resize(run: Run, node: str, vmid: int, disk: Values) -> None:
    """Set a disk's size; PVE refuses to shrink."""
    try:
        size = config.size_text(float(disk["sizeGib"]))
        run.act(
            lambda: run.api.put(f"{base(node, vmid)}/resize", disk=disk["slot"], size=size),
            f"resize {disk['slot']} of VM {vmid}",
        )
    except (ApiError, TaskFailed) as error:
        if "shrinking disks is not supported" in str(error):
            raise Refused(
                f"the image of disk {disk['slot']} is larger than {disk['sizeGib']:g} GiB; write a larger sizeGib"
            ) from None
        raise


def power(run: Run, node: str, vmid: int, news: Values, *, running: bool) -> None:
    """Template, started or stopped, as the program says; nobody waits for the guest."""
    path = base(node, vmid)
    if news.get("template") and not running:
        current, _waiting = look(run, node, vmid)
        if str(current.get("template", 0)) != "1":
            run.act(lambda: run.api.post(f"{path}/template", retry.TEMPLATE), f"make VM {vmid} a template")
        return
    started = news.get("started")
    if started is True and not running:
        try:
            start = f"{path}/status/start"
            ha.act(run, vmid, lambda: run.api.post(start), f"start VM {vmid}", running=True)
        except (ApiError, TaskFailed) as error:
            if "already running" not in str(error):
                raise
    elif started is False and running:
        seconds = news.get("shutdownTimeout", 60)
        ha.act(
            run,
            vmid,
            lambda: run.api.post(f"{path}/status/shutdown", timeout=seconds, forceStop=True),
            f"shut down VM {vmid}",
            running=False,
            seconds=seconds,
        )
