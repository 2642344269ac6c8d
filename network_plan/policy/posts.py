# SPDX-License-Identifier: GPL-3.0-or-later
"""ORG-1: who administers an SKPD's own systems (Perbup 253/2019 table 4.2, §4.4)."""

from __future__ import annotations

from datetime import date

from network_plan.model.finding import Finding
from network_plan.model.plan import Plan
from network_plan.model.site.regency import Post
from network_plan.policy.say import error

ASKED = {Post.NETWORK: "network and information security", Post.SOFTWARE: "software"}


def check_org1(plan: Plan, _today: date | None) -> list[Finding]:
    """ORG-1: each SKPD has one person for network and security and one for software, at least."""
    return [
        error("ORG-1", f"no SKPD has a person for {words}", f"add {post.value}: 1", "regency", "posts")
        for post, words in ASKED.items()
        if not plan.posts.get(post.value)
    ]
