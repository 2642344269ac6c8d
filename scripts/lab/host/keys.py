# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lab's ssh keys and the ssh configuration that reaches its hosts; a host's own files are written by `seed`.

Host keys are made before the host boots, so a client knows them and never has to accept a new one.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.lab.host.spec import HostFiles, HostSpec

RELAY = Path(__file__).with_name("relay.py")


def ensure_key(path: Path, comment: str) -> str:
    """Makes an ed25519 key pair if there is none; answers the public key."""
    public = path.with_name(path.name + ".pub")
    if not (path.exists() and public.exists()):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for half in (path, public):
            half.unlink(missing_ok=True)
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)],
            check=True,
            stdin=subprocess.DEVNULL,
        )
    return public.read_text(encoding="utf-8").strip()


def client_key(lab_dir: Path) -> Path:
    """The private key that Ansible and `verify` log in with."""
    return lab_dir / "ssh" / "id_ed25519"


def known_hosts(lab_dir: Path) -> Path:
    """The only host keys that the lab's clients trust."""
    return lab_dir / "ssh" / "known_hosts"


def ssh_config(lab_dir: Path) -> Path:
    """The configuration for `ssh -F`, Ansible and paramiko."""
    return lab_dir / "ssh_config"


def control_sockets(lab_prefix: str) -> Path:
    """Where Ansible keeps its shared connections: short, for a socket's path is limited, and this lab's alone.

    In Ansible's default folder the socket is named after address and port only, so another lab's gateway, or a
    real one, with the same address would be reached instead.
    """
    return Path("/run") / f"{lab_prefix}ssh"


def ansible_environment(lab_dir: Path, lab_prefix: str) -> dict[str, str]:
    """What makes plain `ansible-playbook` reach this lab's hosts, and nothing else."""
    options = f'-F "{ssh_config(lab_dir)}" -o ControlMaster=auto -o ControlPersist=60s'
    return {
        "AWAN_LAB_DIR": str(lab_dir),
        "ANSIBLE_SSH_ARGS": options,
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(control_sockets(lab_prefix)),
    }


def end_connections(lab_prefix: str) -> None:
    """Ends the shared connections: one to a machine that was switched off would be waited for in vain."""
    folder = control_sockets(lab_prefix)
    if not folder.is_dir():
        return
    for socket in folder.iterdir():
        argv = ["ssh", "-F", "/dev/null", "-o", f"ControlPath={socket}", "-O", "exit", "any"]
        subprocess.run(argv, check=False, timeout=5, stdin=subprocess.DEVNULL, capture_output=True)
        socket.unlink(missing_ok=True)
    folder.rmdir()


def write_client_files(lab_dir: Path, lab_prefix: str, hosts: Sequence[HostSpec]) -> None:
    """Writes known_hosts and ssh_config for all hosts of the lab."""
    ensure_key(client_key(lab_dir), f"{lab_prefix}control")
    known, blocks = [], []
    for host in sorted(hosts, key=lambda h: h.name):
        public = ensure_key(HostFiles(lab_dir=lab_dir, name=host.name).host_key, host.name)
        known.append(f"{host.name},{host.address} {' '.join(public.split()[:2])}")
        blocks.append(_block(lab_dir, lab_prefix, host))
    _replace(known_hosts(lab_dir), "\n".join(known) + "\n")
    _replace(ssh_config(lab_dir), "\n".join(blocks))


def _block(lab_dir: Path, lab_prefix: str, host: HostSpec) -> str:
    # The relay runs in the control node's namespace: the machine's own network never carries the traffic.
    relay = f'ip netns exec {lab_prefix}ctl "{sys.executable}" -I -S "{RELAY}" {host.address} 22'
    lines = [
        f"Host {host.name} {host.address}",
        f"  HostName {host.address}",
        "  User root",
        f'  IdentityFile "{client_key(lab_dir)}"',
        "  IdentitiesOnly yes",
        f'  UserKnownHostsFile "{known_hosts(lab_dir)}"',
        "  GlobalKnownHostsFile /dev/null",
        "  StrictHostKeyChecking yes",
        "  PasswordAuthentication no",
        f"  ProxyCommand {relay}",
    ]
    return "\n".join(lines) + "\n"


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
