"""An outsider is told the same, for the same work, whether somebody is there or not."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from argon2 import PasswordHasher

from creditbank.accounts.accounts import AccountState
from creditbank.accounts.desk_codes import issue_activation
from creditbank.clock import utc_now
from creditbank.people.register import Identity
from creditbank.registry.clients import Role
from tests.accounts.lobby import OFFICIAL, OTHER_PASSWORD
from tests.bank import attendance, invented_person
from tests.web.browser import Browser
from tests.web.visitors import Visitors, sign_in

ON_RECORD, AWAITED, STRANGER = invented_person(93), invented_person(94), invented_person(95)


@dataclass(slots=True)
class Work:
    """How often argon2 was asked; a clock would prove nothing."""

    verified: int = 0
    hashed: int = 0


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    done = Work()
    verify, hashed = PasswordHasher.verify, PasswordHasher.hash

    def verifying(self: PasswordHasher, known: str, password: str) -> bool:
        done.verified += 1
        return bool(verify(self, known, password))

    def hashing(self: PasswordHasher, password: str) -> str:
        done.hashed += 1
        return hashed(self, password)

    monkeypatch.setattr(PasswordHasher, "verify", verifying)
    monkeypatch.setattr(PasswordHasher, "hash", hashing)
    return done


@contextmanager
def counted(work: Work) -> Iterator[list[tuple[int, int]]]:
    """Note what one visit asks of argon2."""
    found: list[tuple[int, int]] = []
    before = work.verified, work.hashed
    yield found
    found.append((work.verified - before[0], work.hashed - before[1]))


def told(visitors: Visitors, work: Work, action: str, **typed: str) -> tuple[object, ...]:
    """Have somebody nobody has seen before send a form; return all they learn, and the work."""
    browser = Browser(visitors.bank)
    browser.get(action)
    with counted(work) as done:
        browser.send(action, **typed)
    assert browser.page is not None
    said = re.sub(r'name="form_token" value="[^"]+"', "", browser.text)
    headers = {name: value for name, value in browser.page.headers if name != "Set-Cookie"}
    return browser.status, said.replace(typed["login"], ""), sorted(headers), done


@pytest.fixture
def people(visitors: Visitors) -> dict[str, Identity]:
    """Somebody with an account, on record without one, with a code waiting, and never heard of."""
    lobby = visitors.lobby
    lobby.bank.post(lobby.bank.approved_filing(), attendance([ON_RECORD]))
    with lobby.bank.unit() as session:
        issue_activation(session, lobby.vault, AWAITED, OFFICIAL, lobby.settings, now=utc_now())
    account = visitors.professional(96)
    return {"account": account, "record": ON_RECORD, "code": AWAITED, "nobody": STRANGER}


def test_a_wrong_password_tells_nobody_whether_there_is_such_an_account(
    visitors: Visitors, work: Work
) -> None:
    visitors.staff("gongzuo", visitors.seat(Role.PROVIDER))
    visitors.lobby.set_state(
        visitors.staff("tingyong", visitors.seat(Role.PROVIDER)), AccountState.BLOCKED
    )

    learnt = [
        told(visitors, work, "/sign-in", login_kind="name", login=name, password="not this one")
        for name in ("gongzuo", "tingyong", "meiyou")
    ]

    assert learnt[0] == learnt[1] == learnt[2]
    assert learnt[0][0] == 403
    assert learnt[0][3] == [(1, 0)]


def test_a_number_at_the_sign_in_tells_nobody_whether_the_bank_knows_it(
    visitors: Visitors, work: Work, people: dict[str, Identity]
) -> None:
    learnt = {
        who: told(
            visitors, work, "/sign-in", login_kind="resident_id", login=each.document.number,
            password="not this one",
        )
        for who, each in people.items()
    }  # fmt: skip

    assert [who for who in learnt if learnt[who] != learnt["nobody"]] == []
    assert learnt["nobody"][3] == [(1, 0)]


def test_a_wrong_code_tells_nobody_whether_one_waits(
    visitors: Visitors, work: Work, people: dict[str, Identity]
) -> None:
    learnt = {
        who: told(
            visitors, work, "/activate", login_kind="resident_id", login=each.document.number,
            code="0000-0000-0000", new_password=OTHER_PASSWORD, new_password_again=OTHER_PASSWORD,
        )
        for who, each in people.items()
    }  # fmt: skip

    assert [who for who in learnt if learnt[who] != learnt["nobody"]] == []
    assert learnt["nobody"][0] == 403
    assert learnt["nobody"][3] == [(0, 1)]


def test_an_address_that_names_what_was_typed_would_be_seen(
    visitors: Visitors, browser: Browser
) -> None:
    visitors.staff("gongzuo", visitors.seat(Role.PROVIDER))
    sign_in(browser, "gongzuo")

    with pytest.raises(AssertionError, match="names what was typed"):
        browser.get("/desk/codes?done=gongzuo")
