# SPDX-License-Identifier: AGPL-3.0-or-later
"""Copies of lab disks at the recovery center: a double of what ZFS send and syncoid do between real hosts."""
