"""How packs inherit, which value holds on a day, and what a draft may not do."""

from collections.abc import Callable
from datetime import date
from functools import partial

import pytest

from creditbank.rules.hour_rules import PartDay
from creditbank.rules.loader import PackChainError, PackMissingError, chain_of, load_pack
from creditbank.rules.pack import Pack, PackChain, PackDraftError

PackText = Callable[..., str]
Rule = Callable[..., dict[str, str]]

NEW_YEAR = date(2024, 1, 1)
DAY_BEFORE = date(2023, 12, 31)


@pytest.fixture
def family(pack_text: PackText, rule: Rule) -> dict[str, Pack]:
    """A nation that says pro rata, and a city below a province that says full days only in 2024."""
    nation = pack_text(
        rule("part_day", '"pro_rata"'),
        rule("cap.day", '{ per = "day", hours = "8", order = 1 }'),
        rule("part_day.course", '"pro_rata"', "2025-01-01"),
        id='"cn"',
        jurisdiction='"cn"',
    )
    province = pack_text(id='"cn-99"', inherits='"cn"')
    city = pack_text(
        rule("part_day", '"full_only"', "2024-01-01", until="2026-01-01"),
        rule("cap.year", '{ per = "year", hours = "30", order = 2 }'),
        id='"cn-9901"',
        jurisdiction='"cn-9901"',
        inherits='"cn-99"',
    )
    packs = [load_pack(text.encode(), file="family.toml") for text in (nation, province, city)]
    return {pack.id: pack for pack in packs}


def part_day_on(chain: PackChain, day: date) -> object:
    value = chain.value_on("part_day", day)
    return None if value is None else (value.scheme, value.value)


def test_a_chain_runs_from_its_own_pack_to_the_nation(family: dict[str, Pack]) -> None:
    chain = chain_of("cn-9901", family)

    assert (chain.scheme, chain.jurisdiction, chain.zone) == ("cn-9901", "cn-9901", "Asia/Shanghai")
    assert [pin[0] for pin in chain.pins()] == ["cn-9901", "cn-99", "cn"]
    assert chain.pins()[2] == ("cn", 3, family["cn"].sha256)


def test_the_nearest_pack_that_speaks_on_the_day_wins(family: dict[str, Pack]) -> None:
    chain = chain_of("cn-9901", family)

    assert part_day_on(chain, DAY_BEFORE) == ("cn", PartDay.PRO_RATA)
    assert part_day_on(chain, NEW_YEAR) == ("cn-9901", PartDay.FULL_ONLY)
    assert part_day_on(chain, date(2025, 12, 31)) == ("cn-9901", PartDay.FULL_ONLY)
    assert part_day_on(chain, date(2026, 1, 1)) == ("cn", PartDay.PRO_RATA)
    assert part_day_on(chain, date(2019, 12, 31)) is None


def test_a_chain_that_forgets_answers_the_same(
    family: dict[str, Pack], monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [DAY_BEFORE, NEW_YEAR, date(2025, 12, 31), date(2026, 1, 1), DAY_BEFORE]
    remembered = [part_day_on(chain_of("cn-9901", family), day) for day in days]
    monkeypatch.setattr("creditbank.rules.pack._HELD_MAX", 2)
    forgetful = chain_of("cn-9901", family)

    assert [part_day_on(forgetful, day) for day in days] == remembered


def test_a_sister_is_not_asked(family: dict[str, Pack]) -> None:
    assert part_day_on(chain_of("cn-99", family), NEW_YEAR) == ("cn", PartDay.PRO_RATA)


def test_a_narrow_key_above_goes_before_a_wide_key_below(family: dict[str, Pack]) -> None:
    chain = chain_of("cn-9901", family)
    keys = ("part_day.course", "part_day")

    narrow, wide = (chain.first_on(keys, day) for day in (date(2025, 1, 1), date(2024, 12, 31)))

    assert narrow is not None
    assert wide is not None
    assert (narrow.scheme, wide.scheme) == ("cn", "cn-9901")
    assert chain.first_on(keys, date(2019, 1, 1)) is None


def test_the_keys_of_a_kind_are_gathered_over_the_whole_chain(family: dict[str, Pack]) -> None:
    assert chain_of("cn-9901", family).keys("cap") == ("cap.day", "cap.year")


def test_what_holds_on_a_day_of_a_kind_is_what_holds_of_each_key(
    family: dict[str, Pack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("creditbank.rules.pack._HELD_MAX", 2)
    chain = chain_of("cn-9901", family)

    for day in (DAY_BEFORE, NEW_YEAR, date(2026, 1, 1), date(2019, 1, 1), DAY_BEFORE):
        found = [chain.value_on(key, day) for key in chain.keys("part_day")]
        assert chain.values_on("part_day", day) == tuple(each for each in found if each)
    assert [value.key for value in chain.values_on("cap", NEW_YEAR)] == ["cap.day", "cap.year"]
    assert chain.values_on("cap", date(2019, 1, 1)) == ()


def test_what_follows_from_packs_alone_is_found_once_and_found_again_when_forgotten(
    family: dict[str, Pack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("creditbank.rules.pack._HELD_MAX", 2)
    chain, found = chain_of("cn-9901", family), list[int]()

    def answer(asked: int) -> int:
        found.append(asked)
        return asked * 2

    asked = [1, 2, 1, 3, 1]
    answers = [chain.once(("doubled", each), partial(answer, each)) for each in asked]

    assert answers == [2, 4, 2, 6, 2]
    assert found == [1, 2, 3, 1]  # the third one took the place of all


def test_a_scheme_or_an_ancestor_that_is_not_at_hand_is_named(family: dict[str, Pack]) -> None:
    del family["cn"]

    with pytest.raises(PackMissingError) as parent:
        chain_of("cn-9901", family)
    with pytest.raises(PackMissingError) as own:
        chain_of("cn-98", family)

    assert parent.value.facts == {"scheme": "cn-9901", "wanted": "cn"}
    assert own.value.facts == {"scheme": "cn-98", "wanted": "cn-98"}


@pytest.mark.parametrize("parent", ['"cn-99"', '"cn-98"'])
def test_a_pack_inherits_only_from_above_and_never_in_a_circle(
    pack_text: PackText, parent: str
) -> None:
    own = pack_text(inherits=parent)
    other = pack_text(id='"cn-98"', jurisdiction='"cn-98"')
    packs = {
        pack.id: pack
        for pack in (load_pack(text.encode(), file="test.toml") for text in (own, other))
    }

    with pytest.raises(PackChainError) as caught:
        chain_of("cn-99", packs)

    assert caught.value.facts["parent"] == parent.strip('"')


def test_a_series_of_a_place_inherits_from_the_place(pack_text: PackText) -> None:
    place = pack_text()
    series = pack_text(id='"cn-99.ziran-keyan"', inherits='"cn-99"')
    packs = {
        pack.id: pack
        for pack in (load_pack(text.encode(), file="test.toml") for text in (place, series))
    }

    chain = chain_of("cn-99.ziran-keyan", packs)

    assert (chain.scheme, chain.jurisdiction) == ("cn-99.ziran-keyan", "cn-99")


@pytest.mark.parametrize("drafted", ["cn", "cn-9901"])
def test_a_chain_that_decides_refuses_a_draft_anywhere_in_it(
    family: dict[str, Pack], pack_text: PackText, drafted: str
) -> None:
    own = family[drafted]
    inherits = f'"{own.inherits}"' if own.inherits else ""
    text = pack_text(
        id=f'"{own.id}"',
        jurisdiction=f'"{own.jurisdiction}"',
        inherits=inherits,
        status='"draft"',
    )
    family[drafted] = load_pack(text.encode(), file="draft.toml")

    with pytest.raises(PackDraftError) as caught:
        chain_of("cn-9901", family)

    assert caught.value.facts["drafts"] == [drafted]
    assert chain_of("cn-9901", family, simulation=True).simulation
