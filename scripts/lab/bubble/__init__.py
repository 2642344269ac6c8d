# SPDX-License-Identifier: AGPL-3.0-or-later
"""A bubble: networks of a cluster once more, same addresses, no link to the lab's own network and no way out."""
