# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lab: two stateful doubles of the Proxmox API, and namespaces and booted hosts behind them."""
