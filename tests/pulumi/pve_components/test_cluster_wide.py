# SPDX-License-Identifier: GPL-3.0-or-later
"""What the components register for a Plan: each thing of it once, by its key, in PVE's words; secrets as secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

import pulumi
from network_plan.build import load_plan
from network_plan.model.plan import Plan
from tests.small import SMALL

VALUE = "11111111-2222-3333-4444-555555555555"
KINDS = (
    "Storage",
    "ClusterOptions",
    "User",
    "Token",
    "Acl",
    "BackupJob",
    "HaResource",
    "HaRule",
    "Replication",
)


class Engine(pulumi.runtime.Mocks):
    """Takes every resource as it is; a token's value is told as PVE does."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.made.setdefault(args.typ.rpartition(":")[2], {})[args.name] = dict(args.inputs)
        if args.typ != "pve:index:Token":
            return args.name, dict(args.inputs)
        whole = f"{args.inputs['userid']}!{args.inputs['tokenid']}"
        return args.name, {**args.inputs, "value": VALUE, "fullTokenId": whole}

    def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
        raise AssertionError(f"components ask nobody: {args.token}")


@dataclass(slots=True)
class Built:
    """A stack's resources by kind and name, and the tokens that it hands out: (value, whether it is secret)."""

    plan: Plan
    stack: str
    made: dict[str, dict[str, dict[str, Any]]]
    tokens: dict[str, tuple[str, bool]] = field(default_factory=dict)


def build(plan: Plan, stack: str) -> Built:
    engine = Engine()
    pulumi.runtime.set_mocks(engine, project="awan", stack=stack, preview=False)
    from pve_components.access import Access
    from pve_components.firewall import Firewall
    from pve_components.operations import Operations
    from pve_components.sdn import Sdn
    from pve_components.tenant_pool import TenantPool

    built = Built(plan, stack, engine.made)

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> Any:
        cluster = plan.cluster(stack)
        access, sdn, firewall = Access(cluster), Sdn(cluster), Firewall(cluster)
        pools = {}
        for share in cluster.access:
            own = [guest for guest in plan.guests_of(stack) if guest.tenant == share.pool]
            pools[share.pool] = TenantPool(share, own, "local-zfs", [], access, sdn, firewall).pool
        operations = Operations(cluster, access, pools)

        async def told() -> None:
            for name, output in operations.tokens.items():
                built.tokens[name] = (str(await output.future()), await output.is_secret())

        return pulumi.Output.from_input(told())

    program()
    return built


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(SMALL)


@pytest.fixture(scope="module", params=["dc", "drc"])
def built(plan: Plan, request: pytest.FixtureRequest) -> Built:
    return build(plan, request.param)


def test_storages_options_and_backups_are_those_of_the_plan(built: Built) -> None:
    cluster = built.plan.cluster(built.stack)
    assert set(built.made["Storage"]) == {storage.name for storage in cluster.storages}
    options = built.made["ClusterOptions"][cluster.name]
    assert sorted(options.values()) == sorted(value for _name, value in cluster.options)
    assert {
        name: (job["pool"], job["storage"], job["schedule"], job["pruneBackups"])
        for name, job in built.made["BackupJob"].items()
    } == {
        job.id: (job.pool, job.storage, job.schedule, ",".join(f"{key}={number}" for key, number in job.keep))
        for job in cluster.backups
    }


def test_a_tool_has_a_user_a_token_and_one_right_for_each(built: Built) -> None:
    """PVE grants a token what both it and its user have, so that one of the two alone would be worth nothing."""
    tokens = built.plan.cluster(built.stack).tokens
    assert tokens
    assert set(built.made["User"]) == {token.user for token in tokens}
    rights = {
        (row["type"], row["ugid"], row["roleid"], row["path"])
        for row in built.made["Acl"].values()
        if row["type"] != "group"
    }
    assert rights == {
        right
        for token in tokens
        for right in (
            ("user", token.user, token.role, token.path),
            ("token", f"{token.user}!{token.token}", token.role, token.path),
        )
    }


def test_a_tokens_value_is_handed_out_as_a_secret_only(built: Built) -> None:
    assert built.tokens
    assert set(built.tokens.values()) == {(VALUE, True)}


def test_a_vm_under_ha_is_bound_to_its_two_hosts(built: Built) -> None:
    guests = {guest.key: guest for guest in built.plan.guests_of(built.stack) if guest.ha}
    for kind in ("HaResource", "HaRule", "Replication"):
        assert set(built.made[kind]) == set(guests)
    for key, guest in guests.items():
        assert guest.ha is not None
        assert built.made["HaResource"][key]["sid"] == f"vm:{guest.vmid}"
        assert built.made["HaResource"][key]["state"] == guest.ha.state
        rule, job = built.made["HaRule"][key], built.made["Replication"][key]
        assert (rule["rule"], rule["resources"], rule["strict"]) == (
            f"awan-{guest.vmid}",
            [f"vm:{guest.vmid}"],
            True,
        )
        assert set(rule["nodes"]) == {f"{guest.ha.home}:2", f"{guest.ha.replica}:1"}
        assert (job["jobid"], job["target"], job["schedule"]) == (
            f"{guest.vmid}-0",
            guest.ha.replica,
            guest.ha.schedule,
        )


def test_no_twin_is_under_ha(plan: Plan) -> None:
    twins = {guest.key for guest in plan.guests_of("drc") if guest.twin}
    assert twins
    assert not twins & set(build(plan, "drc").made["HaResource"])
