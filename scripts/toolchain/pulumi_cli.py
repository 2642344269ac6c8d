# SPDX-License-Identifier: GPL-3.0-or-later
"""The Pulumi CLI, its Python language host and the SDK generator: from PATH where the version fits, else built.

All go into one folder of the cache (as links where they come from PATH), so that everything else knows one place.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from scripts.toolchain import paths
from scripts.toolchain.part import Part, PartError, only_one, run, say, swapped_into

_MODULES = paths.TOOLCHAIN / "go"
_CLI = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_HOST = "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python"
_SDK = "github.com/pulumi/pulumi/sdk/v3"
_VERSION = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"


def check() -> Part:
    """Say whether all programs stand in the cache (a link whose target is gone counts as absent)."""
    folder = paths.pulumi_bin()
    absent = [name for name in paths.PULUMI_PROGRAMS if not os.access(folder / name, os.X_OK)]
    return Part(
        name="pulumi",
        ok=not absent,
        path=str(folder),
        version=paths.pulumi_version(),
        why=f"not there: {', '.join(absent)}" if absent else "",
        command=_advice() if absent else "",
    )


def _advice() -> str:
    wanted = paths.versions()["pulumi"]
    return (
        "make up"
        if shutil.which("go")
        else f"install Go {wanted['go']} or newer (https://go.dev/dl), then: make up"
    )


def _from_path() -> Path | None:
    """Return the folder of a CLI of the right version on PATH that has its language host beside it."""
    search = os.pathsep.join(
        entry for entry in os.environ.get("PATH", "").split(os.pathsep) if entry != str(paths.pulumi_bin())
    )
    found = shutil.which("pulumi", path=search)
    if found is None:
        return None
    folder = Path(found).resolve().parent
    if not all((folder / name).exists() for name in paths.PULUMI_PROGRAMS[1:3]):
        return None
    env = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run(
            [found, "version"], capture_output=True, text=True, env=env, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return folder if done.stdout.strip().removeprefix("v") == paths.pulumi_version() else None


def ensure() -> Part:
    """Bring the programs into the cache; an interrupted build leaves nothing half-made there."""
    if (ready := check()).ok:
        return ready
    with only_one("pulumi"):
        if (ready := check()).ok:
            return ready
        if shutil.which("go") is None:
            raise PartError(
                f"Pulumi {paths.pulumi_version()} must be built, and Go is not installed", _advice()
            )
        start = time.monotonic()
        target = paths.pulumi_bin().parent
        with swapped_into(target) as fresh:
            out = fresh / "bin"
            out.mkdir()
            origin = _from_path()
            if origin is None:
                _build_cli(out)
            else:
                say("pulumi", f"taking {paths.pulumi_version()} from PATH")
                for name in paths.PULUMI_PROGRAMS[:3]:
                    (out / name).symlink_to(origin / name)
            _go_build("cli", out / "awan-gen-sdk", "./sdkgen")
            manifest = {"version": paths.pulumi_version(), "origin": "path" if origin else "built"}
            (fresh / "pulumi.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        say("pulumi", f"ready in {time.monotonic() - start:.0f} s")
    return check()


def _build_cli(out: Path) -> None:
    say("pulumi", f"building {paths.pulumi_version()} from its Go modules (minutes, once per version)")
    _go_build("cli", out / "pulumi", _CLI, f"-X {_VERSION}={paths.pulumi_version()}")
    _go_build("python_host", out / "pulumi-language-python", _HOST, f"-X {_VERSION}={paths.pulumi_version()}")
    # The launcher that the host runs is a script inside the SDK's module, kept there without the executable bit.
    listing = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", _SDK],
        cwd=_MODULES / "cli",
        capture_output=True,
        text=True,
        check=False,
    )
    script = Path(listing.stdout.strip()) / "python" / "cmd" / "pulumi-language-python-exec"
    if listing.returncode != 0 or not script.is_file():
        raise PartError(f"the module {_SDK} has no {script.name}: {listing.stderr.strip()}", "make up")
    copied = out / script.name
    shutil.copyfile(script, copied)
    copied.chmod(0o755)


def _go_build(module: str, output: Path, package: str, ldflags: str = "") -> None:
    flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {ldflags}".strip()]
    run(
        ["go", "build", *flags, "-o", output, package],
        log=f"go-{output.name}",
        cwd=_MODULES / module,
        env={"CGO_ENABLED": "0", "GOWORK": "off"},
    )
