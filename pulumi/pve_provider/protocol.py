# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the engine's protocol be imported without the SDK for programs, which a provider process has no use for.

`pulumi.runtime.proto` lies inside the SDK's package, whose own modules take a third of a second to import at each
command's start. The two packages above it are therefore entered empty into the table of modules, with their folders.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path


def without_sdk() -> None:
    """Make `pulumi` and `pulumi.runtime` empty packages, unless somebody imported them already."""
    spec = importlib.util.find_spec("pulumi")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the Python package `pulumi` is not installed; run `make setup`, which makes .venv")
    folder = Path(next(iter(spec.submodule_search_locations)))
    for name, place in (("pulumi", folder), ("pulumi.runtime", folder / "runtime")):
        if name not in sys.modules:
            module = types.ModuleType(name)
            module.__path__ = [str(place)]
            sys.modules[name] = module
