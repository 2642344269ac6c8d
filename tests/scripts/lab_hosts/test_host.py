# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import paramiko
import pytest

from scripts.lab.fabric import netns
from scripts.lab.host import cgroup, control, keys

pytestmark = pytest.mark.hosts


def test_a_host_boots_is_reached_and_left_alone_by_a_second_order(lab: Any) -> None:
    start = time.monotonic()
    assert lab.host.ensure()
    assert time.monotonic() - start <= 15  # 1.2 s on a quiet machine
    assert not lab.host.ensure()
    looks = "hostname; cat /etc/debian_version; ip -brief -4 address show lan10"
    done = lab.ssh(f"{looks}; systemctl is-system-running --wait")
    lines = done.stdout.splitlines()
    assert lines[0] == "gw1", done.stderr
    assert lines[1].startswith("13")
    assert "10.16.0.1/24" in lines[2]
    assert lines[3] in {"running", "degraded"}
    assert lab.host.status() == control.Status(name="gw1", running=True, supervised=True, generation=1)


def test_only_the_known_host_key_is_accepted(lab: Any) -> None:
    lab.host.ensure()
    known = keys.known_hosts(lab.dir)
    right = known.read_text(encoding="utf-8")
    keys.ensure_key(lab.dir / "other", "other")
    wrong = (lab.dir / "other.pub").read_text(encoding="utf-8").split()[:2]
    try:
        known.write_text(f"gw1,10.16.0.1 {' '.join(wrong)}\n", encoding="utf-8")
        assert "Host key verification failed" in lab.ssh("true").stderr
        known.write_text("", encoding="utf-8")
        assert "Host key verification failed" in lab.ssh("true").stderr
    finally:
        known.write_text(right, encoding="utf-8")
    assert lab.ssh("true").returncode == 0


def test_paramiko_reaches_it_with_the_same_files(lab: Any) -> None:
    lab.host.ensure()
    entry = paramiko.SSHConfig.from_path(str(keys.ssh_config(lab.dir))).lookup("gw1")
    client = paramiko.SSHClient()
    client.load_host_keys(entry["userknownhostsfile"].strip('"'))
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    proxy = paramiko.ProxyCommand(entry["proxycommand"])
    try:
        client.connect(
            entry["hostname"],
            username=entry["user"],
            key_filename=entry["identityfile"][0].strip('"'),
            sock=proxy,
            allow_agent=False,
            look_for_keys=False,
        )
        _, out, _ = client.exec_command("hostname")
        assert out.read() == b"gw1\n"
    finally:
        transport = client.get_transport()
        client.close()
        if transport is not None:
            transport.join(5)  # its thread closes the proxy, in its own time
        with proxy.process:  # and neither waits for it nor closes its pipes
            pass


def test_this_machine_itself_has_no_way_to_the_host(lab: Any) -> None:
    lab.host.ensure()
    argv = ["ip", "-json", "route", "get", "10.16.0.1"]
    found = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert "lan10" not in found.stdout
    links = [path.name for path in Path("/sys/class/net").iterdir()]
    assert not [name for name in links if name.startswith(("lan", "br10", "g10"))]


def test_what_the_host_sets_stays_in_the_host(lab: Any) -> None:
    lab.host.ensure()
    here = Path("/proc/sys/net/ipv4/ip_forward").read_text(encoding="ascii")
    clock = time.time()
    assert lab.ssh("sysctl -w net.ipv4.ip_forward=1").stdout == "net.ipv4.ip_forward = 1\n"
    assert lab.ssh("date --set='2001-01-01'").returncode != 0
    assert Path("/proc/sys/net/ipv4/ip_forward").read_text(encoding="ascii") == here
    assert abs(time.time() - clock) < 60


@pytest.mark.parametrize("by", ["us", "itself"])
def test_after_a_reboot_files_are_there_and_the_kernel_has_forgotten(lab: Any, by: str) -> None:
    lab.host.ensure()
    lab.ssh("echo kept > /root/kept; sysctl -qw net.ipv4.ip_forward=1; nft add table inet left; sync")
    before = lab.host.status().generation
    start = time.monotonic()
    if by == "us":
        lab.host.reboot()
    else:
        lab.ssh("systemctl reboot")
        while lab.host.status().generation == before:
            assert time.monotonic() - start < 30
            time.sleep(0.05)
        lab.host.ensure()
    assert time.monotonic() - start <= 20  # 1.4 s on a quiet machine
    assert lab.host.status().generation == before + 1
    done = lab.ssh("cat /root/kept; sysctl -n net.ipv4.ip_forward; nft list tables")
    assert done.stdout.splitlines() == ["kept", "0"]
    assert len(cgroup.of(f"{lab.prefix}gw1")) == 1


@pytest.mark.parametrize("plug", [False, True])
def test_a_host_that_is_off_is_off_and_comes_back(lab: Any, plug: bool) -> None:
    lab.host.ensure()
    lab.ssh("echo still > /root/still; sync")
    lab.host.power_off(pull_the_plug=plug)
    status = lab.host.status()
    assert (status.running, status.supervised) == (False, False)
    assert cgroup.of(f"{lab.prefix}gw1") == []
    lab.host.power_off()
    assert lab.host.ensure()
    assert lab.ssh("cat /root/still").stdout == "still\n"


def test_a_host_whose_supervisor_was_killed_is_taken_over(lab: Any) -> None:
    lab.host.ensure()
    supervisor = json.loads(lab.host.files.state.read_text(encoding="utf-8"))["supervisor"]
    os.kill(supervisor, signal.SIGKILL)
    end = time.monotonic() + 5
    while lab.host.status().supervised:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert lab.host.status().running
    assert lab.host.ensure()
    assert lab.host.status().supervised
    assert lab.ssh("true").returncode == 0


def test_a_removed_host_leaves_nothing_behind(lab: Any) -> None:
    lab.host.ensure()
    lab.host.remove()
    assert not lab.host.files.home.exists()
    assert cgroup.of(f"{lab.prefix}gw1") == []
    assert str(lab.dir) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    assert not list(Path("/run/systemd/nspawn").glob(f"*/{lab.prefix}*"))
    pids = subprocess.run(
        ["ip", "netns", "pids", f"{lab.prefix}gw1"], capture_output=True, text=True, check=False
    )
    assert pids.stdout.split() == []
    assert netns.exists(f"{lab.prefix}ctl")
    lab.host.remove()
