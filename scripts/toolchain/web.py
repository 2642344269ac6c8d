# SPDX-License-Identifier: GPL-3.0-or-later
"""What draws the map in the browser: bundled from scripts/web and its locked npm packages, once per content.

The packages stay in the cache by their lock, the bundle by its sources; nothing of either is kept in git.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path

from scripts.toolchain import paths
from scripts.toolchain.part import Part, PartError, only_one, run, say, swapped_into

SOURCES = paths.ROOT / "scripts" / "web"
FILES = ("map.js", "map.css", "NOTICE")
_RECIPE = ("package.json", "package-lock.json", ".npmrc", "tsconfig.json")


def _key(files: list[Path]) -> str:
    sums = [(file.name, hashlib.sha256(file.read_bytes()).hexdigest()) for file in files]
    return hashlib.sha256(json.dumps(sums).encode()).hexdigest()[:12]


def _lock() -> list[Path]:
    return [SOURCES / name for name in _RECIPE[:3]]


def modules() -> Path:
    """Return the folder of the npm packages, by their lock."""
    return paths.cache_dir() / f"web-packages-{_key(_lock())}"


def bundle_dir() -> Path:
    """Return the folder of the bundle: script, style sheet, notices of what is in them."""
    files = [SOURCES / name for name in _RECIPE] + sorted((SOURCES / "src").glob("*.ts"))
    return paths.cache_dir() / f"web-{_key(files)}"


def check() -> Part:
    """Say whether the bundle of these sources is built."""
    ready = all((bundle_dir() / name).is_file() for name in FILES)
    return Part(
        name="web",
        ok=ready,
        needed=False,
        path=str(bundle_dir()),
        why="" if ready else "the script that draws the map is not built",
        command="" if ready else "make setup" if paths.which("npm") else _advice(),
    )


def _advice() -> str:
    packages = " ".join(paths.versions()["debian"]["web"]["packages"])
    if paths.is_debian():
        return f"sudo apt-get install --no-install-recommends {packages}, then: make setup"
    return "install Node.js with npm, then: make setup"


def ensure() -> Part:
    """Bring the bundle into the cache.

    Raises:
        scripts.toolchain.part.PartError: there is no npm, a package can't be fetched, or a source is wrong.
    """
    if (ready := check()).ok:
        return ready
    with only_one("web"):
        if (ready := check()).ok:
            return ready
        if paths.which("npm") is None:
            raise PartError("the map's script must be built, and npm is not installed", _advice())
        start = time.monotonic()
        packages = _fetch()
        with swapped_into(bundle_dir()) as fresh:
            _build(packages, fresh)
        say("web", f"ready in {time.monotonic() - start:.0f} s")
    return check()


def _fetch() -> Path:
    target = modules()
    if (target / "node_modules").is_dir():
        return target
    say("web", "fetching the npm packages of the map")
    with swapped_into(target) as fresh:
        for file in _lock():
            shutil.copy(file, fresh)
        run(["npm", "ci"], log="web-packages", cwd=fresh, retry="make setup")
    return target


def _build(packages: Path, fresh: Path) -> None:
    """Bundle in a folder of its own, so that the sources stay as they are and find the packages beside them."""
    for name in _RECIPE:
        shutil.copy(SOURCES / name, fresh)
    shutil.copytree(SOURCES / "src", fresh / "src")
    (fresh / "node_modules").symlink_to(packages / "node_modules")
    run(["npm", "run", "lint"], log="web-types", cwd=fresh, retry="make setup")
    run(["npm", "run", "build"], log="web-build", cwd=fresh, retry="make setup")
    for name in ("map.js", "map.css"):
        shutil.move(fresh / "dist" / name, fresh / name)
    (fresh / "node_modules").unlink()
    for name in _RECIPE:
        (fresh / name).unlink()
    for name in ("src", "dist"):
        shutil.rmtree(fresh / name)
    (fresh / "NOTICE").write_text(_notices(packages), encoding="utf-8")


def _notices(packages: Path) -> str:
    """Name, version, licence and its text of each package that stands in the bundle."""
    lock = json.loads((SOURCES / "package-lock.json").read_text(encoding="utf-8"))
    parts = []
    for place, entry in sorted(lock["packages"].items()):
        if not place or entry.get("dev"):
            continue
        folder = packages / place
        texts = [file.read_text(encoding="utf-8").strip() for file in sorted(folder.glob("LICEN[SC]E*"))]
        name = place.removeprefix("node_modules/")
        parts.append(
            f"{name} {entry['version']}, {entry['license']}\n\n" + "\n\n".join(texts or ["(no text given)"])
        )
    return "\n\n".join(parts) + "\n"
