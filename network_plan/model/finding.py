# SPDX-License-Identifier: GPL-3.0-or-later
"""A finding: one true sentence about the input, where it stands, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

type_path = tuple[str | int, ...]


class Severity(str, Enum):
    """``error`` stops the line, ``warning`` is a dated or known shortcoming that does not."""

    ERROR = "error"
    WARNING = "warning"


def flow_path(key: str) -> type_path:
    """The key path of the declaration that a flow of that key comes from."""
    owner, _, name = key.partition("/")
    if owner == "regency":
        return ("services", "flows", name)
    if owner in ("publish", "egress"):
        return ("services", owner, name)
    return ("tenants", owner, "flows", name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A position in a file.

    Attributes:
        file: as it is shown.
        line, column: from 1 on; 0 means the whole file, or the whole line.
    """

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """``file:line:column``, without the parts that are not known."""
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong and how to mend it.

    Attributes:
        severity: ``error`` or ``warning``.
        rule: the id of a requirement (``GW-2``) or of a form rule (``site/unknown-key``).
        what: what is wrong, naming the object.
        cure: what to write or do instead.
        path: the key path in the site (``("tenants", "dukcapil", "vms", "siak")``), from which
            the place is looked up.
        place: the place itself where it is known.
    """

    severity: Severity
    rule: str
    what: str
    cure: str
    path: type_path = ()
    place: Place | None = None

    @property
    def in_the_way(self) -> bool:
        """Whether it is an error that must be mended before anything is allotted: all but those of policy."""
        return self.severity is Severity.ERROR and self.rule.startswith(("site/", "ledger/"))

    def __str__(self) -> str:
        """``file:line: what is wrong; what to write instead [rule]``."""
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.severity.value}: {self.what}; {self.cure} [{self.rule}]"
