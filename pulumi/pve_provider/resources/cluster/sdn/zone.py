# SPDX-License-Identifier: GPL-3.0-or-later
"""/cluster/sdn/zones: the transport of a set of vnets, here VLANs on a bridge. PVE keeps no comment here."""

from __future__ import annotations

from ....definition import Field, Kind, Many, Resource
from .common import SdnCollection

ID = r"[a-zA-Z][a-zA-Z0-9]{0,6}[a-zA-Z0-9]"
PATH = "/cluster/sdn/zones"

FIELDS = (
    Field(name="zone", doc="The zone's id, at most 8 characters.", required=True, replaces=True, pattern=ID),
    Field(
        name="type",
        doc="How the vnets are carried.",
        default="vlan",
        replaces=True,
        choices=("vlan", "simple", "qinq", "vxlan", "evpn"),
    ),
    Field(name="bridge", doc="The bridge that carries the VLANs."),
    Field(name="mtu", doc="The MTU of the vnets.", kind=Kind.INT),
    Field(name="ipam", doc="PVE's address management, e.g. pve."),
    Field(name="nodes", doc="The nodes that have the zone; all if unset.", many=Many.SET),
)

ZONE = Resource(
    name="SdnZone",
    noun="SDN zone",
    doc="An SDN zone. It is not running before an `SdnApply` that depends on it.",
    import_id="zone",
    fields=FIELDS,
    handler=SdnCollection(noun="SDN zone", fields=FIELDS, path=PATH, key="zone"),
    needs=(("/sdn", "SDN.Allocate"), ("/sdn", "SDN.Audit")),
)
