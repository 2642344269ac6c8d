# SPDX-License-Identifier: GPL-3.0-or-later
"""What the provider refuses against the lab: each a sentence with cause and cure, and nothing written."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.lab

POOL = {"poolid": "refuse", "comment": "x"}
VM: dict[str, Any] = {
    "vmid": 300,
    "node": "dc1",
    "disks": [{"slot": "scsi0", "storage": "local-zfs", "sizeGib": 4}],
}


def writes(lab: Any) -> int:
    return sum(call["count"] for call in lab.control.calls() if call["method"] != "GET")


def test_another_cluster_is_refused(engines: Any, lab: Any) -> None:
    with pytest.raises(
        Exception, match=r"belongs to the cluster 'lab-dc', not to 'dc'; nothing was written\. Set end"
    ):
        engines().configure(**{**lab.settings, "cluster": "dc"})
    assert writes(lab) == 0


def test_another_certificate_is_refused_before_the_token_is_sent(engines: Any, lab: Any) -> None:
    with pytest.raises(
        Exception, match="has not the pinned certificate, so the token was not sent; if the certifi"
    ):
        engines().configure(**{**lab.settings, "fingerprint": "AB" * 32})
    assert lab.control.calls() == []


def test_the_authority_s_file_is_an_alternative_to_the_fingerprint(
    engines: Any, lab: Any, tmp_path: Any
) -> None:
    settings = {**lab.settings, "fingerprint": None, "caFile": str(lab.folder / "cluster.crt")}
    engines().configure(**settings)
    other = tmp_path / "other.pem"
    other.write_text("nothing")
    with pytest.raises(Exception, match="caFile"):
        engines().configure(**{**settings, "caFile": str(other)})
    with pytest.raises(Exception, match="caFile"):
        engines().configure(**{**settings, "caFile": str(tmp_path / "missing.pem")})


def test_a_bad_token_is_refused_and_not_shown(engines: Any, lab: Any) -> None:
    with pytest.raises(Exception, match="does not accept the API token") as refusal:
        engines().configure(
            **{**lab.settings, "apiToken": "iac@pve!pulumi=11111111-2222-3333-4444-555555555555"}
        )
    assert "11111111" not in str(refusal.value)
    assert writes(lab) == 0


def test_a_missing_privilege_is_named(engines: Any, lab: Any) -> None:
    with pytest.raises(
        Exception, match=r"lacks .*VM\.Allocate on /vms.*; nothing was written\. Grant a role"
    ):
        engines().configure(**{**lab.settings, "apiToken": lab.token("verify")})
    assert writes(lab) == 0


def test_an_unreachable_cluster_is_a_sentence_and_other_endpoints_are_tried(engines: Any, lab: Any) -> None:
    with pytest.raises(
        Exception, match=r"no endpoint of the cluster 'lab-dc' answers \(https://127\.0\.0\.1:1: con"
    ):
        engines().configure(**{**lab.settings, "endpoints": '["https://127.0.0.1:1"]'})
    engine = engines()
    engine.configure(**{**lab.settings, "endpoints": f'["https://127.0.0.1:1", "{lab.endpoint}"]'})
    engine.create("Pool", "it", POOL)
    engine.delete("Pool", "it")


@pytest.mark.parametrize(
    ("kind", "inputs", "path", "given"),
    [
        ("Pool", {"poolid": "foreign"}, "pools", {"poolid": "foreign"}),
        ("Group", {"groupid": "foreign"}, "access/groups", {"groupid": "foreign"}),
        (
            "Role",
            {"roleid": "Foreign", "privs": ["VM.Audit"]},
            "access/roles",
            {"roleid": "Foreign", "privs": ""},
        ),
        (
            "FirewallAlias",
            {"name": "foreign", "cidr": "10.0.0.1"},
            "cluster/firewall/aliases",
            {"name": "foreign", "cidr": "10.0.0.1"},
        ),
        ("FirewallIpset", {"name": "foreign"}, "cluster/firewall/ipset", {"name": "foreign"}),
        ("FirewallGroup", {"group": "foreign"}, "cluster/firewall/groups", {"group": "foreign"}),
        (
            "SdnZone",
            {"zone": "foreign", "bridge": "vmbr0"},
            "cluster/sdn/zones",
            {"zone": "foreign", "type": "simple"},
        ),
        ("Vm", VM, "nodes/dc2/qemu", {"vmid": 300}),
    ],
)
def test_somebody_else_s_object_is_not_taken_over(
    kind: str, inputs: dict[str, Any], path: str, given: dict[str, Any], engine: Any, lab: Any
) -> None:
    root = lab.by_hand()
    root(path).post(**given)
    try:
        with pytest.raises(Exception, match=r"cannot create .* exists .*import"):
            engine.create(kind, "it", inputs)
    finally:
        ident = str(next(iter(given.values())))
        if kind == "Pool":
            root(path).delete(poolid=ident)
        else:
            root(path)(ident).delete()


def test_a_vm_s_firewall_with_foreign_rules_is_not_taken_over(engine: Any, lab: Any) -> None:
    root = lab.by_hand()
    root("nodes/dc2/qemu").post(vmid=301)
    root("nodes/dc2/qemu/301/firewall/rules").post(type="in", action="ACCEPT", enable=1)
    with pytest.raises(Exception, match="has 1 rules that this program did not make; import it"):
        engine.create("VmFirewall", "it", {"vmid": 301})
    root("nodes/dc2/qemu/301").delete()


def test_disks_are_never_lost(engine: Any, lab: Any) -> None:
    engine.create("Vm", "it", VM)
    disk = VM["disks"][0]
    lab.control.reset_calls()
    for news, words in (
        ({"disks": [{**disk, "sizeGib": 3}]}, "has 4 GiB and cannot shrink to 3; write sizeGib of 4 or more"),
        ({"disks": []}, "is no longer in `disks`, and deleting it would lose its data; put it back"),
        (
            {"disks": [{**disk, "storage": "local"}]},
            "lies on local-zfs and not on local; a disk is not moved",
        ),
    ):
        with pytest.raises(Exception, match=words):
            engine.diff("Vm", "it", {**VM, **news})
        with pytest.raises(Exception, match=words):
            engine.update("Vm", "it", {**VM, **news})
    assert writes(lab) == 0
    engine.delete("Vm", "it")


def test_a_disk_that_grew_by_hand_is_not_shrunk_back(engine: Any, lab: Any) -> None:
    engine.create("Vm", "it", VM)
    lab.by_hand()("nodes/dc1/qemu/300/resize").put(disk="scsi0", size="6G")
    with pytest.raises(Exception, match="has 6 GiB and cannot shrink to 4"):
        engine.update("Vm", "it", {**VM, "cores": 2})
    engine.delete("Vm", "it")


def test_an_unlocked_disk_is_destroyed_and_only_that(engine: Any, lab: Any) -> None:
    two = {**VM, "disks": [*VM["disks"], {"slot": "scsi1", "storage": "local-zfs", "sizeGib": 1}]}
    engine.create("Vm", "it", two)
    engine.update("Vm", "it", {**VM, "allowDiskDelete": True})
    config = lab.by_hand()("nodes/dc1/qemu/300/config").get()
    assert "scsi1" not in config
    assert not [key for key in config if key.startswith("unused")]
    names = [item["volid"] for item in lab.by_hand()("nodes/dc1/storage/local-zfs/content").get(vmid=300)]
    assert names == [config["scsi0"].partition(",")[0]]
    engine.delete("Vm", "it")


def test_a_protected_vm_is_not_touched(engine: Any, lab: Any) -> None:
    inputs = {**VM, "protection": True}
    engine.create("Vm", "it", inputs)
    engine.create("VmFirewall", "it", {"vmid": 300, "enable": True})
    engine.create("VmPower", "it", {"vmid": 300, "started": True})
    lab.control.reset_calls()
    for kind in ("VmPower", "VmFirewall", "Vm"):
        with pytest.raises(
            Exception, match="VM 300 is protected and was not touched; set protection to false"
        ):
            engine.delete(kind, "it")
    assert writes(lab) == 0
    engine.update("Vm", "it", {**VM, "protection": False})
    for kind in ("VmPower", "VmFirewall", "Vm"):
        engine.delete(kind, "it")


def test_a_clone_from_a_template_on_another_node_is_refused_with_the_cure(engine: Any) -> None:
    engine.create("Vm", "template", {**VM, "vmid": 310, "node": "dc2", "template": True})
    with pytest.raises(
        Exception, match="template 310 lives on dc2 and VM 300 is to live on dc1: local disks cannot"
    ):
        engine.create("Vm", "it", {**VM, "cloneFrom": 310})
    engine.delete("Vm", "template")


def test_an_image_larger_than_the_disk_is_named_and_the_next_run_goes_on(engine: Any, lab: Any) -> None:
    disk = {**VM["disks"][0], "importFrom": "local:import/debian-13-genericcloud-amd64.qcow2"}
    with pytest.raises(
        Exception, match="image of disk scsi0 is larger than 1 GiB; write a larger sizeGib"
    ) as refusal:
        engine.create("Vm", "it", {**VM, "disks": [{**disk, "sizeGib": 1}]})
    partial = getattr(refusal.value, "partial", None)
    assert partial is not None
    assert partial.id == "300"
    engine.keep("Vm", "it", partial.id, partial.inputs, partial.state)
    engine.update("Vm", "it", {**VM, "disks": [{**disk, "sizeGib": 4}]})
    assert "size=4G" in lab.by_hand()("nodes/dc1/qemu/300/config").get()["scsi0"]
    engine.delete("Vm", "it")
