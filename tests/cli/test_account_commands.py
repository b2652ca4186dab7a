"""Operators and accounts: the first officials, lost passwords, blocking, a list."""

import re
from datetime import timedelta

import pytest

from creditbank.accounts.sessions import Stage
from creditbank.accounts.sign_in import Login
from creditbank.clock import utc_now
from creditbank.jobs.clock import forget_old_sessions
from tests.accounts.lobby import OTHER_PASSWORD, Lobby, code_of
from tests.bank import ENTERPRISE_USCC, TestBank
from tests.cli.bench import Terminal, terminal_for

OFFICIAL = ("--role", "official", "--jurisdiction", "cn-3710")
_CODE = re.compile(r"^  ([0-9A-Z]{4}(?:-[0-9A-Z]{4}){2})$", re.MULTILINE)


@pytest.fixture
def lobby(bank: TestBank) -> Lobby:
    return Lobby(bank)


@pytest.fixture
def terminal(bank: TestBank) -> Terminal:
    return terminal_for(bank.house.settings)


def one_time_code(said: str) -> str:
    [code] = _CODE.findall(said)
    return str(code)


def entered(lobby: Lobby, name: str, code: str) -> str:
    token = lobby.use_code(Login(name=name), code, now=utc_now())
    assert isinstance(token, str), token
    return token


def test_the_first_official_is_made_and_sets_a_password_by_a_code(
    lobby: Lobby, terminal: Terminal
) -> None:
    said = terminal.run("account", "make", "Li.Na", *OFFICIAL).output

    token = entered(lobby, "li.na", one_time_code(said))
    signed = lobby.must_sign(token, now=utc_now())
    assert signed.stage is Stage.ENROLMENT
    assert re.search(r"li\.na +正常 +official@cn-3710", terminal.run("account", "list").output)


def test_a_name_is_taken_once(terminal: Terminal) -> None:
    terminal.run("account", "make", "li.na", *OFFICIAL)

    assert (
        "sign-in-name-taken"
        in terminal.run("account", "make", "li.na", *OFFICIAL, exit_code=1).output
    )


def test_a_manager_of_an_organisation_may_be_seated(terminal: Terminal) -> None:
    seat = ("--role", "provider", "--jurisdiction", "cn-3710", "--uscc", ENTERPRISE_USCC)

    terminal.run("account", "make", "peixun", *seat, "--manages")
    terminal.run("account", "seat", "peixun", "--role", "employer", *seat[2:])

    said = terminal.run("account", "list").output
    assert "provider@cn-3710*  employer@cn-3710" in said


def test_a_seat_that_does_not_fit_is_refused_and_leaves_no_account(terminal: Terminal) -> None:
    refused = terminal.run(
        "account", "make", "peixun", "--role", "provider", "--jurisdiction", "cn-3710", exit_code=1
    )

    assert "seat-unfit" in refused.output
    assert "peixun" not in terminal.run("account", "list").output


def test_a_lost_password_and_a_lost_phone_are_replaced(lobby: Lobby, terminal: Terminal) -> None:
    lobby.official()
    lobby.enrolled(lobby.entered("official"))

    said = terminal.run("account", "recover", "official", "--reset-second-factor").output

    token = lobby.use_code(Login(name="official"), one_time_code(said), OTHER_PASSWORD,
                           now=utc_now())  # fmt: skip
    assert isinstance(token, str)
    assert lobby.must_sign(token, now=utc_now()).stage is Stage.ENROLMENT


def test_a_blocked_account_is_out_at_once_and_comes_back_unblocked(
    lobby: Lobby, terminal: Terminal
) -> None:
    lobby.provider()
    token = lobby.entered("provider")

    terminal.run("account", "block", "provider", "--reason", "调离")
    blocked = lobby.signed(token), lobby.sign_in("provider")
    terminal.run("account", "unblock", "provider")

    assert blocked[0] is None
    assert code_of(blocked[1]) == "account-blocked"
    assert isinstance(lobby.sign_in("provider"), str)


def test_the_clock_forgets_old_sessions_and_old_failures(lobby: Lobby) -> None:
    lobby.provider()
    long_ago = utc_now() - timedelta(days=40)
    lobby.entered("provider", now=long_ago)
    lobby.sign_in("nobody", "wrong", now=long_ago, address="203.0.113.9")
    token = lobby.entered("provider", now=utc_now())

    first, second = forget_old_sessions(), forget_old_sessions()

    assert (first, second) == (3, 0), "a session, and the brakes of a name and an address"
    assert lobby.signed(token, now=utc_now()) is not None


def test_a_closed_account_stays_closed(lobby: Lobby, terminal: Terminal) -> None:
    account_no = lobby.provider()

    terminal.run("account", "close", account_no)

    assert "account-closed" in terminal.run("account", "unblock", "provider", exit_code=1).output
    assert "注销" in terminal.run("account", "list").output
