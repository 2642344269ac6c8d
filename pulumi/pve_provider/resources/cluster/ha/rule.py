# SPDX-License-Identifier: GPL-3.0-or-later
"""/cluster/ha/rules: on which nodes HA may run a guest (node affinity). The HA resources must be there first."""

from __future__ import annotations

from ....client.lock import HA
from ....collection import Collection
from ....definition import INCARNATION, Field, Kind, Many, Resource
from ....mark import Mark
from ....normal import one_line
from ....run import Run
from ....wire import Values
from ...nodes.qemu_update import refuse_what_keeps

TYPE = "node-affinity"
FIELDS = (
    Field(
        name="rule",
        doc="The rule's name.",
        required=True,
        replaces=True,
        pattern=r"[A-Za-z][A-Za-z0-9\-_]+",
    ),
    Field(name="resources", doc="The HA resources, e.g. vm:100.", many=Many.SET, required=True),
    Field(
        name="nodes",
        doc="The nodes, with their priority where one is preferred, e.g. dc1:2.",
        many=Many.SET,
        required=True,
        pattern=r"[A-Za-z0-9][A-Za-z0-9\-]*(:[1-9][0-9]*)?",
    ),
    Field(name="strict", doc="Whether no other node will do.", kind=Kind.BOOL, default=False),
    Field(name="disable", doc="Whether the rule is left aside.", kind=Kind.BOOL),
    Field(name="comment", doc="Why.", normal=one_line),
    INCARNATION,
)


class HaRules(Collection):
    """PVE wants to be told the kind of rule with every write."""

    clears = True

    def params(self, news: Values, tag: Mark | None) -> Values:
        """The kind as well."""
        return {**super().params(news, tag), "type": TYPE}

    def refuse(self, run: Run, values: Values) -> None:
        """Not where a protected VM is bound."""
        refuse_what_keeps(run, values.get("resources") or ())


HA_RULE = Resource(
    name="HaRule",
    noun="HA rule",
    doc="A node-affinity rule of HA: the nodes on which these guests may run.",
    import_id="rule",
    fields=FIELDS,
    handler=HaRules(
        noun="HA rule",
        fields=FIELDS,
        path="/cluster/ha/rules",
        key="rule",
        lock=HA,
        comment="comment",
    ),
    needs=(("/", "Sys.Console"), ("/", "Sys.Audit")),
)
