"""The shipped packs: what they cite, what they only assume, and that they say no more than that."""

from datetime import date

import pytest

from creditbank.rules.loader import chain_of
from creditbank.rules.pack import Basis, Pack, PackChain, PackDraftError
from creditbank.rules.title_rules import YearlyMinimum


def minimum_on(chain: PackChain, subject: str, day: date) -> int | None:
    value = chain.value_on(f"yearly_minimum.{subject}", day)
    if value is None:
        return None
    assert isinstance(value.value, YearlyMinimum)
    return value.value.centihours


def test_each_pack_of_the_first_chain_loads_and_decides(shipped: dict[str, Pack]) -> None:
    assert [pin[0] for pin in chain_of("cn-3710", shipped).pins()] == ["cn-3710", "cn-37", "cn"]


def test_90_and_60_begin_on_1_october_2015(weihai: PackChain) -> None:
    days = (date(2015, 9, 30), date(2015, 10, 1), date(2015, 10, 2))

    assert [minimum_on(weihai, "total", day) for day in days] == [None, 9000, 9000]
    assert [minimum_on(weihai, "professional", day) for day in days] == [None, 6000, 6000]


def test_the_platforms_30_public_hours_are_a_practice_of_shandong_from_2021(
    shipped: dict[str, Pack], weihai: PackChain
) -> None:
    days = (date(2020, 12, 31), date(2021, 1, 1), date(2021, 1, 2))

    assert [minimum_on(weihai, "public", day) for day in days] == [None, 3000, 3000]
    assert shipped["cn-37"].values["yearly_minimum.public"][0].basis is Basis.PRACTICE
    assert minimum_on(chain_of("cn", shipped), "public", days[1]) is None


def test_a_number_of_hours_that_no_weihai_notice_states_is_never_shown_as_cited(
    shipped: dict[str, Pack],
) -> None:
    values = [value for each in shipped["cn-3710"].values.values() for value in each]

    cited = {value.key for value in values if value.basis is Basis.NOTICE}

    assert cited == {
        "recognise.enterprise_course", "recognise.digital_engineer_programme",
        "recognise.practical_training", "pathway.enterprise_recommendation", "pathway.fast_track",
        "fact.enterprise_class", "fact.recommendation_signed_by",
        "right_lost.enterprise_recommendation",
    }  # fmt: skip


def test_the_weihai_notices_are_pinned_by_the_digest_of_their_text(
    shipped: dict[str, Pack],
) -> None:
    references = shipped["cn-3710"].references

    assert all(reference.source_sha256 for reference in references.values())
    assert references["weihai-2024-2-9"].issued == date(2024, 2, 4)
    assert references["weihai-2022-32-6"].issued == date(2022, 11, 16)


@pytest.mark.parametrize(
    ("scheme", "chain"),
    [
        ("cn-3306", ["cn-3306", "cn-33", "cn"]),
        ("cn-3301", ["cn-3301", "cn-33", "cn"]),
        ("cn-33.ziran-keyan", ["cn-33.ziran-keyan", "cn-33", "cn"]),
        ("cn-6501", ["cn-6501", "cn-65", "cn"]),
    ],
)
def test_each_city_inherits_from_its_region_and_decides(
    shipped: dict[str, Pack], scheme: str, chain: list[str]
) -> None:
    assert [pin[0] for pin in chain_of(scheme, shipped).pins()] == chain


def test_the_draft_of_the_high_tech_zone_is_simulated_and_never_decides(
    shipped: dict[str, Pack],
) -> None:
    with pytest.raises(PackDraftError):
        chain_of("cn-650104.gxq", shipped)

    assert chain_of("cn-650104.gxq", shipped, simulation=True).simulation


def test_every_pack_that_rests_on_a_draft_is_one_or_has_no_value_from_it(
    shipped: dict[str, Pack],
) -> None:
    resting = {
        pack.id
        for pack in shipped.values()
        for values in pack.values.values()
        for value in values
        if value.reference is not None and value.reference.document == "征求意见稿"
    }

    assert resting == {"cn-650104.gxq", "cn-3306.shidian"}


def test_zhejiangs_18_public_hours_are_together_and_begin_with_2016(
    shipped: dict[str, Pack],
) -> None:
    shaoxing = chain_of("cn-3306", shipped)
    days = (date(2015, 12, 31), date(2016, 1, 1), date(2016, 1, 2))

    assert [minimum_on(shaoxing, "public", day) for day in days] == [None, 1800, 1800]
    assert [minimum_on(shaoxing, "public.general", day) for day in days] == [None] * 3
    assert [minimum_on(shaoxing, "public.industry", day) for day in days] == [None] * 3


def test_xinjiangs_30_public_hours_begin_with_2021(shipped: dict[str, Pack]) -> None:
    urumqi = chain_of("cn-6501", shipped)
    days = (date(2020, 12, 31), date(2021, 1, 1), date(2021, 1, 2))

    assert [minimum_on(urumqi, "public", day) for day in days] == [None, 3000, 3000]


def test_what_no_article_of_the_research_series_states_is_an_assumption(
    shipped: dict[str, Pack],
) -> None:
    values = [value for each in shipped["cn-33.ziran-keyan"].values.values() for value in each]

    assumed = {value.key for value in values if value.basis is Basis.ASSUMPTION}

    assert assumed == {
        "conversion.advanced_seminar", "conversion.face_to_face_training",
        "conversion.academic_conference",
    }  # fmt: skip
    assert {value.from_ for value in values} == {date(2026, 5, 10)}


def test_that_hours_were_no_condition_in_xinjiang_is_only_assumed(
    shipped: dict[str, Pack],
) -> None:
    (turned,) = shipped["cn-65"].values["requirement.*.*"]

    assert turned.basis is Basis.ASSUMPTION
    assert (turned.from_, turned.until) == (date(2018, 1, 1), date(2021, 1, 1))


def test_shaoxing_and_urumqi_have_no_value_of_their_own(shipped: dict[str, Pack]) -> None:
    assert not shipped["cn-3306"].values
    assert not shipped["cn-6501"].values
