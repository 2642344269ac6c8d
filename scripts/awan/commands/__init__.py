# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands, a file each; every file has a ``command``."""
