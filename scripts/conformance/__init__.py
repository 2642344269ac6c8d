# SPDX-License-Identifier: GPL-3.0-or-later
"""What the provider relies on in Proxmox VE, as small named checks against the lab or any real cluster."""
