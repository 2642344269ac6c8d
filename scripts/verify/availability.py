# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster does beside running VMs: storages, options, tokens, backups, HA, replicas. Pure, as `compare` is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from network_plan.model.guest import Guest
from network_plan.model.node import Cluster
from scripts.verify.difference import Report, Unmanaged
from scripts.verify.live import Live, Row


def _parts(value: object) -> str:
    """A property string, or PVE's own taking apart of one, with its parts in order."""
    if isinstance(value, dict):
        return " ".join(sorted(f"{name}={part}" for name, part in value.items()))
    return " ".join(sorted(filter(None, re.split(r"[,; ]", str(value)))))


def _flag(value: object) -> str:
    return "1" if str(value) in ("1", "True", "true") else "0"


def compare_operations(report: Report, cluster: Cluster, live: Live) -> None:
    """Storages, options, users with their tokens, backup jobs."""
    storages = {storage.name: storage for storage in cluster.storages}
    for name in report.present("storages", storages, live.storages):
        row, storage = live.storages[name], storages[name]
        report.compare(f"storage {name}", "kind", storage.kind, row.get("type"))
        report.compare(f"storage {name}", "path", storage.path, row.get("path"))
        content = _parts(",".join(storage.content))
        report.compare(f"storage {name}", "content", content, _parts(row.get("content", "")))
        report.compare(f"storage {name}", "disabled", "0", _flag(row.get("disable", 0)))
    for name, value in cluster.options:
        report.count("options", 1)
        report.compare("cluster options", name, _parts(value), _parts(live.cluster_options.get(name, "")))
    _tokens(report, cluster, live)
    _backups(report, cluster, live)


def _tokens(report: Report, cluster: Cluster, live: Live) -> None:
    """A user of ours has the Plan's tokens and no other; a grant is two entries, the user's and the token's."""
    users = {token.user for token in cluster.tokens}
    planned = {f"{token.user}!{token.token}" for token in cluster.tokens}
    tokens: dict[str, Row] = {}
    for user in report.present("users", sorted(users), live.users):
        report.compare(f"user {user}", "enabled", "1", _flag(live.users[user].get("enable", 1)))
        tokens |= {f"{user}!{row['tokenid']}": row for row in live.users[user].get("tokens") or ()}
    for name in report.present("tokens", sorted(planned), tokens):
        report.compare(f"token {name}", "rights of its own", "1", _flag(tokens[name].get("privsep", 1)))
    for name in sorted(set(tokens) - planned):
        report.compare(f"token {name}", "a token of our user", "", name)
    grants = {f"{row['path']} {row.get('ugid')} {row.get('roleid')}" for row in live.acl}
    wanted = [
        f"{token.path} {bearer} {token.role}"
        for token in cluster.tokens
        for bearer in (token.user, f"{token.user}!{token.token}")
    ]
    report.present("grants", wanted, grants)


def _backups(report: Report, cluster: Cluster, live: Live) -> None:
    jobs = {job.id: job for job in cluster.backups}
    for name in report.present("backup jobs", jobs, live.backups):
        row, job, thing = live.backups[name], jobs[name], f"backup job {name}"
        report.compare(thing, "pool", job.pool, row.get("pool", ""))
        report.compare(thing, "storage", job.storage, row.get("storage", ""))
        report.compare(thing, "schedule", job.schedule, row.get("schedule", ""))
        keep = _parts(dict(job.keep))
        report.compare(thing, "keeps", keep, _parts(row.get("prune-backups", "")))
        report.compare(thing, "enabled", "1", _flag(row.get("enabled", 1)))
    pools = {share.pool for share in cluster.access}
    ours = {vmid for vmid, guest in live.guests.items() if guest.resource.get("pool") in pools}
    for name in sorted(set(live.backups) - set(jobs)):
        row = live.backups[name]
        over = {int(vmid) for vmid in re.findall(r"\d+", str(row.get("vmid", "")))} & ours
        if row.get("pool") in pools:
            report.compare(f"backup job {name}", "a job over our pool", "", row["pool"])
        elif over:
            report.compare(f"backup job {name}", "a job over our VMs", "", _numbers(over))
        else:
            report.unmanaged.append(Unmanaged(where=report.where, thing=f"backup job {name}"))


def _numbers(vmids: Iterable[int]) -> str:
    return " ".join(str(vmid) for vmid in sorted(vmids))


def compare_available(report: Report, guests: Sequence[Guest], live: Live) -> None:
    """HA resources, their rules and the copies. Of a VM that is ours, what nobody declared is a finding."""
    protected = {guest.vmid: guest for guest in guests if guest.ha is not None}
    numbers = {guest.vmid for guest in guests}
    _resources(report, protected, numbers, live)
    _rules(report, protected, numbers, live)
    _replications(report, protected, numbers, live)


def _resources(report: Report, protected: dict[int, Guest], numbers: set[int], live: Live) -> None:
    wanted = {f"vm:{vmid}": guest for vmid, guest in protected.items()}
    for sid in report.present("HA resources", wanted, live.ha_resources):
        ha = wanted[sid].ha
        assert ha is not None  # only such were taken
        state = str(live.ha_resources[sid].get("state") or "started")
        report.compare(f"HA resource {sid}", "state", ha.state, "started" if state == "enabled" else state)
        if live.ha_states.get(sid) == "error":
            report.compare(f"HA resource {sid}", "the manager's state", ha.state, "error")
    for sid in sorted(set(live.ha_resources) - set(wanted)):
        _foreign(report, f"HA resource {sid}", "a VM of ours under HA:", {sid}, numbers)


def _rules(report: Report, protected: dict[int, Guest], numbers: set[int], live: Live) -> None:
    wanted = {f"awan-{vmid}": guest for vmid, guest in protected.items()}
    for name in report.present("HA rules", wanted, live.ha_rules):
        row, guest, thing = live.ha_rules[name], wanted[name], f"HA rule {name}"
        assert guest.ha is not None  # only such were taken
        report.compare(thing, "VMs", f"vm:{guest.vmid}", _parts(row.get("resources", "")))
        nodes = _parts(f"{guest.ha.home}:2,{guest.ha.replica}:1")
        report.compare(thing, "nodes", nodes, _parts(row.get("nodes", "")))
        report.compare(thing, "strict", "1", _flag(row.get("strict", 0)))
        report.compare(thing, "disabled", "0", _flag(row.get("disable", 0)))
    for name in sorted(set(live.ha_rules) - set(wanted)):
        sids = set(_parts(live.ha_rules[name].get("resources", "")).split())
        _foreign(report, f"HA rule {name}", "a rule for our VMs:", sids, numbers)


def _replications(report: Report, protected: dict[int, Guest], numbers: set[int], live: Live) -> None:
    wanted = {f"{vmid}-0": guest for vmid, guest in protected.items()}
    for name in report.present("replication jobs", wanted, live.replications):
        row, guest, thing = live.replications[name], wanted[name], f"replication job {name}"
        assert guest.ha is not None  # only such were taken
        target, found = str(row.get("target", "")), live.guests.get(guest.vmid)
        swapped = found is not None and found.resource.get("node") == guest.ha.replica
        report.compare(thing, "target", guest.ha.home if swapped else guest.ha.replica, target)
        report.compare(thing, "schedule", guest.ha.schedule, row.get("schedule", "*/15"))
        report.compare(thing, "disabled", "0", _flag(row.get("disable", 0)))
        report.compare(thing, "being removed", "0", _flag(bool(row.get("remove_job"))))
    for name in sorted(set(live.replications) - set(wanted)):
        sids = {f"vm:{name.partition('-')[0]}"}
        _foreign(report, f"replication job {name}", "copies of a VM of ours:", sids, numbers)


def _foreign(report: Report, thing: str, what: str, sids: set[str], numbers: set[int]) -> None:
    """A finding if it is about a VM of ours, else only listed."""
    about = {int(sid.partition(":")[2]) for sid in sids if sid.startswith("vm:")} & numbers
    if about:
        report.compare(thing, what, "", _numbers(about))
    else:
        report.unmanaged.append(Unmanaged(where=report.where, thing=thing))
