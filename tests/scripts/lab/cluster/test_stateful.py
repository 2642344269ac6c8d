# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which methods of PVE's API have no true answer here: a list reviewed as text, and what must not be in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.lab.cluster.stateful import invented, inventing_methods, stateful_methods

pytestmark = pytest.mark.lab  # a cluster is made to ask it
GOLDEN = Path(__file__).with_name("inventing.txt")

# What a provider for pools, access, SDN, firewall and VMs needs.
NEEDED = [
    *(f"{m} /pools" for m in ("GET", "POST", "PUT", "DELETE")),
    *(f"{m} /access/{p}" for p in ("users", "groups", "roles") for m in ("GET", "POST")),
    *(f"{m} /access/users/{{userid}}/token/{{tokenid}}" for m in ("GET", "POST", "PUT", "DELETE")),
    "GET /access/acl",
    "PUT /access/acl",
    "PUT /cluster/sdn",
    *(f"{m} /cluster/sdn/zones/{{zone}}" for m in ("GET", "PUT", "DELETE")),
    *(f"{m} /cluster/sdn/vnets/{{vnet}}/subnets/{{subnet}}" for m in ("GET", "PUT", "DELETE")),
    *(f"{m} /nodes/{{node}}/qemu/{{vmid}}/config" for m in ("GET", "POST", "PUT")),
    *(
        f"POST /nodes/{{node}}/qemu/{{vmid}}/{p}"
        for p in ("clone", "migrate", "move_disk", "template", "snapshot")
    ),
    *(f"POST /nodes/{{node}}/qemu/{{vmid}}/status/{p}" for p in ("start", "stop", "shutdown")),
    "PUT /nodes/{node}/qemu/{vmid}/resize",
    "DELETE /nodes/{node}/qemu/{vmid}",
    "GET /nodes/{node}/firewall/options",
    "GET /nodes/{node}/tasks/{upid}/status",
    "GET /cluster/resources",
    *(
        f"{m} /cluster/{p}"
        for p in ("ha/resources", "ha/rules", "replication", "backup")
        for m in ("GET", "POST")
    ),
    *(
        f"{m} /cluster/{p}"
        for p in ("ha/resources/{sid}", "ha/rules/{rule}", "replication/{id}", "backup/{id}")
        for m in ("GET", "PUT", "DELETE")
    ),
    *(f"{m} /storage/{{storage}}" for m in ("GET", "PUT", "DELETE")),
    *(f"{m} /access/users/{{userid}}" for m in ("GET", "PUT", "DELETE")),
    "GET /cluster/ha/status/current",
    "GET /nodes/{node}/replication/{id}/status",
    "POST /nodes/{node}/vzdump",
    "PUT /cluster/options",
    "GET /cluster/options",
]


def test_list_of_inventing_methods_is_the_one_that_was_reviewed() -> None:
    """To renew it: python -m tests.scripts.lab.cluster.test_stateful."""
    now = sorted(f"{path} {method}" for method, path in inventing_methods())
    assert now == GOLDEN.read_text().splitlines()


@pytest.mark.parametrize("entry", NEEDED)
def test_what_a_provider_needs_is_stateful(entry: str) -> None:
    method, path = entry.split(" ")
    assert not invented(method, path)


def test_real_paths_are_understood() -> None:
    assert not invented("GET", "/api2/json/nodes/dc1/qemu/100/config")
    assert invented("GET", "/cluster/metrics/server")
    with pytest.raises(ValueError, match="is no path of PVE's API"):
        invented("GET", "/clusters")


def test_every_method_is_either_or() -> None:
    assert not stateful_methods() & inventing_methods()
    assert len(stateful_methods()) > 150


if __name__ == "__main__":
    GOLDEN.write_text(
        "".join(f"{path} {method}\n" for path, method in sorted((p, m) for m, p in inventing_methods()))
    )
