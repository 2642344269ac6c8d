# SPDX-License-Identifier: GPL-3.0-or-later
"""The base image comes from the mirror that the machine's own apt uses, in either spelling of its sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.toolchain import apt_sources
from scripts.toolchain.part import PartError

DEB822 = """\
Types: deb
# URIs: http://old.example/debian
URIs: http://mirror.example/debian
Suites: bookworm
 bookworm-updates
Components: main

Types: deb
URIs: http://safe.example/debian-security
Suites: bookworm-security
Components: main
"""
ONE_LINE = """\
# deb http://commented.example/debian bookworm main
deb-src http://source.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # ours
deb http://safe.example/debian-security bookworm-security main
"""
OTHERS = "deb https://vendor.example/apt vendor-bookworm main\n"


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "vendor.list").write_text(OTHERS)
    monkeypatch.setattr(apt_sources, "_APT", tmp_path)
    monkeypatch.setattr(apt_sources, "_KEYRING", tmp_path / "absent.gpg")
    monkeypatch.setattr(apt_sources, "_codename", lambda: "bookworm")
    return tmp_path


@pytest.mark.parametrize(
    ("file", "text"), [("sources.list.d/debian.sources", DEB822), ("sources.list", ONE_LINE)]
)
def test_the_machine_s_mirrors_serve_the_other_suite(apt: Path, file: str, text: str) -> None:
    (apt / file).write_text(text)
    assert apt_sources.lines_for("trixie") == [
        "deb http://mirror.example/debian trixie main",
        "deb http://mirror.example/debian trixie-updates main",
        "deb http://safe.example/debian-security trixie-security main",
    ]


def test_without_a_security_mirror_the_image_is_made_all_the_same(apt: Path) -> None:
    (apt / "sources.list").write_text("deb http://mirror.example/debian bookworm main\n")
    assert len(apt_sources.lines_for("trixie")) == 2


def test_a_disabled_source_is_not_asked(apt: Path) -> None:
    (apt / "sources.list.d" / "debian.sources").write_text(
        DEB822.replace("Types: deb\n", "Types: deb\nEnabled: no\n")
    )
    with pytest.raises(PartError, match="no Debian mirror for bookworm"):
        apt_sources.lines_for("trixie")
