# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lab's network: switches, internet, offices, control node and the gateway's cables, as network namespaces."""
