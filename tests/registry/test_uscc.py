"""Unified social credit codes: one form, a clear refusal, and early codes that fail the check."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank import catalogue
from creditbank.registry.uscc import (
    UsccCharactersError,
    UsccCheckError,
    UsccInvalidError,
    UsccLengthError,
    read_uscc,
)

SAMPLE = "91350100M000100Y43"
LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.mark.parametrize(
    "typed",
    [SAMPLE, SAMPLE.lower(), " 9135 0100 M000 100Y 43\n", "９１３５０１００Ｍ０００１００Ｙ４３"],
)
def test_the_ways_people_type_a_code_give_one_code(typed: str) -> None:
    assert read_uscc(typed) == SAMPLE


@pytest.mark.parametrize("front", ["9", "A", "N", "Y"])
def test_authorities_with_a_letter_register_organisations_too(front: str) -> None:
    body = f"{front}1350100M000100Y4"

    right = [body + last for last in LETTERS if reads(body + last)]

    assert len(right) == 1


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("", UsccLengthError),
        (SAMPLE[:17], UsccLengthError),
        (SAMPLE + "0", UsccLengthError),
        ("91350100M000100O43", UsccCharactersError),
        ("9135010AM000100Y43", UsccCharactersError),
        ("91350100M000100Y4*", UsccCharactersError),
        ("91350100M000100Y44", UsccCheckError),
    ],
)
def test_a_wrong_code_is_refused_for_its_first_fault(
    typed: str, refusal: type[UsccInvalidError]
) -> None:
    with pytest.raises(refusal) as caught:
        read_uscc(typed)

    assert catalogue.problem(caught.value, "zh").detail
    assert catalogue.problem(caught.value, "en").detail


def test_an_official_can_confirm_an_early_code_that_fails_its_check() -> None:
    with pytest.raises(UsccCheckError):
        read_uscc("91350100M000100Y44")

    assert read_uscc("91350100M000100Y44", confirmed=True) == "91350100M000100Y44"


@pytest.mark.parametrize("typed", [SAMPLE[:17], "91350100M000100O43"])
def test_no_official_can_confirm_a_code_of_another_shape(typed: str) -> None:
    with pytest.raises(UsccInvalidError):
        read_uscc(typed, confirmed=True)


def test_a_persons_number_in_the_wrong_field_is_not_repeated() -> None:
    with pytest.raises(UsccInvalidError) as caught:
        read_uscc("99999919850131001X", confirmed=False)

    assert caught.value.facts["found"] == "****001X"


@given(st.integers(0, 17), st.sampled_from(LETTERS))
def test_any_single_wrong_character_is_caught(place: int, other: str) -> None:
    typed = SAMPLE[:place] + other + SAMPLE[place + 1 :]

    assert reads(typed) == (typed == SAMPLE)


@given(st.text(max_size=30), st.booleans())
def test_any_text_is_read_or_refused(typed: str, confirmed: bool) -> None:
    try:
        code = read_uscc(typed, confirmed=confirmed)
    except UsccInvalidError:
        return
    assert read_uscc(code, confirmed=confirmed) == code


def reads(typed: str) -> bool:
    try:
        return read_uscc(typed) == typed
    except UsccInvalidError:
        return False
