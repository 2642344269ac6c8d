# SPDX-License-Identifier: GPL-3.0-or-later
"""How large a synthetic site is. What stands in it is written elsewhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Numbers of agencies, VMs and flows.

    Attributes:
        tenants: agencies, the operator among them; each has one office and, where it has VMs, one server network.
        vms: VMs in all, dealt out evenly.
        flows: flows in all, dealt out evenly; each has one source, one target VM and one port: one rule at each wall.
        public: VMs that the internet sees, each behind a public address of its own.
    """

    tenants: int
    vms: int
    flows: int
    public: int = 8

    def dealt(self, what: int, tenant: int) -> int:
        """How many of ``what`` fall to a tenant (counted from 0), the first ones getting what is left over."""
        return what // self.tenants + (tenant < what % self.tenants)


REGENCY = Size(tenants=45, vms=481, flows=2222)
"""One regency whose agencies have all moved in; 27 of them are 1,200 agencies, 13,000 VMs and 60,000 rules."""


def regencies(number: int) -> Size:
    """The size of that many regencies in one site."""
    return Size(
        tenants=REGENCY.tenants * number - (number - 1) * 15 // 26,  # 27 are 1,200
        vms=REGENCY.vms * number,
        flows=REGENCY.flows * number,
    )
