"""Hours as approved in the filing: asked for, granted or lowered, parted among the sessions."""

import json
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from creditbank.hours import apportioned_centihours
from creditbank.ledger.models import Act, CreditFacts, Source
from creditbank.registry.filing.filings import (
    ApprovedHoursBeyondError,
    ApprovedHoursUnfitError,
    FilingDraft,
    SessionDraft,
    approve_filing,
    submit_filing,
)
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.rules.conversion import FactMissingError
from tests.achievements import TRAINING, TRAINING_USCC, pack
from tests.acts import publish, register_enterprise, roster
from tests.bank import NOW, TestBank, invented_person

PERSON = invented_person(1)
DAYS = (date(2026, 11, 9), date(2026, 11, 10), date(2026, 11, 11))
SCHEME = "cn-3711"
#: three sessions of different lengths: the hours do not divide evenly
MINUTES = (180, 360, 270)


@pytest.fixture
def city(bank: TestBank) -> TestBank:
    """A bank with a city whose rules leave the hours of training to the filing."""
    publish(bank, pack(SCHEME, SCHEME, TRAINING))
    register_enterprise(bank, TRAINING_USCC, SCHEME)
    return bank


def draft(approved_centihours: int | None, *, activity: str = "training") -> FilingDraft:
    sessions = tuple(SessionDraft(day, m, 2) for day, m in zip(DAYS, MINUTES, strict=True))
    return FilingDraft(
        activity, "seminar", "full", "示例", "professional", 20, sessions[::-1], approved_centihours
    )


def submit(bank: TestBank, filed: FilingDraft) -> str:
    with bank.unit() as session:
        provider = organisation_by_uscc(session, TRAINING_USCC)
        return submit_filing(session, filed, provider, actor="provider-test", now=NOW).filing_no


def approve(bank: TestBank, filing_no: str, approved_centihours: int | None = None) -> None:
    with bank.unit() as session:
        approve_filing(
            session, filing_no, actor="official-test", reason="迟报",
            approved_centihours=approved_centihours, now=NOW,
        )  # fmt: skip


def credited(bank: TestBank, filing_no: str, minutes: Sequence[int] = MINUTES) -> list[int]:
    """Post a roster of all sessions; return the hours of each as its facts and trace tell."""
    lines = [(PERSON, day, m) for day, m in zip(DAYS, minutes, strict=True)]
    result = bank.post(filing_no, roster(lines))
    assert result.problems == ()
    with bank.reading() as session:
        texts = session.scalars(select(CreditFacts.facts).order_by(CreditFacts.occasion))
        return [json.loads(text)["trace"][-1]["facts"]["centihours"] for text in texts]


def bounds(bank: TestBank, filing_no: str) -> tuple[int, int | None]:
    with bank.reading() as session:
        source = session.scalars(select(Source).where(Source.source_no == filing_no)).one()
        return source.person_centihours_max, source.centihours_max


@given(
    centihours=st.integers(1, 10**8),
    weights=st.lists(st.integers(1, 1_440), min_size=1, max_size=120),
)
def test_hours_are_parted_by_length_and_none_is_lost(centihours: int, weights: list[int]) -> None:
    parts = apportioned_centihours(centihours, weights)

    total = sum(weights)
    assert sum(parts) == centihours
    assert all(abs(part * total - centihours * w) < total
               for part, w in zip(parts, weights, strict=True))  # fmt: skip


def test_approved_hours_are_parted_among_the_sessions_by_their_length(city: TestBank) -> None:
    filing_no = submit(city, draft(4000))

    approve(city, filing_no)

    assert credited(city, filing_no) == [888, 1778, 1334]
    assert bounds(city, filing_no) == (4000, 20 * 4000)
    assert city.fsck() == []


def test_an_official_may_grant_fewer_hours(city: TestBank) -> None:
    filing_no = submit(city, draft(4000))

    approve(city, filing_no, 3000)

    assert sum(credited(city, filing_no)) == 3000
    assert bounds(city, filing_no) == (3000, 20 * 3000)
    with city.reading() as session:
        act = session.scalars(select(Act).where(Act.kind == "filing.approved")).one()
    assert json.loads(act.details)["approved_centihours"] == 3000


def test_more_hours_than_asked_for_are_not_granted(city: TestBank) -> None:
    filing_no = submit(city, draft(4000))

    with pytest.raises(ApprovedHoursBeyondError) as beyond:
        approve(city, filing_no, 4001)

    assert beyond.value.facts == {"found": "40.01", "wanted": "40.00"}


def test_half_of_a_session_is_worth_half_of_its_share(city: TestBank) -> None:
    filing_no = submit(city, draft(4000))
    approve(city, filing_no)

    assert credited(city, filing_no, (90, 360, 270)) == [444, 1778, 1334]


def test_a_filing_that_asks_for_no_hours_is_told_so_at_once(city: TestBank) -> None:
    with pytest.raises(FactMissingError) as missing:
        submit(city, draft(None))

    assert missing.value.facts["fact"] == "approved_centihours"


def test_hours_are_not_asked_for_where_the_rules_give_them(city: TestBank) -> None:
    with pytest.raises(ApprovedHoursUnfitError):
        submit(city, draft(4000, activity="lecture"))

    filing_no = submit(city, draft(None, activity="lecture"))
    with pytest.raises(ApprovedHoursBeyondError):
        approve(city, filing_no, 100)


def test_a_share_too_small_for_a_session_is_no_row_of_the_roster(city: TestBank) -> None:
    filing_no = submit(city, draft(1))
    approve(city, filing_no)

    lines = [(PERSON, day, m) for day, m in zip(DAYS, MINUTES, strict=True)]
    result = city.post(filing_no, roster(lines))

    assert [each.code for each in result.problems] == ["roster-nothing-earned"] * 2
    assert result.credited_centihours == 1
