# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lab's VMs: a started VM is a process in a network namespace, behind its own firewall."""
