# SPDX-License-Identifier: GPL-3.0-or-later
"""Frozen values, a file per aggregate. Imports nothing else of the project.

``model.site`` is what people declared, ``model.ledger`` what was ever allotted, the other
files are what was decided (``model.plan.Plan`` holds all of it).
"""
