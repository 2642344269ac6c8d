# SPDX-License-Identifier: GPL-3.0-or-later
"""The map: one HTML page of the whole regency that loads nothing from outside.

``layout`` decides where everything stands, ``routes`` which lines a flow runs over, ``facts`` what is known
of each object, ``tables`` the lists below the picture; ``page`` prints them. Whether a packet really passes is
not judged here but in ``network_plan.reach``.
"""

from network_plan.render.map.page import render_map

__all__ = ["render_map"]
