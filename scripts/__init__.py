# SPDX-License-Identifier: GPL-3.0-or-later
"""What people and CI run: the command line, the lab, the toolchain. Only tests import this package."""
