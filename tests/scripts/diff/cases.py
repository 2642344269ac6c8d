# SPDX-License-Identifier: GPL-3.0-or-later
"""Five changes of the regency's site, as an engineer would make them. Nothing is run here."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.scripts.changes.cases import Command, Edit

LPSE = """\
vms:
  lpse:
    title: Electronic procurement (LPSE)
    size: small
    priority: 1
    serves: [tcp/443]
    applications: [pengadaan]
    source: Perbup 253/2019 table 4.3 (Sistem Pengadaan Barang dan Jasa, dihosting ke pihak ketiga), table 3.2
flows:
  offices-to-lpse:
    from: [offices]
    to: vm:lpse
    ports: [tcp/443]
    why: every SKPD tenders through it
  proxy-to-lpse:
    from: [vm:diskominfo/proxy]
    to: vm:lpse
    ports: [tcp/443]
    why: the public's pages come in through the reverse proxy
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One change.

    Attributes:
        key: short name, of its golden too.
        title: as a colleague would ask for it.
        tenants: whom it is about.
        steps: what is typed, ``awan allot`` apart.
        since, today: the days on which the old and the new side are judged.
        said: what the Markdown must hold, for readers of the test.
    """

    key: str
    title: str
    tenants: tuple[str, ...]
    steps: tuple[Edit | Command, ...] = ()
    since: str = "2026-11-24"
    today: str = "2026-11-24"
    said: tuple[str, ...] = field(default=())


CASES = (
    Case(
        key="add-a-vm",
        title="A tenant gets a VM, and its offices may reach it",
        tenants=("dinkes",),
        steps=(
            Command(
                args=("new", "vm", "dinkes/gudang", "--serves", "tcp/443", "--why", "the store of medicines")
            ),
            Command(
                args=(
                    *(
                        "new",
                        "flow",
                        "dinkes/office-to-gudang",
                        "--from",
                        "office:dinkes",
                        "--to",
                        "vm:gudang",
                    ),
                    *("--why", "the store's clerks look it up"),
                )
            ),
        ),
        said=(
            "added: VM <code>dinkes/gudang in dc</code>",
            "added: flow <code>dinkes/office-to-gudang</code>",
        ),
    ),
    Case(
        key="open-to-the-internet",
        title="A service of a VM is opened to the internet",
        tenants=("dpmptsp",),
        steps=(
            Command(
                args=(
                    *("new", "service", "perijinan", "--vm", "dpmptsp/simtap", "--ports", "tcp/443"),
                    *("--why", "citizens apply for permits"),
                )
            ),
        ),
        said=("### Newly open to the internet", "<code>publish/perijinan</code> (new)"),
    ),
    Case(
        key="move-a-service",
        title="A published service moves to another tenant",
        tenants=("setda", "bkad"),
        steps=(
            Edit(file="tenants/setda.yml", old=LPSE),
            Edit(
                file="tenants/bkad.yml",
                old="vms:\n",
                new=LPSE.partition("flows:\n")[0],
            ),
            Edit(
                file="tenants/bkad.yml",
                old="flows:\n",
                new="flows:\n" + LPSE.partition("flows:\n")[2],
            ),
            Edit(
                file="tenants/bkad.yml",
                old="from: [vm:bkad/simkeu, vm:setda/lpse]",
                new="from: [vm:bkad/simkeu, vm:bkad/lpse]",
            ),
            Edit(file="services.yml", old="    vm: setda/lpse\n", new="    vm: bkad/lpse\n"),
        ),
        said=("### Led elsewhere than before", "before: vm:setda/lpse"),
    ),
    Case(
        key="delete-a-tenant",
        title="A district is merged away: its tenant is deleted",
        tenants=("kec-bojong", "dukcapil"),
        steps=(
            Edit(file="tenants/dukcapil.yml", old="      - office:kec-bojong\n"),
            Edit(file="tenants/kec-bojong.yml", old="*"),
        ),
        said=("removed: tenant <code>kec-bojong</code>", "### Denied because an end is gone"),
    ),
    Case(
        key="ran-out",
        title="A day passes, and two exceptions have run out",
        tenants=("dukcapil", "setda"),
        since="2027-06-30",
        today="2027-07-01",
        said=("### Ran out", "### No longer open to the internet", "<code>dukcapil-public</code>"),
    ),
)
