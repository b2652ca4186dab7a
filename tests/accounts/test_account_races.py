"""Races at the doors: threads at once get no more than one after the other would."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from creditbank.accounts.desk_codes import issue_activation
from creditbank.accounts.sign_in import Login
from creditbank.db import db
from tests.accounts.lobby import OFFICIAL, OTHER_PASSWORD, PASSWORD, Lobby
from tests.bank import NOW, invented_person

THREADS = 8
PERSON = invented_person(71)
_Found = TypeVar("_Found")


def at_once(lobby: Lobby, work: Callable[[int], _Found]) -> list[_Found]:
    """Do the same in several threads that start together, each with connections of its own."""
    start = Barrier(THREADS)

    def one(number: int) -> _Found:
        with lobby.bank.app.app_context():
            start.wait()
            return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(one, range(THREADS)))
    db.session.remove()
    return found


def test_of_many_guesses_at_once_no_more_are_compared_than_one_after_the_other(
    lobby: Lobby,
) -> None:
    lobby.provider()

    outcomes = at_once(lobby, lambda _: lobby.sign_in("provider", "wrong"))

    codes = sorted(each.code for each in outcomes if not isinstance(each, str))
    assert codes == ["sign-in-paused"] * 3 + ["sign-in-refused"] * 5


def test_the_right_guess_among_many_at_once_opens_only_within_the_tries(lobby: Lobby) -> None:
    lobby.provider()
    for _ in range(5):
        lobby.sign_in("provider", "wrong")

    outcomes = at_once(lobby, lambda _: lobby.sign_in("provider", PASSWORD))

    assert {each.code for each in outcomes if not isinstance(each, str)} == {"sign-in-paused"}
    assert len(outcomes) == THREADS


def test_one_activation_code_used_at_once_makes_one_account(lobby: Lobby) -> None:
    with lobby.bank.unit() as session:
        issued = issue_activation(session, lobby.vault, PERSON, OFFICIAL, lobby.settings, now=NOW)
    login = Login(document=PERSON.document)
    passwords = [f"{OTHER_PASSWORD} {number}" for number in range(THREADS)]

    outcomes = at_once(lobby, lambda number: lobby.use_code(login, issued.code, passwords[number]))

    tokens = [each for each in outcomes if isinstance(each, str)]
    refused = {each.code for each in outcomes if not isinstance(each, str)}
    winner = passwords[outcomes.index(tokens[0])]
    assert len(tokens) == 1
    assert refused <= {"desk-code-wrong", "sign-in-paused"}
    assert isinstance(lobby.sign_in(login, winner, now=NOW.replace(hour=4)), str)


def test_one_time_code_given_at_once_opens_one_session(lobby: Lobby) -> None:
    lobby.official()
    enrolled = lobby.enrolled(lobby.entered("official"))
    later = NOW.replace(hour=4)
    tokens = [lobby.entered("official", now=later) for _ in range(THREADS)]
    code = enrolled.code(later)

    outcomes = at_once(lobby, lambda number: lobby.give(tokens[number], code, now=later))

    assert sum(isinstance(each, str) for each in outcomes) == 1


def test_one_recovery_code_given_at_once_opens_one_session(lobby: Lobby) -> None:
    lobby.official()
    enrolled = lobby.enrolled(lobby.entered("official"))
    tokens = [lobby.entered("official") for _ in range(THREADS)]

    outcomes = at_once(lobby, lambda number: lobby.give(tokens[number], enrolled.codes[0]))

    assert sum(isinstance(each, str) for each in outcomes) == 1
