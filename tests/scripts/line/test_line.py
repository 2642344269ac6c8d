# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, end to end: up, up again, plain tools, a hand in the clusters, packets, a reboot, secrets."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from scripts.lab import wiring
from scripts.lab.cluster.client import ControlClient
from scripts.lab.fabric import names
from scripts.lab.host import keys
from scripts.lab.host.control import Host
from scripts.line import probes, questions
from scripts.toolchain import paths
from tests.scripts.line.conftest import REPOSITORY, Lab, steps

pytestmark = [pytest.mark.hosts, pytest.mark.timeout(600)]


def test_up_says_what_was_proven(line: Lab) -> None:
    said = (line.folder / "first.txt").read_text(encoding="utf-8")
    assert "live equals plan" in said
    assert "lab-dc: " in said
    assert "lab-drc: " in said
    assert re.search(r"\d+ probes, all as the Plan says: \d+ answered, \d+ denied", said)
    assert "have a new point" in said
    assert "map: " in said


def test_up_again_changes_nothing(line: Lab) -> None:
    result = line.awan("lab", "up", "--all")
    assert result.returncode == 0, result.stdout + result.stderr
    recap = next(text for text in result.stdout.splitlines() if "Ansible:" in text)
    assert "changed=0" in recap
    for name in ("dc", "drc"):
        said = next(text for text in result.stdout.splitlines() if f"stack {name}:" in text)
        assert said.split(":")[1].split() == [said.split(":")[1].split()[0], "same"], said


@pytest.mark.parametrize("stack", ["dc", "drc"])
def test_plain_pulumi_expects_no_changes(line: Lab, stack: str) -> None:
    for more in ([], ["--refresh"]):
        result = line.run(
            "pulumi", "preview", "-s", stack, "--expect-no-changes", *more, cwd=REPOSITORY / "pulumi"
        )
        assert result.returncode == 0, result.stdout + result.stderr


def test_a_preview_writes_nothing(line: Lab) -> None:
    clusters = [ControlClient(line.folder / name) for name in ("dc", "drc")]
    for cluster in clusters:
        cluster.reset_calls()
    assert not steps(line, "dc", "--refresh")
    assert not steps(line, "drc")
    calls = [call for cluster in clusters for call in cluster.calls()]
    assert calls
    assert {call["method"] for call in calls} == {"GET"}


def test_nothing_invented_was_asked(line: Lab) -> None:
    """Every answer that provider and verify got in this lab comes from stored state."""
    for name in ("dc", "drc"):
        asked = [json.loads(text) for text in (line.folder / name / "calls.jsonl").read_text().splitlines()]
        assert len(asked) > 20
        assert [entry for entry in asked if entry["invented"]] == []


def test_plain_ansible_changes_nothing(line: Lab) -> None:
    play = ["ansible-playbook", "-i", "inventory/dc.plan.yml", "playbooks/site.yml"]
    for more in ([], ["--check"]):
        result = line.run(*play, *more)
        assert result.returncode == 0, result.stdout + result.stderr
        assert "changed=0" in result.stdout
        assert "unreachable=0" in result.stdout


def test_a_hand_in_the_cluster_is_seen_and_mended(line: Lab) -> None:
    api = line.root("dc")
    siak, proxy, ns1 = (
        line.guest(f"{key}") for key in ("dukcapil/siak", "diskominfo/proxy", "diskominfo/ns1")
    )
    rules = api.get(f"{siak}/firewall/rules")
    gone = next(row for row in rules if "office-to-siak" in row["comment"])
    api.delete(f"{siak}/firewall/rules/{gone['pos']}")
    api.put(f"{proxy}/config", memory=1536)
    api.post(f"{ns1}/status/stop")
    api.post("/nodes/dc7/qemu", vmid=9001, name="by-hand", memory=512)
    ControlClient(line.folder / "dc").settle()

    seen = line.awan("verify", "--only", "dc")
    assert seen.returncode == 1, seen.stdout + seen.stderr
    assert "rule dukcapil/office-to-siak:office-dukcapil:tcp-443 is missing" in seen.stdout
    assert "VM 101 (diskominfo/proxy): memory (MiB) is 1536, the Plan says 1024" in seen.stdout
    assert "VM 100 (diskominfo/ns1): power is stopped, the Plan says running" in seen.stdout
    assert "unmanaged: VM 9001 (by-hand)" in seen.stdout

    outcome = line.stack("dc").up("--refresh")
    assert outcome.changes.get("update") == 4, (
        outcome
    )  # memory, rule, power, and HA, which a stop by hand goes through
    assert not set(outcome.changes) & {"create", "delete", "replace", "create-replacement"}, outcome
    after = line.awan("verify", "--only", "dc")
    assert after.returncode == 0, after.stdout
    assert "unmanaged: VM 9001 (by-hand)" in after.stdout
    order = [row["comment"] for row in api.get(f"{siak}/firewall/rules")]
    assert order == [row["comment"] for row in rules]
    api.delete("/nodes/dc7/qemu/9001")


def test_a_vm_moved_by_hand_stays_where_it_is(line: Lab) -> None:
    """Node is an attribute: a live migration is no difference, and no run moves it back or makes it anew.

    Its HA manager would bring it home, unless a hand has told it not to; which is no difference either.
    """
    api = line.root("dc")
    path = line.guest("rsud/simrs")
    managed = f"/cluster/ha/resources/vm:{path.rpartition('/')[2]}"
    api.put(managed, failback=0)
    ha = next(guest.ha for guest in line.plan.guests_of("dc") if guest.key == "rsud/simrs")
    assert ha is not None
    there = path.replace(f"/nodes/{ha.home}/", f"/nodes/{ha.replica}/")
    before = api.get(f"{path}/config")
    _migrate(line, path, there)
    assert line.awan("verify", "--only", "dc").returncode == 0
    assert not steps(line, "dc", "--refresh")
    assert api.get(f"{there}/config")["net0"] == before["net0"]
    _migrate(line, there, path)
    api.put(managed, failback=1)


def _migrate(line: Lab, path: str, there: str) -> None:
    """Ask for it as an operator would; HA carries it out, and takes a round of its manager or two."""
    api, node = line.root("dc"), there.split("/")[2]
    api.post(f"{path}/migrate", target=node, online=1, **{"with-local-disks": 1})
    vmid = int(path.rpartition("/")[2])
    deadline = time.monotonic() + 60
    while True:
        rows = api.get("/cluster/resources", type="vm")
        if next(row["node"] for row in rows if row["vmid"] == vmid) == node:
            break
        assert time.monotonic() < deadline, f"VM {vmid} did not come to {node}"
        time.sleep(0.2)
    ControlClient(line.folder / "dc").settle()


def test_a_tenant_with_a_vm_is_six_lines(line: Lab, site: Path) -> None:
    lines = [
        "schema: 1",
        "name: Dinas Kesehatan",
        "kind: dinas",
        "source: Perbup 253/2019 §2.2.2",
        'offices: {main: {title: Kantor Dinkes, transport: fibre, hosts: 60, source: "assumption: 2026, one LAN"}}',
        'vms: {sik: {size: small, priority: 1, serves: [tcp/443], source: "assumption: 2026, of the puskesmas"}}',
    ]
    before = {path: path.read_text() for path in (site.parent / "ledger").rglob("*.ledger")}
    old = json.loads(line.awan("plan", "--json", "--site", str(site)).stdout)
    (site / "tenants" / "dinkes.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    unready = line.awan("check", "--site", str(site))
    assert unready.returncode == 1
    assert "awan allot" in unready.stderr
    assert line.awan("allot", "--site", str(site)).returncode == 0
    for path, text in before.items():
        assert path.read_text().startswith(text), path
    assert line.awan("check", "--site", str(site)).returncode == 0
    new = json.loads(line.awan("plan", "--json", "--site", str(site)).stdout)
    for kind in ("guests", "networks", "public"):
        assert [item for item in old[kind] if item not in new[kind]] == [], kind
    for kind in ("forward", "input", "dnat", "snat", "internal"):
        rules = old["gateways"][0][kind]
        assert [rule for rule in new["gateways"][0][kind] if rule in rules] == rules, kind
    for stack in ("dc", "drc"):
        planned = steps(line, stack, AWAN_SITE=str(site))
        made = [step for step in planned if step["op"] == "create"]
        assert len(made) >= 8
        # Beside creations only the one apply of the run; it is no object of the cluster.
        rest = [step["urn"].rpartition("$")[2] for step in planned if step["op"] != "create"]
        assert rest == [f"pve:index:SdnApply::{stack}"], rest


def test_another_epoch_shows_which_vms_would_start_and_stop(line: Lab, site: Path) -> None:
    """The site role decides power and HA in both stacks; in the data center's epoch nothing differs (other tests)."""
    role = site.parent / "ledger" / "site_role.ledger"
    role.write_text(role.read_text(encoding="utf-8") + "primary 2 drc\n", encoding="utf-8")
    changed = {
        (stack, *step["urn"].split("$")[-1].split("::")): step["op"]
        for stack in ("dc", "drc")
        for step in steps(line, stack, AWAN_SITE=str(site))
    }
    assert set(changed.values()) == {"update"}
    kinds = {"dc": ("Vm", "VmPower", "HaResource"), "drc": ("Vm", "VmPower")}
    assert set(changed) == {
        (cluster, f"pve:index:{kind}", guest.key)
        for cluster, named in kinds.items()
        for guest in line.plan.guests_of(cluster)
        for kind in named
    }


def _ask(line: Lab) -> list[probes.Result]:
    return probes.ask(questions.matrix(line.plan, names.prefix(line.folder), date.today()))


def _judge(results: list[probes.Result]) -> None:
    assert [str(result) for result in results if not result.agrees] == []
    outcomes = Counter((result.question.kind, result.outcome == "answered") for result in results)
    kinds = set(questions.KINDS) - {questions.INBOUND[6]}  # the small site has no IPv6
    assert {kind for kind, _ in outcomes} == kinds
    assert min(outcomes[kind, True] for kind in kinds if kind != "management") >= 1, outcomes
    assert min(outcomes[kind, False] for kind in kinds if kind not in ("internet", "operator")) >= 1
    assert {result.question.target.service.proto for result in results} == {"tcp", "udp", "icmp"}
    assert sum(result.question.second_wall for result in results) >= 2


def test_packets_do_as_the_plan_says_before_and_after_a_reboot(line: Lab) -> None:
    _judge(_ask(line))
    Host(lab_dir=line.folder, spec=wiring.host_spec(line.plan, paths.base_root())).reboot()
    _judge(_ask(line))
    assert line.awan("verify", "--only", "gw1").returncode == 0


def test_a_probe_can_fail(line: Lab) -> None:
    """The same probes against a wrong wall disagree: a rule is taken out of the kernel, packets notice."""
    match = '{ "lan2001" . 10.32.1.10 . tcp . 443 }'
    config = str(keys.ssh_config(line.folder))
    assert (
        line.run(
            "ssh", "-F", config, "gw1", f"nft delete element inet awan network_flows '{match}'"
        ).returncode
        == 0
    )
    try:
        asked = [
            q
            for q in questions.matrix(line.plan, names.prefix(line.folder), date.today())
            if q.source.word == "office of dukcapil" and q.target.word == "VM dukcapil/siak"
        ]
        results = probes.ask(asked)
        assert [r.question.target.service.first for r in results if not r.agrees] == [443]
        seen = line.awan("verify", "--only", "gw1")
        assert seen.returncode == 1
        assert '"lan2001" . 10.32.1.10' in seen.stdout
    finally:
        mended = line.run("ansible-playbook", "-i", "inventory/dc.plan.yml", "playbooks/site.yml")
        assert mended.returncode == 0, mended.stdout
    assert line.awan("verify", "--only", "gw1").returncode == 0


def test_the_token_is_nowhere(line: Lab) -> None:
    """Not in the state, not in --debug output, not in a log, not in the process list while a run goes on."""
    secrets = line.secrets()
    assert len(secrets) >= 4
    listed: list[str] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    listed.append(file.read_bytes().decode(errors="replace"))
                except OSError:
                    continue
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        debug = line.run(
            "pulumi",
            "up",
            "-s",
            "dc",
            "--yes",
            "--refresh",
            "--debug",
            "--non-interactive",
            cwd=REPOSITORY / "pulumi",
        )
    finally:
        stop.set()
        watcher.join()
    assert debug.returncode == 0, debug.stderr
    texts = {
        "state": json.dumps(line.stack("dc").state()),
        "debug": debug.stdout + debug.stderr,
        "ps": "\n".join(set(listed)),
        "env": line.awan("lab", "env").stdout,
        "plan": line.plan.to_json(),
    }
    texts |= {str(file): file.read_text(errors="replace") for file in line.folder.glob("*/log")}
    texts |= {str(file): file.read_text(errors="replace") for file in line.folder.glob("*/calls.jsonl")}
    assert "pulumi" in texts["ps"]
    for name, text in texts.items():
        assert text, name
        assert not any(secret in text for secret in secrets), f"a token's secret stands in {name}"
