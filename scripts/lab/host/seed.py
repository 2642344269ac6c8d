# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an installer leaves on a new host: name, ssh keys, one interface with an address; no configuration beyond.

Everything else is Ansible's. The files go into the overlay's upper folder, so only while the host is off.
"""

from pathlib import Path

from scripts.lab.host import keys
from scripts.lab.host.spec import HostFiles, HostSpec

INTERFACES = """\
auto lo
iface lo inet loopback

auto {interface}
iface {interface}
    address {management}
"""


def write(spec: HostSpec, files: HostFiles) -> None:
    """Writes the first files of a host that has none yet; all of them or, if killed, none that counts."""
    host_public = keys.ensure_key(files.host_key, spec.name)
    client_public = keys.ensure_key(keys.client_key(files.lab_dir), "control")
    host_private = files.host_key.read_text(encoding="utf-8")
    root = files.upper.with_name("upper.new")
    _put(root, "etc/hostname", spec.name + "\n", 0o644)
    _put(root, "etc/hosts", f"127.0.0.1 localhost\n::1 localhost\n{spec.address} {spec.name}\n", 0o644)
    # The base tree was made on this machine and has its resolver; a new host has none.
    _put(root, "etc/resolv.conf", "", 0o644)
    _put(root, "etc/machine-id", "", 0o444)
    _put(root, "etc/ssh/ssh_host_ed25519_key", host_private, 0o600)
    _put(root, "etc/ssh/ssh_host_ed25519_key.pub", host_public + "\n", 0o644)
    _put(root, "root/.ssh/authorized_keys", client_public + "\n", 0o600)
    for folder in ("root/.ssh", "root"):
        (root / folder).chmod(0o700)
    text = INTERFACES.format(interface=spec.interface, management=spec.management)
    _put(root, "etc/network/interfaces", text, 0o644)
    root.rename(files.upper)


def _put(root: Path, name: str, text: str, mode: int) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
