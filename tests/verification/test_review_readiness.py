"""Who is ready by the day of a review, and who is reminded of it: once, and nobody who meets it."""

import json
import threading
from datetime import date, timedelta
from importlib.resources import files

import pytest
from sqlalchemy import select

from creditbank.clock import civil_day, utc_now
from creditbank.crediting.imports import RecordRow
from creditbank.crediting.links import LinkFinding, record_finding
from creditbank.errors import CreditBankError
from creditbank.jobs import reminders as jobs
from creditbank.jobs.batches import run_batches
from creditbank.jobs.reminders import remind_people
from creditbank.people.register import Identity, find_person
from creditbank.registry.adoption import (
    AdoptionDraft,
    AdoptionKind,
    approve_adoption,
    propose_adoption,
)
from creditbank.registry.clients import Client
from creditbank.registry.mandates import change_mandate
from creditbank.registry.models import Mandate
from creditbank.verification.batches import BatchQuestion, batch_numbered, request_batch
from creditbank.verification.models import Verdict
from creditbank.verification.queries import looks_at
from creditbank.verification.questions import Disclosure
from creditbank.verification.readiness import (
    Due,
    ReadinessDayMissingError,
    ReadinessDayPastError,
    ReadinessFiguresError,
    Ready,
    due_for,
    look_by,
    ready_lines,
    told_unread,
)
from creditbank.verification.readiness_models import ReadinessList, ReviewReminder
from creditbank.verification.reminders import reminders_of
from creditbank.verification.results import ResultDraft, report_result
from creditbank.verification.review_reports import Result
from tests.acts import publish
from tests.bank import NOW, TestBank
from tests.verification.askers import asker
from tests.verification.test_batches import MET, SHORT, UNKNOWN, listed, question

EVERYBODY = (MET, SHORT, UNKNOWN)


def give(bank: TestBank) -> None:
    """Give one all hours of five years, and another all but 24 professional ones of 2026."""
    rows = [
        RecordRow(who, year, subject, hours)
        for who in (MET, SHORT)
        for year in range(2022, 2027)
        for subject, hours in (("public.general", 3000), ("professional", 6000))
        if (who, year, subject) != (SHORT, 2026, "professional")
    ]
    bank.imported([*rows, RecordRow(SHORT, 2026, "professional", 3600)])


def looked(bank: TestBank, client: Client, *people: Identity, days: int = 10) -> str:
    """Ask about a list by a day that is so near; return its number."""
    now = utc_now()
    with bank.unit() as session:
        batch = request_batch(
            session, bank.house.vault, question(), listed(*people), client, kept_days=30, now=now
        )
        look_by(session, batch, Due(civil_day(now) + timedelta(days=days)))
        number = batch.batch_no
    run_batches(threading.Event())
    return number


def told(bank: TestBank) -> list[ReviewReminder]:
    with bank.reading() as session:
        return list(session.scalars(select(ReviewReminder)))


def person_id(bank: TestBank, who: Identity) -> int:
    with bank.reading() as session:
        return find_person(session, bank.house.vault, who)


def a_day_later(monkeypatch: pytest.MonkeyPatch, days: int = 1) -> None:
    monkeypatch.setattr(jobs, "utc_now", lambda: utc_now() + timedelta(days=days))


def test_each_person_stands_as_they_are_answered_and_sees_that_they_were_looked_at(
    bank: TestBank,
) -> None:
    client = asker(bank)
    give(bank)
    number = looked(bank, client, *EVERYBODY)

    with bank.reading() as session:
        batch = batch_numbered(session, number, client)
        lines = ready_lines(session, bank.house.vault, batch, limit=10)
        short = ready_lines(session, bank.house.vault, batch, wanted=Ready.SHORT, limit=10)
        seen = looks_at(session, [person_id(bank, SHORT)], slice(0, 9))

    assert [(each.ready, each.recorded) for each in lines] == [
        (Ready.READY, True), (Ready.SHORT, True), (Ready.UNDETERMINED, False),
    ]  # fmt: skip
    assert [each.line.name for each in short] == [SHORT.name]
    assert short[0].statement is not None
    advice = {"year": 2026, "through": 2026, "subject": "professional", "short": "24.00"}
    assert advice in short[0].statement["advice"]
    assert [(look.purpose, look.disclose) for look in seen.lines] == [
        ("职称申报资格审核", "summary")
    ]


def test_whoever_is_short_is_told_once_and_whoever_meets_it_is_not_bothered(
    bank: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = asker(bank)
    give(bank)
    looked(bank, client, *EVERYBODY)
    looked(bank, client, SHORT)

    first, again = remind_people(threading.Event()), remind_people(threading.Event())
    a_day_later(monkeypatch)
    later = remind_people(threading.Event())

    assert (first, again, later) == (1, 0, 0)
    [row] = told(bank)
    assert (row.person_id, row.outcome) == (person_id(bank, SHORT), "not_met")
    assert json.loads(row.short)[0]["short"] == "24.00"
    with bank.reading() as session:
        [said] = reminders_of(session, [row.person_id])
        near = told_unread(session, client)
        looks = looks_at(session, [row.person_id], slice(0, 9))
    assert (said.organisation, said.question["level"]) == ("评审", "associate_senior")
    assert len(near) == 2
    assert looks.count == 2, "nobody asked when the clock looked"


def test_nobody_is_told_before_the_days_of_the_setting_or_after_the_day(
    bank: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(bank)
    client = asker(bank)
    looked(bank, client, SHORT, days=31)

    early = remind_people(threading.Event())
    a_day_later(monkeypatch, 32)
    late = remind_people(threading.Event())
    a_day_later(monkeypatch, 31)
    on_the_day = remind_people(threading.Event())

    assert (early, late, on_the_day) == (0, 0, 1)


def test_who_met_it_meanwhile_or_whose_application_is_over_is_not_bothered(bank: TestBank) -> None:
    give(bank)
    client = asker(bank)
    number = looked(bank, client, SHORT, UNKNOWN)
    bank.imported([RecordRow(SHORT, 2026, "professional", 2400)])
    bank.imported([RecordRow(UNKNOWN, 2026, "professional", 2400)])
    bank.seal()
    first = remind_people(threading.Event())
    other = looked(bank, client, UNKNOWN, days=11)
    with bank.unit() as session:
        verdict_no = session.scalars(
            select(Verdict.verdict_no).order_by(Verdict.recorded_at.desc())
        ).first()
        assert verdict_no is not None
        draft = ResultDraft(Result.PASSED, date(2026, 1, 5))
        report_result(session, bank.house.vault, verdict_no, draft, client, now=utc_now())
    second = remind_people(threading.Event())

    assert (first, second) == (0, 0)
    assert number != other


def test_a_mandate_that_ended_tells_nobody_anything(bank: TestBank) -> None:
    give(bank)
    looked(bank, asker(bank), SHORT)
    with bank.unit() as session:
        mandate_no = session.scalars(select(Mandate.mandate_no)).one()
        change_mandate(session, mandate_no, "withdrawn", actor="official-test", now=NOW)

    assert remind_people(threading.Event()) == 0
    assert told(bank) == []


def test_two_documents_of_one_person_are_reminded_once(bank: TestBank) -> None:
    give(bank)
    finding = LinkFinding(SHORT, UNKNOWN, True, "cn-3710", "official-test")
    bank.imported([RecordRow(UNKNOWN, 2020, "professional", 100)])
    with bank.unit() as session:
        record_finding(session, bank.house.vault, finding, now=NOW)
    bank.seal()
    client = asker(bank)
    looked(bank, client, SHORT, UNKNOWN)

    assert remind_people(threading.Event()) == 1


def test_one_that_stops_in_the_middle_goes_on_and_tells_nobody_twice(
    bank: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(bank)
    monkeypatch.setattr(jobs, "AT_ONCE", 1)
    looked(bank, asker(bank), SHORT, MET)
    stop = threading.Event()
    reminded = jobs.remind

    def stopping(*given: object) -> int:
        stop.set()
        return reminded(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "remind", stopping)
    before = remind_people(stop)
    with bank.reading() as session:
        [half] = session.scalars(select(ReadinessList)).all()
    after = remind_people(threading.Event())

    assert (before, after, half.looked_on) == (1, 0, None)
    assert len(told(bank)) == 1


def asked_for(scheme: str, disclose: Disclosure = Disclosure.SUMMARY) -> BatchQuestion:
    day = date(2027, 3, 15)
    return BatchQuestion(scheme, "engineering", "", "intermediate", day, "评审", "令", disclose)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_day_is_that_of_the_law_once_adopted_or_else_the_units_own(bank: TestBank) -> None:
    for pack in ("cn-33", "cn-3306", "cn-3306.shidian"):
        publish(bank, (files("creditbank_seeds") / "packs" / f"{pack}.toml").read_text("utf-8"))
    draft = AdoptionDraft(
        "cn-3306.shidian",
        AdoptionKind.ADOPTED,
        date(2026, 11, 1),
        "绍人社〔2026〕1号",
        "试点",
        "印发",
    )
    with bank.unit() as session:
        said = propose_adoption(session, draft, actor="official-test", now=NOW)
        approve_adoption(session, said.adoption_no, actor="official-second", now=NOW)
    now = NOW + timedelta(days=10)

    with bank.reading() as session:
        law = due_for(session, asked_for("cn-3306.shidian"), None, now=now)
        own = due_for(session, asked_for("cn-3306"), date(2027, 9, 1), now=now)
        refused: dict[type[CreditBankError], tuple[BatchQuestion, date | None]] = {
            ReadinessDayMissingError: (asked_for("cn-3306"), None),
            ReadinessDayPastError: (asked_for("cn-3306"), date(2020, 9, 30)),
            ReadinessFiguresError: (asked_for("cn-3306", Disclosure.DECISION), date(2027, 9, 30)),
        }
        for error, (asked, named) in refused.items():
            with pytest.raises(error):
                due_for(session, asked, named, now=now)

    assert law == Due(date(2027, 9, 30), "cn-3306.shidian", "review_by")
    assert own == Due(date(2027, 9, 1))
