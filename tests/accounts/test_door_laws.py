"""The laws of the door under any history: a machine signs in, waits and is thrown out; books tell.

The books know nothing of the code: a few lines on who may be inside, and until when.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import creditbank.accounts.factors as factors_module
import creditbank.accounts.sessions as sessions_module
import creditbank.accounts.sign_in as sign_in_module
from creditbank.accounts.accounts import AccountState
from creditbank.accounts.models import AccountSession
from creditbank.accounts.seats import SeatDraft
from creditbank.accounts.sessions import Stage, end_own_session, note_sighting
from creditbank.registry.clients import Role
from tests.accounts.lobby import OTHER_PASSWORD, PASSWORD, Enrolled, Lobby
from tests.accounts.test_sign_in import change_password
from tests.bank import NOW, TestBank

FEW = settings(
    max_examples=10,
    stateful_step_count=40,
    deadline=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)
FIRST_FAILURE = settings(
    FEW, max_examples=60, derandomize=True, phases=(Phase.generate,), report_multiple_bugs=False
)
IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=12)
_NUMBERS = count(1)


@dataclass(slots=True)
class Inside:
    """A session in the books."""

    who: str
    opened: datetime
    seen: datetime
    stage: Stage


@dataclass(slots=True)
class Waiting:
    """What was tried in vain, in the books."""

    failures: int = 0
    last: datetime = NOW
    until: datetime = NOW

    def may(self, now: datetime) -> bool:
        return self.until <= now

    def tried(self, now: datetime) -> None:
        """Note a try that failed: five are free, then 1, 2, 4 … minutes, an hour at most."""
        self.failures = 1 if now - self.last > timedelta(days=1) else self.failures + 1
        self.last = now
        if self.failures >= 5:
            minutes = min(2 ** (self.failures - 5), 60)
            self.until = now + timedelta(minutes=minutes)


@dataclass(slots=True)
class Person:
    """An account in the books."""

    name: str
    account_no: str
    password: str = PASSWORD
    enrolled: Enrolled | None = None
    blocked: bool = False
    last_step: int = 0
    password_tries: Waiting = field(default_factory=Waiting)
    factor_tries: Waiting = field(default_factory=Waiting)


class Door(RuleBasedStateMachine):
    """Two people at a real door; one of them has a second factor."""

    lobby: Lobby
    which = st.sampled_from(("plain", "strict"))

    @initialize()
    def begin(self) -> None:
        self.now = NOW
        self.inside: dict[str, Inside] = {}
        self.gone: set[str] = set()
        number = next(_NUMBERS)
        seat = SeatDraft(Role.PROVIDER, "cn-3710", self.lobby.enterprise)
        plain, strict = f"plain{number}", f"strict{number}"
        self.people = {
            "plain": Person(plain, self.lobby.staff(plain, seat)),
            "strict": Person(strict, self.lobby.staff(strict, SeatDraft(Role.OFFICIAL, "cn-3710"))),
        }
        self.people["strict"].enrolled = self.lobby.enrolled(self.lobby.entered(strict))
        self.people["strict"].last_step = self.step()
        self.inside[self.people["strict"].enrolled.token] = Inside(
            "strict", self.now, self.now, Stage.OPEN
        )

    def step(self) -> int:
        return int(self.now.timestamp()) // 30

    @rule(seconds=st.sampled_from((1, 29, 61, 61, 121, 600, 1_799, 1_801, 3_601, 40_000, 90_000)))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(who=which, right=st.booleans(), times=st.sampled_from((1, 2, 6)))
    def sign_in(self, who: str, right: bool, times: int) -> None:
        person = self.people[who]
        for _ in range(times):
            may = person.password_tries.may(self.now)
            typed = person.password if right else "something else"
            address = f"10.0.{next(_NUMBERS) % 65_536 // 256}.{next(_NUMBERS) % 256}"
            outcome = self.lobby.sign_in(person.name, typed, address=address, now=self.now)
            if not may:
                assert getattr(outcome, "code", "") == "sign-in-paused"
            elif not right:
                person.password_tries.tried(self.now)
                assert getattr(outcome, "code", "") == "sign-in-refused"
            elif person.blocked:
                person.password_tries = Waiting()
                assert getattr(outcome, "code", "") == "account-blocked"
            else:
                person.password_tries = Waiting()
                assert isinstance(outcome, str)
                stage = Stage.SECOND_FACTOR if person.enrolled else Stage.OPEN
                self.inside[outcome] = Inside(who, self.now, self.now, stage)

    @precondition(lambda self: self.halfway())
    @rule(right=st.booleans())
    def give_second_factor(self, right: bool) -> None:
        token = self.halfway()[0]
        person = self.people["strict"]
        assert person.enrolled is not None
        may, fresh = person.factor_tries.may(self.now), self.step() > person.last_step
        code = person.enrolled.code(self.now)
        typed = code if right else f"{(int(code) + 1) % 1_000_000:06d}"
        outcome = self.lobby.give(token, typed, now=self.now)
        if not may:
            assert getattr(outcome, "code", "") == "sign-in-paused"
        elif right and fresh:
            assert isinstance(outcome, str)
            person.factor_tries, person.last_step = Waiting(), self.step()
            known = self.inside.pop(token)
            self.gone.add(token)
            self.inside[outcome] = Inside("strict", known.opened, self.now, Stage.OPEN)
        else:
            assert getattr(outcome, "code", "") == "second-factor-wrong"
            person.factor_tries.tried(self.now)

    @precondition(lambda self: self.living())
    @rule(which=st.integers(0, 99))
    def use(self, which: int) -> None:
        token = self.living()[which % len(self.living())]
        signed = self.lobby.must_sign(token, now=self.now)
        if signed.is_stale:
            with self.lobby.bank.unit() as session:
                note_sighting(session, signed, now=self.now)
            self.inside[token].seen = self.now

    @precondition(lambda self: self.living())
    @rule(which=st.integers(0, 99))
    def sign_out(self, which: int) -> None:
        token = self.living()[which % len(self.living())]
        signed = self.lobby.must_sign(token, now=self.now)
        with self.lobby.bank.unit() as session:
            end_own_session(session, signed, signed.session_no, now=self.now)
        self.throw_out(token)

    @rule(who=which, blocked=st.booleans())
    def block(self, who: str, blocked: bool) -> None:
        person = self.people[who]
        state = AccountState.BLOCKED if blocked else AccountState.ACTIVE
        self.lobby.set_state(person.account_no, state, now=self.now)
        person.blocked = blocked
        if blocked:
            self.throw_out(*(t for t, known in self.inside.items() if known.who == who))

    @precondition(lambda self: any(self.inside[t].who == "plain" for t in self.living()))
    @rule()
    def change_password(self) -> None:
        person = self.people["plain"]
        token = next(t for t in self.living() if self.inside[t].who == "plain")
        if not person.password_tries.may(self.now):
            return
        new = OTHER_PASSWORD if person.password == PASSWORD else PASSWORD
        outcome = change_password(self.lobby, token, person.password, new, now=self.now)
        assert isinstance(outcome, str)
        person.password, person.password_tries = new, Waiting()
        kept = self.inside[token]
        self.throw_out(*(t for t, known in self.inside.items() if known.who == "plain"))
        self.inside[outcome] = Inside("plain", kept.opened, self.now, kept.stage)

    def throw_out(self, *tokens: str) -> None:
        for token in tokens:
            del self.inside[token]
            self.gone.add(token)

    def lives(self, token: str) -> bool:
        known = self.inside[token]
        return self.now - known.seen < IDLE and self.now - known.opened < LONGEST

    def living(self) -> list[str]:
        return [token for token in self.inside if self.lives(token)]

    def halfway(self) -> list[str]:
        return [t for t in self.living() if self.inside[t].stage is Stage.SECOND_FACTOR]

    @invariant()
    def whoever_is_inside_in_the_books_is_inside_and_nobody_else(self) -> None:
        for token, known in self.inside.items():
            signed = self.lobby.signed(token, now=self.now)
            assert (signed is not None) == self.lives(token)
            if signed is not None:
                assert signed.account_no == self.people[known.who].account_no
                assert signed.stage is known.stage
        for token in self.gone:
            assert self.lobby.signed(token, now=self.now) is None


def run_laws(bank: TestBank, chosen: settings = FEW) -> None:
    machine: type[Door] = type("DoorOfThisBank", (Door,), {"lobby": Lobby(bank)})
    run_state_machine_as_test(machine, settings=chosen)


def test_the_laws_of_the_door_hold_after_any_history(bank: TestBank) -> None:
    run_laws(bank)


FAULTS: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "failures not counted": (sign_in_module, "count_try", lambda *_, **__: None),
    "a code taken twice": (
        factors_module,
        "_step_of",
        lambda *asked, real=factors_module._step_of: (
            None if real(*asked) is None else next(_NUMBERS) + 10**9
        ),
    ),
    "sessions without an idle end": (
        sessions_module,
        "_living",
        lambda settings, now: (AccountSession.ended_at.is_(None),),
    ),
    "a password that ends no sessions": (sign_in_module, "end_sessions", lambda *_, **__: None),
}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_breaks_a_law_of_the_door(
    bank: TestBank, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*FAULTS[fault])

    with pytest.raises(AssertionError):
        run_laws(bank, FIRST_FAILURE)
