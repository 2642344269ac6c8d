# SPDX-License-Identifier: GPL-3.0-or-later
"""The map: one HTML page of the whole regency that loads nothing from outside.

``layout`` decides where everything stands, ``routes`` which flows concern what, ``facts`` what is known of each object,
``tables`` the lists; ``questions`` asks ``network_plan.reach`` what may pass; ``comparison`` places what
``network_plan.diff`` found; ``page`` prints them all as data, which the script of ``scripts/web`` draws.
"""

from network_plan.render.map.page import Bundle, render_map
from network_plan.render.map.questions import Question

__all__ = ["Bundle", "Question", "render_map"]
