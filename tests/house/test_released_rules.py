"""What the shipped packs have once said stays said: a rule changes by adding a dated value."""

import pytest

from tests.house.tree import ROOT
from tools.release_rules import (
    RELEASED,
    Released,
    faults,
    released_values,
    shipped_values,
    values_of,
)

PACK = (ROOT / "seeds" / "packs" / "cn.toml").read_text(encoding="utf-8")
PLACE = "cn yearly_minimum.total 2015-10-01"
ADDED = """
[[rule]]
key       = "yearly_minimum.total"
from      = 2030-01-01
replaces  = 2015-10-01
value     = "120"
basis     = "notice"
reference = "mohrss-order-25-8"
"""


def digest(text: str) -> dict[str, Released]:
    return {value.place: value for value in values_of(text.encode())}


def test_no_released_value_was_edited_or_removed_and_every_new_one_is_released() -> None:
    released = released_values(RELEASED.read_text(encoding="utf-8"))

    assert faults(released, shipped_values()) == []
    assert released


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"90"', '"91"'),
        ("2015-10-01", "2015-10-02"),
        ('basis     = "notice"', 'basis     = "practice"'),
        ("累计应不少于90学时", "累计应不少于90学分"),
    ],
)
def test_an_edited_value_would_be_named(old: str, new: str) -> None:
    assert old in PACK

    named = faults(digest(PACK), digest(PACK.replace(old, new)))

    assert any(fault.startswith(f"{PLACE}: a released value") for fault in named)


def test_a_removed_value_would_be_named() -> None:
    assert faults(digest(PACK), {})[0].endswith("is gone; put it back")


def test_a_value_that_is_added_is_free_and_waits_for_its_line() -> None:
    assert faults(digest(PACK), digest(PACK + ADDED)) == [
        "cn yearly_minimum.total 2030-01-01: not released yet; run make fix"
    ]


def test_no_value_is_released_twice() -> None:
    lines = [line for line in RELEASED.read_text(encoding="utf-8").splitlines() if line[0] != "#"]

    assert len({line.rsplit(" ", 1)[0] for line in lines}) == len(lines)
