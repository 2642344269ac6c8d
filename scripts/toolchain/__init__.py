# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the tools that the project works with. Standard library only: it runs before the environment exists."""
