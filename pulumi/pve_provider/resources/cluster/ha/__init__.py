# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of PVE's API path /cluster/ha/; nothing is defined here."""
