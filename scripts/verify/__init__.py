# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what is live and comparing it with the Plan. Looks only; mending is Pulumi's and Ansible's.

The readings are made here from PVE's own answers, not with the provider's resources, so that a
misreading of the provider's shows.
"""
