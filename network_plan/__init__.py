# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure core: site files and ledger in, one frozen Plan and its texts out.

No sockets, clocks or randomness here; only ``files.py`` touches the disk.
"""
