"""The page on the pack language is true: its example loads, and it names every kind of rule."""

import re
from pathlib import Path

from creditbank.rules.cases import load_cases, run_case
from creditbank.rules.loader import load_pack
from creditbank.rules.parameters import KINDS
from tests.rules.conftest import text_of_pack

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
PACK, CASES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def test_the_example_pack_of_the_page_loads_and_replaces_its_old_value() -> None:
    pack = load_pack(PACK.encode(), file="docs/rules.md")

    old, new = pack.values["conversion.enterprise_course"]
    assert (pack.id, old.until) == ("cn-9901", new.from_)


def test_the_example_cases_of_the_page_are_answered_as_they_say() -> None:
    parent = text_of_pack()
    packs = [load_pack(text.encode(), file="docs/rules.md") for text in (PACK, parent)]

    cases = load_cases(CASES.encode(), {pack.id: pack for pack in packs}, file="docs/rules.md")

    assert [run_case(case).differing for case in cases] == [{}, {}]


def test_the_page_explains_every_kind_of_rule() -> None:
    explained = set(re.findall(r"^\| `([^`]+)` \|", PAGE.replace("\\|", "|"), re.MULTILINE))

    assert {kind.example for kind in KINDS} <= explained
