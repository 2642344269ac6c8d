# SPDX-License-Identifier: GPL-3.0-or-later
"""PUT /cluster/sdn: makes the pending SDN configuration the running one, once for everything it depends on.

The program lists in `triggers` whatever should lead to a new apply (for instance a digest of its zones, vnets and
subnets) and lets the resource depend on them. Deletes come last in a run, after this resource's update, so the
provider applies for them itself (settle.py). A refresh that finds something unapplied asks for an update.
"""

from __future__ import annotations

from ....definition import Field, Kind, Many, Resource
from ....handler import Change, Handler, Making
from ....run import Run
from ....wire import Values
from .common import unapplied
from .vnet import PATH as VNETS
from .zone import PATH as ZONES

IDENT = "sdn"

FIELDS = (
    Field(
        name="triggers", doc="Texts that differ when there is something to apply.", many=Many.LIST, default=[]
    ),
    Field(
        name="unapplied", doc="Whether PVE still holds unapplied SDN changes.", kind=Kind.BOOL, server=True
    ),
)


class Apply(Handler):
    """There is nothing to make: creating and updating both apply."""

    def identify(self, news: Values) -> str:
        """One per cluster."""
        return IDENT

    def needs_update(self, news: Values, olds: Values) -> dict[str, str]:
        """A refresh saw pending changes."""
        return {"unapplied": "PVE holds SDN changes that are not applied"} if olds.get("unapplied") else {}

    def create(self, run: Run, news: Values, making: Making) -> Values:
        """Apply."""
        making.id = IDENT
        run.apply_sdn()
        return {**news, "unapplied": False}

    def read(self, run: Run, ident: str, known: Values) -> Values | None:
        """Whether something waits; from the lists that the zones and vnets use too."""
        waiting = any(unapplied(run.lists.rows(path, pending=1)) for path in (ZONES, VNETS))
        return {"triggers": known.get("triggers", []), "unapplied": waiting}

    def update(self, run: Run, ident: str, change: Change, making: Making) -> Values:
        """Apply again."""
        run.apply_sdn()
        return {**change.news, "unapplied": False}

    def delete(self, run: Run, ident: str, state: Values) -> None:
        """Nothing: the deletes of the SDN objects apply themselves."""


APPLY = Resource(
    name="SdnApply",
    noun="SDN apply",
    doc="Applies the SDN configuration once for all the zones, vnets and subnets that it depends on.",
    import_id=IDENT,
    fields=FIELDS,
    handler=Apply(),
    needs=(("/sdn", "SDN.Allocate"),),
)
