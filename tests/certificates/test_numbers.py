"""Numbers with their check character, and codes that nobody can guess or misread."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from creditbank.certificates.numbers import (
    check_character,
    code_of_text,
    code_text,
    grouped,
    is_number,
    new_code,
    new_number,
    spaced,
)

DIGITS = st.text("0123456789", min_size=20, max_size=20)
CODES = st.binary(min_size=16, max_size=16)


@pytest.mark.parametrize(
    ("jurisdiction", "region"),
    [
        ("cn", "000000"),
        ("cn-37", "370000"),
        ("cn-3710", "371000"),
        ("cn-650104.gxq", "650104"),
    ],
)
def test_a_number_begins_with_the_region_and_the_year(jurisdiction: str, region: str) -> None:
    number = new_number(jurisdiction, 2026)

    assert number.startswith(region + "2026")
    assert len(number) == 21
    assert is_number(number)


def test_the_check_character_is_that_of_iso_7064_mod_11_2() -> None:
    """The standard's own scheme for digits; resident numbers bear the same (GB 11643)."""
    assert check_character("0794") == "0"  # the example of ISO 7064
    assert check_character("079") == "X"
    assert check_character("99999919850515001") == "8"


@given(DIGITS)
def test_every_number_passes_its_own_check(digits: str) -> None:
    assert is_number(digits + check_character(digits))


@given(DIGITS, st.integers(0, 20), st.sampled_from("0123456789X"))
def test_one_wrong_character_is_always_found(digits: str, at: int, other: str) -> None:
    number = digits + check_character(digits)
    assume(number[at] != other)

    assert not is_number(number[:at] + other + number[at + 1 :])


@given(DIGITS, st.integers(0, 19), st.integers(1, 20))
def test_two_characters_in_each_others_place_are_always_found(
    digits: str, at: int, apart: int
) -> None:
    number = list(digits + check_character(digits))
    assume(at + apart <= 20)
    assume(number[at] != number[at + apart])

    number[at], number[at + apart] = number[at + apart], number[at]

    # MOD 11-2 repeats its weights after ten places.
    assert apart in {10, 20} or not is_number("".join(number))


@pytest.mark.parametrize("text", ["", "3710002026", "x" * 21, "３" * 21, "0" * 22])
def test_other_texts_are_no_numbers(text: str) -> None:
    assert not is_number(text)


def test_a_number_is_written_in_groups_for_the_eye() -> None:
    assert spaced("371000202612345678907") == "371000 2026 12345 678907"


@given(CODES)
def test_a_code_is_read_back_as_it_was_written(code: bytes) -> None:
    text = code_text(code)

    assert re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", text)
    assert code_of_text(text) == code


@given(CODES)
def test_a_code_may_be_typed_in_any_case_with_signs_that_look_alike(code: bytes) -> None:
    text = code_text(code)

    assert code_of_text(text.lower()) == code
    assert code_of_text(grouped(text)) == code
    assert code_of_text(text.replace("0", "o").replace("1", "l")) == code
    assert code_of_text(text.replace("0", "O").replace("1", "I")) == code


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_code_or_none(text: str) -> None:
    code = code_of_text(text)

    assert code is None or len(code) == 16


@pytest.mark.parametrize("text", ["", "8" + "0" * 25, "0" * 25, "0" * 27, "U" * 26, "٣" * 26])
def test_other_texts_are_no_codes(text: str) -> None:
    assert code_of_text(text) is None


def test_codes_are_never_the_same() -> None:
    assert len({new_code() for _ in range(1_000)}) == 1_000
