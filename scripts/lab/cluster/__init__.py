# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lab clusters: Proxmox VE 9 API doubles that store, answer and fail as PVE does, one process each.

Start and stop, from Python (`awan lab up` does this with the spec from the Plan)::

    from scripts.lab.cluster import launch
    from scripts.lab.cluster.spec import ClusterSpec, Node

    dc = launch.start(ClusterSpec(name="lab-dc", nodes=(Node(name="dc1"), Node(name="dc2"))), "build/lab/dc")
    dc.endpoint, dc.fingerprint, dc.token("pulumi")     # https://127.0.0.1:PORT, AA:BB:..., user!name=secret
    launch.stop("build/lab/dc")                         # the state stays; start takes it up again

or by hand: write `FOLDER/spec.json` and run `python -m scripts.lab.cluster --dir FOLDER`.

A folder holds spec.json, state.db (SQLite, a row per object), cluster.crt and .key, fingerprint, endpoint (the port is
kept), pid (with the start time), control.sock, log, calls.jsonl (each method when it is first asked, and whether the
lab has no true answer to it) and tokens/NAME (0600): `pulumi` (iac@pve, least privilege), `verify` (audit@pve,
PVEAuditor), `root`.

Faults and counters, over the socket::

    from scripts.lab.cluster.client import ControlClient

    lab = ControlClient("build/lab/dc")
    lab.fail("POST", "/nodes/{node}/qemu", 503, "busy")  # the next request of this schema path (or end of a path)
    lab.lose("POST", "/nodes/{node}/qemu")               # written, answer lost
    lab.node_offline("dc2"); lab.lose_quorum(); lab.hold_lock("domain-sdn", 5); lab.fail_task("qmstart", "boom")
    lab.storage_full("local-zfs", "dc1"); lab.network(latency=20); lab.time_scale(0.1); lab.clear_faults()
    lab.reset_calls(); ...; lab.requests(); lab.invented()   # must be empty for the provider

Which methods keep state: `stateful.py`; all others are refused with status 501. Guests: `runtime.py`, named in the
spec as `runtime="module:Class"`.
Nothing of the provider is imported here.

HA works in rounds of 10 PVE seconds, a lost node counts as lost after 60 and as fenced after 120; replication starts
within PVE's minute. All of them go by in lab time (`time_scale`, 0.01 of it by default: 0.1, 0.6, 1.2 and 0.6 s), the
calendar of a schedule in real time. `lab.settle()` waits until HA is at rest.

Knowingly not as in PVE: load figures are made up; disks have a size and no content, and a snapshot keeps the
configuration only; memory and cores are never hotplugged; a fenced node is only offline; backup jobs are kept and
backups made by hand, but none by schedule and none restored; containers, realms and passwords are missing; no guest
agent runs; a live migration starts the guest anew in the runtime; a lock is held for a fixed time per kind of write;
who may set which tag (`user-tag-access`) is not looked at; every path and server that a storage names is there.
"""
