# SPDX-License-Identifier: GPL-3.0-or-later
"""House rules of every source file: its licence, its size, its place, and nothing of one machine in it."""

from __future__ import annotations

import re
from pathlib import Path

from scripts.toolchain.paths import ROOT

LONGEST = 500  # lines of a Python file (CONTRIBUTING, "Size and shape")
TAGGED = {".py", ".go", ".sh", ".toml", ".cfg", ".yml", ".js", ".css"}
DATA = ("inventory/", "tests/")  # YAML there is what people declare, and cases: data, not source
AGPL = ("scripts/lab/", "tests/scripts/lab/")
# Registries are each machine's own affair (mirrors, proxies): no lock, script or page of ours may name one.
REGISTRIES = ("pypi.org", "pythonhosted.org", "golang.org/dl", "proxy.golang", "sum.golang", "registry.npmjs",
              "deb.debian", "security.debian", "snapshot.debian", "galaxy.ansible")  # fmt: skip


def _text(file: Path) -> str:
    return (ROOT / file).read_text(encoding="utf-8", errors="replace")


def _python(files: list[Path]) -> list[Path]:
    return [file for file in files if file.suffix == ".py"]


def test_every_source_file_names_its_licence_first(written: list[Path]) -> None:
    wrong = []
    for file in written:
        is_data = file.suffix == ".yml" and file.as_posix().startswith(DATA)
        if file.suffix not in TAGGED or is_data or "golden" in file.parts:
            continue
        licence = "AGPL-3.0-or-later" if file.as_posix().startswith(AGPL) else "GPL-3.0-or-later"
        head = _text(file).splitlines()[:3]
        if not any(re.search(rf"SPDX-License-Identifier: {licence}(\s|$)", line) for line in head):
            wrong.append(f"{file}: its first lines must hold `SPDX-License-Identifier: {licence}`")
    assert not wrong, "\n".join(wrong)


def test_python_files_stay_readable_in_one_sitting(written: list[Path]) -> None:
    long = [
        f"{file}: {lines} lines; split it"
        for file in _python(written)
        if (lines := len(_text(file).splitlines())) > LONGEST
    ]
    assert not long, "\n".join(long)


def test_import_roots_are_no_packages(files: list[Path]) -> None:
    """A package at pulumi/ or in tests/ would shadow the SDK of that name."""
    wrong = [
        str(file)
        for file in files
        if file.name == "__init__.py"
        and (file.parts[0] == "tests" or file.as_posix() == "pulumi/__init__.py")
    ]
    assert not wrong, f"remove {wrong}"


def test_no_file_names_a_registry(written: list[Path]) -> None:
    here = Path(__file__).resolve().relative_to(ROOT)
    wrong = [
        f"{file}:{number}: names {host}"
        for file in written
        if file != here
        for number, line in enumerate(_text(file).splitlines(), 1)
        for host in REGISTRIES
        if host in line and file.name != "go.sum"
    ]
    assert not wrong, "\n".join(wrong)


def test_no_file_names_a_place_on_one_machine(written: list[Path]) -> None:
    places = [str(Path.home() / ".cache"), str(Path.home() / "scratch")]
    if len(ROOT.parts) > 2:  # a clone at /src says nothing about a text that holds "/src"
        places.append(str(ROOT))
    wrong = [
        f"{file}:{number}: {line.strip()[:100]}"
        for file in written
        for number, line in enumerate(_text(file).splitlines(), 1)
        if any(place in line for place in places) or re.search(r"/home/[a-z]+/", line)
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_left_for_later(written: list[Path]) -> None:
    marker = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
    wrong = [
        f"{file}:{number}: {line.strip()[:100]}"
        for file in _python(written)
        for number, line in enumerate(_text(file).splitlines(), 1)
        if marker.search(line)
    ]
    assert not wrong, "\n".join(wrong)
