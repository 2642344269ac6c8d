# SPDX-License-Identifier: GPL-3.0-or-later
"""Components: each takes its slice of the Plan and registers resources for it. They decide nothing.

Pulumi names are keys of the Plan, never an index, so that order means nothing.
"""
