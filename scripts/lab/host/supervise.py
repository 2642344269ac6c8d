# SPDX-License-Identifier: AGPL-3.0-or-later
"""The process behind one booted host: boots it, and again when it reboots itself; orders come from `control`.

Each boot gets a network namespace and a cgroup of its own, so that nothing a kernel would forget
(rules, addresses, sysctls) survives a reboot. `python -m scripts.lab.host.supervise LAB_DIR NAME`.
"""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

from scripts.lab.fabric import build
from scripts.lab.fabric import spec as fabric_spec
from scripts.lab.host import cgroup
from scripts.lab.host.spec import HostFiles, HostSpec, load

REBOOT = 133  # what nspawn with --keep-unit exits with when the guest asked for a reboot

# The guest's capabilities are all but those over things that are not namespaced: modules, the clock, audit.
BOOT = """
set -e
umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup /sys/fs/cgroup
mkdir "/sys/fs/cgroup/$GROUP"; echo $$ > "/sys/fs/cgroup/$GROUP/cgroup.procs"
eval "exec $LOCK>&-"
mkdir -p /run/systemd/nspawn; mount -t tmpfs tmpfs /run/systemd/nspawn
mount -t tmpfs tmpfs "$HOME_DIR/mount"; mkdir "$HOME_DIR/mount/root"
mount -t overlay -o "lowerdir=$BASE,upperdir=$HOME_DIR/upper,workdir=$HOME_DIR/work" overlay "$HOME_DIR/mount/root"
export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
exec systemd-nspawn --quiet --keep-unit --register=no --directory="$HOME_DIR/mount/root" --machine="$MACHINE" \\
  --hostname="$HOST" --network-namespace-path="/run/netns/$NAMESPACE" --capability=all \\
  --drop-capability=CAP_SYS_MODULE,CAP_SYS_TIME,CAP_AUDIT_CONTROL,CAP_AUDIT_READ --bind=/dev/net/tun \\
  --resolv-conf=off --timezone=off --link-journal=no --console=pipe --boot
"""


def environment(spec: HostSpec, files: HostFiles, lab_prefix: str, group: str) -> dict[str, str]:
    """What the boot script is told."""
    return {
        "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        "GROUP": group,
        "HOME_DIR": str(files.home),
        "BASE": spec.base,
        "MACHINE": f"{lab_prefix}{spec.name}",
        "HOST": spec.name,
        "NAMESPACE": f"{lab_prefix}{spec.name}",
    }


def boot(spec: HostSpec, files: HostFiles, generation: int, lock: int) -> int:
    """Boots once and waits for the end; answers nspawn's exit code.

    The shell holds our lock until the cgroup holds the shell: were we killed in between, the next order would
    still find one of them.
    """
    fabric = fabric_spec.load(files.fabric)
    group = f"{fabric.prefix}{spec.name}-{generation}"
    fresh = files.state.with_suffix(".new")
    state = {"generation": generation, "cgroup": group, "supervisor": os.getpid()}
    fresh.write_text(json.dumps(state), encoding="utf-8")
    fresh.replace(files.state)
    build.renew_gateway(fabric, spec.name)
    for folder in ("upper", "work", "mount"):
        (files.home / folder).mkdir(exist_ok=True)
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "bash", "-c", BOOT],
        env={**environment(spec, files, fabric.prefix, group), "LOCK": str(lock)},
        stdin=subprocess.DEVNULL,
        check=False,
        pass_fds=(lock,),
    )
    cgroup.kill(cgroup.root() / group)
    return done.returncode


def last_generation(files: HostFiles) -> int:
    """The number of the last boot; 0 before the first."""
    try:
        return int(json.loads(files.state.read_text(encoding="utf-8"))["generation"])
    except FileNotFoundError:
        return 0


def main(argv: list[str]) -> int:
    """Boots the host until it powers off."""
    files = HostFiles(lab_dir=Path(argv[0]), name=argv[1])
    spec = load(files)
    with files.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{spec.name} has a supervisor already; power it off first", file=sys.stderr)
            return 1
        code = REBOOT
        while code == REBOOT:
            code = boot(spec, files, last_generation(files) + 1, lock.fileno())
        return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
