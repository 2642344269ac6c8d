# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which API methods of a lab cluster keep state and read it back, and which it could only invent an answer to.

Computed from the handlers that are registered: `stateful_methods()` is all of them. Everything else in PVE's schema is
refused with status 501 and counted; `invented(method, path)` tells it for a schema path or a real one.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from fakepve import schema as pve_schema

# Of fakepve's own handlers the lab keeps these areas; the others were replaced, or store nothing that counts.
_KEPT = (
    "/pools",
    "/storage",
    "/cluster/firewall",
    "/nodes/{node}/firewall",
    "/nodes/{node}/qemu/{vmid}/firewall",
    "/nodes/{node}/qemu/{vmid}/snapshot",
)


def kept_from_fakepve(template: str) -> bool:
    """True for a method that fakepve does well enough for the lab."""
    return any(template == area or template.startswith(area + "/") for area in _KEPT)


@functools.cache
def stateful_methods() -> frozenset[tuple[str, str]]:
    """Every (method, schema path) that a lab cluster handles itself."""
    # imported here: the server asks this module too
    from scripts.lab.cluster.server import LabPve  # noqa: PLC0415
    from scripts.lab.cluster.spec import ClusterSpec, Node  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        lab = LabPve(ClusterSpec(name="none", nodes=(Node(name="none"),)), Path(folder))
        methods = frozenset(lab.table)
        lab.store.close()
    return methods


def inventing_methods() -> frozenset[tuple[str, str]]:
    """Every (method, schema path) of PVE's API that the lab has no state for."""
    every = {(method, path) for path, methods in pve_schema.load().paths.items() for method in methods}
    return frozenset(every) - stateful_methods()


def invented(method: str, path: str) -> bool:
    """True if the lab has no true answer to this method and path (schema path, or a real one)."""
    paths = pve_schema.load().paths
    template = path.removeprefix("/api2/json")
    if template not in paths:
        match = pve_schema.load().match(template)
        if match is None:
            raise ValueError(f"{path} is no path of PVE's API; write one such as /nodes/{{node}}/qemu")
        template = match.template
    return (method, template) not in stateful_methods()
