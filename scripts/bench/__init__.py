# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmarks: each figure with the limit that it must keep, compared within one run on one machine."""
