# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line ``awan``, a file per command. Thin: what can be pure stands in ``network_plan``."""
