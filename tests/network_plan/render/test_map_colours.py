# SPDX-License-Identifier: GPL-3.0-or-later
"""The map's colours, as people see them who lack one of the three kinds of cones; and that no meaning hangs on them alone."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

import pytest

from scripts.toolchain.paths import ROOT

SHEET = ROOT / "network_plan/render/templates/map/map.css"
LOOKS, SCENE = (ROOT / "scripts/web/src" / name for name in ("looks.ts", "scene.ts"))

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SIGHTS = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900),
    ),
}  # fmt: skip
ROLES = ("management", "dmz", "servers", "office")
APART = 15  # CIE76; from 2.3 on a difference is just noticed side by side


def linear(colour: str) -> list[float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def lab(colour: str, sight: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    rgb = linear(colour)
    seen = [min(1.0, max(0.0, sum(w * c for w, c in zip(row, rgb, strict=True)))) for row in sight]
    x = (0.4124 * seen[0] + 0.3576 * seen[1] + 0.1805 * seen[2]) / 0.95047
    y = 0.2126 * seen[0] + 0.7152 * seen[1] + 0.0722 * seen[2]
    z = (0.0193 * seen[0] + 0.1192 * seen[1] + 0.9505 * seen[2]) / 1.08883
    fx, fy, fz = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def apart(one: str, other: str, sight: Sequence[Sequence[float]]) -> float:
    pairs = zip(lab(one, sight), lab(other, sight), strict=True)
    return float(sum((a - b) ** 2 for a, b in pairs) ** 0.5)


@pytest.fixture(scope="module")
def palettes() -> list[dict[str, str]]:
    """The colours by day, by night and on paper."""
    page = SHEET.read_text(encoding="utf-8")
    return [
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})\b", block))
        for block in re.findall(r":root \{(.*?)\}", page, re.DOTALL)
    ]


@pytest.mark.parametrize("sight", SIGHTS)
def test_roles_and_directions_are_told_apart_by_every_sight(
    palettes: list[dict[str, str]], sight: str
) -> None:
    assert len(palettes) == 3
    checked = 0
    for palette in palettes:
        pairs = list(itertools.combinations([role for role in ROLES if role in palette], 2))
        pairs += [("to", "from")] if "to" in palette else []
        for one, other in pairs:
            checked += 1
            assert apart(palette[one], palette[other], SIGHTS[sight]) >= APART, (one, other)
    assert checked == 3 * (6 + 1)


def test_colours_that_deuteranopes_confuse_would_be_noticed() -> None:
    assert apart("#9c7a2c", "#8a8033", SIGHTS["deuteranopia"]) < APART


def test_marks_of_a_comparison_are_told_apart_by_every_sight_and_by_a_letter(
    palettes: list[dict[str, str]],
) -> None:
    for palette in palettes:
        for sight in SIGHTS.values():
            for one, other in itertools.combinations(("added", "removed", "changed"), 2):
                assert apart(palette[one], palette[other], sight) >= APART, (one, other)
    letters = re.search(
        r"added: \"(.)\", removed: \"(.)\", changed: \"(.)\"", SCENE.read_text(encoding="utf-8")
    )
    assert letters
    assert len(set(letters.groups())) == 3


def contrast(one: str, other: str) -> float:
    lights = []
    for colour in (one, other):
        red, green, blue = linear(colour)
        lights.append(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def full(palettes: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Each palette; what one leaves out stands in the first."""
    return ({**palettes[0], **palette} for palette in palettes)


def test_letters_and_lines_stand_out_from_every_ground(palettes: list[dict[str, str]]) -> None:
    """WCAG 2.1: 4.5 for text (1.4.3), 3 for what must be seen to understand the picture (1.4.11)."""
    for palette in full(palettes):
        for ground in ("paper", "card", "ground", "post"):
            assert contrast(palette["ink"], palette[ground]) >= 7
            assert contrast(palette["quiet"], palette[ground]) >= 4.5
        for line in (*ROLES, "to", "from", "added", "removed", "changed", "dated", "line"):
            for ground in ("paper", "card", "ground"):
                assert contrast(palette[line], palette[ground]) >= 3, (line, ground)
        assert contrast(palette["cap-ink"], palette["cap"]) >= 4.5
        for mark in ("to", "from", "added", "removed", "changed"):
            assert contrast(palette["paper"], palette[mark]) >= 3, mark  # large, bold letters


def test_a_pale_line_would_be_noticed() -> None:
    assert contrast("#e69f00", "#ffffff") < 3


def test_each_role_has_a_symbol_and_each_transport_a_stroke_of_its_own() -> None:
    looks = LOOKS.read_text(encoding="utf-8")
    symbols = [re.search(rf"^  {role}: \"(.*)\",$", looks, re.MULTILINE) for role in ROLES]
    assert len({found[1] for found in symbols if found}) == len(ROLES)
    strokes = []
    for name in ("fibre", "wireless", "leased", "cellular"):
        rule = re.search(rf'\["{name}", "", {{(.*)}}\]', looks)
        assert rule
        dash = re.search(r"dash: (\[.*?\])", rule[1])
        strokes.append(dash[1] if dash else "")
    assert len(set(strokes)) == len(strokes)
