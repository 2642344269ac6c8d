# SPDX-License-Identifier: GPL-3.0-or-later
"""Driving the real Pulumi CLI: up, preview, and what is needed after a run was killed."""
