# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes docs/reference from the code: keys of site files, commands, the resources of the provider."""
