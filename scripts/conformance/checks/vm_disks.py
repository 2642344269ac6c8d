# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks: how a new one is written and reads back, growth, refusal to shrink, what becomes of one taken out, images."""

from __future__ import annotations

import re

from pve_provider.errors import ApiError, TaskFailed
from scripts.conformance.check import LeftOut, check, equal, expect
from scripts.conformance.target import PREFIX, Target, Vm


def options(text: object) -> dict[str, str]:
    """A disk's text by option; the volume under ''."""
    parts = (part.partition("=") for part in str(text).split(","))
    return {name if equals else "": value if equals else name for name, equals, value in parts}


def size(vm: Vm, slot: str) -> str:
    """A disk's size as it stands."""
    return options(vm.value(slot)).get("size", "")


@check("disk.reads_back")
def reads_back(t: Target) -> str:
    """STORAGE:1 becomes a volume on that storage with size=1G and the options as given."""
    found = options(t.vm().value("scsi0"))
    expect(found.get("", "").startswith(f"{t.storage}:"), f"a volume on {t.storage}", found)
    want = {"size": "1G", "discard": "on", "iothread": "1"}
    return equal({key: found.get(key) for key in want}, want)


@check("disk.add_by_post")
def add(t: Target) -> str:
    """POST config with STORAGE:size allocates a further disk, in a task."""
    vm = t.vm()
    t.done(vm.post("/config", scsi1=f"{t.storage}:1"))
    return equal(size(vm, "scsi1"), "1G")


@check("disk.delete_leaves_unused")
def unused(t: Target) -> str:
    """A disk that is deleted from the configuration stays as unusedN; deleting that destroys it."""
    vm = t.vm()
    if not vm.value("scsi1"):
        t.done(vm.post("/config", scsi1=f"{t.storage}:1"))
    volume = options(vm.value("scsi1"))[""]
    vm.put("/config", delete="scsi1")
    kept = [
        key for key, row in vm.pending().items() if key.startswith("unused") and row.get("value") == volume
    ]
    expect(len(kept) == 1, f"one unusedN with {volume}", sorted(vm.pending()))
    vm.put("/config", delete=kept[0])
    left = [key for key in vm.pending() if key.startswith("unused")]
    return f"{kept[0]}, then " + equal(left, [])


@check("disk.options_change")
def change(t: Target) -> str:
    """PUT with the same volume and other options changes them; size and volume stay."""
    vm = t.vm()
    before = str(vm.value("scsi0"))
    vm.put("/config", scsi0=before + ",backup=0")
    seen = options(vm.value("scsi0"))
    vm.put("/config", scsi0=before)
    return equal([seen[""], seen.get("size"), seen.get("backup")], [options(before)[""], "1G", "0"])


@check("resize.grows")
def grows(t: Target) -> str:
    """PUT resize with a whole size is a task; the size reads back."""
    vm = t.vm()
    t.done(vm.put("/resize", disk="scsi0", size="2G"))
    return equal(size(vm, "scsi0"), "2G")


@check("resize.same")
def same(t: Target) -> str:
    """Resizing to the size that it has is harmless."""
    vm = t.vm()
    now = size(vm, "scsi0")
    t.done(vm.put("/resize", disk="scsi0", size=now))
    return equal(size(vm, "scsi0"), now)


@check("resize.refuses_to_shrink")
def shrink(t: Target) -> str:
    """A smaller size is refused with 'shrinking disks is not supported', at once or in the task."""
    vm = t.vm()
    before = size(vm, "scsi0")
    try:
        words = t.wait(vm.put("/resize", disk="scsi0", size="512M"))
    except (ApiError, TaskFailed) as error:
        words = str(error)
    expect("shrinking disks is not supported" in words, "'shrinking disks is not supported'", words)
    equal(size(vm, "scsi0"), before)
    return words


@check("disk.import")
def import_from(t: Target) -> str:
    """STORAGE:0,import-from=IMAGE makes a disk of the image's size."""
    if not t.image:
        raise LeftOut(
            "no image named; set IMAGE to a volume of content type import, e.g. local:import/x.qcow2"
        )
    vm = Vm(t, t.free_vmid(), t.node)
    t.done(vm.create(name=f"{PREFIX}-image", memory=128, scsi0=f"{t.storage}:0,import-from={t.image}"))
    found = options(vm.value("scsi0"))
    t.done(vm.delete(purge=1))
    right = found.get("", "").startswith(f"{t.storage}:") and "import-from" not in found
    expect(right and bool(re.fullmatch(r"\d+[KMGT]?", found.get("size", ""))), "a volume with a size", found)
    return f"{found['']}, {found['size']}"
