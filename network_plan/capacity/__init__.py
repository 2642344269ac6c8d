# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan → what fits, what does not, and what must be bought; a file per question, the arithmetic a value.

Judges nothing: ``policy`` makes findings of the same numbers. All of it together is in ``answers``, which a check
does not load.
"""
