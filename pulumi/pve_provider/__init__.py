# SPDX-License-Identifier: GPL-3.0-or-later
"""The native Pulumi provider `pve` for Proxmox VE. It knows PVE's API and nothing of the Plan."""

VERSION = "0.1.0"
