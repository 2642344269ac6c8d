# SPDX-License-Identifier: GPL-3.0-or-later
"""A VM's properties to PVE's configuration keys and back. Pure: no call to PVE stands here."""

from __future__ import annotations

import math
import re
from typing import Any
from urllib.parse import quote, unquote

from ... import mark
from ...collection import from_pve
from ...wire import Values
from .qemu_fields import CLOUD_INIT, NET, PLAIN, SLOT

Config = dict[str, Any]

_UNITS = {"": 1 / 2**30, "K": 1 / 2**20, "M": 1 / 2**10, "G": 1.0, "T": 1024.0}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)")
_MODELS = ("virtio", "e1000", "e1000e", "rtl8139", "vmxnet3")
_DISK_BOOLS = {
    "ssd": ("1", "0"),
    "iothread": ("1", "0"),
    "backup": ("1", "0"),
    "replicate": ("1", "0"),
    "discard": ("on", "ignore"),
}
_DISK_ON = {"backup", "replicate"}
CLOUD_KEYS = {field.name: field.api for field in CLOUD_INIT.fields if field.api}


def parse_options(text: str, first: str) -> dict[str, str]:
    """A comma-separated option string; a leading bare value gets the name `first`."""
    out: dict[str, str] = {}
    for index, part in enumerate(part for part in str(text).split(",") if part):
        name, equals, value = part.partition("=")
        if not equals and index == 0:
            out[first] = name
        else:
            out[name] = value
    return out


def join_options(options: dict[str, str], first: str) -> str:
    """The option string again; the value called `first` stands bare in front."""
    parts = [options[first]] if first in options else []
    return ",".join(parts + [f"{name}={value}" for name, value in options.items() if name != first])


def gib(text: str) -> float | int | None:
    """A size like 32G or 2252M in GiB."""
    found = _SIZE.fullmatch(text or "")
    if not found:
        return None
    size = round(float(found.group(1)) * _UNITS[found.group(2)], 3)
    return int(size) if float(size).is_integer() else size


def size_text(value: float) -> str:
    """A size in GiB as resize takes it."""
    return f"{int(value)}G" if float(value).is_integer() else f"{math.ceil(value * 1024)}M"


def is_disk(key: str, value: object) -> bool:
    """Whether a configuration key is a disk, not a CD drive and not cloud-init's."""
    text = str(value)
    return bool(re.fullmatch(SLOT, key)) and "media=cdrom" not in text and "cloudinit" not in text


def decode_disk(slot: str, text: str) -> Values:
    """A disk as it stands."""
    options = parse_options(text, "volume")
    out: Values = {"slot": slot, "storage": options.get("volume", "").partition(":")[0]}
    size = gib(options.get("size", ""))
    if size is not None:
        out["sizeGib"] = size
    for name, (on, _off) in _DISK_BOOLS.items():
        if name in options:
            value = options[name] == on
            if value != (name in _DISK_ON):
                out[name] = value
    if options.get("cache"):
        out["cache"] = options["cache"]
    return out


def _disk_options(disk: Values) -> dict[str, str]:
    out: dict[str, str] = {}
    for name, (on, off) in _DISK_BOOLS.items():
        if disk.get(name) is not None and disk[name] != (name in _DISK_ON):
            out[name] = on if disk[name] else off
    if disk.get("cache"):
        out["cache"] = str(disk["cache"])
    return out


def new_disk(disk: Values) -> str:
    """The text that makes PVE allocate a disk, or import it."""
    size = f"{float(disk['sizeGib']):g}"
    source = f"0,import-from={disk['importFrom']}" if disk.get("importFrom") else size
    return ",".join([f"{disk['storage']}:{source}", *(f"{k}={v}" for k, v in _disk_options(disk).items())])


def changed_disk(disk: Values, live: str) -> str:
    """The live disk with the program's options: volume, size and whatever else PVE keeps stay."""
    options = parse_options(live, "volume")
    wanted = _disk_options(disk)
    keep = {
        name: value
        for name, value in options.items()
        if name not in (*_DISK_BOOLS, "cache") or name in wanted
    }
    return join_options({**keep, **wanted}, "volume")


def decode_network(slot: str, text: str) -> Values:
    """An interface as it stands."""
    options = parse_options(text, "model")
    out: Values = {"slot": slot, "bridge": options.get("bridge", "")}
    for model in _MODELS:
        if options.get(model):
            out.update(model=model, mac=options[model].upper())
    if "model" in options:
        out["model"] = options["model"]
    if options.get("macaddr"):
        out["mac"] = options["macaddr"].upper()
    if options.get("firewall") == "1":
        out["firewall"] = True
    if options.get("link_down") == "1":
        out["linkDown"] = True
    for name in ("mtu", "tag"):
        if options.get(name):
            out[name] = int(options[name])
    return out


def encode_network(network: Values, live: str = "") -> str:
    """An interface as PVE writes it; options that we do not know stay as they are."""
    known = {*_MODELS, "model", "macaddr", "bridge", "firewall", "link_down", "mtu", "tag"}
    other = {name: value for name, value in parse_options(live, "model").items() if name not in known}
    out = {str(network.get("model", "virtio")): str(network["mac"]), "bridge": str(network["bridge"])}
    if network.get("firewall"):
        out["firewall"] = "1"
    if network.get("linkDown"):
        out["link_down"] = "1"
    for name in ("mtu", "tag"):
        if network.get(name) is not None:
            out[name] = str(network[name])
    return join_options({**out, **other}, "")


def _encode_cloud(cloud: Values) -> Config:
    out: Config = {}
    for name, key in CLOUD_KEYS.items():
        value = cloud.get(name)
        if value is None or name == "ipConfigs":
            continue
        if name == "sshKeys":
            out[key] = quote("\n".join(value), safe="")
        elif name == "nameservers":
            out[key] = " ".join(value)
        else:
            out[key] = int(value) if isinstance(value, bool) else value
    for entry in cloud.get("ipConfigs", ()):
        parts = [f"{name}={entry[name]}" for name in ("gw", "gw6", "ip", "ip6") if entry.get(name)]
        out[f"ipconfig{entry['slot'][3:]}"] = ",".join(parts)
    return {name: value for name, value in out.items() if value != ""}


def _decode_cloud(config: Config) -> Values | None:
    drive = next(
        (
            key
            for key, value in sorted(config.items())
            if re.fullmatch(SLOT, key) and re.search(r"cloudinit|vm-\d+-cloudinit", str(value))
        ),
        None,
    )
    out: Values = {}
    if drive:
        out.update(storage=str(config[drive]).partition(":")[0], slot=drive)
    for name, key in CLOUD_KEYS.items():
        raw = config.get(key)
        if raw in (None, "") or name in ("password", "ipConfigs"):
            continue
        text = str(raw)
        if name == "sshKeys":
            out[name] = [line.strip() for line in unquote(text).splitlines() if line.strip()]
        elif name == "nameservers":
            out[name] = text.replace(",", " ").split()
        else:
            out[name] = text == "1" if name == "upgrade" else text
    entries = []
    for key in sorted(
        (key for key in config if re.fullmatch(r"ipconfig\d+", key)), key=lambda key: int(key[8:])
    ):
        options = parse_options(str(config[key]), "ip")
        kept = {name: options[name] for name in ("ip", "gw", "ip6", "gw6") if options.get(name)}
        if kept:
            entries.append({"slot": f"net{key[8:]}", **kept})
    if not out and not entries:
        return None
    return {**out, "ipConfigs": entries}


def encode(news: Values, tag: mark.Mark | None) -> Config:
    """All of the configuration but disks and interfaces, which need the live ones."""
    out: Config = {}
    for field in PLAIN:
        value = news.get(field.name)
        if value is not None:
            out[field.parameter] = int(value) if isinstance(value, bool) else value
    if news.get("tags"):
        out["tags"] = ";".join(news["tags"])
    if news.get("bootOrder"):
        out["boot"] = "order=" + ";".join(news["bootOrder"])
    text = mark.join(str(news.get("description", "")), tag, lines=True)
    if text:
        out["description"] = text
    if news.get("cloudInit"):
        out.update(_encode_cloud(news["cloudInit"]))
    return out


def cloud_drive(news: Values) -> Config:
    """The drive that carries cloud-init."""
    cloud = news.get("cloudInit")
    return {cloud["slot"]: f"{cloud['storage']}:cloudinit"} if cloud else {}


def decode(config: Config) -> Values:
    """The properties of a live configuration; which of them the program manages is decided elsewhere."""
    out: Values = {}
    for field in PLAIN:
        raw = config.get(field.parameter)
        if raw is None:
            continue
        if field.name == "agent":
            out["agent"] = parse_options(str(raw), "enabled").get("enabled") == "1"
        elif field.name == "memory":
            out["memory"] = int(parse_options(str(raw), "current")["current"])
        elif field.name == "cpu":
            out["cpu"] = str(raw).removeprefix("cputype=")
        else:
            out[field.name] = from_pve(field, raw)
    tags = [tag for tag in re.split(r"[;, ]+", str(config.get("tags") or "")) if tag]
    if tags:
        out["tags"] = sorted(set(tags))
    order = parse_options(str(config.get("boot") or ""), "legacy").get("order", "")
    if order:
        out["bootOrder"] = order.split(";")
    text, tag = mark.split(config.get("description"))
    if text:
        out["description"] = text
    out["incarnation"] = tag.incarnation if tag else ""
    if str(config.get("template", 0)) == "1":
        out["template"] = True
    slots = sorted((key for key in config if is_disk(key, config[key])), key=_natural)
    out["disks"] = [decode_disk(key, str(config[key])) for key in slots]
    out["volumes"] = [f"{key}={parse_options(str(config[key]), 'volume').get('volume', '')}" for key in slots]
    nets = sorted((key for key in config if re.fullmatch(NET, key)), key=_natural)
    out["networks"] = [decode_network(key, str(config[key])) for key in nets]
    cloud = _decode_cloud(config)
    if cloud:
        out["cloudInit"] = cloud
    return out


def _natural(key: str) -> tuple[str, int]:
    head = key.rstrip("0123456789")
    return head, int(key[len(head) :] or 0)


def from_pending(rows: list[dict[str, Any]]) -> tuple[Config, list[str]]:
    """The configuration as the next start will have it, and the keys that still wait for one."""
    config: Config = {}
    waiting: list[str] = []
    for row in rows:
        key = str(row["key"])
        if row.get("delete"):
            waiting.append(key)
        elif "pending" in row:
            config[key] = row["pending"]
            if str(row["pending"]) != str(row.get("value")):
                waiting.append(key)
        elif "value" in row:
            config[key] = row["value"]
    return config, sorted(waiting, key=_natural)
