# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of thing that verify compares, changed by hand in a cluster that Pulumi built: each is named, and only it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from network_plan.build import SITE_FILES
from network_plan.files import read_texts
from network_plan.model.ledger import Kind
from network_plan.model.plan import Plan
from network_plan.model.site import Site
from network_plan.model.site.expand import declared_vms
from network_plan.parse.ledger import parse_ledger
from network_plan.parse.site import parse_site
from pve_provider.client.api import Api
from scripts.lab import wiring
from scripts.lab.cluster import launch
from scripts.lab.cluster.client import ControlClient
from scripts.toolchain import paths
from scripts.verify.availability import compare_available
from scripts.verify.compare import compare_cluster
from scripts.verify.difference import Report
from scripts.verify.everything import verify_cluster
from scripts.verify.live import read_live
from tests.scripts.line.conftest import Lab
from tests.small import SMALL

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(
        not (paths.pulumi_bin() / "pulumi").exists(), reason="Pulumi is not built: make toolchain"
    ),
]

SIAK = "/nodes/dc4/qemu/103"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A hand's call, the sentence it must lead to, and the call that takes it back."""

    method: str
    path: str
    given: dict[str, Any]
    says: str
    back: tuple[str, str, dict[str, Any]]


def _put(path: str, given: dict[str, Any], says: str, back: dict[str, Any]) -> Edit:
    return Edit(method="PUT", path=path, given=given, says=says, back=("PUT", path, back))


EDITS = {
    "cores": _put(
        f"{SIAK}/config", {"cores": 2}, "VM 103 (dukcapil/siak): cores is 2, the Plan says 4", {"cores": 4}
    ),
    "name": _put(
        f"{SIAK}/config", {"name": "x"}, "VM 103 (dukcapil/siak): name is x", {"name": "dukcapil-siak"}
    ),
    "tags": _put(f"{SIAK}/config", {"tags": "awan"}, "tags is awan", {"tags": "awan;dukcapil;tier1"}),
    "protection": _put(f"{SIAK}/config", {"protection": 0}, "protection is 0", {"protection": 1}),
    "start at boot": _put(f"{SIAK}/config", {"onboot": 0}, "start at boot is 0", {"onboot": 1}),
    "address": _put(
        f"{SIAK}/config",
        {"ipconfig0": "ip=10.32.1.99/24,gw=10.32.1.1"},
        "net0 address is 10.32.1.99/24, the Plan says 10.32.1.10/24",
        {"ipconfig0": "ip=10.32.1.10/24,gw=10.32.1.1"},
    ),
    "bridge": _put(
        f"{SIAK}/config",
        {"net0": "virtio=02:61:77:00:00:04,bridge=vn202,firewall=1"},
        "net0 bridge is vn202, the Plan says vn201",
        {"net0": "virtio=02:61:77:00:00:04,bridge=vn201,firewall=1"},
    ),
    "firewall off at the card": _put(
        f"{SIAK}/config",
        {"net0": "virtio=02:61:77:00:00:04,bridge=vn201,firewall=0"},
        "net0 firewall is 0, the Plan says 1",
        {"net0": "virtio=02:61:77:00:00:04,bridge=vn201,firewall=1"},
    ),
    "firewall off": _put(
        f"{SIAK}/firewall/options", {"enable": 0}, "firewall is 0, the Plan says 1", {"enable": 1}
    ),
    "ipfilter off": _put(
        f"{SIAK}/firewall/options", {"ipfilter": 0}, "firewall ipfilter is 0", {"ipfilter": 1}
    ),
    "policy": _put(
        f"{SIAK}/firewall/options",
        {"policy_in": "ACCEPT"},
        "firewall policy_in is ACCEPT",
        {"policy_in": "DROP"},
    ),
    "strange rule": Edit(
        method="POST",
        path=f"{SIAK}/firewall/rules",
        given={"type": "in", "action": "ACCEPT", "enable": 1},
        says="rule in ACCEPT is not in the Plan",
        back=("DELETE", f"{SIAK}/firewall/rules/0", {}),
    ),
    "disabled rule": _put(
        f"{SIAK}/firewall/rules/0", {"enable": 0}, "(disabled), the Plan says", {"enable": 1}
    ),
    "order of rules": Edit(
        method="PUT",
        path=f"{SIAK}/firewall/rules/0",
        given={"moveto": 2},  # in front of the rule that is third now
        says="order of rules is",
        back=("PUT", f"{SIAK}/firewall/rules/1", {"moveto": 0}),
    ),
    "own address set": Edit(
        method="POST",
        path=f"{SIAK}/firewall/ipset/ipfilter-net0",
        given={"cidr": "10.32.1.11"},
        says="ipset ipfilter-net0 is 10.32.1.10 10.32.1.11, the Plan says 10.32.1.10",
        back=("DELETE", f"{SIAK}/firewall/ipset/ipfilter-net0/10.32.1.11", {}),
    ),
    "cluster firewall": _put(
        "/cluster/firewall/options", {"enable": 0}, "firewall: enable is 0", {"enable": 1}
    ),
    "cluster ipset": Edit(
        method="POST",
        path="/cluster/firewall/ipset/offices",
        given={"cidr": "10.99.0.0/24"},
        says="ipset offices: members is 10.64.0.0/10 10.99.0.0/24, the Plan says 10.64.0.0/10",
        back=("DELETE", "/cluster/firewall/ipset/offices/10.99.0.0%2F24", {}),
    ),
    "alias": _put(
        "/cluster/firewall/aliases/vm-rsud-simrs",
        {"cidr": "10.32.2.99"},
        "alias vm-rsud-simrs: cidr is 10.32.2.99, the Plan says 10.32.2.10",
        {"cidr": "10.32.2.10"},
    ),
    "group rule": _put(
        "/cluster/firewall/groups/management-ssh/0",
        {"action": "DROP"},
        "security group management-ssh: rule",
        {"action": "ACCEPT"},
    ),
    "role": _put(
        "/access/roles/AwanTenantSoftware",
        {"privs": "VM.Audit"},
        "role AwanTenantSoftware: privileges is VM.Audit",
        {"privs": "Pool.Audit,VM.Audit,VM.Backup,VM.Console,VM.PowerMgmt,VM.Snapshot"},
    ),
    "grant": Edit(
        method="PUT",
        path="/access/acl",
        given={"path": "/pool/rsud", "groups": "rsud-software", "roles": "AwanTenantSoftware", "delete": 1},
        says="grants /pool/rsud rsud-software AwanTenantSoftware: the object is missing",
        back=(
            "PUT",
            "/access/acl",
            {"path": "/pool/rsud", "groups": "rsud-software", "roles": "AwanTenantSoftware"},
        ),
    ),
    "pool": Edit(
        method="PUT",
        path="/pools",
        given={"poolid": "dukcapil", "vms": "103", "delete": 1},
        says="VM 103 (dukcapil/siak): pool is missing, the Plan says dukcapil",
        back=("PUT", "/pools", {"poolid": "dukcapil", "vms": "103"}),
    ),
    "vnet": _put(
        "/cluster/sdn/vnets/vn202", {"tag": 999}, "vnet vn202: tag is 999, the Plan says 202", {"tag": 202}
    ),
    "storage": _put(
        "/storage/backup",
        {"content": "iso"},
        "storage backup: content is iso, the Plan says backup",
        {"content": "backup"},
    ),
    "cluster option": _put(
        "/cluster/options",
        {"ha": "shutdown_policy=freeze"},
        "cluster options: ha is shutdown_policy=freeze, the Plan says shutdown_policy=migrate",
        {"ha": "shutdown_policy=migrate"},
    ),
    "user": _put(
        "/access/users/awan-drill@pve", {"enable": 0}, "user awan-drill@pve: enabled is 0", {"enable": 1}
    ),
    "token": _put(
        "/access/users/awan-drill@pve/token/read",
        {"privsep": 0},
        "token awan-drill@pve!read: rights of its own is 0",
        {"privsep": 1},
    ),
    "strange token": Edit(
        method="POST",
        path="/access/users/awan-drill@pve/token/more",
        given={},
        says="token awan-drill@pve!more: a token of our user awan-drill@pve!more is not in the Plan",
        back=("DELETE", "/access/users/awan-drill@pve/token/more", {}),
    ),
    "a token's grant": Edit(
        method="PUT",
        path="/access/acl",
        given={"path": "/pool", "tokens": "awan-drill@pve!read", "roles": "PVEAuditor", "delete": 1},
        says="grants /pool awan-drill@pve!read PVEAuditor: the object is missing",
        back=(
            "PUT",
            "/access/acl",
            {"path": "/pool", "tokens": "awan-drill@pve!read", "roles": "PVEAuditor"},
        ),
    ),
    "backup job": _put(
        "/cluster/backup/awan-rsud",
        {"enabled": 0},
        "backup job awan-rsud: enabled is 0, the Plan says 1",
        {"enabled": 1},
    ),
    "kept backups": _put(
        "/cluster/backup/awan-rsud",
        {"prune-backups": "keep-last=1"},
        "backup job awan-rsud: keeps is keep-last=1, the Plan says keep-daily=7 keep-weekly=4",
        {"prune-backups": "keep-daily=7,keep-weekly=4"},
    ),
    "foreign backup job over our pool": Edit(
        method="POST",
        path="/cluster/backup",
        given={"id": "hand", "pool": "rsud", "storage": "backup", "schedule": "03:00"},
        says="backup job hand: a job over our pool rsud is not in the Plan",
        back=("DELETE", "/cluster/backup/hand", {}),
    ),
    "foreign backup job over our VM": Edit(
        method="POST",
        path="/cluster/backup",
        given={"id": "hand", "vmid": "103,9001", "storage": "backup", "schedule": "03:00"},
        says="backup job hand: a job over our VMs 103 is not in the Plan",
        back=("DELETE", "/cluster/backup/hand", {}),
    ),
    "HA resource": _put(
        "/cluster/ha/resources/vm:103",
        {"state": "ignored"},
        "HA resource vm:103: state is ignored, the Plan says started",
        {"state": "started"},
    ),
    "HA rule": _put(
        "/cluster/ha/rules/awan-103",
        {"type": "node-affinity", "strict": 0},
        "HA rule awan-103: strict is 0, the Plan says 1",
        {"type": "node-affinity", "strict": 1},
    ),
    "replication job": _put(
        "/cluster/replication/103-0",
        {"schedule": "*/30"},
        "replication job 103-0: schedule is */30, the Plan says */5",
        {"schedule": "*/5"},
    ),
    "foreign replication job of our VM": Edit(
        method="POST",
        path="/cluster/replication",
        given={"id": "103-1", "type": "local", "target": "dc3"},
        says="replication job 103-1: copies of a VM of ours: 103 is not in the Plan",
        back=("DELETE", "/cluster/replication/103-1", {"force": 1}),
    ),
    "foreign VM in our pool": Edit(
        method="POST",
        path="/nodes/dc6/qemu",
        given={"vmid": 9002, "name": "guest", "memory": 512, "pool": "rsud"},
        says="VM 9002 (guest): a VM in our pool rsud is not in the Plan",
        back=("DELETE", "/nodes/dc6/qemu/9002", {}),
    ),
    "foreign VM on our network": Edit(
        method="POST",
        path="/nodes/dc6/qemu",
        given={"vmid": 9003, "name": "guest", "memory": 512, "net0": "virtio,bridge=vn202"},
        says="VM 9003 (guest): a VM on our network vn202 is not in the Plan",
        back=("DELETE", "/nodes/dc6/qemu/9003", {}),
    ),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, plan: Plan) -> Iterator[Lab]:
    """The data center's cluster as Pulumi makes it."""
    lab = Lab(folder=tmp_path_factory.mktemp("verify") / "lab", plan=plan)
    spec = wiring.cluster_spec(plan.cluster("dc"), lab.folder, with_guests=False)
    launch.start(spec, lab.folder / "dc")
    try:
        stack = lab.stack("dc")
        stack.ensure()
        stack.up()
        assert _report(lab).equal
        yield lab
    finally:
        launch.stop(lab.folder / "dc")


def _call(lab: Lab, api: Api, method: str, path: str, given: dict[str, Any]) -> None:
    getattr(api, method.lower())(path, **given)
    ControlClient(lab.folder / "dc").settle()


def _report(lab: Lab) -> Report:
    return verify_cluster(lab.plan, "dc", lab.environment())


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_named(built: Lab, name: str) -> None:
    edit, api = EDITS[name], built.root("dc")
    _call(built, api, edit.method, edit.path, edit.given)
    try:
        said = [str(difference) for difference in _report(built).differences]
    finally:
        _call(built, api, *edit.back)
    assert [text for text in said if edit.says in text], said
    # A vnet whose tag was changed is also one whose change is not applied yet.
    assert len(said) == (2 if name == "vnet" else 1), said
    if name == "vnet":
        _call(built, api, "PUT", "/cluster/sdn", {})
    assert _report(built).equal


def test_a_foreign_vm_elsewhere_is_only_listed(built: Lab) -> None:
    api = built.root("dc")
    _call(built, api, "POST", "/nodes/dc6/qemu", {"vmid": 9004, "name": "elsewhere", "memory": 512})
    try:
        report = _report(built)
        assert report.equal
        assert [item.thing for item in report.unmanaged] == ["VM 9004 (elsewhere)"]
    finally:
        _call(built, api, "DELETE", "/nodes/dc6/qemu/9004", {})


def test_ha_of_a_vm_that_the_plan_leaves_without_is_named(built: Lab) -> None:
    live = read_live(built.root("dc"))
    guests = [replace(guest, ha=None) for guest in built.plan.guests_of("dc") if guest.vmid == 103]
    report = Report(where="lab-dc")
    compare_available(report, guests, live)
    assert [str(difference) for difference in report.differences] == [
        "lab-dc: HA resource vm:103: a VM of ours under HA: 103 is not in the Plan",
        "lab-dc: HA rule awan-103: a rule for our VMs: 103 is not in the Plan",
        "lab-dc: replication job 103-0: copies of a VM of ours: 103 is not in the Plan",
    ]
    assert "HA resource vm:104" in [item.thing for item in report.unmanaged]


def test_a_vm_that_the_ha_manager_has_given_up_is_named(built: Lab) -> None:
    live = read_live(built.root("dc"))
    report = Report(where="lab-dc")
    compare_available(report, built.plan.guests_of("dc"), replace(live, ha_states={"vm:103": "error"}))
    assert [str(difference) for difference in report.differences] == [
        "lab-dc: HA resource vm:103: the manager's state is error, the Plan says started"
    ]


def test_a_vm_on_its_replicas_host_has_its_copies_at_home(built: Lab) -> None:
    """After a recovery the pair is the same with its ends swapped; any other target is a difference."""
    live = read_live(built.root("dc"))
    guest = live.guests[103]
    moved = {**live.guests, 103: replace(guest, resource={**guest.resource, "node": "dc2"})}
    for target, said in (("dc4", []), ("dc2", ["target is dc2, the Plan says dc4"])):
        jobs = {**live.replications, "103-0": {**live.replications["103-0"], "target": target}}
        report = Report(where="lab-dc")
        compare_available(report, built.plan.guests_of("dc"), replace(live, guests=moved, replications=jobs))
        assert [
            f"{found.what} is {found.live}, the Plan says {found.planned}" for found in report.differences
        ] == said


def test_a_node_that_did_not_follow_an_apply_is_named(built: Lab) -> None:
    live = read_live(built.root("dc"))
    assert [node for zone, node in live.zone_states if zone == "awan"] == [f"dc{n}" for n in range(1, 8)]
    left = replace(live, zone_states={**live.zone_states, ("awan", "dc3"): "error"})
    assert [
        str(difference) for difference in compare_cluster(built.plan, "dc", left, "lab-dc").differences
    ] == ["lab-dc: zone awan: state on dc3 is error, the Plan says available"]


def test_a_node_that_is_down_hides_its_own_vms_only(built: Lab) -> None:
    control, api = ControlClient(built.folder / "dc"), built.root("dc")
    _call(built, api, "PUT", "/nodes/dc2/qemu/101/config", {"cores": 7})
    control.node_offline("dc4")
    try:
        said = [str(difference) for difference in _report(built).differences]
    finally:
        control.node_offline("dc4", offline=False)
        control.settle()
        planned = next(guest for guest in built.plan.guests_of("dc") if guest.vmid == 101)
        _call(built, api, "PUT", "/nodes/dc2/qemu/101/config", {"cores": planned.cores})
    assert (
        "VM 103 (dukcapil/siak): the node is dc4, which is down, the Plan says one that answers"
        in "".join(said)
    )
    there = [guest for guest in built.plan.guests_of("dc") if guest.node == "dc4"]
    assert len([text for text in said if "dc4, which is down" in text]) == len(there)
    assert [text for text in said if "which is down" not in text] == [
        f"lab-dc: VM 101 ({planned.key}): cores is 7, the Plan says {planned.cores}"
    ]
    assert _report(built).equal


def test_a_ledger_is_made_from_what_lives(built: Lab, tmp_path: Path) -> None:
    """A site whose ledger is lost gets back from the cluster what its VMs and their networks have, and no VM moves."""
    shutil.copytree(SMALL, tmp_path / "site")
    lost = read_texts(SMALL.parent / "ledger", "ledger")
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger/site_role.ledger").write_text(lost["site_role.ledger"], encoding="utf-8")
    built.root("dc").post("/nodes/dc1/qemu", vmid=9000, name="stranger", memory=64)
    ControlClient(built.folder / "dc").settle()
    try:
        done = built.awan("allot", "--import-live", "dc", AWAN_SITE=str(tmp_path / "site"))
    finally:
        built.root("dc").delete("/nodes/dc1/qemu/9000")
        ControlClient(built.folder / "dc").settle()
    assert done.returncode == 0, done.stderr
    assert done.stderr == "VM 9000 (stranger): no site file declares it in dc\n"
    before, _ = parse_ledger(lost, "l")
    after, findings = parse_ledger(read_texts(tmp_path / "ledger", "ledger"), "l")
    assert findings == []
    homes = {vm.network for vm in declared_vms(parse(SMALL)) if vm.cluster == "dc"}
    vms = {vm.key for vm in declared_vms(parse(SMALL)) if vm.cluster == "dc"}
    same = {
        (kind, key): value
        for (kind, key), value in before.live().items()
        if key in homes or key in vms or key.removesuffix("/net0") in vms
        if kind is not Kind.PREFIX6
    }
    assert len(same) >= 3 * len(vms)
    assert after.live().items() >= same.items()
    again = built.awan("allot", "--import-live", "dc", "--dry-run", AWAN_SITE=str(tmp_path / "site"))
    assert (again.returncode, again.stdout) == (0, "the ledger is complete\n")


def test_only_a_cluster_of_the_site_is_read(built: Lab) -> None:
    done = built.awan("allot", "--import-live", "elsewhere", "--dry-run")
    assert (done.returncode, done.stderr) == (
        2,
        "there is no cluster 'elsewhere'; name one of dc, drc\n",
    )


def parse(site: Path) -> Site:
    """The site, whose form is right."""
    found = parse_site(read_texts(site, *SITE_FILES), "site").site
    assert found is not None
    return found
