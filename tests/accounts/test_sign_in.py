"""Signing in: by name or document and password; what is refused tells nothing; pauses grow."""

from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

import pytest
from sqlalchemy import text

from creditbank.accounts.accounts import AccountState
from creditbank.accounts.audit import Event, hashed_address
from creditbank.accounts.passwords import Passwords
from creditbank.accounts.sessions import Stage
from creditbank.accounts.sign_in import (
    Login,
    begin_password_change,
    begin_sign_in,
    end_password_change,
    end_sign_in,
)
from creditbank.errors import CreditBankError
from tests.accounts.lobby import (
    ADDRESS,
    OTHER_ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    Lobby,
    after,
    code_of,
)
from tests.bank import NOW, invented_person

PERSON = invented_person(41)


def change_password(
    lobby: Lobby, token: str, present: str, new: str = OTHER_PASSWORD, *, now: datetime = NOW
) -> str | CreditBankError:
    signed = lobby.must_sign(token, now=now)
    with lobby.bank.unit() as session:
        attempt = begin_password_change(session, lobby.vault, signed, lobby.visitor(), now=now)
    fits = lobby.passwords.fits(attempt.password_hash, present)
    new_hash = lobby.passwords.hashed(new)
    with lobby.bank.unit() as session:
        return end_password_change(session, attempt, signed, new_hash, fits=fits, now=now)


def test_staff_sign_in_by_name_and_sit_in_their_only_seat(lobby: Lobby) -> None:
    account_no = lobby.provider()

    signed = lobby.must_sign(lobby.entered("provider"))

    assert signed.stage is Stage.OPEN
    assert signed.client.client_id == account_no
    assert signed.client.organisation_id == lobby.enterprise
    assert lobby.events(account_no)[-1] is Event.SIGNED_IN


def test_a_professional_signs_in_by_document(lobby: Lobby) -> None:
    lobby.activated(PERSON)

    signed = lobby.must_sign(lobby.entered(Login(document=PERSON.document)))

    assert signed.stage is Stage.OPEN
    assert signed.person_id is not None
    assert signed.sign_in_name is None


def test_a_wrong_password_and_a_name_that_nobody_has_are_refused_alike(lobby: Lobby) -> None:
    lobby.provider()

    wrong = lobby.sign_in("provider", "not the password")
    nobody = lobby.sign_in("nobody", "not the password", address=OTHER_ADDRESS)

    assert code_of(wrong) == code_of(nobody) == "sign-in-refused"
    assert wrong.facts == nobody.facts  # type: ignore[union-attr]


def test_nobodys_password_is_compared_as_somebodys_is(
    lobby: Lobby, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same work, same time: argued from what is done, because a clock would prove nothing."""
    lobby.provider()
    compared: list[str] = []
    hasher = lobby.passwords._hasher
    verify = type(hasher).verify

    def counting(self: object, password_hash: str, password: str) -> bool:
        compared.append(password_hash.rsplit("$", 2)[0])
        return bool(verify(hasher, password_hash, password))

    monkeypatch.setattr(type(hasher), "verify", counting)
    lobby.sign_in("provider", "not the password")
    lobby.sign_in("nobody", "not the password")

    assert len(compared) == 2
    assert len(set(compared)) == 1, "the same parameters for both"


def test_after_five_failures_an_account_waits_and_each_further_one_doubles_the_wait(
    lobby: Lobby,
) -> None:
    lobby.provider()
    for _ in range(5):
        assert code_of(lobby.sign_in("provider", "wrong")) == "sign-in-refused"

    paused = lobby.sign_in("provider", PASSWORD)
    again = lobby.sign_in("provider", "wrong", now=after(seconds=61))
    longer = lobby.sign_in("provider", PASSWORD, now=after(seconds=61 + 119))
    at_last = lobby.sign_in("provider", PASSWORD, now=after(seconds=61 + 121))

    assert code_of(paused) == "sign-in-paused"
    assert paused.facts == {"minutes": 1}  # type: ignore[union-attr]
    assert code_of(again) == "sign-in-refused"
    assert code_of(longer) == "sign-in-paused"
    assert isinstance(at_last, str)


def test_a_name_that_nobody_has_waits_like_any_other(lobby: Lobby) -> None:
    for _ in range(5):
        lobby.sign_in("nobody", "wrong")

    assert code_of(lobby.sign_in("nobody", "wrong")) == "sign-in-paused"


def test_a_number_that_nobody_has_waits_like_any_other(lobby: Lobby) -> None:
    for _ in range(5):
        lobby.sign_in(Login(document=PERSON.document), "wrong")

    assert code_of(lobby.sign_in(Login(document=PERSON.document), "wrong")) == "sign-in-paused"


def test_one_who_waits_does_not_keep_the_others_out(lobby: Lobby) -> None:
    lobby.provider()
    lobby.official()
    for _ in range(5):
        lobby.sign_in("provider", "wrong")

    assert isinstance(lobby.sign_in("official"), str)


def test_a_success_forgets_the_accounts_failures(lobby: Lobby) -> None:
    lobby.provider()
    for _ in range(4):
        lobby.sign_in("provider", "wrong")
    lobby.entered("provider")
    for _ in range(4):
        lobby.sign_in("provider", "wrong")

    assert isinstance(lobby.sign_in("provider"), str)


def test_one_address_that_tries_many_names_waits_and_own_successes_do_not_help_it(
    lobby: Lobby,
) -> None:
    lobby.provider()
    for number in range(29):
        lobby.sign_in(f"guess{number}", "wrong")
        if number % 5 == 0:
            lobby.entered("provider")

    last = lobby.sign_in("guess-last", "wrong")
    here = lobby.sign_in("provider")
    elsewhere = lobby.sign_in("provider", address=OTHER_ADDRESS)

    assert code_of(last) == "sign-in-refused"
    assert code_of(here) == "sign-in-paused"
    assert isinstance(elsewhere, str)


def test_a_wait_is_never_longer_than_an_hour(lobby: Lobby) -> None:
    lobby.provider()
    now = NOW
    for _ in range(20):
        refused = lobby.sign_in("provider", "wrong", now=now)
        assert code_of(refused) == "sign-in-refused"
        now += timedelta(hours=1, seconds=1)

    assert isinstance(lobby.sign_in("provider", now=now), str)


def test_addresses_are_hashed_under_a_key_and_an_ipv6_network_is_one(lobby: Lobby) -> None:
    one = hashed_address(lobby.vault, "2001:db8:1:2::7")

    assert one == hashed_address(lobby.vault, "2001:db8:1:2:ffff::1")
    assert one != hashed_address(lobby.vault, "2001:db8:1:3::7")
    assert hashed_address(lobby.vault, "::ffff:192.0.2.7") != one
    assert hashed_address(lobby.vault, "unix:") == hashed_address(lobby.vault, "")
    assert ADDRESS.encode() not in hashed_address(lobby.vault, ADDRESS)


def test_a_blocked_account_is_said_only_to_whoever_knows_its_password(lobby: Lobby) -> None:
    account_no = lobby.provider()
    token = lobby.entered("provider")
    lobby.set_state(account_no, AccountState.BLOCKED)

    assert lobby.signed(token) is None, "its sessions end at once"
    assert code_of(lobby.sign_in("provider", "wrong")) == "sign-in-refused"
    assert code_of(lobby.sign_in("provider")) == "account-blocked"


def test_a_hash_of_other_parameters_is_renewed_at_sign_in(lobby: Lobby) -> None:
    account_no = lobby.provider()
    stronger = Passwords(lobby.settings.__class__(argon2_memory_kib=8_192, argon2_iterations=2))
    before = lobby.account(account_no).password_hash
    assert before is not None
    assert stronger.is_dated(before)
    assert not lobby.passwords.is_dated(before)

    with lobby.bank.unit() as session:
        attempt = begin_sign_in(
            session, lobby.vault, Login(name="provider"), lobby.visitor(), now=NOW
        )
    with lobby.bank.unit() as session:
        renewed = stronger.hashed(PASSWORD)
        token = end_sign_in(session, attempt, fits=True, rehashed=renewed, now=NOW)

    assert isinstance(token, str)
    assert lobby.account(account_no).password_hash == renewed
    assert isinstance(lobby.sign_in("provider"), str)


def test_a_password_changed_between_the_two_steps_does_not_open(lobby: Lobby) -> None:
    account_no = lobby.provider()
    with lobby.bank.unit() as session:
        attempt = begin_sign_in(
            session, lobby.vault, Login(name="provider"), lobby.visitor(), now=NOW
        )
    with lobby.bank.unit() as session:
        session.execute(
            text("UPDATE account SET password_hash = :new WHERE account_no = :no"),
            {"new": lobby.passwords.hashed(OTHER_PASSWORD), "no": account_no},
        )
    with lobby.bank.unit() as session:
        outcome = end_sign_in(session, attempt, fits=True, rehashed=None, now=NOW)

    assert code_of(outcome) == "sign-in-refused"


def test_a_changed_password_ends_every_other_session_and_renews_this_one(lobby: Lobby) -> None:
    lobby.provider()
    here, elsewhere = lobby.entered("provider"), lobby.entered("provider")

    token = change_password(lobby, here, PASSWORD)

    assert isinstance(token, str)
    assert lobby.signed(token) is not None
    assert lobby.signed(here) is None
    assert lobby.signed(elsewhere) is None
    assert code_of(lobby.sign_in("provider", PASSWORD)) == "sign-in-refused"
    assert isinstance(lobby.sign_in("provider", OTHER_PASSWORD), str)


def test_the_present_password_is_asked_for_and_cannot_be_guessed_at_leisure(lobby: Lobby) -> None:
    lobby.provider()
    token = lobby.entered("provider")
    refused = [code_of(change_password(lobby, token, "wrong")) for _ in range(5)]

    with lobby.bank.unit() as session:
        paused = begin_password_change(
            session, lobby.vault, lobby.must_sign(token), lobby.visitor(), now=NOW
        )

    assert set(refused) == {"password-wrong"}
    assert code_of(paused.refused) == "sign-in-paused"


def test_an_account_of_an_invented_person_opens_in_a_demo_bank_only(
    lobby: Lobby, monkeypatch: pytest.MonkeyPatch
) -> None:
    lobby.provider()
    with lobby.bank.unit() as session:
        session.execute(text("UPDATE account SET demo = true"))
    in_demo = lobby.entered("provider")
    opened = lobby.signed(in_demo)

    with lobby.bank.unit() as session:
        session.execute(text("UPDATE bank SET mode = 'production'"))
    # A bank never changes under the processes that serve it: this is one that is started now.
    monkeypatch.setattr("creditbank.readymade._lasting", WeakKeyDictionary())

    assert opened is not None
    assert lobby.signed(in_demo) is None
    assert code_of(lobby.sign_in("provider")) == "sign-in-refused"


def test_what_happens_is_on_record_without_who_it_was(lobby: Lobby) -> None:
    account_no = lobby.provider()
    lobby.sign_in("provider", "wrong")
    for _ in range(6):
        lobby.sign_in("somebody", "wrong")
    lobby.entered("provider")

    assert lobby.events(account_no) == [
        Event.ACCOUNT_MADE, Event.SEAT_MADE, Event.SIGN_IN_FAILED, Event.SIGNED_IN,
    ]  # fmt: skip
    assert lobby.events().count(Event.SIGN_IN_PAUSED) == 1
    with lobby.bank.reading() as session:
        rows = session.execute(text("SELECT * FROM account_event")).all()
    assert "somebody" not in str(rows)
