# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster under test and what of it may be touched: a node, a storage, a bridge, free VMIDs, names with our prefix.

Every write to a VM goes through `Vm`, which first reads the VM's name and stops everything if it is not ours.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from pve_provider.errors import ApiError
from scripts.conformance.check import Differs, LeftOut
from scripts.conformance.client import Client, segment

PREFIX = "awan-conf"
SDN_PREFIX = "awconf"
"""SDN's ids have at most eight letters and digits."""
URN = "urn:pulumi:dc::awan::awan:pve:TenantPool$pve:index:Vm::dukcapil/register"
MARK = f"awan: {URN} 0123456789abcdef"
TASK_SECONDS = 300.0
LIST_SECONDS = 60.0
"""Name, power and template stand in the list when the node's pvestatd has told: every ten seconds, or later."""


class Foreign(Exception):
    """What was to be changed is not ours: nothing more is done."""


@dataclass(slots=True, kw_only=True)
class Target:
    """A cluster and what the checks made in it so far."""

    client: Client
    node: str
    other_node: str
    storage: str
    bridge: str
    """For the VMs' interfaces: a bridge or a vnet that the token may use."""
    uplink: str
    """For the SDN zone: a bridge of the nodes."""
    image: str
    first_vmid: int = 9000
    last_vmid: int = 9099
    made: dict[str, Vm] = field(default_factory=dict)

    @property
    def api(self) -> Client:
        """The connection."""
        return self.client

    @property
    def user(self) -> str:
        """Whose token it is."""
        return self.client.token.partition("!")[0]

    def wait(self, answer: Any) -> str:
        """Wait for a task; how it ended."""
        if not isinstance(answer, str) or not answer.startswith("UPID:"):
            raise Differs("a task's id (UPID:…)", repr(answer))
        path = f"/nodes/{answer.split(':')[1]}/tasks/{segment(answer)}/status"
        deadline = time.monotonic() + TASK_SECONDS
        pause = 0.01
        while time.monotonic() < deadline:
            status = self.api.get(path)
            if status.get("status") == "stopped":
                return str(status.get("exitstatus"))
            time.sleep(pause)
            pause = min(1.0, pause * 2)
        raise Differs(f"a task that ends within {TASK_SECONDS:.0f} s", answer)

    def done(self, answer: Any) -> None:
        """Wait for a task that must end well."""
        end = self.wait(answer)
        if end != "OK" and not end.startswith("WARNINGS"):
            raise Differs("a task that ends with OK", end)

    def guests(self) -> dict[int, dict[str, Any]]:
        """The cluster's guests by VMID."""
        return {int(row["vmid"]): row for row in self.api.get("/cluster/resources", type="vm")}

    def listed(self, vmid: int, **want: Any) -> dict[str, Any]:
        """A guest's row in the cluster's list, once it says this; else as it stands when time is up."""
        deadline = time.monotonic() + LIST_SECONDS
        while True:
            row = self.guests()[vmid]
            if all(row.get(name) == value for name, value in want.items()) or time.monotonic() > deadline:
                return row
            time.sleep(0.5)

    def free_vmid(self) -> int:
        """A number that no guest has, by the list and by PVE's own word."""
        taken = self.guests()
        for vmid in range(self.first_vmid, self.last_vmid + 1):
            if vmid not in taken:
                try:
                    self.api.get("/cluster/nextid", vmid=vmid)
                except ApiError:
                    continue
                return vmid
        raise LeftOut(f"no free VMID from {self.first_vmid} to {self.last_vmid}; name a range with VMIDS")

    def vm(self) -> Vm:
        """The VM that most checks look at, made by the first that asks."""
        if "vm" not in self.made:
            vm = Vm(self, self.free_vmid(), self.node)
            self.done(vm.create(**vm_options(self, vm.vmid, "vm")))
            self.made["vm"] = vm
        return self.made["vm"]


def vm_options(target: Target, vmid: int, name: str) -> dict[str, Any]:
    """A small VM with everything that the provider sets."""
    return {
        "name": f"{PREFIX}-{name}",
        "description": f"first line\nsecond line: ünï 100%\n{MARK}",
        "memory": 128,
        "balloon": 0,
        "cores": 1,
        "cpu": "x86-64-v2-AES",
        "ostype": "l26",
        "agent": 1,
        "onboot": 0,
        "scsihw": "virtio-scsi-single",
        "scsi0": f"{target.storage}:1,discard=on,iothread=1",
        "boot": "order=scsi0",
        "net0": f"virtio={mac(vmid)},bridge={target.bridge},firewall=1",
        "tags": f"{PREFIX};b-tag",
        "ide2": f"{target.storage}:cloudinit",
        "ciuser": "awan",
        "ipconfig0": "gw=192.0.2.1,ip=192.0.2.9/24,ip6=2001:db8::9/64",
        "nameserver": "192.0.2.53 192.0.2.54",
        "searchdomain": "example.org",
        "sshkeys": segment(
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHzhZJ2Xb3Ykq0m8rC6sQ1mQ0d5g3o0sWmB4n2mW9V1a a@b"
        ),
    }


def mac(vmid: int) -> str:
    """A MAC that is no card maker's, from the VMID."""
    return f"02:AC:0F:00:{vmid >> 8 & 255:02X}:{vmid & 255:02X}"


@dataclass(slots=True)
class Vm:
    """One VM of ours."""

    target: Target
    vmid: int
    node: str

    @property
    def path(self) -> str:
        """Its path."""
        return f"/nodes/{segment(self.node)}/qemu/{self.vmid}"

    def create(self, **options: Any) -> Any:
        """Make it; PVE itself refuses a VMID that is taken."""
        return self.target.api.post(f"/nodes/{segment(self.node)}/qemu", vmid=self.vmid, **options)

    def guard(self) -> None:
        """Stop before touching what is not ours."""
        name = str(self.target.api.get(f"{self.path}/config").get("name", ""))
        if not name.startswith(PREFIX):
            raise Foreign(
                f"VM {self.vmid} is now called {name!r}, which is not ours; nothing more was done to it"
            )

    def get(self, below: str, /, **params: Any) -> Any:
        return self.target.api.get(f"{self.path}{below}", **params)

    def put(self, below: str, /, **params: Any) -> Any:
        self.guard()
        return self.target.api.put(f"{self.path}{below}", **params)

    def post(self, below: str, /, **params: Any) -> Any:
        self.guard()
        return self.target.api.post(f"{self.path}{below}", **params)

    def delete(self, below: str = "", /, **params: Any) -> Any:
        self.guard()
        return self.target.api.delete(f"{self.path}{below}", **params)

    def pending(self) -> dict[str, dict[str, Any]]:
        """The rows of its configuration, by key."""
        return {row["key"]: row for row in self.get("/pending")}

    def value(self, key: str) -> Any:
        """One value of its configuration as it is now."""
        return self.pending().get(key, {}).get("value")

    def status(self) -> str:
        """Running or stopped."""
        return str(self.get("/status/current")["status"])

    def run(self) -> None:
        """Have it running."""
        if self.status() != "running":
            self.target.done(self.post("/status/start"))

    def halt(self) -> None:
        """Have it stopped."""
        if self.status() == "running":
            self.target.done(self.post("/status/stop"))
