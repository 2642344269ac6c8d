# SPDX-License-Identifier: AGPL-3.0-or-later
"""A VM's configuration as values: which privilege an option needs, how drives, cards, tags and sizes are written.

Follows qemu-server `PVE/API2/Qemu.pm`, `PVE/QemuServer.pm` and `PVE/QemuServer/Drive.pm`. No state, no API.
"""

from __future__ import annotations

import base64
import re
import urllib.parse
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from fakepve.lxc import SIZE_UNITS, format_size
from fakepve.qemu import (
    DRIVE_KEY,
    NET_MODELS,
    drives_of,
    is_cdrom,
    join_drive,
    split_drive,
    volume_ref,
)
from fakepve.qemu import with_mac as _with_mac

from scripts.lab.cluster.base import die

__all__ = [
    "DRIVE_KEY",
    "SIZE_UNITS",
    "drives_of",
    "format_size",
    "is_cdrom",
    "join_drive",
    "split_drive",
    "volume_ref",
    "with_mac",
]

NEW_DISK = re.compile(r"^(?:([^/:\s]+):)?(\d+(?:\.\d+)?)$")
# Parameters of a request that are no configuration.
NOT_CONFIG = frozenset(
    "node vmid archive storage force unique live-restore pool bwlimit start ha-managed import-working-storage digest "
    "delete revert skiplock background_delay".split()
)
# Qemu.pm check_vm_modify_config_perm; anything else is root's ("only root can set ...").
_PRIVS = {
    "VM.Config.CPU": "cores cpu runningcpu cpulimit cpuunits numa smp sockets vcpus",
    "VM.Config.Memory": "memory balloon shares allow-ksm",
    "VM.Config.HWType": "acpi hotplug kvm machine scsihw smbios1 tablet vga watchdog audio0 rng0",
    "VM.Config.Options": "agent autostart bios description keyboard localtime migrate_downtime migrate_speed name "
    "onboot ostype protection reboot startdate startup tdf template",
    "VM.PowerMgmt": "freeze",
    "VM.Config.Disk": "boot bootdisk vmstatestorage",
}
PRIV_OF = {option: priv for priv, options in _PRIVS.items() for option in options.split()}
CLOUDINIT = frozenset("cicustom cipassword citype ciuser ciupgrade nameserver searchdomain sshkeys".split())
# QemuServer.pm $fast_plug_option: applied to a running VM at once.
FAST_PLUG = frozenset(
    "description hookscript lock migrate_downtime migrate_speed name onboot protection shares startup "
    "tags vmstatestorage".split()
)
# Options whose change a running VM takes up without a restart (vmconfig_hotplug_pending, default hotplug features).
LIVE = frozenset("cpuunits cpulimit agent tablet".split())
# Drive options that vmconfig_update_disk changes on a running VM; another change waits for the next start.
LIVE_DRIVE = frozenset(
    "backup replicate size bps bps_rd bps_wr iops iops_rd iops_wr iops_max mbps mbps_rd mbps_wr "
    "mbps_max mbps_rd_max mbps_wr_max".split()
)


def is_cloudinit_option(option: str) -> bool:
    return option in CLOUDINIT or bool(re.fullmatch(r"ipconfig\d+", option))


def is_cloudinit_drive(value: str) -> bool:
    """Drive.pm drive_is_cloudinit."""
    return bool(re.search(r"[:/](?:vm-\d+-)?cloudinit(?:\.|$)", split_drive(value)[0]))


def normal_drive(value: str) -> str:
    volume, props = split_drive(value)
    return str(join_drive(volume, props))


def size_of(value: str) -> int:
    """Bytes in a drive's `size=`, 0 where it has none."""
    size = split_drive(value)[1].get("size")
    if size is None:
        return 0
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", size)
    return int(float(found[1]) * (SIZE_UNITS[found[2]] if found[2] else 1)) if found else 0


def with_mac(value: str, fresh: bool = False, prefix: str = "") -> str:
    """A card's value with its MAC; a new one begins as PVE's do, or with the prefix (Tools.pm random_ether_addr)."""
    made = str(_with_mac(value, fresh))
    before, after = net_parts(str(value)), net_parts(made)
    mac = after.get("macaddr")
    if not prefix or mac is None or mac == before.get("macaddr"):
        return made
    start = prefix.rstrip(":").upper()
    return made.replace(mac, start + mac[len(start) :])


def net_parts(value: str) -> dict[str, str]:
    """A network card's options; the model with its MAC as `model` and `macaddr`."""
    parts: dict[str, str] = {}
    for part in str(value).split(","):
        key, _, text = part.partition("=")
        if key in NET_MODELS:
            parts["model"] = key
            if text:
                parts["macaddr"] = text
        else:
            parts[key] = text
    return parts


def nets_of(config: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    for key in sorted(config):
        if re.fullmatch(r"net\d+", key):
            yield key, net_parts(config[key])


def unique_tags(text: str, style: str = "") -> str:
    """pve-guest-common GuestHelpers.pm get_unique_tags: lower case, sorted, once each, unless the style says not."""
    tags = [tag for tag in re.split(r"[;,\s]+", text) if tag]
    if "ordering=config" not in style:
        tags.sort(key=str if "case-sensitive=1" in style else str.lower)
    if "case-sensitive=1" not in style:
        tags = [tag.lower() for tag in tags]
    return ";".join(dict.fromkeys(tags))


def memory_of(config: dict[str, Any]) -> int:
    """MiB; the option is a property string since PVE 8.1 (`current=`)."""
    return int(str(config.get("memory", 512)).split(",")[0].split("=")[-1])


def check_ssh_keys(encoded: str) -> None:
    """pve-common Tools.pm validate_ssh_public_keys, which asks `ssh-keygen -l` of each line."""
    for line in urllib.parse.unquote(encoded).splitlines():
        if line.strip() and not any(_is_key(kind, blob) for kind, blob in pairwise(line.split())):
            raise die("SSH public key validation error")


def _is_key(kind: str, blob: str) -> bool:
    """True where the base64 text is a key that says itself that it is of this kind."""
    try:
        data = base64.b64decode(blob, validate=True)
    except ValueError:
        return False
    length = int.from_bytes(data[:4], "big")
    return len(data) > 4 + length + 16 and data[4 : 4 + length] == kind.encode()


def typed(option: str, value: Any) -> Any:
    """A value as the config file gives it back: `number` options stay text (QemuServer.pm check_type)."""
    if isinstance(value, float) or option in ("cpulimit", "migrate_downtime"):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if option == "description":
        return str(value).rstrip()
    return value


def boot_devices(config: dict[str, Any]) -> list[str]:
    """The devices of `boot: order=...`."""
    found = re.search(r"order=([^,]*)", str(config.get("boot", "")))
    return [dev for dev in found[1].split(";") if dev] if found else []
