# SPDX-License-Identifier: GPL-3.0-or-later
"""Small changes as an engineer would make them, and what each may touch. Nothing is run here."""

from __future__ import annotations

from dataclasses import dataclass

WHY = ("--why", "the example of this page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A piece of a site file that is typed over; an empty ``new`` takes it out."""

    file: str
    old: str
    new: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A line that is appended to the ledger by hand, as a finding asks for it."""

    file: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An ``awan`` command that writes."""

    args: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One change.

    Attributes:
        key: short name.
        title: as a colleague would ask for it.
        steps: what is done before `awan allot`.
        may: operations that it may cause, as regular expressions on ``OP TYPE NAME``; anything else is a fault.
        note: what an operator must know of it.
    """

    key: str
    title: str
    steps: tuple[Edit | Release | Command, ...]
    may: tuple[str, ...]
    note: str = ""


APPLY = r"update SdnApply \w+"
"""The run's one SDN apply; it is no object of the cluster."""

CASES = (
    Case(
        key="office-title",
        title="An office is called otherwise",
        steps=(
            Edit(
                file="tenants/dinkes.yml",
                old="title: Kantor Dinas Kesehatan",
                new="title: Kantor Dinas Kesehatan dan KB",
            ),
        ),
        may=(),
        note="The office's line ends at the gateway: no object in Proxmox has its title.",
    ),
    Case(
        key="office-id",
        title="An office gets another id",
        steps=(Edit(file="tenants/dinkes.yml", old="  main: {title", new="  pusat: {title"),),
        may=(r"update FirewallIpset office-dinkes",),
        note="An id is the key of everything: to the ledger this is another office.",
    ),
    Case(
        key="node",
        title="A VM moves to another node",
        steps=(
            Edit(
                file="tenants/bkpsdm.yml",
                old="    title: Recruitment (CAT)\n",
                new="    title: Recruitment (CAT)\n    node: dc6\n",
            ),
        ),
        may=(r"update Vm bkpsdm/cat", r"update HaRule bkpsdm/cat"),
        note="Migrated, never made anew; HA's rule names the new home first. Its address and rules stay.",
    ),
    Case(
        key="memory",
        title="A VM gets more memory",
        steps=(
            Edit(
                file="tenants/bkpsdm.yml",
                old="    title: Recruitment (CAT)\n",
                new="    title: Recruitment (CAT)\n    memory_mib: 1536\n",
            ),
        ),
        may=(r"update Vm bkpsdm/cat",),
    ),
    Case(
        key="unlock",
        title="A VM is to be retired: first its protection is taken off",
        steps=(
            Edit(
                file="tenants/diskominfo.yml",
                old="    title: Monitoring of hosts, VMs and lines (NOC)\n",
                new="    title: Monitoring of hosts, VMs and lines (NOC)\n    protect: false\n",
            ),
        ),
        may=(r"update Vm diskominfo/monitor",),
        note="Without this step, brought up on its own, the next one is refused before anything is touched.",
    ),
    Case(
        key="retire",
        title="Then the VM and the flows to it go",
        steps=(
            Edit(
                file="tenants/diskominfo.yml",
                old="""\
  monitor:
    title: Monitoring of hosts, VMs and lines (NOC)
    size: medium
    priority: 2
    serves: [tcp/443, tcp/9090]
    source: Perbup 253/2019 §4.6.7 (availability and traffic are watched)
""",
            ),
            Edit(
                file="tenants/diskominfo.yml",
                old="""\
  office-to-monitor:
    from: [office:diskominfo]
    to: vm:monitor
    ports: [tcp/443]
    why: the operators on duty look at it
""",
            ),
        ),
        may=(r"delete \w+ diskominfo/monitor", r"delete FirewallIpset office-diskominfo"),
        note="Its numbers stay in the ledger and go to nobody else.",
    ),
    Case(
        key="priority",
        title="A VM gets priority 1",
        steps=(
            Edit(
                file="tenants/bkpsdm.yml",
                old="    title: Recruitment (CAT)\n    size: small\n    priority: 2\n",
                new="    title: Recruitment (CAT)\n    size: small\n    priority: 1\n",
            ),
        ),
        may=(
            r"update Vm bkpsdm/cat",
            r"update Replication bkpsdm/cat",
            r"update BackupJob \w+",
            r"create \w+ bkpsdm/cat",
        ),
        note="The tier's interval and backup hold at once; a twin is made in the recovery cluster.",
    ),
    Case(
        key="office",
        title="A tenant gets a second office",
        steps=(
            Command(
                args=(
                    *("new", "office", "dinkes/gudang", "--title", "Gudang farmasi"),
                    *("--transport", "wireless", "--hosts", "10", *WHY),
                )
            ),
        ),
        may=(r"update FirewallIpset office-dinkes",),
        note="Every rule that lets the tenant's offices in names this set.",
    ),
    Case(
        key="vm",
        title="A tenant gets a VM",
        steps=(Command(args=("new", "vm", "dinkes/gudang", "--priority", "3", *WHY)),),
        may=(r"create \w+ dinkes/gudang",),
    ),
    Case(
        key="flow-open",
        title="A flow is opened",
        steps=(
            Command(
                args=(
                    *("new", "flow", "dinkes/rsud-to-simpus", "--from", "office:rsud", "--to", "vm:simpus"),
                    *("--ports", "tcp/443", "--why", "the hospital sends patients on"),
                )
            ),
        ),
        may=(r"update VmFirewall dinkes/simpus",),
    ),
    Case(
        key="flow-close",
        title="A flow is closed",
        steps=(
            Edit(
                file="tenants/bkpsdm.yml",
                old="""\
  office-to-cat:
    from: [office:bkpsdm]
    to: vm:cat
    ports: [tcp/443]
    why: recruiters
""",
            ),
        ),
        may=(r"update VmFirewall bkpsdm/cat", r"delete FirewallIpset office-bkpsdm"),
        note="The set of the office's prefixes goes with the last rule that names it.",
    ),
    Case(
        key="network",
        title="A VM moves to another network",
        steps=(
            Release(file="address/diskominfo.ledger", line="release diskominfo/web/net0 10.32.0.12"),
            Edit(
                file="tenants/diskominfo.yml",
                old="    title: Main site and the subdomains of the SKPDs\n",
                new="    title: Main site and the subdomains of the SKPDs\n    network: dmz\n",
            ),
        ),
        may=(
            r"update Vm diskominfo/web",
            r"update VmFirewall diskominfo/(web|proxy)",
            APPLY,
            r"delete Sdn(Vnet|Subnet) vn200.*",
        ),
        note=(
            "`awan check` names the command that releases the old address. The recovery cluster had the old network "
            "for this VM's twin alone, so that it goes there."
        ),
    ),
    Case(
        key="tenant-title",
        title="A tenant's name changes",
        steps=(
            Edit(
                file="tenants/dinkes.yml", old="name: Dinas Kesehatan\n", new="name: Dinas Kesehatan dan KB\n"
            ),
        ),
        may=(r"update Pool dinkes", r"update Group dinkes-\w+"),
        note="A name is words; the id, which everything is known by, is the file's name.",
    ),
    Case(
        key="publish",
        title="A service is published",
        steps=(
            Command(
                args=(
                    *("new", "service", "perijinan", "--vm", "dpmptsp/simtap", "--ports", "tcp/443"),
                    *("--why", "citizens apply for permits"),
                )
            ),
        ),
        may=(r"update VmFirewall dpmptsp/simtap",),
    ),
)
