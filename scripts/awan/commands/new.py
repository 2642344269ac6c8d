# SPDX-License-Identifier: GPL-3.0-or-later
"""``awan new``: tenant, office, vm, service, flow. What is asked for; ``scripts.awan.declare`` judges and writes it."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from network_plan.files import shown
from network_plan.model.site import Services, Tenant
from network_plan.model.site.base import ID
from network_plan.model.site.network import Transport
from network_plan.model.site.tenant import TenantKind
from scripts.awan.declare import Change, absent, grown_file, judge, new_file
from scripts.awan.insert import Value
from scripts.awan.problem import Problem
from scripts.awan.show import counted, print_json
from scripts.awan.site import complete_tenant, complete_word, folders, json_option, site_options

F = TypeVar("F", bound=Callable[..., Any])
_ID = re.compile(ID)
_TENANT_KEYS = [field.name for field in dataclasses.fields(Tenant)]
_SERVICES_KEYS = [field.name for field in dataclasses.fields(Services)]
REGENCY = "regency"
"""Owner of the flows that stand in services.yml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """The options that all kinds share."""

    site: Path | None
    ledger: Path | None
    today: date
    dry_run: bool
    as_json: bool

    @property
    def folder(self) -> Path:
        """The site's folder."""
        return folders(self.site, self.ledger)[0]

    def ask(self, value: str | None, flag: str, question: str, default: str | None = None) -> str:
        """A value that was given, or the answer of a person at a terminal, or the default."""
        if value is not None:
            return value
        if sys.stdin.isatty() and not self.as_json:
            return str(click.prompt(question, default=default, err=True))
        if default is not None:
            return default
        raise click.UsageError(f"give {flag}: {question}")

    def source(self, source: str | None, why: str | None) -> str:
        """Where it comes from: as given, else an assumption of today with its reason."""
        if source is None and why is None and sys.stdin.isatty() and not self.as_json:
            question = "Source, as 'Perbup 253/2019 §4.6.4' (empty: an assumption)"
            source = str(click.prompt(question, default="", show_default=False, err=True)) or None
        if source is not None:
            return source
        reason = self.ask(why, "--source, or --why for an assumption", "why it is assumed")
        return f"assumption: {self.today}, {reason}"


def _words_of(text: str) -> tuple[str, ...]:
    """``tcp/80,tcp/443`` is two words, as is an option given twice."""
    return tuple(word for word in re.split(r"[,\s]+", text) if word)


def _words(_ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for text in value for word in _words_of(text))


def _shared(function: F) -> F:
    """The options of all kinds, handed on as one :class:`How`."""

    def call(**given: Any) -> int:
        names = [field.name for field in dataclasses.fields(How)]
        how = How(**{name: given.pop(name) for name in names})
        result = function(how=how, **given)
        assert isinstance(result, int)
        return result

    call.__name__, call.__doc__ = function.__name__, function.__doc__
    call.__dict__.update(function.__dict__)  # click keeps the options declared so far on the function
    today = click.option(
        "--today",
        type=click.DateTime(["%Y-%m-%d"]),
        callback=lambda _ctx, _param, value: value.date() if isinstance(value, datetime) else date.today(),
        help="The day of an assumption (YYYY-MM-DD); default: today.",
    )
    dry_run = click.option("--dry-run", is_flag=True, help="Print the difference, write nothing.")
    wrapped: Any = call
    for option in (json_option, site_options, dry_run, today):
        wrapped = option(wrapped)
    return cast("F", wrapped)


_transport = click.option(
    "--transport", type=click.Choice([item.value for item in Transport]), help="How it reaches the gateway."
)
_hosts = click.option("--hosts", type=click.IntRange(min=1), help="How many devices need an address.")
_source = click.option("--source", metavar="TEXT", help="Section of a document: 'Perbup 253/2019 §4.6.4'.")
_why_assumed = click.option("--why", metavar="TEXT", help="Without --source: why this is assumed.")
_why = click.option("--why", metavar="TEXT", help="Why it is open, in a few words.")
_ports = click.option(
    "--ports",
    multiple=True,
    callback=_words,
    metavar="SERVICE",
    help="As tcp/443; default: all that the VM serves.",
)


def _id(word: str, what: str) -> str:
    if not _ID.fullmatch(word):
        cure = "a-z, 0-9 and '-', beginning with a letter, 30 at most"
        raise click.UsageError(f"{word!r} can't name {what}; write {cure}")
    return word


def _split(word: str, what: str) -> tuple[str, str]:
    tenant, slash, name = word.partition("/")
    if not slash:
        raise click.UsageError(f"write TENANT/{word}: the tenant whose {what} it is")
    return _id(tenant, "a tenant"), _id(name, f"a {what}")


def _tenant_file(how: How, tenant: str) -> str:
    import difflib

    name = f"tenants/{tenant}.yml"
    if not (how.folder / name).is_file():
        known = [path.stem for path in (how.folder / "tenants").glob("*.yml")]
        near = difflib.get_close_matches(tenant, known, n=1)
        cure = f"did you mean {near[0]!r}?" if near else f"run 'awan new tenant {tenant}' first"
        raise Problem(f"there is no tenant {tenant!r}; {cure}")
    return name


def _finish(how: How, change: Change, *then: str) -> int:
    """Judge, write unless told not to, and say what comes next."""
    judged = judge(change, how.site, how.ledger, how.today)
    after = [*(["awan allot"] if judged.missing else []), "awan check", *then]
    if not how.dry_run:
        change.write()
    if how.as_json:
        print_json(
            {
                "file": shown(change.path),
                "lines": change.lines,
                "ledger_lines_missing": judged.missing,
                "warnings": judged.warnings,
                "written": not how.dry_run,
                "next": after,
            }
        )
        return 0
    for warning in judged.warnings:
        click.echo(str(warning), err=True)
    if how.dry_run:
        click.echo(change.diff, nl=False)
    verb = "would be written" if how.dry_run else "written"
    click.echo(f"{shown(change.path)}: {counted(len(change.lines), 'line')} {verb}")
    if not how.dry_run:
        click.echo(f"next: {', '.join(after)}")
    return 0


@click.group("new")
def command() -> None:
    r"""The few lines for a new tenant, office, VM, published service or flow, written into the site files.

    What is there keeps its order, its comments and every byte. The whole site is checked with the new lines
    before they are written; with any error nothing is. At a terminal, what is mandatory and not given is asked.

    \b
    Example:
      awan new vm dinkes/gudang --serves tcp/443 --why "the store of medicines"
      awan allot && awan check
    """


@command.command("tenant")
@click.argument("tenant")
@click.option("--name", help="Official name.")
@click.option("--kind", type=click.Choice([kind.value for kind in TenantKind]), help="Kind of agency.")
@click.option("--duty", help="Affairs of government that it has.")
@_transport
@_hosts
@_source
@click.option(
    "--why", metavar="TEXT", help="Why line and devices are assumed; without --source, the agency too."
)
@_shared
def tenant(
    how: How,
    tenant: str,
    name: str | None,
    kind: str | None,
    duty: str | None,
    transport: str | None,
    hosts: int | None,
    source: str | None,
    why: str | None,
) -> int:
    r"""A new file for the agency TENANT with its first office, `main`: each has one distribution switch (NET-1).

    \b
    Example:
      awan new tenant dinkes --name "Dinas Kesehatan" --kind dinas --source "Perbup 253/2019 §2.2.2" \
        --transport fibre --hosts 60 --why "one LAN of 60 devices"
    """
    file = f"tenants/{_id(tenant, 'a tenant')}.yml"
    absent(how.folder / file)
    name = how.ask(name, "--name", "Official name")
    entry: dict[str, Value] = {"schema": 1, "name": name}
    entry["kind"] = how.ask(kind, "--kind", f"Kind ({', '.join(item.value for item in TenantKind)})")
    if duty:
        entry["duty"] = duty
    main = _office(how, f"Kantor {name}", transport, hosts)
    reason = how.ask(why, "--why", "why its line and devices are assumed so")
    entry["source"] = how.source(source, reason)
    main["source"] = f"assumption: {how.today}, {reason}"
    change = new_file(how.folder, file, entry, {"offices": {"main": main}})
    return _finish(how, change, f"awan new vm {tenant}/…")


def _office(how: How, title: str, transport: str | None, hosts: int | None) -> dict[str, Value]:
    """An office without its source."""
    line = how.ask(transport, "--transport", f"Line ({', '.join(item.value for item in Transport)})")
    number = how.ask(str(hosts) if hosts else None, "--hosts", "How many devices need an address")
    return {"title": title, "transport": line, "hosts": int(number) if number.isdecimal() else number}


@command.command("office")
@click.argument("office", metavar="TENANT/NAME", shell_complete=complete_tenant)
@click.option("--title", help="What the office is called.")
@_transport
@_hosts
@_source
@_why_assumed
@_shared
def office(
    how: How,
    office: str,
    title: str | None,
    transport: str | None,
    hosts: int | None,
    source: str | None,
    why: str | None,
) -> int:
    r"""One more office of a tenant.

    \b
    Example:
      awan new office dinkes/gudang --title "Gudang farmasi" --transport wireless --hosts 10 --why "ten devices"
    """
    tenant, name = _split(office, "office")
    file = _tenant_file(how, tenant)
    entry = _office(how, how.ask(title, "--title", "What the office is called"), transport, hosts)
    entry["source"] = how.source(source, why)
    change = grown_file(how.folder, file, "offices", name, entry, _TENANT_KEYS)
    return _finish(how, change, f"awan show {tenant}")


@command.command("vm")
@click.argument("vm", metavar="TENANT/NAME", shell_complete=complete_tenant)
@click.option("--size", help="A size class of clusters.yml; default: small.")
@click.option(
    "--serves",
    multiple=True,
    callback=_words,
    metavar="SERVICE",
    help="What it listens on; default: tcp/443.",
)
@click.option("--title", help="What it is for.")
@click.option("--priority", type=click.IntRange(1, 3), help="1 to 3, decides the recovery tier; default: 2.")
@click.option("--network", help="The tenant's network that it stands in; default: servers.")
@_source
@_why_assumed
@_shared
def vm(
    how: How,
    vm: str,
    size: str | None,
    serves: tuple[str, ...],
    title: str | None,
    priority: int | None,
    network: str | None,
    source: str | None,
    why: str | None,
) -> int:
    r"""One more VM of a tenant. Nobody reaches it until a flow lets them in.

    \b
    Example:
      awan new vm dinkes/gudang --size medium --serves tcp/443,tcp/8443 --why "the store of medicines"
    """
    tenant, name = _split(vm, "VM")
    file = _tenant_file(how, tenant)
    entry: dict[str, Value] = {}
    optional = (("priority", priority), ("network", network))
    if title:
        entry["title"] = title
    entry["size"] = how.ask(size, "--size", "Size", "small")
    entry["serves"] = serves or _words_of(how.ask(None, "--serves", "What it listens on", "tcp/443"))
    entry |= {key: value for key, value in optional if value}
    entry["source"] = how.source(source, why)
    change = grown_file(how.folder, file, "vms", name, entry, _TENANT_KEYS)
    return _finish(how, change, f"awan new flow {tenant}/…")


@command.command("service")
@click.argument("service")
@click.option("--vm", metavar="TENANT/VM", shell_complete=complete_word, help="The VM that answers.")
@_ports
@_why
@_source
@_shared
def service(
    how: How,
    service: str,
    vm: str | None,
    ports: tuple[str, ...],
    why: str | None,
    source: str | None,
) -> int:
    r"""A VM's services on a public address of their own, for the whole internet.

    Without --source the reason is also what the publication is assumed for.

    \b
    Example:
      awan new service perijinan --vm dpmptsp/simtap --ports tcp/443 --why "citizens apply for permits"
    """
    _id(service, "a published service")
    target = how.ask(vm, "--vm", "The VM that answers, as TENANT/VM")
    why = how.ask(why, "--why", "why it is open to the internet")
    served = ports or _served(how, target)
    entry: dict[str, Value] = {"vm": target, "ports": served, "why": why}
    entry["source"] = source or f"assumption: {how.today}, {why}"
    change = grown_file(how.folder, "services.yml", "publish", service, entry, _SERVICES_KEYS)
    return _finish(how, change)


def _served(how: How, vm: str) -> tuple[str, ...]:
    """What a VM serves by its tenant's file; whatever is wrong there is found when the site is judged."""
    import yaml

    tenant, name = _split(vm, "VM")
    text = (how.folder / _tenant_file(how, tenant)).read_text(encoding="utf-8")
    try:
        serves = yaml.load(text, Loader=yaml.CSafeLoader)["vms"][name]["serves"]
    except (yaml.YAMLError, LookupError, TypeError) as error:
        raise Problem(
            f"{tenant} has no VM {name!r} that serves anything; run 'awan show {tenant}'"
        ) from error
    return tuple(map(str, serves))


@command.command("flow")
@click.argument("flow", metavar="TENANT/NAME", shell_complete=complete_tenant)
@click.option(
    "--from",
    "sources",
    multiple=True,
    callback=_words,
    metavar="END",
    help="office:dinkes, vm:rsud/simrs, offices …",
)
@click.option("--to", "target", metavar="END", help="vm:NAME, network:T/NAME, gateway.")
@_ports
@_why
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day on which it holds (YYYY-MM-DD)."
)
@_shared
def flow(
    how: How,
    flow: str,
    sources: tuple[str, ...],
    target: str | None,
    ports: tuple[str, ...],
    why: str | None,
    until: datetime | None,
) -> int:
    r"""Who may reach what; in the file of the tenant that owns the target, or of the whole regency (regency/NAME).

    \b
    Example:
      awan new flow dinkes/rsud-to-simpus --from office:rsud --to vm:simpus --ports tcp/443 --why "referrals"
    """
    tenant, name = _split(flow, "flow")
    if tenant == REGENCY:
        file, keys = "services.yml", _SERVICES_KEYS
    else:
        file, keys = _tenant_file(how, tenant), _TENANT_KEYS
    ends = sources or _words_of(how.ask(None, "--from", "From, as office:dinkes"))
    to = how.ask(target, "--to", "To, as vm:simpus")
    entry: dict[str, Value] = {"from": ends, "to": to}
    if ports:
        entry["ports"] = ports
    entry["why"] = how.ask(why, "--why", "why it is open")
    if until:
        entry["until"] = until.date()
    return _finish(how, grown_file(how.folder, file, "flows", name, entry, keys))
