# SPDX-License-Identifier: GPL-3.0-or-later
"""Spoils a site in one way after another and runs ``awan check`` on each, every time in a process of its own.

``python mutants.py SITES COUNT SEED`` prints one JSON line a mutant: what was spoilt, exit code, seconds, MiB (the
kernel's high-water mark of that process) and the last words. The process is forked from this one, where all is
loaded, so that a thousand take seconds.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

Texts = dict[str, str]
Path_ = tuple[str | int, ...]

CONTROL = ("\x00", "\x07", "\x1b[31m", "\u202e", "\u2028", "\ufeff", "\x85", "\udc80", "\n", "\r", "\t")
OTHER_TYPES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    float("inf"),
    "",
    "x",
    [],
    [[]],
    {},
    {"x": {}},
    [1, "a"],
)
HUGE = ("0.0.0.0/0", "10.0.0.0/8", "::/0", "2001:db8::/16", "10.0.0.0/31", "255.255.255.255/32", "10.0.0.1/8")
NUMBERS = (0, 1, 2, 28, 30, 31, 32, 63, 64, 4094, 4096, 65535, 10**6, 10**9, 2**31, 2**63, 10**30)


def _paths(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _paths(item, (*path, index))


def _at(value: Any, path: Path_) -> Any:
    for step in path:
        value = value[step]
    return value


def _set(data: Any, path: Path_, value: Any) -> Any:
    if not path:
        return value
    _at(data, path[:-1])[path[-1]] = value
    return data


class Spoiler:
    """One mutation after another; each method changes texts and says what it did."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def _file(self, texts: Texts, folder: str = "site") -> str:
        return self.chance.choice([name for name in sorted(texts) if name.startswith(folder)])

    def _edit(
        self, texts: Texts, change: Callable[[Any, Path_], Any], what: str, wanted: type | None = None
    ) -> str:
        name = self._file(texts)
        data = yaml.safe_load(texts[name])
        paths = [
            path for path in _paths(data) if path and (wanted is None or isinstance(_at(data, path), wanted))
        ]
        if not paths:
            return f"nothing to {what} in {name}"
        path = self.chance.choice(paths)
        data = change(data, path)
        texts[name] = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
        return f"{what} {name}: {'.'.join(map(str, path))}"

    def key_dropped(self, texts: Texts) -> str:
        def change(data: Any, path: Path_) -> Any:
            del _at(data, path[:-1])[path[-1]]
            return data

        return self._edit(texts, change, "drop")

    def type_changed(self, texts: Texts) -> str:
        other = self.chance.choice(OTHER_TYPES)
        return self._edit(texts, lambda data, path: _set(data, path, other), f"make it {other!r}")

    def reference_cut(self, texts: Texts) -> str:
        def change(data: Any, path: Path_) -> Any:
            return _set(
                data, path, str(_at(data, path))[::-1] + self.chance.choice(("", "x", "/y", ":z", "é"))
            )

        return self._edit(texts, change, "cut the reference", str)

    def key_renamed(self, texts: Texts) -> str:
        def change(data: Any, path: Path_) -> Any:
            holder = _at(data, path[:-1])
            if isinstance(holder, dict):
                holder[self.chance.choice(("x", "", 7, True, "a/b", "A B", "-", "schema"))] = holder.pop(
                    path[-1]
                )
            return data

        return self._edit(texts, change, "rename")

    def prefix_swollen(self, texts: Texts) -> str:
        name = "site/networks.yml"
        data = yaml.safe_load(texts[name])
        paths = [path for path in _paths(data) if path and "/" in str(_at(data, path))]
        path = self.chance.choice([path for path in paths if not isinstance(_at(data, path), (dict, list))])
        value = self.chance.choice(HUGE)
        texts[name] = yaml.safe_dump(_set(data, path, value), sort_keys=False)
        return f"swell {'.'.join(map(str, path))} to {value}"

    def number_swollen(self, texts: Texts) -> str:
        value = self.chance.choice(NUMBERS)
        return self._edit(texts, lambda data, path: _set(data, path, value), f"swell to {value}", int)

    def reservations(self, texts: Texts) -> str:
        data = yaml.safe_load(texts["site/networks.yml"])
        role = self.chance.choice(sorted(data["pools"]))
        data["pools"][role]["prefix"] = self.chance.choice(("10.0.0.0/8", data["pools"][role]["prefix"]))
        data["reservations"] = {
            "many": {
                "title": "many",
                "role": role,
                "count": self.chance.choice((1, 4096, 10**6)),
                "length": self.chance.choice((16, 24, 30)),
                "transport": "leased",
                "source": "assumption: a mutant",
            }
        }
        texts["site/networks.yml"] = yaml.safe_dump(data, sort_keys=False)
        return f"reserve {data['reservations']['many']}"

    def control_characters(self, texts: Texts) -> str:
        name = self.chance.choice(sorted(texts))
        at = self.chance.randrange(len(texts[name]) + 1)
        sign = self.chance.choice(CONTROL)
        texts[name] = texts[name][:at] + sign + texts[name][at:]
        return f"{sign!r} into {name} at {at}"

    def control_in_text(self, texts: Texts) -> str:
        sign = self.chance.choice(CONTROL).replace("\udc80", "\x1f")
        return self._edit(texts, lambda data, path: _set(data, path, f"a{sign}b"), f"{sign!r} as text", str)

    def bomb(self, texts: Texts) -> str:
        levels = self.chance.randrange(5, 40)
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
        name = self._file(texts)
        texts[name] = "\n".join(lines) + "\n" + self.chance.choice(("", texts[name]))
        return f"a bomb of {levels} levels in {name}"

    def cycle(self, texts: Texts) -> str:
        name = self._file(texts)
        texts[name] += self.chance.choice(
            ("loop: &l [*l]\n", "loop: &l {x: *l}\n", "<<: *nowhere\n", "? &k {*k : 1}\n: 2\n")
        )
        return f"a cycle in {name}"

    def deep(self, texts: Texts) -> str:
        name = self._file(texts)
        depth = self.chance.choice((21, 900, 5000))
        texts[name] += (
            "deep: "
            + self.chance.choice(("[" * depth + "]" * depth, "{a: " * depth + "1" + "}" * depth))
            + "\n"
        )
        return f"{depth} levels in {name}"

    def large(self, texts: Texts) -> str:
        name = self.chance.choice(sorted(texts))
        line = self.chance.choice(
            ("# a long comment\n", "x: 1\n", "allot a/b 1\n", "- [a, b]\n", "y" * 4000 + "\n")
        )
        texts[name] += line * (50_000_000 // len(line))
        return f"50 MB of {line[:20]!r} in {name}"

    def ledger_damage(self, texts: Texts) -> str:
        name = self._file(texts, "ledger")
        lines = texts[name].split("\n")
        at = self.chance.randrange(len(lines))
        kind = self.chance.choice(("edit", "drop", "twice", "swap", "cut", "marker", "words"))
        if kind == "edit":
            lines[at] = lines[at].replace("1", "7") + self.chance.choice(("", "0", " "))
        elif kind == "drop":
            del lines[at]
        elif kind == "twice":
            lines.insert(at, lines[at])
        elif kind == "swap":
            other = self.chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == "cut":
            texts[name] = texts[name][: self.chance.randrange(len(texts[name]) + 1)]
            return f"cut {name}"
        elif kind == "marker":
            lines[at:at] = ["<<<<<<< ours", "=======", ">>>>>>> theirs"]
        else:
            lines[at] = self.chance.choice(
                ("release x 1", "allot", "allot a b c", "reclaim x y", "grow a b", "{}", "-")
            )
        texts[name] = "\n".join(lines)
        return f"{kind} line {at + 1} of {name}"

    def file_gone(self, texts: Texts) -> str:
        name = self.chance.choice(sorted(texts))
        del texts[name]
        return f"{name} is gone"

    def several(self, texts: Texts) -> str:
        return "; ".join(self.chance.choice(self.small())(texts) for _ in range(self.chance.randrange(2, 6)))

    def small(self) -> list[Callable[[Texts], str]]:
        return [
            self.key_dropped,
            self.type_changed,
            self.reference_cut,
            self.key_renamed,
            self.prefix_swollen,
            self.number_swollen,
            self.reservations,
            self.control_in_text,
            self.ledger_damage,
        ]

    def all(self) -> list[Callable[[Texts], str]]:
        return [
            *self.small(),
            self.control_characters,
            self.bomb,
            self.cycle,
            self.deep,
            self.file_gone,
            self.several,
        ]


def _write(folder: Path, texts: Texts) -> None:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="surrogateescape")


def _check(folder: Path, words: list[str]) -> dict[str, Any]:
    """Run one command line in a fork; its output goes to a file."""
    out = folder / "out"
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            limit = resource.getrlimit(resource.RLIMIT_CPU)[1]
            resource.setrlimit(resource.RLIMIT_CPU, (20, limit))
            into = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(into, 1)
            os.dup2(into, 2)
            from scripts.awan.main import run

            code = run(words)
            sys.stdout.flush()
        except BaseException:  # noqa: BLE001 - what leaves the program is what is looked for
            import traceback

            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    _, status, usage = os.wait4(pid, 0)
    text = out.read_text(encoding="utf-8", errors="replace")
    return {
        "code": os.waitstatus_to_exitcode(status),
        "seconds": round(time.monotonic() - began, 3),
        "cpu": round(usage.ru_utime + usage.ru_stime, 3),
        "mib": round(usage.ru_maxrss / 1024),
        "traceback": "Traceback" in text,
        "said": text.strip()[-300:],
    }


def main(sites: Path, count: int, seed: int) -> None:
    """One line a mutant; in fifty there is one of 50 MB."""
    import network_plan.build
    import scripts.awan.commands.check  # noqa: F401 - loaded once, before the forks

    del network_plan.build
    originals = []
    for site in sorted(sites.iterdir()):
        if (site / "site").is_dir() and site.name != "broken":
            files = [path for path in sorted(site.rglob("*")) if path.is_file()]
            originals.append(
                {path.relative_to(site).as_posix(): path.read_text(encoding="utf-8") for path in files}
            )
    chance = random.Random(seed)
    spoiler = Spoiler(chance)
    for number in range(count):
        texts = dict(chance.choice(originals))
        spoil = spoiler.large if number % 50 == 49 else chance.choice(spoiler.all())
        what = spoil(texts)
        folder = Path(tempfile.mkdtemp(prefix="awan-mutant-"))
        try:
            _write(folder, texts)
            words = ["check", "--site", str(folder / "site"), "--today", "2026-11-24"]
            print(json.dumps({"number": number, "what": what, **_check(folder, words)}), flush=True)
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
