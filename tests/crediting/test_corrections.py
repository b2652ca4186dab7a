"""Corrected attendance: reversed and credited anew in one act, or nothing at all."""

import json
from datetime import date

import pytest
from sqlalchemy import select

from creditbank.crediting.corrections import (
    Correction,
    CorrectionReason,
    CorrectionRefusedError,
    CorrectionResult,
    CorrectionUnchangedError,
    correct_attendance,
    rehearse_correction,
)
from creditbank.crediting.freezes import SourceInvestigatedError
from creditbank.crediting.transfers import transfer_numbered
from creditbank.crediting.withdrawals import NothingToWithdrawError
from creditbank.ledger.models import Act, Entry, Movement, Source, SourceUse
from creditbank.people.register import Identity
from creditbank.registry.filing.filings import filing_numbered
from tests.achievements import ELSEWHERE, held, publish_works, transfer
from tests.acts import approve, investigate, roster, withdraw
from tests.bank import NOW, SEMINAR_DAYS, TestBank, invented_person

PERSON, OTHER, THIRD = (invented_person(number) for number in (1, 2, 3))
CITY = "cn-3710"
DAY = SEMINAR_DAYS[0]


def corrected(
    bank: TestBank,
    filing_no: str,
    minutes: int,
    *,
    day: date = DAY,
    attended_by: Identity | None = None,
    attended_on: date | None = None,
    rehearse: bool = False,
) -> CorrectionResult:
    """Correct the person's day."""
    act = rehearse_correction if rehearse else correct_attendance
    with bank.unit() as session:
        correction = Correction(
            filing_numbered(session, filing_no), PERSON, day, minutes,
            CorrectionReason.WRONG_PERSON if attended_by else CorrectionReason.WRONG_MINUTES,
            "查2026-9", "provider-test", attended_by, attended_on,
        )  # fmt: skip
        return act(session, bank.house.vault, correction, now=NOW)


def attended(bank: TestBank, *people: Identity, seats: int = 40) -> str:
    """Let people attend half of a day; return the filing's number."""
    filing_no = approve(bank, SEMINAR_DAYS, seats=seats)
    bank.post(filing_no, roster([(each, DAY, 180) for each in people]))
    return filing_no


def use_of(bank: TestBank, filing_no: str) -> tuple[int, int]:
    """Return people and centihours taken of a filing."""
    with bank.reading() as session:
        source = session.scalars(select(Source).where(Source.source_no == filing_no)).one()
        use = session.get_one(SourceUse, source.source_id)
        return use.people, use.centihours


def test_minutes_are_put_right_by_one_act_with_before_and_after(bank: TestBank) -> None:
    filing_no = attended(bank, PERSON)

    done = corrected(bank, filing_no, 360)

    assert (done.minutes_before, done.minutes_after) == (180, 360)
    assert (done.before_centihours, done.after_centihours) == (400, 800)
    assert held(bank, PERSON, CITY) == {2026: (800, 0)}
    assert use_of(bank, filing_no) == (1, 800)
    with bank.reading() as session:
        [act] = session.scalars(select(Act).where(Act.leaf == done.act_leaf))
        entries = session.scalars(select(Entry).order_by(Entry.entry_id)).all()
    first, reversal, second = entries
    assert [(e.movement, e.revision) for e in entries] == [
        ("credit", 0), ("reverse", 0), ("credit", 1),
    ]  # fmt: skip
    assert (reversal.act_id, reversal.reason) == (act.act_id, "wrong-minutes")
    assert (act.kind, json.loads(act.cites)) == ("attendance.corrected", [first.leaf.hex()])
    assert json.loads(act.details) == {
        "occasions": [f"{filing_no}/1"], "minutes_before": 180, "minutes_after": 360,
        "case_no": "查2026-9",
    }  # fmt: skip
    assert second.occasion == first.occasion
    assert bank.fsck() == []


def test_an_attendance_of_the_wrong_session_moves_to_the_right_one(bank: TestBank) -> None:
    filing_no = attended(bank, PERSON)

    done = corrected(bank, filing_no, 180, attended_on=SEMINAR_DAYS[1])

    assert (done.day, done.day_after) == SEMINAR_DAYS[:2]
    with bank.reading() as session:
        entries = session.scalars(select(Entry).order_by(Entry.entry_id)).all()
        [act] = session.scalars(select(Act).where(Act.leaf == done.act_leaf))
    assert [(e.movement, e.occasion, e.revision) for e in entries] == [
        ("credit", f"{filing_no}/1", 0), ("reverse", f"{filing_no}/1", 0),
        ("credit", f"{filing_no}/2", 0),
    ]  # fmt: skip
    assert json.loads(act.details)["attended_on"] == SEMINAR_DAYS[1].isoformat()
    with pytest.raises(CorrectionRefusedError):  # no session is on that day
        corrected(bank, filing_no, 180, day=SEMINAR_DAYS[1], attended_on=date(2026, 1, 5))
    assert held(bank, PERSON, CITY) == {2026: (400, 0)}
    assert bank.fsck() == []


def test_hours_of_a_wrong_number_go_to_whoever_was_there_though_every_place_is_taken(
    bank: TestBank,
) -> None:
    filing_no = attended(bank, PERSON, OTHER, seats=2)

    corrected(bank, filing_no, 180, attended_by=THIRD)

    assert held(bank, PERSON, CITY) == {2026: (0, 0)}
    assert held(bank, THIRD, CITY) == {2026: (400, 0)}
    assert use_of(bank, filing_no) == (2, 800)
    assert bank.fsck() == []


def test_what_cannot_be_credited_changes_nothing(bank: TestBank) -> None:
    filing_no = attended(bank, PERSON, OTHER)

    for minutes, other, why in (
        (0, None, "why-roster-nothing-earned"),
        (180, OTHER, "why-roster-already-credited"),
        (180, Identity(OTHER.document, "不同名"), "why-roster-name-differs"),
    ):
        with pytest.raises(CorrectionRefusedError) as refused:
            corrected(bank, filing_no, minutes, attended_by=other)
        assert refused.value.facts == {"why_words": why}

    assert held(bank, PERSON, CITY) == held(bank, OTHER, CITY) == {2026: (400, 0)}
    with bank.reading() as session:
        assert not session.scalars(select(Entry).where(Entry.movement == Movement.REVERSE)).all()
    assert bank.fsck() == []


def test_there_must_be_something_to_put_right(bank: TestBank) -> None:
    filing_no = attended(bank, PERSON)

    with pytest.raises(CorrectionUnchangedError):
        corrected(bank, filing_no, 180)
    with pytest.raises(NothingToWithdrawError):
        corrected(bank, filing_no, 360, day=SEMINAR_DAYS[1])
    withdraw(bank, filing_no, PERSON)
    with pytest.raises(NothingToWithdrawError):
        corrected(bank, filing_no, 360)


def test_a_rehearsal_tells_both_and_leaves_no_trace(bank: TestBank) -> None:
    filing_no = attended(bank, PERSON)

    foreseen = corrected(bank, filing_no, 360, rehearse=True)

    assert (foreseen.before_centihours, foreseen.after_centihours) == (400, 800)
    assert held(bank, PERSON, CITY) == {2026: (400, 0)}
    assert corrected(bank, filing_no, 270).after_centihours == 600
    assert corrected(bank, filing_no, 90).before_centihours == 600
    assert bank.fsck() == []


def test_nothing_is_put_right_under_an_investigation(bank: TestBank) -> None:
    filing_no = attended(bank, PERSON)
    investigate(bank, filing_no, PERSON)

    with pytest.raises(CorrectionRefusedError) as refused:
        corrected(bank, filing_no, 360)
    investigate(bank, filing_no)
    with pytest.raises(SourceInvestigatedError):
        corrected(bank, filing_no, 360)

    assert refused.value.facts == {"why_words": "why-roster-investigated"}
    assert bank.fsck() == []


def test_a_copy_under_another_scheme_goes_with_what_was_wrong(bank: TestBank) -> None:
    publish_works(bank)
    filing_no = attended(bank, PERSON)
    with bank.reading() as session:
        [credit] = session.scalars(select(Entry))
    made = transfer(bank, PERSON, credit)

    corrected(bank, filing_no, 360)

    assert held(bank, PERSON, ELSEWHERE) == {2026: (0, 0)}
    with bank.reading() as session:
        assert transfer_numbered(session, made.transfer_no).state == "withdrawn"
    assert bank.fsck() == []
