# SPDX-License-Identifier: AGPL-3.0-or-later
"""What PVE's firewall does with a VM's packets, as nftables text for the VM's namespace.

Written after pve-firewall (`PVE/Firewall.pm`) and its documentation, from what the API stores; it knows
nothing of how the project decides its rules.
"""
