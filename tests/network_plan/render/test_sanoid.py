# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots and pulls as text; on a machine that can, sanoid and syncoid themselves read it."""

from __future__ import annotations

import configparser
import dataclasses
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from network_plan.model.plan import Plan
from network_plan.render.sanoid import render_replication
from scripts.toolchain import unpacked
from scripts.toolchain.part import PartError


def conf(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string("\n".join(line.lstrip() for line in text.splitlines()))
    return {name: dict(parser[name]) for name in parser.sections()}


def test_a_host_at_each_side_has_its_files(full_plan: Plan) -> None:
    files = render_replication(full_plan)
    for task in full_plan.replication:
        dataset = f"rpool/data/vm-{task.vmid}-disk-0"
        source = conf(files[f"{task.source_node}/sanoid.conf"])
        target = conf(files[f"{task.target_node}/sanoid.conf"])
        assert source[dataset] == target[dataset] == {"use_template": "tier1"}
        assert source["template_tier1"]["autosnap"] == "yes"
        assert target["template_tier1"]["autosnap"] == "no"
        assert source["template_tier1"]["autoprune"] == target["template_tier1"]["autoprune"] == "yes"
        assert source["template_tier1"]["frequent_period"] == str(task.interval_minutes)
        assert target["template_tier1"]["frequently"] == str(task.keep)
        assert target["template_tier1"]["frequently_crit"] == "5m"


def test_the_recovery_center_pulls_and_the_data_center_has_no_word_of_it(full_plan: Plan) -> None:
    files = render_replication(full_plan)
    recovery = {str(address) for node in full_plan.cluster("drc").nodes for address in node.addresses}
    for name, text in files.items():
        host = name.partition("/")[0]
        if host.startswith("drc"):
            assert not name.endswith("zfs-allow.sh")
        else:
            assert "syncoid" not in text
            assert not any(address in text for address in recovery)
            assert "drc" not in text
    allowed = next(text for name, text in files.items() if name.endswith("zfs-allow.sh"))
    assert "zfs allow -u awan-pull send rpool/data\n" in allowed


def test_a_pull_rolls_nothing_back_and_has_its_share_of_the_line(full_plan: Plan) -> None:
    files = render_replication(full_plan)
    for task in full_plan.replication:
        lines = files[f"{task.target_node}/awan-pull.service"].splitlines()
        (line,) = [line for line in lines if line.endswith(f" rpool/data/vm-{task.vmid}-disk-0")]
        words = line.split()
        assert {"--no-rollback", "--no-privilege-elevation", "--no-sync-snap"} <= set(words)
        limit = next(
            int(word.partition("=")[2][:-1]) for word in words if word.startswith("--source-bwlimit=")
        )
        assert task.rate_kbit - 9 < limit * 1024 * 8 / 1000 <= task.rate_kbit
        node = next(node for node in full_plan.cluster("dc").nodes if node.name == task.source_node)
        assert words[-2] == f"awan-pull@{node.addresses[0]}:{words[-1]}"


def test_all_disks_of_a_vm_are_copied_and_nothing_without_twins(full_plan: Plan) -> None:
    task = dataclasses.replace(full_plan.replication[0], slots=("scsi0", "scsi1"))
    files = render_replication(dataclasses.replace(full_plan, replication=(task,)))
    assert f"[rpool/data/vm-{task.vmid}-disk-1]" in files[f"{task.source_node}/sanoid.conf"]
    assert files[f"{task.target_node}/awan-pull.service"].count("ExecStart=") == 2
    assert render_replication(dataclasses.replace(full_plan, replication=())) == {}


@pytest.fixture(scope="session")
def tree() -> Path:
    try:
        return unpacked.ensure()
    except PartError as error:
        pytest.skip(f"sanoid can't be fetched: {error}")


def program(tree: Path, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The program as Debian ships it: /usr/share holds what the package brings, and there is no network to call over."""
    script = (
        f'mount -t overlay overlay -o "lowerdir={tree}/usr/share:/usr/share" /usr/share && exec perl "$@"'
    )
    return subprocess.run(
        ["unshare", "--mount", "--net", "sh", "-c", script, "sh", str(tree / "usr/sbin" / name), *words],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


def sanoid(
    tree: Path, folder: Path, text: str, snapshots: str, *words: str
) -> subprocess.CompletedProcess[str]:
    """Sanoid with a list of snapshots that it takes for fresh, so that it asks no ZFS."""
    for part in ("conf", "cache", "run"):
        (folder / part).mkdir(exist_ok=True)
    (folder / "conf/sanoid.conf").write_text(text, encoding="utf-8")
    for kind in ("snapshots", "datasets"):
        (folder / f"cache/{kind}.txt").write_text(snapshots if kind == "snapshots" else "", encoding="utf-8")
    places = ("--configdir", f"{folder}/conf", "--cache-dir", f"{folder}/cache", "--run-dir", f"{folder}/run")
    return program(tree, "sanoid", *places, "--readonly", *words)


@pytest.mark.hosts
def test_sanoid_reads_what_is_meant(full_plan: Plan, tree: Path, tmp_path: Path) -> None:
    for name, text in render_replication(full_plan).items():
        if name.endswith("/sanoid.conf"):
            done = sanoid(tree, tmp_path, text, "", "--debug")
            assert done.returncode == 0, done.stderr
            assert "'frequent_period' => '2'" in done.stdout
            assert f"'autosnap' => {0 if name.startswith('drc') else 1}" in done.stdout
    some = next(text for name, text in render_replication(full_plan).items() if name.endswith("/sanoid.conf"))
    wrong = sanoid(tree, tmp_path, some.replace("autoprune", "autoprun"), "", "--debug")
    assert wrong.returncode != 0
    assert "I don't understand the setting autoprun" in wrong.stderr


@pytest.mark.hosts
def test_sanoid_says_that_a_point_is_older_than_its_rpo(full_plan: Plan, tree: Path, tmp_path: Path) -> None:
    task = full_plan.replication[0]
    text = render_replication(full_plan)[f"{task.target_node}/sanoid.conf"]
    only = "\n".join(
        block for block in text.split("\n\n") if "[template" in block or f"vm-{task.vmid}-" in block
    )

    def verdict(minutes: int) -> subprocess.CompletedProcess[str]:
        created = int(time.time()) - minutes * 60
        lines = [
            f"rpool/data/vm-{task.vmid}-disk-0@autosnap_2026-11-24_10:00:00_{kind}\tcreation\t{when}\t-\n"
            for kind, when in (
                ("frequently", created),
                ("hourly", int(time.time())),
                ("daily", int(time.time())),
            )
        ]
        return sanoid(tree, tmp_path, only, "".join(lines), "--monitor-snapshots")

    assert verdict(1).returncode == 0
    assert verdict(4).returncode == 1
    late = verdict(6)
    assert late.returncode == 2
    assert "CRIT" in late.stdout


@pytest.mark.hosts
def test_syncoid_knows_every_option(full_plan: Plan, tree: Path) -> None:
    """It then fails for want of a ZFS; an option that it does not know stops it before that, with its usage."""
    files = render_replication(full_plan)
    service = next(text for name, text in files.items() if name.endswith("awan-pull.service"))
    line = next(line for line in service.splitlines() if line.startswith("ExecStart=")).split()[1:]
    done = program(tree, "syncoid", *line)
    assert "Unknown option" not in done.stderr
    assert "Usage" not in done.stdout + done.stderr
    wrong = program(tree, "syncoid", "--no-rolback", *line)
    assert "Unknown option: no-rolback" in wrong.stderr


@pytest.mark.hosts
def test_systemd_reads_the_units(full_plan: Plan, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze here")
    for name, text in render_replication(full_plan).items():
        if name.startswith("drc1/awan-pull"):
            # The program is not installed here; what is asked is whether systemd understands the rest.
            (tmp_path / Path(name).name).write_text(
                text.replace("/usr/sbin/syncoid", "/bin/true"), encoding="utf-8"
            )
    units = sorted(map(str, tmp_path.glob("awan-pull.*")))
    done = subprocess.run(
        [analyze, "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    assert "awan-pull" not in done.stderr, done.stderr
    (tmp_path / "awan-pull.timer").write_text("[Timer]\nOnCalendar=*:0/sometimes\n", encoding="utf-8")
    wrong = subprocess.run(
        [analyze, "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    assert "awan-pull.timer" in wrong.stderr
