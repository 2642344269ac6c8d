# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lab's booted hosts: Debian systems under systemd-nspawn, reached over ssh as a real machine is."""
