# SPDX-License-Identifier: GPL-3.0-or-later
"""A drawing as the page's data: short lists, styles and layers by number, objects by their place in the page's list.

What the browser paints, what it prints and what it tells by ear is all read from this one value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from network_plan.render.map.drawing import LAYERS, Drawing, Layer, Rect, Text

_LAYER: Mapping[Layer, int] = {"": 0, **{key: place for place, (key, _, _) in enumerate(LAYERS, start=1)}}
_ANCHOR = {"start": 0, "middle": 1, "end": 2}


class Styles:
    """The words of all styles, each told once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def place(self, style: str) -> int:
        """The number of a style."""
        return self._places.setdefault(style, len(self._places))

    @property
    def words(self) -> list[str]:
        """The styles by their number."""
        return list(self._places)


def _px(value: float) -> float:
    """Tenths of a px are more than enough; whole ones are shorter."""
    rounded = round(value, 1)
    return int(rounded) if rounded == int(rounded) else rounded


class Scenes:
    """Turns drawings into data; ``places`` says where each object stands in the page's list."""

    def __init__(self, places: Mapping[str, int]) -> None:
        self._places = places
        self.styles = Styles()

    def _rect(self, rect: Rect) -> list[Any]:
        shape = [_px(value) for value in (rect.x, rect.y, rect.w, rect.h, rect.r)]
        return [*shape, self.styles.place(rect.style), _LAYER[rect.layer]]

    def _text(self, text: Text) -> list[Any]:
        return [
            _px(text.x),
            _px(text.y),
            text.text,
            self.styles.place(text.style),
            _ANCHOR[text.anchor],
            _LAYER[text.layer],
        ]

    def scene(self, drawing: Drawing) -> dict[str, Any]:
        """One drawing; an object that the page does not list is an error of ours."""
        return {
            "w": _px(drawing.width),
            "h": _px(drawing.height),
            "ground": [self._rect(rect) for rect in drawing.ground],
            "captions": [self._text(text) for text in drawing.captions],
            "links": [
                [
                    self._places[link.id],
                    self.styles.place(link.style),
                    _LAYER[link.layer],
                    link.path,
                    link.label,
                    [self._text(text) for text in link.texts],
                ]
                for link in drawing.links
            ],
            "ports": [self._rect(rect) for rect in drawing.ports],
            "nodes": [
                [
                    self._places[node.id],
                    self.styles.place(node.style),
                    _LAYER[node.layer],
                    self._rect(node.box),
                    [self._rect(rect) for rect in node.rects],
                    [[_px(icon.x), _px(icon.y), icon.name] for icon in node.icons],
                    [self._text(text) for text in node.texts],
                    node.label,
                ]
                for node in drawing.nodes
            ],
            "homes": [
                [self._places[node], [self._places[link] for link in links]]
                for node, links in drawing.homes
                if links
            ],
            "marks": [[self._places[node], mark] for node, mark in drawing.marks],
        }
