# SPDX-License-Identifier: GPL-3.0-or-later
"""/cluster/sdn/vnets/{vnet}/subnets: the prefix of a vnet. Source NAT stays off: the gateway does that."""

from __future__ import annotations

from ....client.api import segment
from ....collection import Row
from ....definition import Field, Kind, Resource
from ....errors import Refused
from ....mark import Mark
from ....normal import address, network
from ....run import Run
from ....wire import Values
from .common import SdnCollection
from .vnet import PATH as VNETS
from .zone import ID

FIELDS = (
    Field(name="vnet", doc="The vnet.", required=True, replaces=True, pattern=ID),
    Field(
        name="zone", doc="The vnet's zone, a part of PVE's id of the subnet.", required=True, replaces=True
    ),
    Field(name="cidr", doc="The prefix.", api="subnet", required=True, replaces=True, normal=network),
    Field(name="gateway", doc="The prefix's gateway.", normal=address),
    Field(name="snat", doc="Whether PVE's hosts translate sources; leave off.", kind=Kind.BOOL),
)


class Subnets(SdnCollection):
    """PVE's id is zone-network-length; the rows show it and the prefix."""

    waits = False

    def identify(self, news: Values) -> str:
        """The three parts, as zone/vnet/prefix."""
        return f"{news['zone']}/{news['vnet']}/{news['cidr']}"

    def of_id(self, ident: str) -> Values:
        """The three parts of an id."""
        parts = ident.split("/", 2)
        if len(parts) != 3:
            raise Refused(
                f"{ident!r} is no id of an SDN subnet; write zone/vnet/prefix, e.g. awan/vn110/10.1.10.0/24"
            )
        return dict(zip(("zone", "vnet", "cidr"), parts, strict=True))

    def where(self, values: Values) -> str:
        """The vnet's list."""
        return f"{VNETS}/{segment(values['vnet'])}/subnets"

    def item(self, values: Values) -> str:
        """One subnet by PVE's id."""
        return f"{self.where(values)}/{segment(pve_id(values))}"

    def matches(self, row: Row, values: Values) -> bool:
        """By PVE's id, or by the prefix that it shows."""
        return pve_id(values) in (row.get("subnet"), row.get("id")) or row.get("cidr") == values["cidr"]

    def live(self, row: Row) -> Values:
        """The row, its id turned back into zone and prefix."""
        text = str(row.get("cidr") or str(row["subnet"]).split("-", 1)[1].replace("-", "/"))
        out = super().live({**row, "subnet": text})
        if row.get("zone") is None:
            out["zone"] = str(row["subnet"]).split("-", 1)[0]
        if not out.get("snat"):
            out.pop("snat", None)
        return out

    def params(self, news: Values, tag: Mark | None) -> Values:
        """The zone is part of the id, the vnet part of the path; neither is a parameter."""
        return {
            name: value for name, value in super().params(news, None).items() if name not in ("zone", "vnet")
        }

    def rows(self, run: Run, values: Values) -> list[Row]:
        """None if the vnet itself is gone."""
        if not any(row.get("vnet") == values["vnet"] for row in run.lists.rows(VNETS, pending=1)):
            return []
        return super().rows(run, values)


def pve_id(values: Values) -> str:
    """PVE's id of a subnet."""
    return f"{values['zone']}-{str(values['cidr']).replace('/', '-')}"


SUBNET = Resource(
    name="SdnSubnet",
    noun="SDN subnet",
    doc="The prefix of a vnet, known to PVE. It is not running before an `SdnApply` that depends on it.",
    import_id="zone/vnet/prefix",
    fields=FIELDS,
    handler=Subnets(noun="SDN subnet", fields=FIELDS, path=VNETS, key="cidr", fixed={"type": "subnet"}),
    needs=(("/sdn", "SDN.Allocate"), ("/sdn", "SDN.Audit")),
)
