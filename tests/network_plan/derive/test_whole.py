# SPDX-License-Identifier: GPL-3.0-or-later
"""What a regency has beside networks and VMs: HA and backups, hosting, applications, reservations."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from network_plan.model.guest import Guest
from network_plan.model.plan import Plan

DR, DINAS, SERVICES, NETWORKS, CLUSTERS = (
    f"site/{name}.yml" for name in ("dr", "tenants/dinas", "services", "networks", "clusters")
)
HA = (DR, "twin: true, backup", "twin: true, ha_minutes: 5, backup")
HOSTING = 'hosting: {publication: www, source: "assumption: for the test"}\npublish:\n'


def _guest(plan: Plan, cluster: str, key: str) -> Guest:
    return next(guest for guest in plan.guests if (guest.cluster, guest.key) == (cluster, key))


def test_an_ha_vm_has_a_replica_on_another_host_and_its_twin_has_none(planned: Callable[..., Plan]) -> None:
    plan = planned(HA)
    ha = _guest(plan, "dc", "kominfo/state").ha
    assert ha is not None
    assert (ha.state, ha.schedule, ha.minutes) == ("started", "*/5", 5)
    assert {ha.home, ha.replica} == {"dc1", "dc2"}
    assert _guest(plan, "dc", "dinas/app").ha is None  # its tier asks for none
    assert _guest(plan, "drc", "kominfo/state").ha is None


def test_where_no_host_may_fail_there_is_no_ha(planned: Callable[..., Plan]) -> None:
    plan = planned(HA, (CLUSTERS, "spare_hosts: 1", "spare_hosts: 0"))
    assert _guest(plan, "dc", "kominfo/state").ha is None


def test_after_a_failover_ha_is_asked_for_stopped_vms(planned: Callable[..., Plan]) -> None:
    plan = planned(HA, ("ledger/site_role.ledger", "primary 1 dc\n", "primary 1 dc\nprimary 2 drc\n"))
    ha = _guest(plan, "dc", "kominfo/state").ha
    assert ha is not None
    assert ha.state == "stopped"
    assert not _guest(plan, "dc", "kominfo/state").running
    assert _guest(plan, "drc", "kominfo/state").running


def test_a_backup_job_a_tenant_as_often_as_its_most_urgent_vm(planned: Callable[..., Plan]) -> None:
    plan = planned(
        (
            DR,
            'twin: true, backup: {schedule: "01:00", keep_daily: 7',
            'twin: true, backup: {schedule: "*/4:00", keep_daily: 3',
        )
    )
    jobs = {job.pool: job for job in plan.cluster("dc").backups}
    assert set(jobs) == {"dinas", "kominfo"}
    assert (jobs["kominfo"].schedule, jobs["kominfo"].keep) == (
        "*/4:00",
        (("keep-daily", 3), ("keep-weekly", 4)),
    )
    assert jobs["dinas"].schedule == "01:00"
    assert plan.cluster("drc").backups == ()  # only a twin is there, and its disks are replication's


def test_without_a_storage_or_a_schedule_there_is_no_job(planned: Callable[..., Plan]) -> None:
    backup = "    backup: {storage: backup, path: /var/lib/backup, machine: a disk shelf at another place, "
    backup += 'source: "assumption: mounted on each host"}\n'
    plan = planned((CLUSTERS, backup, ""))
    assert (plan.cluster("dc").backups, plan.cluster("dc").storages) == ((), ())
    schedule = (
        ', backup: {schedule: "01:00", keep_daily: 7, keep_weekly: 4, source: "assumption: every night"}'
    )
    assert planned((DR, schedule, "")).cluster("dc").backups == ()


def test_new_vms_by_hand_stay_out_of_the_ledgers_numbers(minimal_plan: Plan) -> None:
    options = dict(minimal_plan.cluster("dc").options)
    assert options["next-id"] == "lower=200,upper=100199"
    assert options["migration"] == "type=secure,network=10.0.0.0/24"


def test_hosting_names_the_main_site_and_a_subdomain_per_skpd(planned: Callable[..., Plan]) -> None:
    plan = planned((SERVICES, "publish:\n", HOSTING), (DINAS, "kind: dinas", "kind: dinas\nsubdomain: false"))
    named = {(name.view, name.fqdn): [str(address) for address in name.addresses] for name in plan.names}
    assert named["internal", "www.minimal.example"] == ["10.1.0.10"]
    assert named["public", "minimal.example"] == ["203.0.113.0"]
    assert named["public", "kominfo.minimal.example"] == ["203.0.113.0"]
    assert ("public", "dinas.minimal.example") not in named


def test_a_planned_application_counts_with_its_size_until_it_has_a_vm(planned: Callable[..., Plan]) -> None:
    row = """applications:
  later:
    {title: Later, theme: T, state: planned, priority: 1, kind: application, owner: dinas, size: small,
     owner_source: "assumption: its duty", source: "assumption: for the test"}
"""
    edit = ("site/applications.yml", "applications:\n", row)
    later = next(item for item in planned(edit).applications if item.key == "later")
    assert (later.memory_mib, later.disk_gib, later.vms, later.twin) == (1024, 16, (), True)
    carried = planned(edit, (DINAS, "[counter]", "[counter, later]"))
    later = next(item for item in carried.applications if item.key == "later")
    assert (later.memory_mib, later.vms) == (None, ("dinas/app",))


@pytest.mark.parametrize(("count", "length", "block"), [(3, 26, "10.2.255.0/24"), (1, 26, "10.2.255.192/26")])
def test_a_reservation_keeps_one_block_at_the_pools_end(
    planned: Callable[..., Plan], count: int, length: int, block: str
) -> None:
    text = (
        f"reservations:\n  desa: {{title: desa, role: office, count: {count}, length: {length}, "
        'transport: leased, source: "assumption: for the test"}\npublic:\n'
    )
    (kept,) = planned((NETWORKS, "public:\n", text)).reservations
    assert (str(kept.prefix), kept.count) == (block, count)


def test_a_site_may_say_nothing_of_the_recovery_centers_place(planned: Callable[..., Plan]) -> None:
    line = 'place: {distance: far, cost: low, service_level: good, source: "assumption: another place"}\n'
    assert planned((DR, line, "")).recovery_place is None


def test_a_sanction_stands_in_the_plan(planned: Callable[..., Plan]) -> None:
    text = (
        "sanctions:\n  loud: {target: dinas, measure: slow, rate_kbit: 128, until: 2027-01-31, "
        'reason: a flood of mail, source: "assumption: for the test"}\npublish:\n'
    )
    (sanction,) = planned((SERVICES, "publish:\n", text)).sanctions
    assert (sanction.target, sanction.measure, sanction.rate_kbit) == ("dinas", "slow", 128)
