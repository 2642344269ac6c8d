# SPDX-License-Identifier: GPL-3.0-or-later
"""/nodes/{node}/qemu/{vmid}/firewall: a VM's options, ipsets and rules as a whole. The VM itself stands in qemu.py.

PVE keeps no comment for a firewall as such, so that there is no mark: rules without keys on a firewall that is not in
the state are taken for someone else's and refused.
"""

from __future__ import annotations

from typing import Any

from ...check import natural
from ...client.api import segment
from ...client.retry import ADD
from ...definition import Field, Kind, Many, Resource, Shape
from ...errors import Refused
from ...handler import Change, Handler, Making
from ...normal import one_line
from ...run import Run
from ...wire import Values
from .. import firewall_rules as rules
from ..firewall_options import LEVELS, POLICY, decode, write
from ..firewall_sets import ENTRIES, read_entries, write_entries
from .qemu_update import refuse_protected

OPTIONS = (
    Field(name="enable", doc="Whether the VM's firewall is on.", kind=Kind.BOOL),
    Field(name="policyIn", doc="What happens to incoming traffic.", api="policy_in", choices=POLICY),
    Field(name="policyOut", doc="What happens to outgoing traffic.", api="policy_out", choices=POLICY),
    Field(name="ipfilter", doc="Whether only the addresses in ipfilter-netN may be used.", kind=Kind.BOOL),
    Field(name="macfilter", doc="Whether only the configured MAC may be used.", kind=Kind.BOOL),
    Field(name="dhcp", doc="Whether DHCP is allowed.", kind=Kind.BOOL),
    Field(name="ndp", doc="Whether neighbour discovery is allowed.", kind=Kind.BOOL),
    Field(name="radv", doc="Whether router advertisements may be sent.", kind=Kind.BOOL),
    Field(name="logLevelIn", doc="The log level of incoming traffic.", api="log_level_in", choices=LEVELS),
    Field(name="logLevelOut", doc="The log level of outgoing traffic.", api="log_level_out", choices=LEVELS),
)
SET = Shape(
    name="VmFirewallIpset",
    doc="A set of addresses of one VM, e.g. ipfilter-net0.",
    key="name",
    fields=(
        Field(
            name="name",
            doc="The set's name, e.g. ipfilter-net0.",
            required=True,
            pattern=r"[a-z][a-z0-9\-_]{1,63}",
        ),
        Field(name="comment", doc="What it holds.", normal=one_line),
        ENTRIES,
    ),
)
FIELDS = (
    Field(name="vmid", doc="The VM.", kind=Kind.INT, required=True, replaces=True),
    *OPTIONS,
    Field(name="ipsets", doc="The VM's own ipsets, as a whole.", kind=SET, many=Many.LIST, default=[]),
    rules.RULES,
)


def base(node: str, vmid: int) -> str:
    """The path of a VM's firewall on its node."""
    return f"/nodes/{segment(node)}/qemu/{vmid}/firewall"


class VmFirewall(Handler):
    """Options, ipsets and rules in one resource, because they only mean something together."""

    def check(self, news: Values) -> dict[str, str]:
        """Keys of rules."""
        return rules.check_rules(news["rules"])

    def identify(self, news: Values) -> str:
        """The VMID."""
        return str(news["vmid"])

    def _base(self, run: Run, vmid: int) -> str:
        node = run.node_of(vmid)
        if node is None:
            raise Refused(f"VM {vmid} does not exist; let its firewall depend on the VM")
        return base(node, vmid)

    def create(self, run: Run, news: Values, making: Making) -> Values:
        """Everything; on a VM that this run made, without looking. Policies first: closed until the rules stand."""
        vmid = int(news["vmid"])
        making.id = str(vmid)
        path = self._base(run, vmid)
        with run.locks.hold(f"vm firewall {vmid}"):
            if run.untouched(f"vm firewall {vmid}"):
                making.state = {"vmid": vmid, "ipsets": [], "rules": []}
                write(run, f"{path}/options", OPTIONS, news, {})
                self._sets(run, path, news["ipsets"], [])
                rules.fill(run, f"{path}/rules", news["rules"])
            else:
                live = self._live(run, path)
                strange = [rule for rule in live["rules"] if rule["key"].startswith(rules.FOREIGN)]
                if strange:
                    raise Refused(
                        f"the firewall of VM {vmid} has {len(strange)} rules that this program did not make; import it "
                        "(`pulumi import`) to take it over, or remove them by hand"
                    )
                making.state = {"vmid": vmid, **live}
                self._write(run, path, news, live)
        return dict(news)

    def read(self, run: Run, ident: str, known: Values) -> Values | None:
        """The firewall as it is; None when the VM is gone."""
        vmid = int(ident)
        node = run.node_of(vmid)
        return None if node is None else {"vmid": vmid, **self._live(run, base(node, vmid))}

    def update(self, run: Run, ident: str, change: Change, making: Making) -> Values:
        """From what is live to what is wanted."""
        path = self._base(run, int(ident))
        with run.locks.hold(f"vm firewall {ident}"):
            live = self._live(run, path)
            owned = {
                field.name for field in OPTIONS if field.name in change.news or field.name in change.dropped
            }
            kept = {
                name: value for name, value in live.items() if name in owned or name in ("ipsets", "rules")
            }
            self._write(run, path, change.news, kept)
        return dict(change.news)

    def delete(self, run: Run, ident: str, state: Values) -> None:
        """Rules and sets first, the options (and with them the policy) last."""
        vmid = int(ident)
        node = run.node_of(vmid)
        if node is None:
            return
        refuse_protected(run, node, vmid)
        path = base(node, vmid)
        with run.locks.hold(f"vm firewall {vmid}"):
            live = self._live(run, path)
            owned = {
                field.name: live[field.name]
                for field in OPTIONS
                if field.name in live and field.name in state
            }
            self._write(run, path, {"ipsets": [], "rules": []}, {**live, **owned})

    def _live(self, run: Run, path: str) -> dict[str, Any]:
        sets = []
        for row in sorted(run.api.get(f"{path}/ipset"), key=lambda row: natural(str(row["name"]))):
            entry: Values = {"name": str(row["name"])}
            if row.get("comment"):
                entry["comment"] = str(row["comment"])
            entry["entries"] = read_entries(run, f"{path}/ipset/{segment(row['name'])}")
            sets.append(entry)
        return {
            **decode(OPTIONS, run.api.get(f"{path}/options")),
            "ipsets": sets,
            "rules": rules.decode(run.api.get(f"{path}/rules")),
        }

    def _write(self, run: Run, path: str, news: Values, live: Values) -> None:
        """Sets before the rules that name them; sets go after the rules; options last."""
        self._sets(run, path, news["ipsets"], live["ipsets"])
        if news["rules"] != live["rules"]:
            rules.converge(run, f"{path}/rules", news["rules"])
        for name in sorted(
            {item["name"] for item in live["ipsets"]} - {item["name"] for item in news["ipsets"]}
        ):
            where = f"{path}/ipset/{segment(name)}"
            write_entries(run, where, [], read_entries(run, where))
            run.api.delete(where)
        write(run, f"{path}/options", OPTIONS, news, live)

    def _sets(self, run: Run, path: str, wanted: list[Values], live: list[Values]) -> None:
        have = {item["name"]: item for item in live}
        for item in wanted:
            name = item["name"]
            before = have.get(name)
            if before is None:
                run.api.post(f"{path}/ipset", ADD, name=name, comment=item.get("comment"))
            elif before.get("comment", "") != item.get("comment", ""):
                run.api.post(f"{path}/ipset", name=name, rename=name, comment=item.get("comment", ""))
            entries = before["entries"] if before else []
            write_entries(run, f"{path}/ipset/{segment(name)}", item["entries"], entries)


VM_FIREWALL = Resource(
    name="VmFirewall",
    noun="firewall of VM",
    doc="A VM's firewall as a whole: options, its own ipsets, rules by key. Other rules are drift and are removed.",
    import_id="vmid",
    fields=FIELDS,
    handler=VmFirewall(),
    needs=(("/vms", "VM.Config.Network"), ("/vms", "VM.Audit")),
)
