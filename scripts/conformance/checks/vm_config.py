# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in a VM's configuration: the texts that the provider takes apart and puts together again."""

from __future__ import annotations

from pve_provider.client import retry
from scripts.conformance.check import check, equal, expect, recognised, refused
from scripts.conformance.target import PREFIX, Target, mac, vm_options


@check("config.pending_rows")
def pending_rows(t: Target) -> str:
    """GET pending is a list of rows with key and value; a stopped VM has nothing pending."""
    rows = t.vm().get("/pending")
    expect(all("key" in row for row in rows), "a key in each row", rows)
    waiting = [row["key"] for row in rows if "pending" in row or row.get("delete")]
    expect(waiting == [], "nothing pending", waiting)
    return f"{len(rows)} rows"


@check("config.description")
def description(t: Target) -> str:
    """A description keeps lines, accents, percent and the mark; PVE may add a newline at its end."""
    want = str(vm_options(t, t.vm().vmid, "vm")["description"])
    return equal(str(t.vm().value("description")).rstrip("\n"), want)


@check("config.plain")
def plain(t: Target) -> str:
    """Plain settings read back with their values."""
    want = {"name": f"{PREFIX}-vm", "memory": "128", "balloon": "0", "cores": "1", "cpu": "x86-64-v2-AES"}
    want |= {"ostype": "l26", "agent": "1", "onboot": "0", "scsihw": "virtio-scsi-single"}
    return equal({key: str(t.vm().value(key)) for key in want}, want)


@check("config.network")
def network(t: Target) -> str:
    """An interface reads back with model and MAC as given, bridge and firewall."""
    vm = t.vm()
    parts = sorted(str(vm.value("net0")).split(","))
    return equal(parts, sorted([f"virtio={mac(vm.vmid)}", f"bridge={t.bridge}", "firewall=1"]))


@check("config.put_keeps_mac")
def keeps_mac(t: Target) -> str:
    """A PUT of something else leaves the interface and its MAC alone."""
    vm = t.vm()
    before = vm.value("net0")
    vm.put("/config", onboot=1)
    vm.put("/config", onboot=0)
    return equal(vm.value("net0"), before)


@check("config.tags")
def tags(t: Target) -> str:
    """Tags read back as words with semicolons between."""
    return equal(sorted(str(t.vm().value("tags")).split(";")), sorted([PREFIX, "b-tag"]))


@check("config.boot")
def boot(t: Target) -> str:
    """The boot order reads back as order= and the devices."""
    return equal(t.vm().value("boot"), "order=scsi0")


@check("config.put_delete")
def put_delete(t: Target) -> str:
    """PUT with delete takes keys out."""
    vm = t.vm()
    vm.put("/config", delete="tags,boot")
    seen = [vm.value("tags"), vm.pending().get("boot", {}).get("value")]
    vm.put("/config", tags=f"{PREFIX};b-tag", boot="order=scsi0")
    expect(seen[0] is None and seen[1] in (None, ""), "both gone", seen)
    return repr(seen)


@check("config.put_answers_nothing")
def put_answer(t: Target) -> str:
    """PUT config answers null, as it starts no task."""
    return equal(t.vm().put("/config", onboot=0), None)


@check("config.post_is_a_task")
def post_task(t: Target) -> str:
    """POST config is a task."""
    answer = t.vm().post("/config", onboot=0)
    t.done(answer)
    return str(answer).split(":")[5]


@check("config.cloud_drive")
def cloud_drive(t: Target) -> str:
    """STORAGE:cloudinit becomes a volume named cloudinit, a CD drive."""
    text = str(t.vm().value("ide2"))
    right = text.startswith(f"{t.storage}:") and "cloudinit" in text and "media=cdrom" in text
    expect(right, f"{t.storage}:…cloudinit…,media=cdrom", text)
    return text


@check("config.ipconfig")
def ipconfig(t: Target) -> str:
    """ipconfig0 reads back with the same parts."""
    parts = sorted(str(t.vm().value("ipconfig0")).split(","))
    return equal(parts, ["gw=192.0.2.1", "ip6=2001:db8::9/64", "ip=192.0.2.9/24"])


@check("config.cloud_texts")
def cloud_texts(t: Target) -> str:
    """User, resolvers, search domain and the quoted ssh keys read back as given."""
    want = {key: vm_options(t, 0, "vm")[key] for key in ("ciuser", "nameserver", "searchdomain", "sshkeys")}
    equal({key: t.vm().value(key) for key in want}, want)
    return "as given"


@check("config.password_hidden")
def password(t: Target) -> str:
    """A cloud-init password is set but never read back."""
    vm = t.vm()
    vm.put("/config", cipassword="not-a-secret-1")
    seen = str(vm.value("cipassword"))
    vm.put("/config", delete="cipassword")
    expect("not-a-secret-1" not in seen, "not the password", seen)
    return seen


@check("config.protection")
def protection(t: Target) -> str:
    """A protected VM is not destroyed."""
    vm = t.vm()
    vm.put("/config", protection=1)
    try:
        error = refused(lambda: t.wait(vm.delete(purge=1)))
    finally:
        vm.put("/config", protection=0)
    equal(vm.status(), "stopped")
    return recognised(error, lambda e: e.says("protection"), "protected")


@check("config.digest")
def digest(t: Target) -> str:
    """A PUT with an old digest is refused."""
    vm = t.vm()
    error = refused(lambda: vm.put("/config", digest="0" * 40, onboot=0))
    expect(not retry.is_locked(error), "no word of a lock", error.words)
    return f"{error.status} {error.words}"
