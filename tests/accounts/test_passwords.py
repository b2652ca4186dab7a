"""New passwords: length counts, known ones are refused, no kinds of characters are asked for."""

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from creditbank.accounts.passwords import (
    PASSWORD_CHARACTERS_MAX,
    PasswordTooCommonError,
    PasswordTooLongError,
    PasswordTooShortError,
    passwords_of,
)
from creditbank.config import Settings

CHEAP = Settings(argon2_memory_kib=7_168, argon2_iterations=1)
PASSWORDS = passwords_of(CHEAP)


@pytest.mark.parametrize(
    "password",
    [
        "rainy slates hum", "只用汉字也可以长到十二个字", "onlysmallletters", "84917266350418",
        "   spaces   count   ",
    ],
)  # fmt: skip
def test_whatever_is_long_and_not_known_is_taken(password: str) -> None:
    assert PASSWORDS.accepted(password, "wang.li") == password


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword", "PasswordPassword", "Password12345", "qwertyuiop123", "123456789012",
        "学时银行学时银行2026", "aaaaaaaaaaaa", "121212121212", "abababababab",
        "ｐａｓｓｗｏｒｄ12345",
    ],
)  # fmt: skip
def test_what_everybody_tries_first_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooCommonError):
        PASSWORDS.accepted(password)


@pytest.mark.parametrize("password", ["wang.li.2026!!", "Xwang.li1234", "99999919850115001X!"])
def test_ones_own_name_or_number_with_little_around_it_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooCommonError):
        PASSWORDS.accepted(password, "wang.li", "99999919850115001X", "")


def test_the_least_length_is_reached_at_its_last_character() -> None:
    with pytest.raises(PasswordTooShortError) as refused:
        PASSWORDS.accepted("rainy slate")
    assert refused.value.facts == {"found": 11, "wanted": 12}

    assert PASSWORDS.accepted("rainy slates") == "rainy slates"


def test_a_password_has_an_end() -> None:
    longest = ("rainy slates " * 30)[:PASSWORD_CHARACTERS_MAX]

    assert PASSWORDS.accepted(longest) == longest
    with pytest.raises(PasswordTooLongError):
        PASSWORDS.accepted(longest + "x")


def test_a_hash_is_argon2id_with_the_parameters_of_the_settings() -> None:
    found = extract_parameters(PASSWORDS.hashed("rainy slates hum"))

    assert (found.type, found.memory_cost, found.time_cost) == (Type.ID, 7_168, 1)
    assert found.parallelism == CHEAP.argon2_lanes


def test_full_width_letters_are_the_same_password() -> None:
    password_hash = PASSWORDS.hashed("rainy slates 12")

    assert PASSWORDS.fits(password_hash, "ｒａｉｎｙ slates １２")
    assert not PASSWORDS.fits(password_hash, "Rainy slates 12")


def test_nobodys_account_fits_no_password_not_even_nobodys() -> None:
    assert not PASSWORDS.fits(None, "nobody has this account")
    assert not PASSWORDS.fits("no hash at all", "x")
