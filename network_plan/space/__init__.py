# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of packets, exact: ranges, regions of three sides, boxes cut for nftables. Knows no rule and no Plan.

A packet is three numbers here: source address, destination address, and a service (``space.services``). IPv4 and
IPv6 are two spaces of their own; nothing in this package mixes them.
"""
