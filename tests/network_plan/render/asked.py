# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a real unbound, which has the rendered files, from chosen addresses."""

from __future__ import annotations

from pathlib import Path

from network_plan.model.plan import Plan
from network_plan.render.dns import ZONES, render_dns
from tests.network_plan.render.checkers import checked, written

ASK = """
mkdir -p {zones}
cp /mnt/internal/* {zones}
for a in {sources} {listen}; do ip address add $a/32 dev lo; done
unbound -dd -c /mnt/gw1.unbound.conf 2>/mnt/log &
for n in 1 2 3 4 5 6 7 8 9 10; do
  dig +time=1 +tries=1 +noall @{listen} . && break || sleep 0.3; done >/dev/null
while read -r from kind name; do
  dig +time=2 +tries=1 +noall +comments +answer -b "$from" @{listen} "$name" "$kind" |
    awk -v q="$from $kind $name" '/status:/ {{split($0, s, "status: "); split(s[2], t, ",")}} !/^;/ && NF {{a = a " " $5}}
      END {{print q, t[1] a}}'
done < /mnt/questions
"""


def asked(plan: Plan, folder: Path, *questions: str, before: str = "") -> dict[str, str]:
    """Question (source, type, name) → status and answers, by a real unbound with the rendered files.

    Args:
        before: a script that begins what the resolver asks in its turn.
    """
    written({**render_dns(plan), "questions": "".join(f"{line}\n" for line in questions)}, folder)
    listen = plan.gateways[0].listen[-1]
    sources = sorted({line.split()[0] for line in questions})
    script = ASK.format(zones=ZONES, listen=listen, sources=" ".join(sources))
    done = checked(before + script, folder)
    assert done.returncode == 0, done.stderr + (folder / "log").read_text(encoding="utf-8")
    lines = [line.split(" ", 3) for line in done.stdout.splitlines()]
    return {" ".join(words[:3]): words[3] for words in lines}
