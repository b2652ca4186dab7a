"""What a version of a pack changes: what is added is told from what mends a published value."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.rules.changes import Changes, compare, mended
from creditbank.rules.loader import load_pack
from creditbank.rules.pack import Pack
from tests.rules.conftest import assumed_rule, text_of_pack

Rule = Callable[..., dict[str, str]]

CAP = '{{ per = "day", hours = "{0}", order = 1 }}'
REFERENCE = """
[reference.example-1]
document = "示例〔2024〕1号"
title = "关于示例的通知"
clause = "第一条"
quote = "{quote}"
"""


def pack_of(*rules: dict[str, str], reference: str = "", **head: str) -> Pack:
    text = text_of_pack(*rules, **head)
    return load_pack((text + reference).encode(), file="test.toml")


def cap(hours: str, from_: str, **more: str) -> dict[str, str]:
    return assumed_rule("cap.day", CAP.format(hours), from_, **more)


OLD = pack_of(cap("8", "2024-01-01"))


def said(changes: Changes) -> dict[str, list[str]]:
    """Tell the changes of values in words."""
    return {
        "added": [f"{value.key} {value.from_}" for value in changes.added],
        "ended": [f"{each.old.key} {each.old.from_} until {each.until}" for each in changes.ended],
        "edited": [f"{each.old.key} {' '.join(each.parts)}" for each in changes.edited],
        "removed": [f"{value.key} {value.from_}" for value in changes.removed],
    }


def test_a_first_version_adds_all_that_it_says() -> None:
    changes = compare(None, OLD)

    assert said(changes) == {
        "added": ["cap.day 2024-01-01"], "ended": [], "edited": [], "removed": [],
    }  # fmt: skip
    assert mended(changes, None) == ()


def test_the_same_text_changes_nothing() -> None:
    assert compare(OLD, pack_of(cap("8", "2024-01-01"))).nothing


def test_a_value_that_replaces_another_ends_it_and_mends_nothing() -> None:
    new = pack_of(cap("8", "2024-01-01"), cap("6", "2026-01-01", replaces="2024-01-01"))

    changes = compare(OLD, new)

    assert said(changes) == {
        "added": ["cap.day 2026-01-01"],
        "ended": ["cap.day 2024-01-01 until 2026-01-01"],
        "edited": [],
        "removed": [],
    }
    assert not changes.nothing
    assert mended(changes, OLD) == ()


def test_a_value_put_between_two_ends_the_first_of_them_sooner() -> None:
    old = pack_of(cap("8", "2022-01-01"), cap("6", "2026-01-01", replaces="2022-01-01"))
    new = pack_of(
        cap("8", "2022-01-01"),
        cap("7", "2024-01-01", replaces="2022-01-01"),
        cap("6", "2026-01-01", replaces="2024-01-01"),
    )

    changes = compare(old, new)

    assert said(changes)["ended"] == ["cap.day 2022-01-01 until 2024-01-01"]
    assert mended(changes, old) == ()


@pytest.mark.parametrize(
    ("new", "parts"),
    [
        (cap("7", "2024-01-01"), "value"),
        (cap("8", "2024-01-01", until="2025-01-01"), "until"),
        (cap("8", "2024-01-01", reason='"改写。"'), "reason"),
        (cap("8", "2024-01-01", reason_en='"Reworded."'), "reason_en"),
    ],
)
def test_a_published_value_that_says_something_else_was_edited(
    new: dict[str, str], parts: str
) -> None:
    changes = compare(OLD, pack_of(new))

    assert said(changes)["edited"] == [f"cap.day {parts}"]
    assert mended(changes, OLD) == (("cap.day", date(2024, 1, 1)),)


def test_a_value_that_is_gone_and_one_that_begins_on_another_day_were_removed() -> None:
    changes = compare(OLD, pack_of(cap("8", "2023-12-31")))

    assert said(changes) == {
        "added": ["cap.day 2023-12-31"], "ended": [], "edited": [],
        "removed": ["cap.day 2024-01-01"],
    }  # fmt: skip
    assert mended(changes, OLD) == (("cap.day", date(2024, 1, 1)),)


def test_a_value_that_goes_on_for_longer_than_published_was_edited() -> None:
    old = pack_of(cap("8", "2024-01-01", until="2025-01-01"))
    new = pack_of(cap("8", "2024-01-01", until="2026-01-01"), cap("6", "2026-01-01"))

    assert said(compare(old, new))["edited"] == ["cap.day until"]


def test_a_value_whose_clause_reads_otherwise_stands_on_another_ground() -> None:
    cited = cap("8", "2024-01-01", basis='"notice"', reference='"example-1"')
    other = assumed_rule("part_day", '"pro_rata"')
    first, second = (
        pack_of(cited, other, reference=REFERENCE.format(quote=quote))
        for quote in ("每天最多登记八个学时为限，不得超过", "每天最多登记八个学时为限，不得突破")
    )

    changes = compare(first, second)

    assert [(each.old.id, each.new is None) for each in changes.references] == [
        ("example-1", False)
    ]
    assert changes.edited == ()
    assert mended(changes, first) == (("cap.day", date(2024, 1, 1)),)


def test_a_value_that_rests_on_another_clause_and_a_clause_that_is_gone_are_told() -> None:
    cited = cap("8", "2024-01-01", basis='"notice"', reference='"example-1"')
    clause = REFERENCE.format(quote="每天最多登记八个学时为限，不得超过")
    kept, other = (clause.replace("example-1", name) for name in ("example-0", "example-2"))
    old = pack_of(cited, reference=clause + kept)
    new = pack_of(cited | {"reference": '"example-2"'}, reference=other + kept)

    changes = compare(old, new)

    assert said(changes)["edited"] == ["cap.day reference"]
    assert [(each.old.id, each.new) for each in changes.references] == [("example-1", None)]


def test_what_the_head_says_is_compared_line_by_line() -> None:
    new = pack_of(cap("8", "2024-01-01"), version="4", inherits='"cn"', title_en='"Another title"')

    changes = compare(OLD, new)

    assert [(each.key, each.old, each.new) for each in changes.header] == [
        ("title_en", "A pack for tests", "Another title"),
        ("inherits", "", "cn"),
    ]
    assert mended(changes, OLD) == ()


def test_what_an_id_is_called_is_compared_name_by_name() -> None:
    named = '\n[[name]]\nkind = "activity"\nid = "{0}"\nzh = "{1}"\nen = "{0}"\n'
    kept = named.format("award", "奖励")
    old = pack_of(reference=named.format("course", "课程") + named.format("lecture", "讲座") + kept)
    new = pack_of(reference=named.format("course", "课") + named.format("reading", "自学") + kept)

    changes = compare(old, new)

    told = [(each.name.id, each.old is None, each.new is None) for each in changes.names]
    assert told == [("course", False, False), ("lecture", False, True), ("reading", True, False)]
    assert mended(changes, old) == ()


days = st.integers(0, 3000).map(lambda number: date(2020, 1, 1) + timedelta(number))


@given(st.lists(days, min_size=1, max_size=6, unique=True), st.data())
def test_values_added_in_any_order_mend_nothing(starts: list[date], data: st.DataObject) -> None:
    kept = set(data.draw(st.lists(st.sampled_from(starts), min_size=1, unique=True)))

    before, after = (_line(sorted(days_)) for days_ in (kept, set(starts)))

    changes = compare(before, after)
    assert mended(changes, before) == ()
    assert {value.from_ for value in changes.added} == set(starts) - kept


def _line(starts: list[date]) -> Pack:
    """Make one cap's timeline in which each value replaces the one before it."""
    rules = []
    for at, start in enumerate(starts):
        replaces = starts[at - 1].isoformat() if at else ""
        rules.append(cap(str(start.toordinal()), start.isoformat(), replaces=replaces))
    return pack_of(*rules)
