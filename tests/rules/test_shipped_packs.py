"""The shipped packs: what they cite, what they only assume, and that they say no more than that."""

from datetime import date

from creditbank.rules.loader import chain_of
from creditbank.rules.pack import Basis, Pack, PackChain
from creditbank.rules.parameters import YearlyMinimum


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

    assert cited == {"recognise.enterprise_course", "recognise.digital_engineer_programme"}


def test_the_weihai_notices_are_pinned_by_the_digest_of_their_text(
    shipped: dict[str, Pack],
) -> None:
    references = shipped["cn-3710"].references

    assert all(reference.source_sha256 for reference in references.values())
    assert references["weihai-2024-2-9"].issued == date(2024, 2, 4)
    assert references["weihai-2022-32-6"].issued == date(2022, 11, 16)
