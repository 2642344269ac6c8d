# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``awan map`` hands to the renderer beside the Plan: the built script and the question as typed."""

from __future__ import annotations

from network_plan.render.map import Bundle, Question
from scripts.awan.problem import Problem
from scripts.toolchain import web


def bundle() -> Bundle:
    """The script that draws the map.

    Raises:
        Problem: it is not built.
    """
    part = web.check()
    if not part.ok:
        raise Problem(f"{part.why}; {part.command}")
    script, style, notice = ((web.bundle_dir() / name).read_text(encoding="utf-8") for name in web.FILES)
    return Bundle(script=script, style=style, notice=notice)


def read_question(text: str) -> Question:
    """``FROM TO[:PORT/PROTO]``.

    Raises:
        Problem: it is not two words.
    """
    from scripts.awan.commands.reach import split_target

    words = text.split()
    if len(words) != 2:
        raise Problem(f"{text!r} is no question; write 'FROM TO:PORT/PROTO', as for awan reach")
    target, service = split_target(words[1])
    return Question(source=words[0], target=target, service=service)
