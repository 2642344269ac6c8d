# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks, a file per area of PVE's API; what they rely on stands in the provider. A new area is a new line here."""

from scripts.conformance.check import ALL
from scripts.conformance.checks import (
    access,
    availability,
    firewall,
    operations,
    rules,
    sdn,
    system,
    vm,
    vm_config,
    vm_disks,
    vm_life,
    vm_power,
)

AREAS = (
    system,
    access,
    operations,
    sdn,
    firewall,
    rules,
    vm,
    vm_config,
    vm_disks,
    vm_power,
    availability,
    vm_life,
)
"""In the order in which they run."""
CHECKS = tuple(one for area in AREAS for one in ALL if one.run.__module__ == area.__name__)
