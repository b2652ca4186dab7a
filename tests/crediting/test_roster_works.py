"""Long rosters at work: wholly done once, or untouched for whoever comes next."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from creditbank.attendance.models import HeldRoster, RosterBatch, RosterWork
from creditbank.attendance.workbook import Limits
from creditbank.clock import utc_now
from creditbank.crediting.holding import Upload, discard_held, forget_held, hold_roster
from creditbank.crediting.roster_credits import Phase
from creditbank.crediting.roster_works import (
    ATTEMPTS_MAX,
    KEPT_FOR,
    SILENT_SECONDS,
    RosterWorkBegunError,
    Turn,
    WorkTakenError,
    any_waits,
    cancel,
    complete,
    forget_works,
    order_of,
    refusal_of,
    request_held_posting,
    request_posting,
    request_preview,
    take_up,
)
from creditbank.crediting.rosters import RosterPosting
from creditbank.jobs.rosters import run_rosters
from creditbank.people.vault import VaultBrokenError
from creditbank.registry.filing.filings import filing_numbered
from tests.bank import SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.crediting.long_rosters import watched
from tests.crediting.test_held_rosters import ACTOR, counts, workbook

PEOPLE = [invented_person(number) for number in range(3)]
FILE = workbook(*((who, SEMINAR_DAYS[0], 360) for who in PEOPLE))


@pytest.fixture
def filing_no(bank: TestBank) -> str:
    return bank.approved_filing()


def sent(bank: TestBank, filing_no: str) -> str:
    """Leave rows of a machine to be posted."""
    with bank.unit() as session:
        filing = filing_numbered(session, filing_no)
        posting = RosterPosting(filing, attendance(PEOPLE), ACTOR)
        return request_posting(session, bank.house.vault, posting, now=utc_now())


def held(bank: TestBank, filing_no: str) -> HeldRoster:
    """Hold a file that is previewed."""
    with bank.unit() as session:
        upload = Upload(filing_numbered(session, filing_no), FILE, Limits(), ACTOR)
        hold_no = hold_roster(session, bank.house.vault, upload, now=utc_now())
        return session.get_one(HeldRoster, hold_no)


def work(bank: TestBank, work_no: str) -> RosterWork:
    with bank.reading() as session:
        return session.get_one(RosterWork, work_no)


def taken_up(bank: TestBank, seconds: int = 0) -> Turn | None:
    with bank.unit() as session:
        return take_up(session, now=utc_now() + timedelta(seconds=seconds))


def done(bank: TestBank, turn: Turn) -> None:
    """Do a work in one transaction."""
    vault = bank.house.vault
    with bank.unit() as session:
        order = order_of(session, vault, turn)
        filing = filing_numbered(session, order.filing_no)
        posting = RosterPosting(filing, order.read(Limits()), order.actor)
        complete(session, vault, turn, order, posting, now=utc_now())


def test_a_posting_whose_worker_was_killed_is_taken_up_again_and_done_once(
    bank: TestBank, filing_no: str
) -> None:
    work_no = sent(bank, filing_no)
    killed = taken_up(bank)

    assert killed is not None
    assert taken_up(bank, SILENT_SECONDS - 5) is None, "it may still be alive"
    second = taken_up(bank, SILENT_SECONDS + 5)
    assert second == Turn(work_no, 2)
    before = counts(bank)
    with pytest.raises(WorkTakenError):
        done(bank, killed)
    assert counts(bank) == before, "what the first did too late is rolled back whole"
    done(bank, second)

    over = work(bank, work_no)
    with bank.reading() as session:
        [batch] = session.scalars(select(RosterBatch))
    assert (over.state, over.roster_no, over.content_cipher) == ("done", batch.roster_no, None)
    assert batch.rows_credited == 9
    assert bank.fsck() == []


@pytest.mark.parametrize(
    ("step", "rows"), [(Phase.WEIGHING, 3), (Phase.CREDITING, 2), (Phase.CREDITING, 7)]
)
def test_a_process_that_is_told_to_end_leaves_a_work_as_if_nobody_had_begun(
    bank: TestBank, filing_no: str, monkeypatch: pytest.MonkeyPatch, step: Phase, rows: int
) -> None:
    work_no, before, stop = sent(bank, filing_no), counts(bank), threading.Event()

    def end(phase: Phase, done: int, _total: int) -> None:
        """While attendance, entries or their facts are on their way to the database."""
        if (phase, done) == (step, rows):
            stop.set()

    with monkeypatch.context() as patched:
        watched(patched, end)
        assert run_rosters(stop) == 0
    left = work(bank, work_no)

    assert stop.is_set()
    assert (left.state, left.attempt, counts(bank)) == ("waiting", 1, before)
    assert run_rosters(threading.Event()) == 1
    assert work(bank, work_no).state == "done"


def test_a_work_is_cancelled_only_before_it_begins(bank: TestBank, filing_no: str) -> None:
    first, second = sent(bank, filing_no), sent(bank, filing_no)

    taken_up(bank)
    for _ in range(2):
        with bank.unit() as session:
            cancel(session, session.get_one(RosterWork, second), now=utc_now())
    with pytest.raises(RosterWorkBegunError), bank.unit() as session:
        cancel(session, session.get_one(RosterWork, first), now=utc_now())

    assert [work(bank, each).state for each in (first, second)] == ["running", "cancelled"]
    assert work(bank, second).content_cipher is None
    assert taken_up(bank) is None


def test_a_held_roster_that_is_being_posted_is_neither_discarded_replaced_nor_forgotten(
    bank: TestBank, filing_no: str
) -> None:
    kept = held(bank, filing_no)
    with bank.unit() as session:
        numbers = [
            request_held_posting(session, kept, 3, actor=ACTOR, now=utc_now()) for _ in range(2)
        ]
    with bank.unit() as session:
        discard_held(session, kept)
        forget_held(session, before=utc_now() + timedelta(days=2))
    held(bank, filing_no)

    assert len(set(numbers)) == 1, "whoever presses twice is led to the one work"
    assert run_rosters(threading.Event()) == 1
    with bank.unit() as session:
        late = request_held_posting(session, kept, 3, actor=ACTOR, now=utc_now())
    assert late == numbers[0], "nor is what was posted meanwhile posted again"
    with bank.reading() as session:
        posted = session.get_one(HeldRoster, kept.hold_no)
    assert posted.roster_no == work(bank, numbers[0]).roster_no
    assert (posted.file_cipher, posted.roster_no is None) == (None, False)


def test_a_newer_file_takes_the_place_of_one_that_waits(bank: TestBank, filing_no: str) -> None:
    numbers = []
    for _ in range(2):
        with bank.unit() as session:
            upload = Upload(filing_numbered(session, filing_no), FILE, Limits(), ACTOR)
            numbers.append(request_preview(session, bank.house.vault, upload, now=utc_now()))

    assert run_rosters(threading.Event()) == 1
    assert [work(bank, each).state for each in numbers] == ["cancelled", "done"]


def test_a_file_that_is_refused_and_a_work_that_ends_everybody_say_why(
    bank: TestBank, filing_no: str
) -> None:
    with bank.unit() as session:
        upload = Upload(filing_numbered(session, filing_no), b"a,b\n1,2\n", Limits(), ACTOR)
        bad = request_preview(session, bank.house.vault, upload, now=utc_now())
    assert run_rosters(threading.Event()) == 0
    deadly = sent(bank, filing_no)
    for attempt in range(ATTEMPTS_MAX):
        assert taken_up(bank, attempt * 2 * SILENT_SECONDS) is not None

    assert taken_up(bank, ATTEMPTS_MAX * 2 * SILENT_SECONDS) is None
    said = [refusal_of(work(bank, each)) for each in (bad, deadly)]
    assert [each.code for each in said if each] == ["roster-header-missing", "roster-work-given-up"]
    assert [work(bank, each).content_cipher for each in (bad, deadly)] == [None, None]


def test_rows_lie_encrypted_bound_to_their_work_and_a_work_is_forgotten_in_the_end(
    bank: TestBank, filing_no: str
) -> None:
    first, second = (sent(bank, filing_no) for _ in range(2))
    cipher = work(bank, first).content_cipher

    assert cipher is not None
    assert PEOPLE[0].document.number.encode() not in cipher
    with bank.unit() as session:
        session.get_one(RosterWork, second).content_cipher = cipher
    with bank.reading() as session, pytest.raises(VaultBrokenError):
        order_of(session, bank.house.vault, Turn(second, 1))
    with bank.unit() as session:
        cancel(session, session.get_one(RosterWork, second), now=utc_now())
    with bank.unit() as session:
        assert forget_works(session, now=utc_now() + KEPT_FOR - timedelta(hours=1)) == 0
        assert forget_works(session, now=utc_now() + KEPT_FOR + timedelta(hours=1)) == 1
        assert any_waits(session, now=utc_now()), "what waits is not forgotten"
