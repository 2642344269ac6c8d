# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and writing firewall options by their fields; shared by the cluster's and the VMs' firewall."""

from __future__ import annotations

from typing import Any

from ..definition import Field, Kind
from ..run import Run
from ..wire import Values

POLICY = ("ACCEPT", "REJECT", "DROP")
LEVELS = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "nolog")


def decode(fields: tuple[Field, ...], answer: dict[str, Any]) -> Values:
    """The options that are set."""
    out: Values = {}
    for field in fields:
        raw = answer.get(field.parameter)
        if raw is None:
            continue
        out[field.name] = str(raw) not in ("0", "") if field.kind is Kind.BOOL else str(raw)
    return out


def write(run: Run, path: str, fields: tuple[Field, ...], news: Values, live: Values) -> None:
    """One PUT with what differs; none if nothing does."""
    changed = {
        field.parameter: news[field.name]
        for field in fields
        if news.get(field.name) is not None and live.get(field.name) != news[field.name]
    }
    gone = [field.parameter for field in fields if news.get(field.name) is None and field.name in live]
    if changed or gone:
        run.api.put(path, **changed, delete=",".join(gone) or None)
