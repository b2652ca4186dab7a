"""The project speaks of itself alone: no machine's paths, no work slips, no download addresses."""

import re

import pytest

from tests.house.tree import ROOT, files_of_the_tree

#: Written in pieces, so that this file may stand in the tree that it reads.
_PIECES = {
    "a path of one machine": (
        ("/", "work/"), ("/", "tmp/plan"), ("/", "home/[a-z]+/"), (r"\.\./", "shared"),
    ),
    "a work slip": (
        (r"\bissu", r"es? (no\. ?)?#?\d+"), (r"\bsub", r"agents?\b"), (r"\bwork ", "session"),
    ),
    "a package registry's address": (
        ("py", r"pi\.org"), ("python", r"hosted\.org"), ("npm", r"js\.(com|org)"),
        ("proxy", r"\.golang\.org"), ("deb", r"\.debian\.org"), ("--(extra-)?index", "-url"),
    ),
}  # fmt: skip
FOREIGN = {what: "|".join(map("".join, pieces)) for what, pieces in _PIECES.items()}
#: Locks are made by a command whose options say that no address is to be written.
MAY_NAME_OPTIONS = {"Makefile"}


def foreign_words(text: str) -> list[str]:
    return [
        f"{what}: {match.group()}"
        for what, pattern in FOREIGN.items()
        for match in re.finditer(pattern, text, re.IGNORECASE)
    ]


def test_no_file_speaks_of_where_it_was_written() -> None:
    found = []
    for path in files_of_the_tree():
        if path.name in MAY_NAME_OPTIONS:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {word}" for word in foreign_words(text)]

    assert found == []


@pytest.mark.parametrize(
    "line",
    ["/wo" + "rk/main", "from ../sha" + "red", "as is" + "sue 2 asks", "https://py" + "pi.org/x"],
)
def test_a_foreign_word_would_be_named(line: str) -> None:
    assert foreign_words(line) != []


def test_the_lock_command_asks_for_no_addresses() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert makefile.count("--no-emit-index-url --no-emit-find-links") == makefile.count(
        "pip compile"
    )
