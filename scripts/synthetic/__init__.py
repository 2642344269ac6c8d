# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites of any size that nobody runs: for measuring, and for trying what a province's size would do.

Their agencies are numbered, never named, and every figure says that it is made up.
"""
