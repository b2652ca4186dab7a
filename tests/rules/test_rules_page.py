"""The page on the pack language is true: its example loads, and it names every kind of rule."""

import re
from pathlib import Path

from creditbank.rules.loader import load_pack
from creditbank.rules.parameters import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")


def test_the_example_pack_of_the_page_loads_and_replaces_its_old_value() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

    pack = load_pack(example.encode(), file="docs/rules.md")

    old, new = pack.values["conversion.enterprise_course"]
    assert (pack.id, old.until) == ("cn-9901", new.from_)


def test_the_page_explains_every_kind_of_rule() -> None:
    explained = set(re.findall(r"^\| `([^`]+)` \|", PAGE.replace("\\|", "|"), re.MULTILINE))

    assert {kind.example for kind in KINDS} <= explained
