# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Pulumi CLI with the provider and the lab: no change, drift, replacement, death of the engine, secrets."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.toolchain import paths

pytestmark = pytest.mark.hosts

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "correct-horse-battery"
PROGRAM = """
import os
import pulumi
import pulumi_pve as pve

many = int(os.environ.get("MANY", "0"))
provider = pve.Provider(
    "c",
    endpoints=os.environ["AWAN_DC_ENDPOINTS"].split(","),
    api_token=pulumi.Output.secret(os.environ["AWAN_DC_TOKEN"]),
    fingerprint=os.environ["AWAN_DC_FINGERPRINT"],
    cluster=os.environ["AWAN_DC_CLUSTER"],
)
opts = pulumi.ResourceOptions(provider=provider)
pool = pve.Pool("pool", poolid="cli", comment="Made by the real engine", opts=opts)
group = pve.FirewallGroup(
    "web",
    group="cli-web",
    rules=[pve.FirewallRuleArgs(key="https", type="in", action="ACCEPT", proto="tcp", dport="443")],
    opts=opts,
)
for number in range(1 + many):
    vm = pve.Vm(
        f"vm{number}",
        vmid=700 + number,
        node="dc1",
        name="app",
        pool=pool.poolid,
        memory=2048,
        disks=[pve.VmDiskArgs(slot="scsi0", storage="local-zfs", size_gib=4)],
        cloud_init=pve.VmCloudInitArgs(storage="local-zfs", password=pulumi.Output.secret(os.environ["PASSWORD"])),
        opts=pulumi.ResourceOptions(provider=provider, import_=os.environ.get("IMPORT")),
    )
    firewall = pve.VmFirewall(
        f"vm{number}",
        vmid=vm.vmid,
        enable=True,
        policy_in="DROP",
        rules=[pve.FirewallRuleArgs(key="web", type="group", action=group.group)],
        opts=opts,
    )
    pve.VmPower(
        f"vm{number}",
        vmid=vm.vmid,
        started=True,
        opts=pulumi.ResourceOptions(provider=provider, depends_on=[firewall]),
    )
pulumi.export("node", vm.live_node)
"""


@dataclass(slots=True)
class Cli:
    """A Pulumi project of its own, and the CLI in it."""

    folder: Path
    env: dict[str, str]

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env={**self.env, **env},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, *arguments: str, **env: str) -> str:
        process = self.start(*arguments, **env)
        out = process.communicate(timeout=300)[0]
        assert process.returncode == 0, out
        return out

    def fails(self, *arguments: str, **env: str) -> str:
        process = self.start(*arguments, **env)
        out = process.communicate(timeout=300)[0]
        assert process.returncode == 1, out
        return out

    def summary(self, *arguments: str, **env: str) -> dict[str, int]:
        """What a preview would do, without what stays as it is."""
        found = json.loads(self.run("preview", "--json", *arguments, **env))["changeSummary"]
        return {name: count for name, count in found.items() if name != "same"}


@pytest.fixture
def cli(lab: Any, tmp_path: Path) -> Iterator[Cli]:
    (tmp_path / "state").mkdir()
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "Pulumi.yaml").write_text(
        "name: awan\nruntime: python\nplugins:\n  providers:\n"
        f"    - name: pve\n      path: {os.path.relpath(ROOT / 'pulumi' / 'bin', tmp_path)}\n"
    )
    path = os.pathsep.join([str(paths.pulumi_bin()), str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": str(ROOT / "pulumi"),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}?metadata=skip",  # a kill may leave a sidecar empty
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "AWAN_DC_ENDPOINTS": lab.endpoint,
        "AWAN_DC_TOKEN": lab.token("pulumi"),
        "AWAN_DC_FINGERPRINT": lab.settings["fingerprint"],
        "AWAN_DC_CLUSTER": "lab-dc",
        "PASSWORD": PASSWORD,
    }
    made = Cli(tmp_path, env)
    made.run("stack", "init", "dc")
    yield made
    lab.control.clear_faults()
    lab.control.time_scale(0.0)
    root = lab.by_hand()
    for vm in root("nodes/dc1/qemu").get():
        path = f"nodes/dc1/qemu/{vm['vmid']}"
        root(f"{path}/status/stop").post()
        root(path).delete()
    for pool in root("pools").get():
        root("pools").delete(poolid=pool["poolid"])
    for group in root("cluster/firewall/groups").get():
        for _rule in root("cluster/firewall/groups")(group["group"]).get():
            root("cluster/firewall/groups")(group["group"])(0).delete()
        root("cluster/firewall/groups")(group["group"]).delete()


def running_in(project: Path) -> dict[int, bytes]:
    """The processes that belong to a project, with their command lines."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
            mine = f"PULUMI_HOME={project}".encode() in (folder / "environ").read_bytes()
        except OSError:
            continue
        if mine and words:
            found[int(folder.name)] = words
    return found


def providers(project: Path) -> list[int]:
    """Its provider processes."""
    return [pid for pid, words in running_in(project).items() if b"pve_provider" in words]


def test_no_change_then_drift_then_mended(cli: Cli, lab: Any) -> None:
    cli.run("up", "--yes", "--skip-preview")
    assert cli.summary() == {}
    assert cli.summary("--refresh") == {}
    root = lab.by_hand()
    root("nodes/dc1/qemu/700/config").put(memory=1024)
    root("nodes/dc1/qemu/700/status/reboot").post()
    lab.control.settle()
    root("nodes/dc1/qemu/700/status/stop").post()
    root("nodes/dc1/qemu/700/firewall/rules/0").delete()
    root("cluster/firewall/groups/cli-web").post(type="in", action="ACCEPT", enable=1)
    lab.control.settle()
    assert cli.summary() == {}
    text = cli.run("preview", "--refresh", "--diff")
    assert re.search(r"memory\s*: 1024 => 2048", text), text
    assert re.search(r"started\s*: false => true", text), text
    assert cli.summary("--refresh") == {"update": 4}
    cli.run("up", "--yes", "--skip-preview", "--refresh")
    assert cli.summary("--refresh") == {}
    assert [row["comment"] for row in root("cluster/firewall/groups/cli-web").get()] == ["[https]"]
    assert root("nodes/dc1/qemu/700/status/current").get()["status"] == "running"


def test_a_forced_replacement_deletes_first_and_loses_nothing_else(cli: Cli, lab: Any) -> None:
    cli.run("up", "--yes", "--skip-preview")
    root = lab.by_hand()
    mark = root("nodes/dc1/qemu/700/config").get()["description"]
    urns = [line for line in cli.run("stack", "--show-urns").split() if line.endswith("pve:index:Vm::vm0")]
    cli.run("up", "--yes", "--skip-preview", "--replace", urns[0])
    assert root("nodes/dc1/qemu/700/config").get()["description"] != mark
    assert cli.summary("--refresh") == {}
    cli.run("state", "taint", urns[0], "--yes")
    cli.run("up", "--yes", "--skip-preview")
    assert cli.summary("--refresh") == {}


def test_an_import_shows_no_change_but_of_what_cannot_be_read(cli: Cli, lab: Any) -> None:
    root = lab.by_hand()
    root("pools").post(poolid="cli", comment="Made by the real engine")
    disks = {"scsi0": "local-zfs:4", "ide2": "local-zfs:cloudinit"}
    root("nodes/dc1/qemu").post(vmid=700, name="app", pool="cli", memory=2048, cipassword=PASSWORD, **disks)
    lab.control.settle()
    provider = f"c={cli_provider(cli)}"
    for kind, name, ident in (("Pool", "pool", "cli"), ("Vm", "vm0", "700")):
        flags = ("--yes", "--provider", provider, "--generate-code=false", "--protect=false")
        assert "1 imported" in cli.run("import", f"pve:index:{kind}", name, ident, *flags)
    found = json.loads(cli.run("preview", "--json"))["steps"]
    assert not [step for step in found if step["urn"].endswith("Pool::pool") and step["op"] != "same"]
    vm = next(step for step in found if step["urn"].endswith("pve:index:Vm::vm0"))
    assert (vm["op"], set(vm["detailedDiff"])) == ("update", {"cloudInit.password"})


def cli_provider(cli: Cli) -> str:
    """The URN of the program's provider, made without anything else."""
    target = "urn:pulumi:dc::awan::pulumi:providers:pve::c"
    cli.run("up", "--yes", "--skip-preview", "--target", target)
    return target


def test_the_run_goes_on_after_the_engine_was_killed(cli: Cli, lab: Any) -> None:
    lab.control.time_scale(0.5)
    process = cli.start("up", "--yes", "--skip-preview", MANY="6")
    deadline = time.monotonic() + 60
    while not lab.by_hand()("nodes/dc1/qemu").get():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 15
    while found := running_in(cli.folder):
        for pid in set(found) - set(providers(cli.folder)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)  # the language host and the program, which are not ours to test
        assert time.monotonic() < deadline, "the provider outlives the engine"
        time.sleep(0.1)
    process.communicate()
    lab.control.settle()
    lab.control.time_scale(0.0)
    lab.control.reset_calls()
    time.sleep(0.5)
    assert [call for call in lab.control.calls() if call["method"] != "GET"] == []
    cli.run("cancel", "--yes")
    cli.run("up", "--yes", "--skip-preview", MANY="6")
    cli.run("refresh", "--yes", "--clear-pending-creates", MANY="6")
    assert cli.summary("--refresh", MANY="6") == {}
    vms = lab.by_hand()("nodes/dc1/qemu").get()
    assert sorted(int(vm["vmid"]) for vm in vms) == list(range(700, 707))


def test_an_interrupted_run_leaves_nothing_pending_and_the_next_one_goes_on(cli: Cli, lab: Any) -> None:
    lab.control.time_scale(0.5)
    process = cli.start("up", "--yes", "--skip-preview", MANY="6")
    deadline = time.monotonic() + 60
    while not lab.by_hand()("nodes/dc1/qemu").get():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out = process.communicate(timeout=60)[0]
    assert process.returncode != 0, out
    assert providers(cli.folder) == []
    lab.control.settle()
    lab.control.time_scale(0.0)
    exported = json.loads(cli.run("stack", "export"))["deployment"]
    assert not exported.get("pending_operations")
    cli.run("up", "--yes", "--skip-preview", MANY="6")
    assert cli.summary("--refresh", MANY="6") == {}


def test_secrets_are_nowhere_in_plain(cli: Cli, lab: Any) -> None:
    secret = lab.token("pulumi").rpartition("=")[2]
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    seen.append((folder / "cmdline").read_bytes().decode(errors="replace"))
                except OSError:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        texts = [cli.run("up", "--yes", "--skip-preview", "--debug", "--diff")]
    finally:
        done.set()
        watcher.join()
    texts.append(cli.run("stack", "export"))
    texts.append(cli.run("preview", "--json", "--debug"))
    texts.append(
        cli.fails("up", "--yes", "--skip-preview", "--debug", AWAN_DC_TOKEN=f"iac@pve!nobody={secret}")
    )
    texts += [
        path.read_text(errors="replace") for path in (cli.folder / "state").rglob("*") if path.is_file()
    ]
    for text in [*texts, *seen]:
        assert secret not in text
        assert PASSWORD not in text


WRONG = (
    ({"AWAN_DC_CLUSTER": "dc"}, "belongs to the cluster 'lab-dc', not to 'dc'; nothing was written"),
    ({"AWAN_DC_ENDPOINTS": "https://127.0.0.1:1"}, "no endpoint of the cluster 'lab-dc' answers"),
    ({"AWAN_DC_FINGERPRINT": "AB" * 32}, "has not the pinned certificate, so the token was not sent"),
    ({"AWAN_DC_FINGERPRINT": "AB"}, "is no SHA-256 fingerprint; write 64 hex digits"),
)


def test_a_wrong_target_is_refused_in_preview_and_up(cli: Cli, lab: Any) -> None:
    for env, words in WRONG:
        assert words in cli.fails("preview", **env)
    assert WRONG[0][1] in cli.fails("up", "--yes", "--skip-preview", **WRONG[0][0])
    assert [call for call in lab.control.calls() if call["method"] != "GET"] == []
