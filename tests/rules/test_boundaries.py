"""Which days of a pack its cases prove, and which are still to be proved."""

from collections.abc import Callable
from datetime import date

import pytest

from creditbank.rules.boundaries import Asked, WatchedChain, unproven
from creditbank.rules.loader import load_pack
from creditbank.rules.pack import Pack

PackText = Callable[..., str]
Rule = Callable[..., dict[str, str]]

DAY_RATE = '{ kind = "per_day", hours_per_day = "8" }'


@pytest.fixture
def pack_of(pack_text: PackText) -> Callable[..., Pack]:
    def build(*rules: dict[str, str], **head: str) -> Pack:
        return load_pack(pack_text(*rules, **head).encode(), file="test.toml")

    return build


PackOf = Callable[..., Pack]


def days_of(asked: list[Asked]) -> list[str]:
    return [str(each.day) for each in asked]


def test_the_day_before_and_the_day_of_each_beginning_and_end_are_to_be_proved(
    pack_of: PackOf, rule: Rule
) -> None:
    pack = pack_of(rule("recognise.lecture", "true", "2024-03-01", until="2025-01-01"))

    assert days_of(unproven(pack, set())) == [
        "2024-02-29", "2024-03-01", "2024-12-31", "2025-01-01",
    ]  # fmt: skip


def test_where_one_value_replaces_another_there_is_one_boundary(
    pack_of: PackOf, rule: Rule
) -> None:
    pack = pack_of(
        rule("recognise.lecture", "true", "2024-01-01"),
        rule("recognise.lecture", "false", "2025-01-01", replaces="2024-01-01"),
    )

    assert days_of(unproven(pack, set())) == [
        "2023-12-31", "2024-01-01", "2024-12-31", "2025-01-01",
    ]  # fmt: skip


@pytest.mark.parametrize("first", ["2024-01-01", "2024-06-15", "2024-12-31"])
def test_a_years_amount_is_proved_on_the_last_days_of_two_years(
    pack_of: PackOf, rule: Rule, first: str
) -> None:
    pack = pack_of(rule("yearly_minimum.total", '"90"', first))

    assert days_of(unproven(pack, set())) == ["2023-12-31", "2024-12-31"]


def test_what_a_chain_was_asked_is_proved_and_nothing_else(pack_of: PackOf, rule: Rule) -> None:
    pack = pack_of(rule("recognise.lecture", "true", "2024-03-01"))
    chain = WatchedChain((pack,))

    before, on = date(2024, 2, 29), date(2024, 3, 1)
    assert chain.value_on("recognise.lecture", before) is None
    assert days_of(unproven(pack, chain.asked)) == ["2024-03-01"]
    assert chain.first_on(("recognise.other", "recognise.lecture"), on) is not None

    assert unproven(pack, chain.asked) == []


def test_a_pack_is_not_proved_by_what_a_nearer_one_answered(pack_of: PackOf, rule: Rule) -> None:
    parent = pack_of(rule("recognise.lecture", "true", "2024-03-01"))
    child = pack_of(
        rule("recognise.lecture", "true", "2024-03-01"),
        id='"cn-9901"', jurisdiction='"cn-9901"', inherits='"cn-99"',
    )  # fmt: skip
    chain = WatchedChain((child, parent))

    for day in (date(2024, 2, 29), date(2024, 3, 1)):
        chain.value_on("recognise.lecture", day)

    assert unproven(child, chain.asked) == []
    assert days_of(unproven(parent, chain.asked)) == ["2024-03-01"]


@pytest.mark.parametrize(
    ("recognised", "left"),
    [(None, []), ("false", []), ("true", ["2024-02-29"]), ('{ forms = ["a"] }', ["2024-02-29"])],
)
def test_how_much_counts_needs_no_case_on_a_day_on_which_nothing_counts(
    pack_of: PackOf, rule: Rule, recognised: str | None, left: list[str]
) -> None:
    before, on = date(2024, 2, 29), date(2024, 3, 1)
    earlier = [] if recognised is None else [rule("recognise.lecture", recognised, "2020-01-01")]
    pack = pack_of(
        rule("conversion.lecture.seminar", DAY_RATE, "2024-03-01"),
        *earlier,
    )
    chain = WatchedChain((pack,))
    chain.value_on("recognise.lecture", before)
    chain.value_on("conversion.lecture.seminar", on)

    lacking = [each for each in unproven(pack, chain.asked) if each.key.startswith("conv")]

    assert days_of(lacking) == left
