# SPDX-License-Identifier: GPL-3.0-or-later
"""The one Jinja environment: undefined names are errors, nothing is escaped that a target did not ask for."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("network_plan.render"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=select_autoescape(enabled_extensions=("html", "html.j2"), default=False),
    )


def print_template(name: str, values: Mapping[str, Any]) -> str:
    """Print one template with finished values."""
    return _environment().get_template(name).render(values)
