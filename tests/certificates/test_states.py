"""What a certificate is worth: valid, superseded, revoked or expired, and never two of them."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from creditbank.certificates.models import Certificate
from creditbank.certificates.states import State
from creditbank.crediting.imports import RecordRow
from creditbank.people.models import PersonName
from creditbank.people.register import find_person
from tests.bank import NOW, TestBank
from tests.certificates.counter import HOLDER, issue, opened, revoke, with_hours

VALID_DAYS = 30


def more_hours(bank: TestBank, year: int = 2026) -> None:
    bank.imported([RecordRow(HOLDER, year, "public", 1_000)])
    bank.seal()


def test_a_certificate_holds_while_the_record_is_the_one_it_speaks_of(bank: TestBank) -> None:
    with_hours(bank)
    number = issue(bank, (2024, 2025)).certificate.number
    more_hours(bank)

    assert opened(bank, number).standing.state == State.VALID


def test_more_hours_in_its_years_supersede_it_once_they_are_sealed(bank: TestBank) -> None:
    with_hours(bank)
    number = issue(bank).certificate.number
    bank.imported([RecordRow(HOLDER, 2026, "public", 1_000)])
    before = opened(bank, number).standing.state
    bank.seal()

    assert before == State.VALID
    assert opened(bank, number).standing.state == State.SUPERSEDED
    assert opened(bank, number).standing.newer == ""


def test_a_new_name_of_the_holder_supersedes_it(bank: TestBank) -> None:
    with_hours(bank)
    number = issue(bank).certificate.number
    with bank.unit() as session:
        person_id = find_person(session, bank.house.vault, HOLDER)
        cipher = bank.house.vault.lock(
            "欧阳新".encode(), "person_name", "name_cipher", person_id, 2
        )
        session.add(PersonName(person_id=person_id, name_no=2, name_cipher=cipher, recorded_at=NOW))

    newer = issue(bank).certificate.number

    assert opened(bank, number).standing.state == State.SUPERSEDED
    assert opened(bank, newer).facts["holder"]["name"] == "欧阳新"  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    ("days", "state"),
    [
        (VALID_DAYS - 1, State.VALID),
        (VALID_DAYS, State.VALID),
        (VALID_DAYS + 1, State.EXPIRED),
    ],
)
def test_it_expires_on_the_day_after_its_last(bank: TestBank, days: int, state: State) -> None:
    with_hours(bank)
    number = issue(bank, valid_days=VALID_DAYS).certificate.number

    assert opened(bank, number, now=NOW + timedelta(days=days)).standing.state == state


def test_without_a_validity_it_never_expires(bank: TestBank) -> None:
    with_hours(bank)
    number = issue(bank).certificate.number

    assert opened(bank, number, now=NOW + timedelta(days=36_500)).standing.state == State.VALID


def test_whatever_else_happens_revoked_is_revoked(bank: TestBank) -> None:
    with_hours(bank)
    number = issue(bank, valid_days=VALID_DAYS).certificate.number
    revoke(bank, number)
    more_hours(bank)

    later = opened(bank, number, now=NOW + timedelta(days=VALID_DAYS + 1))

    assert later.standing.state == State.REVOKED
    assert later.standing.revocation is not None
    assert later.standing.revocation.reason == "issued-in-error"


STEPS = st.lists(st.sampled_from(["more", "other", "revoke", "wait", "issue"]), max_size=5)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS)
def test_after_any_order_of_acts_the_state_is_the_one_that_follows(
    bank: TestBank, steps: list[str]
) -> None:
    """One person's certificates of one year after another, since a bank serves all examples."""
    year = 1991 + _taken(bank)
    more_hours(bank, year)
    number = issue(bank, (year,), valid_days=VALID_DAYS).certificate.number
    happened, now, subject = (
        set[str](),
        NOW,
        iter(("professional", "public.general", "public.industry")),
    )
    for step in steps:
        if step == "more" and (chosen := next(subject, None)):
            bank.imported([RecordRow(HOLDER, year, chosen, 100)])
            bank.seal()
            happened.add("more")
        elif step == "other" and "other" not in happened:
            bank.imported([RecordRow(HOLDER, 1990, "public", 100 + year)], now=now)
            bank.seal()
            happened.add("other")
        elif step == "revoke" and "revoke" not in happened:
            revoke(bank, number)
            happened.add("revoke")
        elif step == "wait":
            now += timedelta(days=VALID_DAYS + 1)
            happened.add("wait")
        elif step == "issue":
            issue(bank, (year,), now=now)

    expected = State.VALID
    for state, cause in (
        (State.EXPIRED, "wait"), (State.SUPERSEDED, "more"), (State.REVOKED, "revoke"),
    ):  # fmt: skip
        expected = state if cause in happened else expected
    assert opened(bank, number, now=now).standing.state == expected


def _taken(bank: TestBank) -> int:
    """Count the years that earlier examples used."""
    with bank.reading() as session:
        return len(set(session.scalars(select(Certificate.years))))
