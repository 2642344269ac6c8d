# SPDX-License-Identifier: GPL-3.0-or-later
"""What SDN zones, vnets and subnets share: pending configuration, one lock, deletes that settle into few applies."""

from __future__ import annotations

from typing import Any

from ....client.lock import SDN
from ....collection import Collection, Row
from ....definition import Field
from ....run import Run
from ....wire import Values


def effective(row: Row) -> Row | None:
    """A row with its pending changes applied; None if it is pending deletion."""
    if row.get("state") == "deleted":
        return None
    pending = row.get("pending")
    if not isinstance(pending, dict):
        return row
    out = {**row, **pending}
    return {name: value for name, value in out.items() if value not in ("deleted", None)}


class SdnCollection(Collection):
    """A list below /cluster/sdn, read with what is pending."""

    clears = True
    waits = True
    """Whether a delete returns only when it has been applied."""

    def __init__(
        self, *, noun: str, fields: tuple[Field, ...], path: str, key: str, fixed: Values | None = None
    ) -> None:
        super().__init__(
            noun=noun, fields=fields, path=path, key=key, lock=SDN, list_params={"pending": 1}, fixed=fixed
        )

    def rows(self, run: Run, values: Values) -> list[Row]:
        """The rows as they will be once applied."""
        found = (effective(row) for row in super().rows(run, values))
        return [row for row in found if row is not None]

    def remove(self, run: Run, values: Values) -> None:
        """DELETE, then be part of the next apply."""
        with run.sdn.deleting(wait=self.waits):
            super().remove(run, values)


def unapplied(rows: list[dict[str, Any]]) -> bool:
    """Whether something in the list is not running yet."""
    return any(row.get("state") in ("new", "changed", "deleted") for row in rows)
