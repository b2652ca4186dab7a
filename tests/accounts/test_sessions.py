"""Sessions: opaque, hashed, ended by time, by their owner, and by what changes at the account."""

import hashlib

import pytest
from sqlalchemy import select

from creditbank.accounts.accounts import AccountState
from creditbank.accounts.audit import Event
from creditbank.accounts.models import AccountSession
from creditbank.accounts.seats import SeatDraft, SeatUnknownError, close_seat, seat_numbered
from creditbank.accounts.sessions import (
    SessionMissingError,
    SessionUnknownError,
    Stage,
    choose_seat,
    end_own_session,
    forget_sessions,
    form_token,
    note_sighting,
    own_sessions,
    rotate,
)
from creditbank.registry.clients import Role
from tests.accounts.lobby import Lobby, after
from tests.bank import NOW


def rows(lobby: Lobby) -> list[AccountSession]:
    with lobby.bank.reading() as session:
        return list(session.scalars(select(AccountSession).order_by(AccountSession.session_id)))


def test_only_the_hash_of_a_token_is_kept(lobby: Lobby) -> None:
    lobby.provider()
    token = lobby.entered("provider")

    [row] = rows(lobby)

    assert row.token_hash == hashlib.sha256(token.encode()).digest()
    assert len(token) == 43
    assert token not in str(vars(row))


def test_nobody_is_signed_in_by_another_token(lobby: Lobby) -> None:
    lobby.provider()
    token = lobby.entered("provider")

    assert lobby.signed(token[:-1] + ("A" if token[-1] != "A" else "B")) is None
    assert lobby.signed("") is None


def test_each_sign_in_has_a_token_and_forms_of_its_own(lobby: Lobby) -> None:
    lobby.provider()
    one, other = lobby.entered("provider"), lobby.entered("provider")

    assert one != other
    assert form_token(one) != form_token(other)
    assert form_token(one) == form_token(one)
    assert one not in form_token(one)


def test_an_unused_session_ends_after_half_an_hour(lobby: Lobby) -> None:
    lobby.provider()
    token = lobby.entered("provider")

    assert lobby.signed(token, now=after(minutes=29, seconds=59)) is not None
    assert lobby.signed(token, now=after(minutes=30)) is None


def test_a_session_in_use_goes_on_and_ends_after_twelve_hours(lobby: Lobby) -> None:
    lobby.provider()
    token = lobby.entered("provider")
    for quarter in range(1, 4 * 12):
        now = after(minutes=15 * quarter)
        signed = lobby.must_sign(token, now=now)
        assert signed.is_stale
        with lobby.bank.unit() as session:
            note_sighting(session, signed, now=now)

    assert lobby.signed(token, now=after(hours=11, minutes=59)) is not None
    assert lobby.signed(token, now=after(hours=12)) is None


def test_a_sighting_is_written_down_once_a_minute(lobby: Lobby) -> None:
    lobby.provider()
    token = lobby.entered("provider")

    assert not lobby.must_sign(token, now=after(seconds=59)).is_stale
    assert lobby.must_sign(token, now=after(seconds=60)).is_stale


def test_a_renewed_token_leaves_the_old_one_to_nobody(lobby: Lobby) -> None:
    lobby.provider()
    old = lobby.entered("provider")
    with lobby.bank.unit() as session:
        new = rotate(session, lobby.must_sign(old), now=NOW)

    assert lobby.signed(old) is None
    assert lobby.signed(new) is not None


def test_one_of_several_seats_is_chosen_and_the_token_changes_with_it(lobby: Lobby) -> None:
    lobby.staff(
        "two.hats",
        SeatDraft(Role.PROVIDER, "cn-3710", lobby.enterprise),
        SeatDraft(Role.EMPLOYER, "cn-3710", lobby.enterprise),
    )
    first = lobby.entered("two.hats")
    before = lobby.must_sign(first)
    employer = before.seats[1]

    with lobby.bank.unit() as session:
        second = choose_seat(session, before, employer.seat_no, now=NOW)

    after_choice = lobby.must_sign(second)
    assert before.stage is Stage.SEAT
    assert lobby.signed(first) is None
    assert after_choice.stage is Stage.OPEN
    assert after_choice.client.role is Role.EMPLOYER


def test_anothers_seat_cannot_be_chosen(lobby: Lobby) -> None:
    lobby.official()
    lobby.provider()
    foreign = lobby.must_sign(lobby.entered("official")).seats[0]
    signed = lobby.must_sign(lobby.entered("provider"))

    with lobby.bank.unit() as session, pytest.raises(SeatUnknownError):
        choose_seat(session, signed, foreign.seat_no, now=NOW)


def test_no_seat_is_chosen_before_the_second_factor(lobby: Lobby) -> None:
    lobby.official()
    signed = lobby.must_sign(lobby.entered("official"))

    with lobby.bank.unit() as session, pytest.raises(SessionMissingError):
        choose_seat(session, signed, signed.seats[0].seat_no, now=NOW)


def test_a_closed_seat_is_left_at_once(lobby: Lobby) -> None:
    lobby.provider()
    token = lobby.entered("provider")
    seat = lobby.must_sign(token).seats[0]
    with lobby.bank.unit() as session:
        close_seat(session, seat_numbered(session, seat.seat_no), actor="x", reason="left", now=NOW)

    signed = lobby.must_sign(token)

    assert (signed.stage, signed.seats, signed.seat) == (Stage.SEAT, (), None)
    assert rows(lobby)[0].seat_id is None


def test_a_seat_holds_from_its_first_day_through_its_last(lobby: Lobby) -> None:
    today = NOW.date()
    lobby.staff(
        "guest",
        SeatDraft(
            Role.PROVIDER, "cn-3710", lobby.enterprise,
            valid_from=after(days=2).date(), valid_through=after(days=3).date(),
        ),
    )  # fmt: skip

    seats = [
        len(lobby.must_sign(lobby.entered("guest", now=after(days=d)), now=after(days=d)).seats)
        for d in range(1, 5)
    ]

    assert today < after(days=2).date()
    assert seats == [0, 1, 1, 0]


def test_one_sees_and_ends_ones_own_sessions_only(lobby: Lobby) -> None:
    lobby.provider()
    lobby.official()
    here, elsewhere = lobby.entered("provider"), lobby.entered("provider", now=after(seconds=1))
    stranger = lobby.must_sign(lobby.entered("official"))
    signed = lobby.must_sign(here)
    with lobby.bank.reading() as session:
        seen = own_sessions(session, signed, lobby.settings, now=after(seconds=2))
    other = next(each for each in seen if not each.is_this)

    with lobby.bank.unit() as session, pytest.raises(SessionUnknownError):
        end_own_session(session, stranger, other.session_no, now=NOW)
    with lobby.bank.unit() as session:
        end_own_session(session, signed, other.session_no, now=NOW)
    with lobby.bank.unit() as session, pytest.raises(SessionUnknownError):
        end_own_session(session, signed, other.session_no, now=NOW)

    assert [each.is_this for each in seen] == [False, True]
    assert {each.device for each in seen} == {"Firefox · Linux"}
    assert lobby.signed(elsewhere) is None
    assert lobby.signed(here) is not None


def test_a_closed_account_is_nowhere_signed_in(lobby: Lobby) -> None:
    account_no = lobby.provider()
    token = lobby.entered("provider")

    lobby.set_state(account_no, AccountState.CLOSED)

    assert lobby.signed(token) is None
    assert lobby.events(account_no)[-1] is Event.ACCOUNT_CLOSED


def test_sessions_are_forgotten_a_month_after_their_end(lobby: Lobby) -> None:
    lobby.provider()
    token = lobby.entered("provider")
    signed = lobby.must_sign(token)
    lobby.entered("provider", now=after(days=20))
    with lobby.bank.unit() as session:
        end_own_session(session, signed, signed.session_no, now=NOW)

    with lobby.bank.unit() as session:
        kept = forget_sessions(session, lobby.settings, now=after(days=30))
        gone = forget_sessions(session, lobby.settings, now=after(days=30, seconds=1))

    assert (kept, gone) == (0, 1)
    assert len(rows(lobby)) == 1
