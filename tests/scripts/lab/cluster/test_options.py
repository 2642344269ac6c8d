# SPDX-License-Identifier: AGPL-3.0-or-later
"""The options of the datacenter: kept as written, shown as PVE parses them, refused in its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.scripts.lab.cluster.conftest import Lab, connect

pytestmark = pytest.mark.lab
Refused = Callable[..., str]
ALL = "crs,ha,migration,next-id,tag-style,bwlimit,description,max_workers,console,mac_prefix,registered-tags"


@pytest.fixture(autouse=True)
def no_options_left(lab: Lab) -> Iterator[None]:
    """Options of one test do not reach the next."""
    yield
    lab.control.clear_faults()
    lab.root.cluster.options.put(delete=ALL, keyboard="en-us")


def test_what_a_new_cluster_shows(lab: Lab) -> None:
    assert lab.api.cluster.options.get() == {
        "keyboard": "en-us", "mac_prefix": "BC:24:11", "description": "", "allowed-tags": []}  # fmt: skip
    lab.api.cluster.options.put(delete="keyboard")
    assert "keyboard" not in lab.api.cluster.options.get()


def test_property_strings_come_back_as_objects(lab: Lab) -> None:
    lab.api.cluster.options.put(
        ha="shutdown_policy=migrate", migration="secure,network=10.0.0.0/24", crs="ha=static,ha-rebalance-on-start=yes",
        bwlimit="migration=1024,default=0", max_workers=4, console="applet", description="one\ntwo",
        **{"next-id": "lower=5000,upper=6000", "tag-style": "shape=full,case-sensitive=1"})  # fmt: skip
    shown = lab.api.cluster.options.get()
    assert shown["ha"] == {"shutdown_policy": "migrate"}
    assert shown["migration"] == {"type": "secure", "network": "10.0.0.0/24"}
    assert shown["crs"] == {"ha": "static", "ha-rebalance-on-start": 1}
    assert shown["tag-style"] == {"shape": "full", "case-sensitive": 1}
    assert shown["next-id"] == {"lower": "5000", "upper": "6000"}
    assert (shown["bwlimit"], shown["max_workers"], shown["console"], shown["description"]) == (
        "migration=1024,default=0", "4", "html5", "one\ntwo\n")  # fmt: skip
    lab.api.cluster.options.put(description=shown["description"])
    assert lab.api.cluster.options.get()["description"] == "one\ntwo\n"
    lab.api.cluster.options.put(delete="ha,crs")
    assert not {"ha", "crs"} & set(lab.api.cluster.options.get())


def test_default_prefix_is_not_written(lab: Lab) -> None:
    lab.api.cluster.options.put(mac_prefix="02:00:00")
    assert lab.api.cluster.options.get()["mac_prefix"] == "02:00:00"
    lab.api.cluster.options.put(mac_prefix="bc:24:11")
    assert lab.api.cluster.options.get()["mac_prefix"] == "BC:24:11"


def test_refused_in_the_words_of_pve(lab: Lab, refused: Refused) -> None:
    options = lab.api.cluster.options
    assert refused(options.put, **{"next-id": "lower=600,upper=500"}) == (
        "500 lower (600) <= upper (500) boundary rule broken"
    )
    assert "enumeration 'freeze, failover" in refused(options.put, ha="shutdown_policy=run")
    assert "unicast MAC" in refused(options.put, mac_prefix="01:00:00")
    lab.control.hold_lock("file-datacenter_cfg")
    assert refused(options.put, max_workers=2) == (
        "500 cfs-lock 'file-datacenter_cfg' error: got lock request timeout"
    )


def test_tags_that_may_be_set(lab: Lab) -> None:
    lab.vm(140, tags="web;db")
    lab.api.cluster.options.put(**{"registered-tags": "prod;dev"})
    shown = lab.api.cluster.options.get()
    assert shown["registered-tags"] == ["dev", "prod"]
    assert shown["allowed-tags"] == ["db", "dev", "prod", "web"]
    assert connect(lab.cluster, "verify").cluster.options.get()["allowed-tags"] == ["db", "web"]


def test_new_cards_take_the_prefix(lab: Lab) -> None:
    lab.api.cluster.options.put(mac_prefix="02:0a:0B")
    vm = lab.vm(141, net0="virtio,bridge=vn10", net1="virtio=BC:24:11:00:00:01,bridge=vn10")
    config = vm.config.get()
    assert config["net0"].startswith("virtio=02:0A:0B:")
    assert config["net1"].startswith("virtio=BC:24:11:00:00:01,")
