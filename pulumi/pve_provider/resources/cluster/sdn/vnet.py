# SPDX-License-Identifier: GPL-3.0-or-later
"""/cluster/sdn/vnets: one network of a zone. Its alias takes no dollar sign, so that no URN fits and no mark stands."""

from __future__ import annotations

from ....definition import Field, Kind, Resource
from .common import SdnCollection
from .zone import ID

PATH = "/cluster/sdn/vnets"

FIELDS = (
    Field(name="vnet", doc="The vnet's id, at most 8 characters.", required=True, replaces=True, pattern=ID),
    Field(name="zone", doc="The zone it belongs to.", required=True),
    Field(name="tag", doc="The VLAN id.", kind=Kind.INT),
    Field(name="alias", doc="What the network is, for people.", pattern=r"[()\-_.\w\s:;<=>?@,/+*]{0,256}"),
    Field(
        name="isolatePorts",
        doc="Whether its guests reach only the uplink.",
        api="isolate-ports",
        kind=Kind.BOOL,
    ),
    Field(name="vlanaware", doc="Whether guests may use VLANs of their own in it.", kind=Kind.BOOL),
)

VNET = Resource(
    name="SdnVnet",
    noun="SDN vnet",
    doc="An SDN vnet. It is not running before an `SdnApply` that depends on it.",
    import_id="vnet",
    fields=FIELDS,
    handler=SdnCollection(noun="SDN vnet", fields=FIELDS, path=PATH, key="vnet"),
    needs=(("/sdn", "SDN.Allocate"), ("/sdn", "SDN.Audit")),
)
