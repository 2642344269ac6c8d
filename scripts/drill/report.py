# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill's outcome as data and as pages in Indonesian and English; nothing is measured or judged here."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from network_plan.model.plan import Plan
from scripts.drill.run import Outcome
from scripts.drill.words import LANGUAGES, WORDS

SCHEMA = 1

LEFT_OUT = ("lab", "zfs", "boot", "gateway", "declare", "names")
"""What a drill in the lab does not show; the sentences stand in ``words``."""


def _time(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, tz=UTC).isoformat(timespec="milliseconds")


def data_of(outcome: Outcome, plan: Plan, revision: str) -> dict[str, Any]:
    """The report as JSON's own types; the pages print this and nothing else."""
    subject = outcome.subject
    assert outcome.isolation is not None
    return {
        "schema": SCHEMA,
        "id": outcome.id,
        "mode": "test",
        "result": "pass" if outcome.passed else "fail",
        "asked": subject.word,
        "title": subject.title,
        "regency": plan.regency,
        "utc_offset_hours": plan.utc_offset_hours,
        "revision": revision,
        "source": subject.source,
        "target": subject.target,
        "epoch": plan.role.epoch,
        "incident": _time(outcome.incident_ns),
        "ended": _time(outcome.ended_ns),
        "targets": {
            "tier": subject.tier.priority,
            "rpo_minutes": subject.tier.rpo_minutes,
            "rto_minutes": subject.tier.rto_minutes,
            "source": subject.tier.source,
        },
        "rto_seconds": round(outcome.rto, 3),
        "rpo_seconds": round(max(max(copy.rpo_point, copy.rpo_record) for copy in outcome.copies), 3),
        "cloned_by": outcome.how_cloned,
        "vms": [
            {
                "key": copy.key,
                "vmid": copy.vmid,
                "point": copy.point,
                "base": copy.base,
                "snapshot_began": _time(copy.start_ns),
                "newest_record": copy.record,
                "newest_record_time": _time(copy.record_ns),
                "record_at_source": copy.source_record,
                "records_lost": copy.lost,
                "rpo_by_point": round(copy.rpo_point, 3),
                "rpo_by_record": round(copy.rpo_record, 3),
            }
            for copy in outcome.copies
        ],
        "probes": [asdict(probe) for probe in outcome.probes],
        "unasked": outcome.unasked,
        "isolated": outcome.isolated,
        "isolation": asdict(outcome.isolation),
        "replication": [
            {"vm": r.key, "point": r.point, "bytes": r.bytes, "seconds": r.seconds, "error": r.error}
            for r in outcome.replicated
        ],
        "removed": outcome.removed,
        "left": outcome.left,
        "steps": [{"name": name, "seconds": round(seconds, 3)} for name, seconds in outcome.steps],
        "reasons": [asdict(reason) for reason in outcome.reasons],
        "left_out": list(LEFT_OUT),
    }


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("scripts.drill"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )


def page_of(data: Mapping[str, Any], language: str) -> str:
    """One page, whole in itself: no script, no font, no picture from elsewhere."""
    words = WORDS[language]
    zone = timezone(timedelta(hours=data["utc_offset_hours"]))

    def local(text: str) -> str:
        return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M:%S.%f}"[:-3]

    def number(value: float, digits: int = 1) -> str:
        text = f"{value:,.{digits}f}"
        return text.translate(str.maketrans(",.", ".,")) if language == "id" else text

    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            data=data,
            language=language,
            other=[item for item in LANGUAGES if item != language],
            w=words,
            local=local,
            number=number,
            reasons=[words["reasons"][item["code"]].format(**item["values"]) for item in data["reasons"]],
        )
    )


def write(data: Mapping[str, Any], folder: Path) -> list[Path]:
    """The files of a report; answers their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"report.json": json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"}
    files |= {f"report.{language}.html": page_of(data, language) for language in LANGUAGES}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in sorted(files)]


def read_all(root: Path) -> list[dict[str, Any]]:
    """The reports that are there, oldest first."""
    found = []
    for path in sorted(root.glob("*/report.json")):
        entry = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(entry, dict) and entry.get("schema") == SCHEMA:
            found.append(entry)
    return found
