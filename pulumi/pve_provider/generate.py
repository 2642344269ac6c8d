# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes schema.json and the Python SDK `pulumi_pve`: `python -m pve_provider.generate`. With --check, only compares.

Two things are changed in what the generator writes. It knows nothing of deleting first, so each resource class gets
that option: without it, a replacement that no Diff decided on (`pulumi up --replace`, `pulumi state taint`) would
create first. And it asks the installed package for the version, but this SDK lives in the repository, not installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import VERSION
from .resources import ALL
from .schema import text

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "schema.json"
SDK = ROOT / "pulumi_pve"
GENERATOR = "awan-gen-sdk"
HEADER = "# SPDX-License-Identifier: GPL-3.0-or-later\n"
_CALL = "        super({name}, __self__).__init__(\n"
_FIRST = (
    "        opts = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(delete_before_replace=True), opts)\n"
)


def generator() -> str:
    """The SDK generator of the toolchain."""
    cache = Path(os.environ.get("AWAN_CACHE") or Path.home() / ".cache" / "awan")
    found = shutil.which(GENERATOR) or next(
        (str(path) for path in sorted(cache.glob(f"pulumi-*/bin/{GENERATOR}"))), None
    )
    if not found:
        raise SystemExit(f"{GENERATOR} is not there; run `make setup`, which builds it")
    return found


def add_delete_first(source: str, name: str) -> str:
    """The class with delete_before_replace among its options; the user's own options win."""
    call = _CALL.format(name=name)
    if source.count(call) != 1:
        raise SystemExit(f"the generated class {name} does not look as expected; see {__file__}")
    return source.replace(call, _FIRST + call)


def fix_version(source: str) -> str:
    """The version as a constant instead of a look-up among the installed packages."""
    start, end = source.index("def _get_semver_version():"), source.index("# Determine the version once")
    source = source[:start] + source[end:]
    for old, new in (
        ("from parver import Version as PEP440Version\n", ""),
        ("import importlib.metadata\n", ""),
        ("_version = _get_semver_version()", f'_version = SemverVersion.parse("{VERSION}")'),
    ):
        if source.count(old) != 1:
            raise SystemExit(f"the generated _utilities.py does not look as expected; see {__file__}")
        source = source.replace(old, new)
    return source


def sdk(schema: str) -> dict[str, str]:
    """The SDK's files, by name."""
    names = {resource.name for resource in ALL}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "schema.json").write_text(schema, encoding="utf-8")
        subprocess.run([generator(), str(path / "schema.json"), str(path / "out")], check=True)
        files = {}
        package = path / "out" / SDK.name
        for file in sorted(item for item in package.rglob("*") if item.is_file()):
            content = file.read_text(encoding="utf-8")
            found = [name for name in names if f"class {name}(pulumi.CustomResource)" in content]
            for name in found:
                content = add_delete_first(content, name)
            if file.name == "README.md":
                continue
            if file.name == "_utilities.py":
                content = fix_version(content)
            if file.suffix == ".py":
                content = HEADER + content
            files[str(file.relative_to(package))] = (
                content.rstrip("\n") + "\n" if content.strip() else content
            )
        return files


def stale() -> list[str]:
    """The generated files that differ from what the definitions say."""
    schema = text()
    wrong = [] if SCHEMA.is_file() and SCHEMA.read_text(encoding="utf-8") == schema else [SCHEMA.name]
    files = sdk(schema)
    here = {
        str(path.relative_to(SDK))
        for path in SDK.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    for name in sorted(here | set(files)):
        path = SDK / name
        if name not in files or not path.is_file() or path.read_text(encoding="utf-8") != files[name]:
            wrong.append(f"{SDK.name}/{name}")
    return wrong


def write() -> None:
    """Write both anew."""
    schema = text()
    files = sdk(schema)
    SCHEMA.write_text(schema, encoding="utf-8")
    shutil.rmtree(SDK, ignore_errors=True)
    for name, content in files.items():
        path = SDK / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write, or with --check name what is stale."""
    if "--check" not in arguments:
        write()
        return 0
    wrong = stale()
    for name in wrong:
        print(f"{name}: is stale; run `python -m pve_provider.generate` in pulumi/", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
