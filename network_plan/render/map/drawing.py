# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drawing is made of: finished shapes with their places, in px of the drawing. Decides nothing.

A shape may belong to one of the layers that are switched in the page; without one it is always shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Layer = Literal["", "transport", "addresses", "flows", "placement", "dr"]
LAYERS: tuple[tuple[Layer, str, str], ...] = (
    ("transport", "Transport", "By what each office reaches the gateway: fibre, wireless, leased, cellular"),
    ("addresses", "Addresses", "Prefixes, addresses and ports"),
    ("flows", "Flows", "How many flows run over each network's line"),
    ("placement", "Placement", "The clusters' hosts, and on which of them each VM stands"),
    ("dr", "Recovery", "Twins in the other cluster, replicas within one, and the tunnel between them"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One line of text on its baseline."""

    x: float
    y: float
    text: str
    style: str = "small"
    anchor: Literal["start", "middle", "end"] = "start"
    layer: Layer = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rect:
    """A rectangle; ``style`` is the words by which the page knows its look."""

    x: float
    y: float
    w: float
    h: float
    style: str
    r: float = 0
    layer: Layer = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Icon:
    """One of the page's own symbols, 14 px square."""

    x: float
    y: float
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An object that can be pointed at.

    Attributes:
        id: ``kind:key``, e.g. ``vm:dc/103``; the same word everywhere in the page.
        style: words for its kind and state, by which the page knows its look.
        label: what a screen reader says.
    """

    id: str
    style: str
    label: str
    box: Rect
    rects: tuple[Rect, ...] = ()
    icons: tuple[Icon, ...] = ()
    texts: tuple[Text, ...] = ()
    layer: Layer = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A line between two objects; ``path`` of straight pieces in SVG's words M, H and V."""

    id: str
    style: str
    label: str
    path: str
    texts: tuple[Text, ...] = ()
    layer: Layer = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The whole picture, back to front.

    Attributes:
        ports: the dots where a host is joined to its management network.
        homes: for each node the lines from the gateway to it, in order.
        marks: what a comparison says of a node: ``added``, ``removed`` or ``changed``.
    """

    width: float
    height: float
    ground: tuple[Rect, ...]
    captions: tuple[Text, ...]
    links: tuple[Link, ...]
    ports: tuple[Rect, ...]
    nodes: tuple[Node, ...]
    homes: tuple[tuple[str, tuple[str, ...]], ...]
    marks: tuple[tuple[str, str], ...] = ()
