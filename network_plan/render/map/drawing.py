# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drawing is made of: finished shapes with their places, in px of the drawing. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One line of text on its baseline."""

    x: float
    y: float
    text: str
    style: str = "small"
    anchor: Literal["start", "middle", "end"] = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rect:
    """A rectangle; ``style`` is its CSS class."""

    x: float
    y: float
    w: float
    h: float
    style: str
    r: float = 0


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
        style: CSS classes of its kind and state.
        label: what a screen reader says.
    """

    id: str
    style: str
    label: str
    box: Rect
    rects: tuple[Rect, ...] = ()
    icons: tuple[Icon, ...] = ()
    texts: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A line between two objects; ``path`` in SVG's words."""

    id: str
    style: str
    label: str
    path: str
    texts: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The whole picture, back to front.

    Attributes:
        ports: the dots where a host is joined to its management network.
        homes: for each node the lines from the gateway to it, in order.
    """

    width: float
    height: float
    ground: tuple[Rect, ...]
    captions: tuple[Text, ...]
    links: tuple[Link, ...]
    ports: tuple[Rect, ...]
    nodes: tuple[Node, ...]
    homes: tuple[tuple[str, tuple[str, ...]], ...]
