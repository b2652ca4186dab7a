"""Documentation is true: commands and targets exist, links resolve, pages follow from the code."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from creditbank.catalogue import entries
from creditbank.cli import main
from creditbank.rules.loader import load_pack
from tests.house.tree import ROOT
from tools.write_problems import page as problems_page

PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "clients").rglob("*.md")]
)
DECISIONS = sorted((ROOT / "docs" / "adr").glob("*.md"))
ADR_LINES_MAX = 60
_CODE = re.compile(r"```.*?\n(.*?)```|`([^`\n]+)`", re.DOTALL)
_WORD = r"(?:--?[a-z][a-z-]*(?:=\S+)?|[A-Za-z0-9_./:@{}-]+)"
_COMMAND = re.compile(rf"(?<![\w/.@:-])creditbank((?: +{_WORD})+)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def page_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def code_of(page: str) -> Iterator[str]:
    """Yield every span and block of code."""
    for block, span in _CODE.findall(page):
        yield block or span


def unknown_command(words: list[str]) -> str:
    """Walk the words down the tree of commands; return what is wrong, or nothing."""
    command: click.Command = main
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word.startswith("-"):
            option = word.split("=")[0]
            known = {name: each for each in command.params for name in each.opts}
            if option not in {*known, "--help", "-h"}:
                return f"{option} of {' '.join(words)}"
            takes_value = isinstance(known.get(option), click.Option) and not known[option].is_flag
            if takes_value and "=" not in word and waiting:
                waiting.pop(0)
        elif isinstance(command, click.Group):
            found = command.get_command(click.Context(command), word)
            if found is None:
                return f"{word} of {' '.join(words)}"
            command = found
    return ""


def unknown_commands(text: str) -> list[str]:
    joined = text.replace("\\\n", " ")
    found = (unknown_command(match.split()) for match in _COMMAND.findall(joined))
    return [each for each in found if each]


def anchor(heading: str) -> str:
    """Write a heading as the fragment that leads to it."""
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "")).strip().lower().replace(" ", "-")


def broken_links(path: Path) -> list[str]:
    broken = []
    for target in _LINK.findall(path.read_text(encoding="utf-8")):
        file, _, fragment = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        to = (path.parent / file).resolve() if file else path
        if not to.exists():
            broken.append(target)
        elif fragment and to.suffix == ".md":
            headings = map(anchor, _HEADING.findall(to.read_text(encoding="utf-8")))
            broken += [] if fragment in headings else [target]
    return broken


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_every_command_in_the_pages_exists(path: Path) -> None:
    codes = "\n".join(code_of(path.read_text(encoding="utf-8")))

    assert unknown_commands(codes) == []


def test_every_command_that_a_message_names_exists() -> None:
    sentences = "\n".join(
        sentence
        for parts in entries().values()
        for words in parts.values()
        for sentence in words.values()
    )

    assert unknown_commands(re.sub(r"[.,;:。，；：]", " ", sentences)) == []


@pytest.mark.parametrize(
    "line",
    ["creditbank fly", "creditbank ledger fly", "creditbank serve --wings", "creditbank --x serve"],
)
def test_a_command_that_does_not_exist_would_be_named(line: str) -> None:
    assert unknown_commands(line) != []


@pytest.mark.parametrize(
    "line",
    ["creditbank ledger fsck", "creditbank --home x serve --port 80", "`creditbank/entry/v1`"],
)
def test_a_command_that_exists_is_let_pass(line: str) -> None:
    assert unknown_commands(line) == []


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_every_make_target_in_the_pages_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    codes = "\n".join(code_of(path.read_text(encoding="utf-8")))

    assert set(re.findall(r"\bmake ([a-z]+)", codes)) <= targets


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_every_link_leads_somewhere(path: Path) -> None:
    assert broken_links(path) == []


def test_a_broken_link_would_be_named(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A b\n[x](missing.md) [y](#a-c) [z](#a-b)", encoding="utf-8")

    assert broken_links(page) == ["missing.md", "#a-c"]


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        reached.add(path)
        links = (link.partition("#")[0] for link in _LINK.findall(path.read_text(encoding="utf-8")))
        targets = {(path.parent / link).resolve() for link in links if link.endswith(".md")}
        waiting += targets - reached

    assert set(PAGES) - reached == set()


def test_the_page_of_problems_follows_from_the_catalogue() -> None:
    page = (ROOT / "docs" / "problems.md").read_text(encoding="utf-8")

    assert page == problems_page(), "run: .venv/bin/python tools/write_problems.py (or make fix)"


def test_decisions_are_numbered_and_each_fits_a_page() -> None:
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in DECISIONS}

    assert [name[:4] for name in lengths] == [f"{at:04d}" for at in range(1, len(lengths) + 1)]
    assert {name for name, lines in lengths.items() if lines > ADR_LINES_MAX} == set()


def test_the_readme_counts_what_each_pack_cites_and_what_it_assumes() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    stated = {
        pack_id: tuple(map(int, counts))
        for pack_id, *counts in re.findall(
            r"^\| `(cn[-.\w]*)` \|[^|]*\| (\d+) \| (\d+) \| (\d+) \|", readme, re.MULTILINE
        )
    }
    shipped = {}
    for path in (ROOT / "seeds" / "packs").glob("*.toml"):
        pack = load_pack(path.read_bytes(), file=path.name)
        bases = Counter(value.basis.value for line in pack.values.values() for value in line)
        shipped[pack.id] = tuple(bases[each] for each in ("notice", "practice", "assumption"))

    assert stated == shipped
