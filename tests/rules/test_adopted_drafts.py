"""A draft in a chain says something only on the days for which it was adopted."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.rules.loader import chain_of, load_pack
from creditbank.rules.pack import Adoption, Pack, PackDraftError
from tests.rules.conftest import assumed_rule, text_of_pack

ADOPTED, ENDED = date(2026, 3, 1), date(2027, 3, 1)
DAY = timedelta(days=1)
Family = dict[str, Pack]


def packs_with(status: str) -> Family:
    """A province that counts pro rata since 2020, and a city that counts full days since 2025."""
    texts = (
        text_of_pack(assumed_rule("part_day", '"pro_rata"')),
        text_of_pack(
            assumed_rule("part_day", '"full_only"', "2025-01-01"),
            id='"cn-9901"', jurisdiction='"cn-9901"', inherits='"cn-99"', status=f'"{status}"',
        ),
    )  # fmt: skip
    packs = [load_pack(text.encode(), file="test.toml") for text in texts]
    return {pack.id: pack for pack in packs}


def term(from_: date = ADOPTED, until: date | None = None) -> Adoption:
    return Adoption(from_, until, "示例〔2026〕1号", "关于示例的通知")


def speaker(packs: Family, day: date, *terms: Adoption) -> str | None:
    """Tell whose value holds on a day."""
    value = chain_of("cn-9901", packs, adopted={"cn-9901": terms}).value_on("part_day", day)
    return value.scheme if value else None


@pytest.mark.parametrize(
    ("day", "whose"),
    [
        (date(2025, 1, 1), "cn-99"),
        (ADOPTED - DAY, "cn-99"),
        (ADOPTED, "cn-9901"),
        (ENDED - DAY, "cn-9901"),
        (ENDED, "cn-99"),
        (date(2019, 12, 31), None),
    ],
)
def test_a_draft_speaks_from_the_day_of_its_adoption_until_it_ends(
    day: date, whose: str | None
) -> None:
    assert speaker(packs_with("draft"), day, term(until=ENDED)) == whose


def test_an_adoption_before_a_values_own_day_brings_it_no_sooner() -> None:
    packs, early = packs_with("draft"), term(date(2020, 1, 1))

    assert speaker(packs, date(2024, 12, 31), early) == "cn-99"
    assert speaker(packs, date(2025, 1, 1), early) == "cn-9901"


def test_a_draft_may_be_adopted_again() -> None:
    packs = packs_with("draft")
    terms = (term(until=ENDED), term(date(2028, 1, 1)))

    spoken = [speaker(packs, day, *terms) for day in (date(2027, 12, 31), date(2028, 1, 1))]

    assert spoken == ["cn-99", "cn-9901"]


def test_a_pack_in_force_needs_no_adoption() -> None:
    packs = packs_with("in_force")

    assert speaker(packs, date(2025, 1, 1), term()) == "cn-9901"


def test_a_simulation_lets_a_draft_speak_that_nobody_adopted_and_no_sooner_one_that_is() -> None:
    packs, day = packs_with("draft"), ADOPTED - DAY

    supposed = chain_of("cn-9901", packs, simulation=True).value_on("part_day", day)
    adopted = {"cn-9901": (term(),)}
    known = chain_of("cn-9901", packs, simulation=True, adopted=adopted).value_on("part_day", day)

    assert supposed is not None
    assert known is not None
    assert (supposed.scheme, known.scheme) == ("cn-9901", "cn-99")


def test_the_adoption_of_another_pack_makes_no_draft_law() -> None:
    with pytest.raises(PackDraftError):
        chain_of("cn-9901", packs_with("draft"), adopted={"cn-99": (term(),)})


def test_a_chain_knows_the_terms_of_its_own_packs_alone() -> None:
    adopted = {"cn-9901": (term(),), "cn-98": (term(),)}

    assert set(chain_of("cn-9901", packs_with("draft"), adopted=adopted).adopted) == {"cn-9901"}


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 900), st.integers(0, 3000))
def test_no_day_outside_its_term_hears_a_draft(first: date, length: int, after: int) -> None:
    until = first + timedelta(length)
    day = date(2020, 1, 1) + timedelta(after)

    heard = speaker(packs_with("draft"), day, term(first, until)) == "cn-9901"

    assert heard == (max(first, date(2025, 1, 1)) <= day < until)
