# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job, end to end in the lab: clusters, host, Pulumi, Ansible, verify, probes, map."""
