"""The second factor: asked of officials before anything else, no code twice, recoverable once."""

import pyotp
import pytest
from sqlalchemy import text

from creditbank.accounts.audit import Event
from creditbank.accounts.factors import (
    RECOVERY_CODES,
    SecondFactorWantedError,
    confirm_second_factor,
    draft_second_factor,
    drafted_secret,
    drop_second_factor,
    make_recovery_codes,
    provisioning_uri,
    recovery_codes_left,
)
from creditbank.accounts.seats import SeatDraft
from creditbank.accounts.sessions import Stage
from creditbank.people.vault import VaultBrokenError
from creditbank.registry.clients import Role
from tests.accounts.lobby import Lobby, after, code_of
from tests.bank import NOW, invented_person


@pytest.mark.parametrize("role", [Role.OFFICIAL, Role.AUDITOR, Role.ADMINISTRATOR])
def test_before_anything_opens_to_an_official_a_second_factor_is_set_up(
    lobby: Lobby, role: Role
) -> None:
    lobby.staff("strict", SeatDraft(role, "cn-3710"))

    stage = lobby.must_sign(lobby.entered("strict")).stage
    enrolled = lobby.enrolled(lobby.entered("strict"))

    assert stage is Stage.ENROLMENT
    assert lobby.must_sign(enrolled.token).stage is Stage.OPEN


def test_once_set_up_it_is_asked_for_at_each_sign_in(lobby: Lobby) -> None:
    lobby.official()
    enrolled = lobby.enrolled(lobby.entered("official"))
    later = after(minutes=5)

    token = lobby.entered("official", now=later)
    asked = lobby.must_sign(token, now=later).stage
    given = lobby.give(token, enrolled.code(later), now=later)

    assert asked is Stage.SECOND_FACTOR
    assert isinstance(given, str)
    assert given != token
    assert lobby.signed(token, now=later) is None
    assert lobby.must_sign(given, now=later).stage is Stage.OPEN


def test_a_code_is_taken_once(lobby: Lobby) -> None:
    lobby.official()
    enrolled = lobby.enrolled(lobby.entered("official"))
    later = after(minutes=5)

    first = lobby.give(lobby.entered("official", now=later), enrolled.code(later), now=later)
    again = lobby.give(lobby.entered("official", now=later), enrolled.code(later), now=later)
    before = lobby.give(
        lobby.entered("official", now=later), enrolled.code(after(minutes=4, seconds=30)), now=later
    )

    assert isinstance(first, str)
    assert code_of(again) == code_of(before) == "second-factor-wrong"


def test_the_code_of_the_enrolment_is_used_up_too(lobby: Lobby) -> None:
    lobby.official()
    enrolled = lobby.enrolled(lobby.entered("official"))

    refused = lobby.give(lobby.entered("official"), enrolled.code())

    assert code_of(refused) == "second-factor-wrong"


@pytest.mark.parametrize(
    ("seconds_off", "fits"), [(-60, False), (-30, True), (30, True), (60, False)]
)
def test_a_clock_may_be_off_by_half_a_minute(lobby: Lobby, seconds_off: int, fits: bool) -> None:
    lobby.official()
    enrolled = lobby.enrolled(lobby.entered("official"))
    later = after(minutes=10)

    given = lobby.give(
        lobby.entered("official", now=later),
        enrolled.code(after(minutes=10, seconds=seconds_off)),
        now=later,
    )

    assert isinstance(given, str) is fits


def test_codes_cannot_be_guessed_at_leisure(lobby: Lobby) -> None:
    lobby.official()
    enrolled = lobby.enrolled(lobby.entered("official"))
    later = after(minutes=5)
    token = lobby.entered("official", now=later)
    right = enrolled.code(later)
    wrong = "000000" if right != "000000" else "111111"

    refused = [code_of(lobby.give(token, wrong, now=later)) for _ in range(5)]
    paused = lobby.give(token, right, now=later)

    assert set(refused) == {"second-factor-wrong"}
    assert code_of(paused) == "sign-in-paused"


def test_a_recovery_code_stands_in_once_however_it_is_typed(lobby: Lobby) -> None:
    lobby.official()
    enrolled = lobby.enrolled(lobby.entered("official"))
    typed = enrolled.codes[3].lower().replace("-", " ").replace("0", "o").replace("1", "l")

    first = lobby.give(lobby.entered("official"), typed)
    again = lobby.give(lobby.entered("official"), typed)

    assert isinstance(first, str)
    assert code_of(again) == "second-factor-wrong"
    assert Event.RECOVERY_CODE_USED in lobby.events()
    with lobby.bank.reading() as session:
        assert recovery_codes_left(session, lobby.must_sign(first).account_id) == RECOVERY_CODES - 1


def test_new_recovery_codes_replace_the_old_ones(lobby: Lobby) -> None:
    lobby.official()
    enrolled = lobby.enrolled(lobby.entered("official"))
    with lobby.bank.unit() as session:
        new = make_recovery_codes(session, lobby.vault, lobby.must_sign(enrolled.token), now=NOW)

    old = lobby.give(lobby.entered("official"), enrolled.codes[0])
    fresh = lobby.give(lobby.entered("official"), new[0])

    assert code_of(old) == "second-factor-wrong"
    assert isinstance(fresh, str)


def test_anothers_recovery_code_is_no_code(lobby: Lobby) -> None:
    lobby.official()
    lobby.official("colleague")
    enrolled = lobby.enrolled(lobby.entered("official"))
    lobby.enrolled(lobby.entered("colleague"))

    refused = lobby.give(lobby.entered("colleague"), enrolled.codes[0])

    assert code_of(refused) == "second-factor-wrong"


def test_whoever_needs_none_may_have_one_and_do_without_it_again(lobby: Lobby) -> None:
    lobby.provider()
    enrolled = lobby.enrolled(lobby.entered("provider"))
    later = after(minutes=5)
    asked = lobby.must_sign(lobby.entered("provider", now=later), now=later).stage
    signed = lobby.must_sign(enrolled.token, now=later)

    with lobby.bank.unit() as session:
        wrong = drop_second_factor(session, lobby.vault, signed, "000 00", now=later)
    with lobby.bank.unit() as session:
        done = drop_second_factor(session, lobby.vault, signed, enrolled.code(later), now=later)

    assert asked is Stage.SECOND_FACTOR
    assert code_of(wrong) == "second-factor-wrong"
    assert done is None
    assert lobby.must_sign(lobby.entered("provider", now=later), now=later).stage is Stage.OPEN


def test_an_official_cannot_do_without(lobby: Lobby) -> None:
    lobby.official()
    enrolled = lobby.enrolled(lobby.entered("official"))
    signed = lobby.must_sign(enrolled.token)

    with lobby.bank.unit() as session, pytest.raises(SecondFactorWantedError):
        drop_second_factor(
            session, lobby.vault, signed, enrolled.code(after(minutes=5)), now=after(minutes=5)
        )


def test_before_the_old_factor_is_given_no_new_one_is_taken(lobby: Lobby) -> None:
    lobby.official()
    lobby.enrolled(lobby.entered("official"))
    thief = lobby.must_sign(lobby.entered("official"))
    with lobby.bank.unit() as session:
        draft_second_factor(session, lobby.vault, thief)
        secret = drafted_secret(session, lobby.vault, thief)

    with lobby.bank.unit() as session:
        refused = confirm_second_factor(session, lobby.vault, thief, secret, now=NOW)

    assert code_of(refused) == "second-factor-wrong"


def test_a_wrong_code_confirms_nothing(lobby: Lobby) -> None:
    lobby.provider()
    signed = lobby.must_sign(lobby.entered("provider"))
    with lobby.bank.unit() as session:
        nothing = confirm_second_factor(session, lobby.vault, signed, "123456", now=NOW)
        draft_second_factor(session, lobby.vault, signed)
        wrong = confirm_second_factor(session, lobby.vault, signed, "12345", now=NOW)

    assert code_of(nothing) == "second-factor-missing"
    assert code_of(wrong) == "second-factor-wrong"
    assert not lobby.must_sign(lobby.entered("provider")).has_second_factor


def test_the_secret_lies_encrypted_and_opens_in_its_own_row_only(lobby: Lobby) -> None:
    official = lobby.official()
    lobby.official("colleague")
    enrolled = lobby.enrolled(lobby.entered("official"))
    cipher = lobby.account(official).totp_cipher
    assert cipher is not None
    assert enrolled.secret.encode() not in cipher

    with lobby.bank.unit() as session:
        session.execute(text("UPDATE account SET totp_cipher = :cipher"), {"cipher": cipher})

    with pytest.raises(VaultBrokenError):
        lobby.give(lobby.entered("colleague"), "123456")


def test_what_the_qr_code_says_names_nobody_by_number(lobby: Lobby) -> None:
    person = invented_person(55)
    signed = lobby.must_sign(lobby.activated(person))

    said = provisioning_uri(pyotp.random_base32(), signed, "bank.example")

    assert said.startswith("otpauth://totp/")
    assert signed.account_no in said
    assert person.document.number not in said
