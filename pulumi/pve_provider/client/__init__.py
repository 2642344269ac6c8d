# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a Proxmox cluster: connection, retries, locks and tasks as named policies. Knows no resource."""
