# SPDX-License-Identifier: GPL-3.0-or-later
"""SDN: what is pending, what an apply does, what reads back. Nothing is applied while somebody else's change waits."""

from __future__ import annotations

from typing import Any

from pve_provider.client import retry
from scripts.conformance.check import LeftOut, check, equal, expect, part, recognised, refused
from scripts.conformance.target import SDN_PREFIX, Target

ZONES, VNETS = "/cluster/sdn/zones", "/cluster/sdn/vnets"
ZONE, VNET, TAG = SDN_PREFIX, f"{SDN_PREFIX}1", 3999
CIDR, GATEWAY = "192.0.2.0/24", "192.0.2.1"
SUBNET = f"{ZONE}-{CIDR.replace('/', '-')}"
SUBNETS = f"{VNETS}/{VNET}/subnets"


def rows(t: Target, path: str, key: str) -> dict[str, dict[str, Any]]:
    """A list with what is pending, by key."""
    return {str(row[key]): row for row in t.api.get(path, pending=1)}


def foreign(t: Target) -> list[str]:
    """Pending changes that are not ours: applying would make them run."""
    return [
        name
        for path, key in ((ZONES, "zone"), (VNETS, "vnet"))
        for name, row in rows(t, path, key).items()
        if row.get("state") in ("new", "changed", "deleted") and not name.startswith(SDN_PREFIX)
    ]


def apply(t: Target) -> None:
    """Apply, if nothing of others would be applied with it."""
    if waiting := foreign(t):
        raise LeftOut(f"SDN changes of others wait to be applied: {', '.join(waiting)}")
    t.done(t.api.put("/cluster/sdn"))


def ensure(t: Target) -> None:
    """Our zone with one vnet and its subnet; perhaps not applied."""
    if ZONE not in rows(t, ZONES, "zone"):
        t.api.post(ZONES, zone=ZONE, type="vlan", bridge=t.uplink)
    if VNET not in rows(t, VNETS, "vnet"):
        t.api.post(VNETS, vnet=VNET, zone=ZONE, tag=TAG, alias="conformance (test)")
    if not t.api.get(SUBNETS, pending=1):
        t.api.post(SUBNETS, subnet=CIDR, type="subnet", gateway=GATEWAY)


@check("sdn.pending_new")
def pending_new(t: Target) -> str:
    """What is new has state 'new' and its values under 'pending', the tag as an integer."""
    ensure(t)
    zone, vnet = rows(t, ZONES, "zone")[ZONE], rows(t, VNETS, "vnet")[VNET]
    expect(zone.get("state") == "new", "a zone in state 'new'", zone)
    seen = {"state": vnet.get("state"), **part(vnet.get("pending") or {}, "zone", "tag", "alias")}
    return equal(seen, {"state": "new", "zone": ZONE, "tag": TAG, "alias": "conformance (test)"})


@check("sdn.subnet_row")
def subnet_row(t: Target) -> str:
    """A subnet's row has PVE's id zone-network-length and, in it or pending, prefix and gateway."""
    ensure(t)
    (row,) = t.api.get(SUBNETS, pending=1)
    whole = {**row, **(row.get("pending") or {})}
    expect(SUBNET in (row.get("subnet"), row.get("id")), f"subnet or id {SUBNET}", row)
    return equal(part(whole, "cidr", "gateway"), {"cidr": CIDR, "gateway": GATEWAY})


@check("sdn.exists")
def exists(t: Target) -> str:
    """Making zone, vnet or subnet twice is refused in words that mean: exists."""
    ensure(t)
    calls = (
        lambda: t.api.post(ZONES, zone=ZONE, type="vlan", bridge=t.uplink),
        lambda: t.api.post(VNETS, vnet=VNET, zone=ZONE, tag=TAG),
        lambda: t.api.post(SUBNETS, subnet=CIDR, type="subnet"),
    )
    return "; ".join(recognised(refused(call), retry.EXISTS, "exists already") for call in calls)


@check("sdn.alias_takes_no_dollar")
def alias(t: Target) -> str:
    """A vnet's alias takes no dollar sign, so that no ownership mark fits there."""
    ensure(t)
    error = refused(lambda: t.api.put(f"{VNETS}/{VNET}", alias="a$b"))
    expect(error.status == 400 and "alias" in error.fields, "400 for alias", f"{error.status} {error.words}")
    return f"{error.status} {error.words}"


@check("sdn.apply")
def applied(t: Target) -> str:
    """PUT /cluster/sdn is a task; after it nothing of ours is pending."""
    ensure(t)
    apply(t)
    waiting = [rows(t, ZONES, "zone")[ZONE].get("state"), rows(t, VNETS, "vnet")[VNET].get("state")]
    return equal(waiting, [None, None])


@check("sdn.pending_changed")
def pending_changed(t: Target) -> str:
    """A change has state 'changed'; a cleared option is 'deleted' under 'pending'."""
    ensure(t)
    apply(t)
    t.api.put(f"{VNETS}/{VNET}", tag=TAG - 1, delete="alias")
    row = rows(t, VNETS, "vnet")[VNET]
    seen = {"state": row.get("state"), "tag": row.get("tag"), "pending": row.get("pending")}
    expect(seen["state"] == "changed" and seen["tag"] == TAG, "state 'changed' with the old tag", row)
    return equal(part(row.get("pending") or {}, "tag", "alias"), {"tag": TAG - 1, "alias": "deleted"})


@check("sdn.pending_deleted")
def pending_deleted(t: Target) -> str:
    """A deletion has state 'deleted' until the next apply, and is gone after it."""
    ensure(t)
    apply(t)
    t.api.delete(f"{SUBNETS}/{SUBNET}")
    t.api.delete(f"{VNETS}/{VNET}")
    state = rows(t, VNETS, "vnet").get(VNET, {}).get("state")
    expect(state == "deleted", "state 'deleted'", state)
    t.api.delete(f"{ZONES}/{ZONE}")
    apply(t)
    return equal([ZONE in rows(t, ZONES, "zone"), VNET in rows(t, VNETS, "vnet")], [False, False])


@check("sdn.gone")
def gone(t: Target) -> str:
    """Deleting a zone or vnet that is not there is refused in words that mean: gone."""
    remove(t)
    calls = (lambda: t.api.delete(f"{VNETS}/{VNET}"), lambda: t.api.delete(f"{ZONES}/{ZONE}"))
    return "; ".join(recognised(refused(call), retry.GONE, "is gone") for call in calls)


def remove(t: Target) -> bool:
    """Take away all of ours; whether there was any."""
    vnets = [name for name in rows(t, VNETS, "vnet") if name.startswith(SDN_PREFIX)]
    zones = [name for name in rows(t, ZONES, "zone") if name.startswith(SDN_PREFIX)]
    for vnet in vnets:
        if rows(t, VNETS, "vnet")[vnet].get("state") == "deleted":
            continue
        for row in t.api.get(f"{VNETS}/{vnet}/subnets"):
            t.api.delete(f"{VNETS}/{vnet}/subnets/{row['subnet']}")
        t.api.delete(f"{VNETS}/{vnet}")
    for zone in zones:
        if rows(t, ZONES, "zone").get(zone, {}).get("state") != "deleted":
            t.api.delete(f"{ZONES}/{zone}")
    if vnets or zones:
        apply(t)
    return bool(vnets or zones)
