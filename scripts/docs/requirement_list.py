# SPDX-License-Identifier: GPL-3.0-or-later
"""The requirements of the master plan, in own words, with what serves each and what is missing. A test proves it."""

from __future__ import annotations

from dataclasses import dataclass

_RULE_TESTS = "tests/network_plan/policy"
_PLAYBOOK = "tests/roles/test_site_playbook.py"
_MAP = "tests/network_plan/render/test_map.py"
_WHOLE = "tests/network_plan/derive/test_whole.py"
_NETWORKS = "tests/network_plan/derive/test_networks.py"
_LINE = "tests/scripts/line/test_line.py"
_CLUSTER = "tests/pulumi/pve_components/test_cluster_wide.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One row.

    Attributes:
        says: what must hold.
        section: of Perbup 253/2019.
        serves: what serves it beside its rule, as (reference, what it does): ``module:name`` of the code,
            ``pve:Resource``, an ``awan`` command, or a path.
        tests: ``path`` or ``path::function``, beside the broken sites of its rule.
        missing: what nothing serves yet; ``None`` where all that software can do is there.
    """

    id: str
    says: str
    section: str
    serves: tuple[tuple[str, str], ...] = ()
    tests: tuple[str, ...] = ()
    missing: str | None = None


REQUIREMENTS: tuple[Requirement, ...] = (
    Requirement(
        id="GW-1",
        says="All management of the network passes one door: the gateway of Diskominfo",
        section="4.6.5",
        serves=(
            ("network_plan.model.plan:Plan.gateways", "the one gateway, with every rule"),
            ("roles/gateway", "its interfaces, rules and forwarding on a Debian host"),
            ("pve:FirewallIpset", "the set `management`, by which hosts let operators in"),
            ("awan reach", "whether somebody may, by which rule"),
        ),
        tests=(f"{_RULE_TESTS}/test_door.py", f"{_PLAYBOOK}::test_packets_pass_as_planned"),
    ),
    Requirement(
        id="GW-2",
        says="Only Diskominfo buys bandwidth and public addresses, and manages public and private ones; an SKPD uses "
        "private addresses only",
        section="4.6.5, table 4.2",
        serves=(
            ("network_plan.model.plan:Plan.public", "every public address in use with its holder"),
            (
                "network_plan.allocate.allot:allot",
                "private prefixes and addresses, from the operator's pools",
            ),
            ("awan show", "who holds an address"),
            (
                "network_plan/render/templates/gateway.nft.j2",
                "with IPv6 too, nobody comes in but to what is published, and no network sends from another prefix",
            ),
        ),
        tests=(
            f"{_RULE_TESTS}/test_door.py",
            "tests/network_plan/allocate/test_allot.py",
            "tests/network_plan/render/test_gateway_ipv6.py::test_nobody_comes_in_unasked",
        ),
    ),
    Requirement(
        id="GW-3",
        says="Today's exceptions are brought home, each with its day",
        section="3.2.3",
        serves=(
            ("network_plan.model.plan:Plan.exceptions", "who, what, until when and why"),
            (
                "network_plan/render/templates/gateway.nft.j2",
                "the gateway ends a dated rule itself, and the connections that it let in",
            ),
        ),
        tests=(
            "tests/network_plan/render/test_nftables.py::test_dated_rules_end_in_the_kernel",
            (
                "tests/network_plan/render/test_established.py::"
                "test_a_dated_flow_ends_with_its_day_and_with_it_its_connections"
            ),
        ),
    ),
    Requirement(
        id="GW-4",
        says="Bandwidth is shared by policy (today equally); who breaks it can be slowed or blocked, for a time, with "
        "the reason recorded",
        section="3.2.3, 3.2.1",
        serves=(
            ("network_plan.capacity.line:share_kbit", "the equal share of a tenant"),
            ("network_plan.model.plan:Plan.sanctions", "sanctions with measure, day and reason"),
            ("awan show", "a tenant's share and sanctions"),
            ("awan capacity", "the share of each agency, and the line of each office"),
            ("network_plan.render.shaping:classes", "a class of the line for each tenant and each sanction"),
            ("network_plan.render.dated:blocked", "what a sanction blocks, until the end of its day"),
            ("roles/gateway", "loads the classes, and the rules that put packets in them or block them"),
        ),
        tests=(
            f"{_RULE_TESTS}/test_bandwidth.py",
            f"{_WHOLE}::test_a_sanction_stands_in_the_plan",
            "tests/network_plan/render/test_shaping.py::test_packets_get_what_was_promised",
            "tests/network_plan/render/test_established.py::test_a_sanction_cuts_what_stands_and_ends_by_itself",
            f"{_PLAYBOOK}::test_the_line_is_shared_among_the_tenants",
        ),
    ),
    Requirement(
        id="GW-5",
        says="Diskominfo controls and watches all online traffic",
        section="table 4.2",
        serves=(
            ("roles/gateway", "all traffic between networks passes its rules, and what is denied is counted"),
            ("pve:VmFirewall", "the second wall, at each VM"),
        ),
        tests=(f"{_PLAYBOOK}::test_packets_pass_as_planned",),
        missing="nothing collects or watches the counters yet",
    ),
    Requirement(
        id="GW-6",
        says="Known bad names are not resolved",
        section="table 3.10",
        serves=(
            ("roles/dns", "every network asks the gateway's resolver"),
            ("network_plan.model.plan:Plan.blocked", "lists of bad names, each with its reason and source"),
            ("network_plan.render.blocked:render_blocked", "a response-policy zone for each list"),
        ),
        tests=(
            "tests/network_plan/render/test_blocked.py::test_a_listed_name_is_refused_and_another_answered",
            f"{_PLAYBOOK}::test_names_are_answered_inside_and_the_public_zone_has_its_primary",
        ),
        missing="the regency has supplied no list yet; who asks a resolver of the internet itself is not held back",
    ),
    Requirement(
        id="NET-1",
        says="A star around the gateway; one distribution switch per SKPD; neighbouring offices are one LAN",
        section="4.6.1, 4.6.5",
        serves=(
            ("network_plan.model.network:Network.switch", "the switch of each office"),
            ("network_plan.model.gateway:Gateway.interfaces", "an interface towards each office"),
            ("awan map", "the star, drawn"),
        ),
        tests=(f"{_MAP}::test_tenants_with_several_offices_name_all_but_the_first",),
        missing="switches are named and counted, not configured",
    ),
    Requirement(
        id="NET-2",
        says="Which transport serves which site is recorded; a cellular line is measured and faster than 1 Mbit/s",
        section="4.6.2, 4.6.5",
        serves=(
            (
                "network_plan.model.network:Network.transport",
                "fibre, wireless, leased or cellular, per office",
            ),
            ("network_plan.model.network:Network.rate_kbit", "what the line gives, where it was measured"),
            ("awan show", "both, per office"),
        ),
        tests=("tests/scripts/awan/commands/test_look.py::test_show_knows",),
    ),
    Requirement(
        id="CLD-1",
        says="A private cloud on Proxmox: virtualisation, firewall, clusters, one management over many servers",
        section="4.6.4",
        serves=(
            ("network_plan.model.plan:Plan.clusters", "the clusters with their hosts of any make"),
            ("pve:Vm", "virtual machines"),
            ("pve:FirewallOptions", "the built-in firewall, switched on"),
            ("awan verify", "the live clusters against the Plan"),
        ),
        tests=(_LINE, "tests/scripts/verify/test_hand_edits.py"),
    ),
    Requirement(
        id="CLD-2",
        says="When a host fails, others take over its work",
        section="4.6.4",
        serves=(
            ("network_plan.model.guest:Guest.ha", "home, replica and interval of each VM"),
            ("pve:HaResource", "the VM under PVE's HA manager"),
            ("pve:HaRule", "only where its disks are"),
            ("pve:Replication", "its disks on a second host"),
        ),
        tests=(
            f"{_RULE_TESTS}/test_capacity.py",
            f"{_WHOLE}::test_an_ha_vm_has_a_replica_on_another_host_and_its_twin_has_none",
            f"{_CLUSTER}::test_a_vm_under_ha_is_bound_to_its_two_hosts",
        ),
    ),
    Requirement(
        id="CLD-3",
        says="Several clusters, by SKPD, by process or as warm backup; the order cluster, server, VM is visible",
        section="4.6.4, figure 4.5",
        serves=(
            ("network_plan.render.map.hierarchy", "the hierarchy as a view of the map"),
            ("network_plan.model.guest:Guest.twin", "the warm backup of a VM in the recovery cluster"),
        ),
        tests=(f"{_MAP}::test_every_object_of_the_plan_is_a_node_once",),
    ),
    Requirement(
        id="CLD-4",
        says="It is shown how clusters reach each other, and how the outside reaches one VM",
        section="4.6.4, figure 4.6",
        serves=(
            ("network_plan.render.map.ways", "the ways to one VM as a view of the map"),
            ("awan reach", "one way, with the rule at each wall"),
            ("network_plan.model.plan:Plan.tunnels", "the line between the clusters"),
        ),
        tests=("tests/network_plan/reach/test_reach.py",),
        missing="the tunnel between the clusters is declared and drawn, not built",
    ),
    Requirement(
        id="CLD-5",
        says="SKPDs get virtual servers from the shared pool, quickly and on request, instead of buying their own",
        section="3.2.3, 4.6.4",
        serves=(
            ("awan capacity", "which applications fit, by priority, and what must be bought for the rest"),
            ("network_plan.policy.planned:check_planned", "whether the pool has room for what is planned"),
            ("network_plan.policy.printed:check_printed", "whether the pool is what was printed (§4.6.11)"),
            ("awan allot", "numbers and a host for a new VM"),
            ("pve:Pool", "a tenant's share of a cluster"),
        ),
        tests=(f"{_RULE_TESTS}/test_capacity.py", f"{_LINE}::test_a_tenant_with_a_vm_is_six_lines"),
    ),
    Requirement(
        id="CLD-6",
        says="Servers are about 10 % used today; consolidation shows its gain",
        section="4.6.4",
        serves=(
            (
                "awan capacity",
                "servers and energy saved, and how much of the hosts is used, with the arithmetic",
            ),
        ),
        tests=("tests/network_plan/capacity/test_gain.py",),
        missing="counted and declared, not measured: nothing reads how much servers are used before and after",
    ),
    Requirement(
        id="CLD-7",
        says="Easy backup and recovery, maintenance without downtime, replacement of hardware",
        section="4.6.4, table 3.10",
        serves=(
            ("network_plan.model.node:Cluster.backups", "a backup job per tenant"),
            ("pve:BackupJob", "the job in the cluster"),
            ("pve:ClusterOptions", "a host that is shut down moves its HA VMs away first"),
        ),
        tests=(
            f"{_WHOLE}::test_a_backup_job_a_tenant_as_often_as_its_most_urgent_vm",
            f"{_CLUSTER}::test_storages_options_and_backups_are_those_of_the_plan",
        ),
        missing="no backup server is declared, so backups lie on their own hosts; no restore is tested",
    ),
    Requirement(
        id="DR-1",
        says="A data center has a recovery center, whose place weighs distance, cost and service level",
        section="4.6.3 (10)",
        serves=(
            ("network_plan.model.guest:Guest.twin", "a twin of each VM of priority 1"),
            ("network_plan.model.plan:Plan.recovery_place", "what the place was weighed by"),
        ),
        tests=(f"{_NETWORKS}::test_after_a_failover_the_twins_run_and_the_data_centers_vms_do_not",),
    ),
    Requirement(
        id="DR-2",
        says="Replication, a recovery center and a recovery plan with procedures exist",
        section="table 3.10",
        serves=(
            ("network_plan.model.plan:Plan.replication", "what is copied, how often, at which rate"),
            ("network_plan.model.plan:Plan.tiers", "RPO and RTO by priority"),
            ("scripts/lab/replica", "copies of the lab's disks to the recovery center"),
        ),
        tests=(
            f"{_RULE_TESTS}/test_replication.py",
            "tests/network_plan/derive/test_replication.py",
            "tests/scripts/drill/test_replica.py",
        ),
        missing="failover has no commands and no written procedure yet",
    ),
    Requirement(
        id="DR-3",
        says="The recovery plan's procedures are written and tested against each kind of incident",
        section="4.6.3",
        serves=(
            ("awan drill test", "a twin from the newest point, apart from the world, probed and measured"),
        ),
        tests=("tests/scripts/drill",),
        missing="one drill is there; the kinds of incident have neither procedures nor drills",
    ),
    Requirement(
        id="DR-4",
        says="Loss of power is simulated regularly; its effects and the restart are written down",
        section="4.6.3 (g)",
        missing="no simulation and no written warning",
    ),
    Requirement(
        id="DR-5",
        says="Each incident is reviewed; the people concerned hear of it at once",
        section="4.6.3 (g)",
        missing="incidents are not kept yet",
    ),
    Requirement(
        id="DR-6",
        says="A risk study stands behind the plan: place, people, communications; each shift has a named person",
        section="4.6.3 (8c, g)",
        serves=(
            ("network_plan.model.plan:Plan.risks", "likelihood, impact and mitigation of each risk"),
            ("network_plan.model.plan:Plan.shifts", "the post that responds in each shift"),
        ),
        tests=(f"{_WHOLE}::test_a_site_may_say_nothing_of_the_recovery_centers_place",),
        missing="shifts name posts; the roster with people's names is kept elsewhere",
    ),
    Requirement(
        id="PWR-1",
        says="Supply 20 % above the peak, three hours of standby, the UPS loaded to 80 % at most, and reporting",
        section="4.6.3 (5)",
        serves=(
            ("network_plan.model.site.facility:Power", "the figures of each cluster's room"),
            ("awan capacity", "what is asked, what is there, and what must be bought"),
        ),
        tests=("tests/network_plan/capacity/test_power.py",),
        missing="figures are declared; nothing reads the UPS itself",
    ),
    Requirement(
        id="ENV-1",
        says="Temperature and humidity are measured in computer, telecom and electrical rooms; critical devices are "
        "monitored",
        section="4.6.3 (8)",
        serves=(("network_plan.model.site.facility:Room", "rooms with their sensors"),),
        missing="sensors are counted; nothing reads them",
    ),
    Requirement(
        id="MON-1",
        says="NOC: availability and traffic, alerts; customers are told of faults openly",
        section="4.6.7",
        serves=(
            ("network_plan.derive.availability:TOOLS", "a token of its own for monitoring, that only reads"),
        ),
        tests=(f"{_CLUSTER}::test_a_tool_has_a_user_a_token_and_one_right_for_each",),
        missing="no monitoring, no alerts, no page of faults",
    ),
    Requirement(
        id="MON-2",
        says="SOC: anomalies of the network are watched, incidents have instructions",
        section="4.6.7",
        missing="nothing watches for anomalies",
    ),
    Requirement(
        id="SEC-1",
        says="ISO 27001 controls in three phases",
        section="4.6.6, table 4.4",
        missing="no register of controls with their phases",
    ),
    Requirement(
        id="SEC-2",
        says="Nobody gets more access than the task needs",
        section="3.5",
        serves=(
            (
                "network_plan.model.plan:Plan.flows",
                "every flow with owner, reason and day; what has none is denied",
            ),
            ("network_plan.derive.clusters:POSTS", "the privileges of an SKPD's posts"),
            ("pve:Token", "a token per tool, with what the tool needs"),
        ),
        tests=(
            "tests/network_plan/reach/test_reach.py",
            f"{_CLUSTER}::test_a_tool_has_a_user_a_token_and_one_right_for_each",
        ),
        missing="people reach their VMs from their own office; no VPN brings them there from elsewhere yet",
    ),
    Requirement(
        id="AUD-1",
        says="An audit finds evidence that the systems guard assets, keep data whole and work as intended",
        section="4.6.8",
        serves=(
            ("awan verify", "live equals planned, or what differs"),
            ("network_plan.model.flow:Flow.why", "each flow with its reason"),
        ),
        tests=("tests/scripts/verify/test_hand_edits.py::test_an_edit_is_named",),
        missing="no report for auditors, no dated proof of restores",
    ),
    Requirement(
        id="INV-1",
        says="Every device is in the register of state property (SIMAK-BMN)",
        section="4.6.10",
        missing="no register of devices",
    ),
    Requirement(
        id="INV-2",
        says="Bandwidth, public and private addresses are part of that register",
        section="4.6.10",
        serves=(
            ("network_plan.model.ledger:Kind", "the ledger has every address that was ever given"),
            ("network_plan.model.site.facility:Uplink", "the bandwidth, with its source"),
        ),
        tests=("tests/network_plan/allocate/test_allot.py",),
        missing="not in the register's form",
    ),
    Requirement(
        id="APP-1",
        says="The 54 applications of table 4.3 with state, priority and owner; web hosting is central, with a "
        "subdomain per SKPD",
        section="4.5",
        serves=(
            ("network_plan.model.plan:Plan.applications", "each row with its VMs"),
            ("network_plan.derive.names:derive_names", "the main site and a subdomain per SKPD"),
            ("awan show", "an application, by key or title"),
        ),
        tests=(
            f"{_WHOLE}::test_hosting_names_the_main_site_and_a_subdomain_per_skpd",
            f"{_WHOLE}::test_a_planned_application_counts_with_its_size_until_it_has_a_vm",
        ),
        missing="VMs are made empty: what runs in them is their owners' to install",
    ),
    Requirement(
        id="ORG-1",
        says="Diskominfo operates; an SKPD administers only its own systems, with a person for network and security "
        "and one for software",
        section="tables 4.2, 4.4",
        serves=(
            ("network_plan.model.node:Access", "a pool per SKPD, and a group with a role for each post"),
            ("pve:Acl", "the role, on that pool alone"),
            ("pve:Group", "the group, in the cluster"),
        ),
        tests=(_LINE,),
    ),
)
"""Every requirement, in the order of the master plan's areas."""
