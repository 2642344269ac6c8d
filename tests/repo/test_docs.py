# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that is true: links lead somewhere, commands exist, sentences are the code's, generated pages are fresh."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from network_plan.build import check
from network_plan.policy import RULES
from scripts.awan.main import COMMANDS
from scripts.docs.__main__ import PAGES, text
from scripts.lab.cluster.spec import IAC_ROLES, iac_token
from scripts.toolchain.paths import ROOT

DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
RUNBOOKS = sorted(page for page in (DOCS / "runbooks").glob("*.md") if page.name != "README.md")
PARTS = ["Status", "Context", "Decision", "Consequences", "Common mistakes"]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def _read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _pages(files: list[Path]) -> list[Path]:
    return [ROOT / file for file in files if file.suffix == ".md"]


def _prose(text: str) -> str:
    """The text without its blocks of code, in which brackets mean something else."""
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))


def _anchors(page: Path) -> set[str]:
    """Heading → anchor, as web pages of repositories make it."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", FENCE.sub("", _read(page)), flags=re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(plain.strip().replace(" ", "-"))
    return found


def _links(page: Path) -> Iterator[str]:
    yield from re.findall(r"\]\(([^)\s]+)\)", _prose(_read(page)))


def test_every_link_leads_somewhere(files: list[Path]) -> None:
    wrong = []
    for page in _pages(files):
        for link in _links(page):
            if re.match(r"https?:", link):
                continue
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            if not target.exists():
                wrong.append(f"{page.relative_to(ROOT)}: {link} is not there")
            elif anchor and anchor not in _anchors(target):
                wrong.append(f"{page.relative_to(ROOT)}: {link} has no such heading")
    assert not wrong, "\n".join(wrong)


def _code(text: str) -> str:
    """What is typed: blocks without a language, and inline code."""
    blocks = "\n".join(body for language, body in FENCE.findall(text) if not language)
    inline = "\n".join(re.findall(r"`([^`\n]+)`", FENCE.sub("", text)))
    return f"{blocks}\n{inline}"


def _subcommands(name: str) -> set[str] | None:
    command = importlib.import_module(f"scripts.awan.commands.{name}").command
    return set(command.commands) if isinstance(command, click.Group) else None


def test_every_command_in_the_documentation_exists(files: list[Path]) -> None:
    targets = set(re.findall(r"^([a-z]+):", _read(ROOT / "Makefile"), flags=re.MULTILINE))
    groups = {name: _subcommands(name) for name in COMMANDS}
    wrong = []
    for page in _pages(files):
        typed = _code(_read(page))
        for name, sub in re.findall(r"(?:^|[\s(&;])awan ([a-z]+)(?: ([a-z]+))?", typed, flags=re.MULTILINE):
            known = groups.get(name)
            if name not in groups or (known is not None and sub and sub not in known):
                wrong.append(f"{page.relative_to(ROOT)}: awan {name} {sub}".rstrip())
        for target in re.findall(r"(?:^|[\s(&;])make ([a-z]+)", typed, flags=re.MULTILINE):
            if target not in targets:
                wrong.append(f"{page.relative_to(ROOT)}: make {target}")
        for module in re.findall(r"python -m ([a-z_.]+)", typed):
            if importlib.util.find_spec(module) is None:
                wrong.append(f"{page.relative_to(ROOT)}: python -m {module}")
    assert not wrong, "\n".join(wrong)


def test_the_readme_names_what_the_code_has() -> None:
    text = _read(ROOT / "README.md")
    for command in ("make up", "make test"):
        assert f"\n{command} " in text
    listed = re.search(r"requirements, .+? have a rule[^:]*: ([^.]+)\.", text.replace("\n", " "))
    assert listed, "README.md no longer says which requirements have a rule"
    assert [name.strip() for name in listed[1].split(",")] == list(RULES)


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_every_decision_has_its_five_parts(page: Path) -> None:
    text = _read(page)
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == PARTS
    sections = re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]
    assert all(section.strip() for section in sections), "a part is empty"
    assert re.match(rf"# {page.stem[:4]}\. \S", text), "the title begins with the number"


def test_every_decision_is_in_the_index_and_in_the_reading_order() -> None:
    index = _read(DOCS / "decisions" / "README.md")
    assert [int(page.stem[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for page in DECISIONS:
        title = _read(page).splitlines()[0].partition(". ")[2]
        assert f"| [{page.stem[:4]}]({page.name}) | {title} |" in index
    order = re.search(r"read them in this order:(.+?)\n\n", index, flags=re.DOTALL)
    assert order
    assert sorted(re.findall(r"\d{4}", order[1])) == [page.stem[:4] for page in DECISIONS]


def test_every_runbook_is_in_the_index() -> None:
    index = _read(DOCS / "runbooks" / "README.md")
    assert [page.name for page in RUNBOOKS if f"]({page.name})" not in index] == []


def test_what_the_code_says_of_docs_is_there(written: list[Path]) -> None:
    here = Path(__file__).resolve().relative_to(ROOT)
    named = re.compile(r"\bdocs/[a-z_/.-]*[a-z](?:\.md|\.png|/)?")
    wrong = [
        f"{file}: {path}"
        for file in written
        if file != here and file.suffix in {".py", ".yml", ".toml", ".j2", ""} and file.name != "LICENSE"
        for path in named.findall((ROOT / file).read_text(encoding="utf-8", errors="replace"))
        if not (ROOT / path).exists() and "docs/source" not in path and "docs/architecture" not in path
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_generated_pages_are_fresh(name: str) -> None:
    page = ROOT / name
    assert page.is_file(), "run 'python -m scripts.docs'"
    assert _read(page) == text(name), "run 'python -m scripts.docs'"


def _requirements() -> dict[str, str]:
    rows = re.findall(
        r"^\| ([A-Z]+-\d) \|.+\| ([^|]+) \|$",
        _read(DOCS / "reference" / "requirements.md"),
        flags=re.MULTILINE,
    )
    return dict(rows)


def test_requirements_say_which_rules_there_are() -> None:
    states = _requirements()
    assert {name for name, state in states.items() if state == "rule"} == set(RULES)
    assert {state.partition(":")[0] for state in states.values()} == {"rule", "served", "part", "open"}
    assert all(state.partition(": ")[2] for state in states.values() if state.startswith(("part", "served")))


def test_every_finding_that_names_a_requirement_names_one_of_the_list(written: list[Path]) -> None:
    known = set(_requirements())
    wrong = [
        f"{file}: {name}"
        for file in written
        if file.as_posix().startswith("network_plan/") and file.suffix == ".py"
        for name in re.findall(
            r"\b((?:GW|NET|CLD|DR|PWR|ENV|MON|SEC|AUD|INV|APP|ORG)-\d)\b", _read(ROOT / file)
        )
        if name not in known
    ]
    assert not wrong, "\n".join(wrong)


def test_the_environment_page_has_every_variable_that_is_read() -> None:
    page = _read(DOCS / "runbooks" / "environment.md")
    code = "".join(
        _read(ROOT / name)
        for name in (
            "pulumi/pve_components/environment.py",
            "scripts/verify/connect.py",
            "scripts/lab/environment.py",
        )
    )
    per_stack = set(re.findall(r"\{prefix\}(_[A-Z_]+)", code))
    alone = set(re.findall(r"\"((?:AWAN|PULUMI)_[A-Z_]+)\"", code)) - {"AWAN_NO_HOSTS", "PULUMI_HOME"}
    assert per_stack >= {"_ENDPOINTS", "_TOKEN", "_CLUSTER"}
    missing = sorted(name for name in per_stack if f"`AWAN_<STACK>{name}" not in page)
    missing += sorted(name for name in alone if f"`{name}`" not in page)
    assert not missing, f"docs/runbooks/environment.md does not explain {', '.join(missing)}"


def test_a_real_token_gets_what_the_lab_was_tested_with() -> None:
    """Same privileges, same paths: no more, and nothing that no test has needed."""
    page = _read(DOCS / "runbooks" / "environment.md")
    variables: dict[str, str] = {}
    for name, value in re.findall(r"^(VM)=\"(.+)\"$", page, flags=re.MULTILINE):
        variables[name] = value.replace("$VM", variables.get(name, ""))
    roles = {
        role: set(privileges.replace("$VM", variables["VM"]).split())
        for role, privileges in re.findall(
            r"^pveum role add (\w+) +--privs \"(.+)\"$", page, flags=re.MULTILINE
        )
    }
    granted = {
        path: roles[role]
        for path, role in re.findall(
            r"^pveum acl modify (\S+) +--roles (Iac\w+) +--users iac@pve$", page, flags=re.MULTILINE
        )
    }
    assert granted == {path: set(IAC_ROLES[role].split()) for path, role in iac_token().grants}


def _literals(written: list[Path]) -> str:
    """Source text in which strings that are broken over lines are whole again, with one kind of quote."""
    text = "\n".join(
        _read(ROOT / file)
        for file in written
        if file.suffix == ".py" and file.as_posix().startswith(("pulumi/pve", "scripts/"))
    )
    return re.sub(r"[\"']\s*\n\s*f?[\"']", "", text)


def test_refusals_are_the_sentences_of_the_code(written: list[Path]) -> None:
    code = _literals(written)
    rows = re.findall(r"^\| (`.+?) \| ", _read(DOCS / "runbooks" / "refusals.md"), flags=re.MULTILINE)
    assert len(rows) > 20
    wrong = [
        f"{piece!r} of {row}"
        for row in rows
        for sentence in re.findall(r"`([^`]+)`", row)
        for piece in (part.strip(" ,;:()") for part in sentence.split("…"))
        if piece and piece not in code
    ]
    assert not wrong, "the code says otherwise:\n" + "\n".join(wrong)


def _words(*sections: str) -> list[str]:
    """The first column of the glossary's tables; of the named sections, or of all."""
    parts = re.split(r"^## (.+)$", _read(DOCS / "glossary.md"), flags=re.MULTILINE)[1:]
    chosen = [
        text for name, text in zip(parts[::2], parts[1::2], strict=True) if not sections or name in sections
    ]
    return re.findall(r"^\| (\*\*.+?) \|", "\n".join(chosen), flags=re.MULTILINE)


def test_the_glossary_has_each_word_once() -> None:
    """A word with two meanings says which is meant, in brackets."""
    words = [re.sub(r"\*", "", row) for row in _words()]
    assert len(words) > 50
    twice = [word for word, number in Counter(words).items() if number > 1]
    assert not twice, twice


def test_the_words_of_the_glossary_are_used(written: list[Path]) -> None:
    """Those of the regency are for readers; the others must be the words of code and texts."""
    used = "\n".join(
        _read(ROOT / file).lower()
        for file in written
        if file.suffix in {".py", ".md", ".yml"} and file.as_posix() != "docs/glossary.md"
    )
    rows = _words("Of this project", "Of Proxmox and the network")
    words = {word for row in rows for word in re.findall(r"\*\*(.+?)\*\*", row)}
    assert len(words) > 50
    assert not [word for word in sorted(words) if not re.search(rf"\b{re.escape(word.lower())}", used)]


def test_fragments_are_short_and_for_people() -> None:
    fragments = [page for page in (ROOT / "changelog.d").glob("*.md") if page.name != "README.md"]
    assert fragments
    for page in fragments:
        text = _read(page)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+){1,5}\.md", page.name), page.name
        assert len(text.splitlines()) <= 15, f"{page.name}: a fragment is a few sentences"
        assert set(re.findall(r"^#+ .+$", text, flags=re.MULTILINE)) <= {"### Action"}, page.name


def test_yaml_in_the_documentation_is_yaml(files: list[Path]) -> None:
    for page in _pages(files):
        for language, body in FENCE.findall(_read(page)):
            if language == "yaml":
                indent = len(body) - len(body.lstrip())
                assert yaml.load(
                    "\n".join(line[indent:] for line in body.splitlines()), Loader=yaml.CSafeLoader
                )


def test_the_site_of_this_repository_stands() -> None:
    """What the documentation shows is shown on this site."""
    assert not check(ROOT / "inventory" / "site").errors
