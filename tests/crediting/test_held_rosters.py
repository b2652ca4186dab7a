"""Rosters between preview and posting: what is foretold happens, once, and the file is gone."""

import threading
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from creditbank.attendance.models import HeldRoster, RosterBatch
from creditbank.attendance.workbook import Limits
from creditbank.clock import utc_now
from creditbank.crediting.holding import (
    HELD_FOR,
    Fate,
    HeldRosterUnknownError,
    Preview,
    Upload,
    discard_held,
    forget_held,
    held_for,
    held_numbered,
    hold_roster,
    post_held,
    preview_of,
)
from creditbank.crediting.rosters import RosterPosting, rehearse_roster
from creditbank.jobs.clock import forget_old
from creditbank.ledger.models import Entry
from creditbank.people.models import Person
from creditbank.people.register import Identity
from creditbank.people.vault import VaultBrokenError
from creditbank.registry.filing.filings import filing_numbered
from tests.acts import roster
from tests.attendance.rosters import xlsx
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person

HEADER = ("姓名", "证件类型", "证件号码", "日期", "实到分钟")
ACTOR = "account-provider"


def workbook(*lines: tuple[Identity, date, int]) -> bytes:
    return xlsx(
        [
            HEADER,
            *(
                (who.name, "居民身份证", who.document.number, day.isoformat(), minutes)
                for who, day, minutes in lines
            ),
        ]
    )


def hold(bank: TestBank, filing_no: str, content: bytes, now: datetime = NOW) -> str:
    with bank.unit() as session:
        upload = Upload(filing_numbered(session, filing_no), content, Limits(), ACTOR)
        return hold_roster(session, bank.house.vault, upload, now=now)


def shown(bank: TestBank, hold_no: str) -> Preview:
    return preview_of(bank.house.vault, found(bank, hold_no))


def found(bank: TestBank, hold_no: str, days: int = 0) -> HeldRoster:
    with bank.reading() as session:
        organisation_id = bank.enterprise().organisation_id
        return held_numbered(session, hold_no, organisation_id, now=NOW + timedelta(days=days))


def post(bank: TestBank, hold_no: str) -> str:
    held = found(bank, hold_no)
    with bank.unit() as session:
        return post_held(session, bank.house.vault, held, Limits(), actor=ACTOR, now=NOW)


def counts(bank: TestBank) -> list[int]:
    with bank.reading() as session:
        tables = (Entry, RosterBatch, Person)
        return [session.scalar(select(func.count()).select_from(t)) or 0 for t in tables]


def test_a_preview_tells_the_fate_of_every_row_and_writes_nothing(bank: TestBank) -> None:
    known, fresh, late = (invented_person(n) for n in (1, 2, 3))
    filing_no = bank.approved_filing(seats=2)
    bank.post(filing_no, attendance([known], SEMINAR_DAYS[:1]))
    before = counts(bank)

    hold_no = hold(
        bank,
        filing_no,
        workbook(
            (known, SEMINAR_DAYS[0], 360), (fresh, SEMINAR_DAYS[0], 180),
            (late, SEMINAR_DAYS[0], 360), (fresh, SEMINAR_DAYS[1], 360),
        ),
    )  # fmt: skip
    preview = shown(bank, hold_no)

    assert [(row.row_no, row.fate, row.centihours) for row in preview.rows] == [
        (2, Fate.KNOWN, 0), (3, Fate.CREDITED, 400), (4, Fate.REFUSED, 0),
        (5, Fate.CREDITED, 800),
    ]  # fmt: skip
    assert [problem.code for problem in preview.rows[2].problems] == ["roster-seats-full"]
    assert (preview.rows[1].name, preview.rows[1].last_four) == (
        fresh.name, fresh.document.number[-4:],
    )  # fmt: skip
    assert (
        preview.conversions[preview.rows[1].conversion]
        != preview.conversions[preview.rows[3].conversion]
    )
    assert (preview.people, preview.centihours) == (1, 1200)
    assert counts(bank) == before


def test_a_held_roster_is_posted_once_and_the_second_is_led_to_the_first(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    hold_no = hold(bank, filing_no, workbook((invented_person(1), SEMINAR_DAYS[0], 360)))

    first, second = post(bank, hold_no), post(bank, hold_no)

    assert first == second
    assert counts(bank)[:2] == [1, 1]
    held = found(bank, hold_no)
    assert (held.file_cipher, held.preview_cipher, held.roster_no) == (None, None, first)
    assert bank.fsck() == []


def test_two_who_press_at_once_post_once(bank: TestBank) -> None:
    hold_no = hold(
        bank, bank.approved_filing(), workbook((invented_person(1), SEMINAR_DAYS[0], 360))
    )
    results: list[str] = []

    def press() -> None:
        with bank.app.app_context():
            results.append(post(bank, hold_no))

    pressers = [threading.Thread(target=press) for _ in range(3)]
    for presser in pressers:
        presser.start()
    for presser in pressers:
        presser.join()

    assert len(results) == 3
    assert len(set(results)) == 1
    assert counts(bank)[:2] == [1, 1]


def test_what_is_held_lies_encrypted_and_opens_in_its_own_row_only(bank: TestBank) -> None:
    person = invented_person(1)
    filing_no = bank.approved_filing()
    content = workbook((person, SEMINAR_DAYS[0], 360))
    hold_no = hold(bank, filing_no, content)

    held = found(bank, hold_no)
    assert held.file_cipher is not None
    assert held.preview_cipher is not None
    lies = held.file_cipher + held.preview_cipher
    assert person.name.encode() not in lies
    assert person.document.number[-4:].encode() not in held.preview_cipher
    assert content not in lies
    held.organisation_id += 1
    with pytest.raises(VaultBrokenError):
        preview_of(bank.house.vault, held)


def test_a_held_roster_is_its_organisations_for_a_day_and_then_swept(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    content = workbook((invented_person(1), SEMINAR_DAYS[0], 360))
    hold_no = hold(bank, filing_no, content)

    with bank.reading() as session, pytest.raises(HeldRosterUnknownError):
        held_numbered(session, hold_no, None, now=NOW)
    with pytest.raises(HeldRosterUnknownError):
        found(bank, hold_no, days=1)
    with bank.unit() as session:
        assert forget_held(session, before=NOW + HELD_FOR - timedelta(seconds=1)) == 0
        assert forget_held(session, before=NOW + HELD_FOR) == 1


def test_the_clock_sweeps_what_was_held_for_its_day(bank: TestBank) -> None:
    content = workbook((invented_person(1), SEMINAR_DAYS[0], 360))
    hold(bank, bank.approved_filing(), content, utc_now() - HELD_FOR)
    young = hold(bank, bank.approved_filing(), content, utc_now())

    assert forget_old() == 1

    with bank.reading() as session:
        assert session.scalars(select(HeldRoster.hold_no)).all() == [young]


def test_a_newer_upload_replaces_and_a_discarded_one_is_gone(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    content = workbook((invented_person(1), SEMINAR_DAYS[0], 360))
    first = hold(bank, filing_no, content)
    second = hold(bank, filing_no, content)

    with pytest.raises(HeldRosterUnknownError):
        found(bank, first)
    with bank.reading() as session:
        waiting = held_for(session, filing_no, ACTOR, now=NOW)
        assert waiting is not None
        assert waiting.hold_no == second
    held = found(bank, second)
    with bank.unit() as session:
        discard_held(session, held)
    with pytest.raises(HeldRosterUnknownError), bank.unit() as session:
        post_held(session, bank.house.vault, held, Limits(), actor=ACTOR, now=NOW)


LINES = st.lists(
    st.tuples(
        st.integers(1, 5), st.sampled_from((*SEMINAR_DAYS, date(2026, 11, 13))),
        st.sampled_from((0, 1, 117, 180, 360, 1440)), st.booleans(),
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(lines=LINES, seats=st.integers(1, 3))
def test_what_is_rehearsed_is_what_is_posted(
    bank: TestBank, lines: list[tuple[int, date, int, bool]], seats: int
) -> None:
    filing_no = bank.approved_filing(seats=seats)
    stated = roster([(invented_person(n), day, minutes) for n, day, minutes, _ in lines])
    renamed = {row_no for row_no, line in enumerate(lines, start=1) if line[3]}
    rows = tuple(row._replace(name="张三") if row.row_no in renamed else row for row in stated.rows)
    stated = replace(stated, rows=rows)

    with bank.unit() as session:
        posting = RosterPosting(filing_numbered(session, filing_no), stated, ACTOR)
        rehearsed = rehearse_roster(session, bank.house.vault, posting, now=NOW)
    posted = bank.post(filing_no, stated)

    assert replace(rehearsed, roster_no="") == replace(posted, roster_no="")
