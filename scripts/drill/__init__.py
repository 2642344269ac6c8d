# SPDX-License-Identifier: GPL-3.0-or-later
"""Drills: an application's twins are started from the newest copies in a bubble, probed, measured and removed again."""
