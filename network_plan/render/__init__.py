# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan → text, a file per target; templates loop and print, nothing more."""
