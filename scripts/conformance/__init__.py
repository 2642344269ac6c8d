# SPDX-License-Identifier: GPL-3.0-or-later
"""What the provider relies on in Proxmox VE, asked of a cluster: the lab, or any real one."""
