"""Files of rosters: kept encrypted from the roster's own transaction until their term is over."""

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update

from creditbank.attendance.file_models import RosterFile, RosterFileContent
from creditbank.attendance.models import (
    HeldRoster,
    RosterBatch,
    RosterWork,
)
from creditbank.attendance.roster import read_roster
from creditbank.attendance.tables import FileKind
from creditbank.attendance.workbook import Limits
from creditbank.clock import civil_day, utc_now
from creditbank.crediting import rosters as posting_room
from creditbank.crediting.holding import Upload, hold_roster
from creditbank.crediting.kept_files import (
    DOWNLOADS_SHOWN,
    ROSTERS,
    Download,
    FileReason,
    FileTaken,
    FileTold,
    RosterFileErasedError,
    RosterFileNoneError,
    RosterFileReasonWantedError,
    file_told,
    take_file,
)
from creditbank.crediting.roster_credits import Phase
from creditbank.crediting.roster_works import (
    request_held_posting,
    request_posting,
)
from creditbank.crediting.rosters import RosterPosting, rehearse_roster
from creditbank.db import make_engine
from creditbank.jobs import clock
from creditbank.jobs.rosters import run_rosters
from creditbank.people.vault import VaultBrokenError
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.filing.states import FilingNotApprovedError
from tests.attendance.rosters import csv_bytes
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.conftest import Database
from tests.crediting.long_rosters import bounded, watched
from tests.crediting.test_held_rosters import ACTOR, HEADER, hold, post, workbook

PEOPLE = [invented_person(number) for number in range(3)]
FILE = workbook(*((who, SEMINAR_DAYS[0], 360) for who in PEOPLE))
SHEET = csv_bytes([HEADER, [PEOPLE[0].name, "居民身份证", PEOPLE[0].document.number,
                            SEMINAR_DAYS[1].isoformat(), "360"]])  # fmt: skip
DAYS = 400


def posted(bank: TestBank, file: bytes = FILE, filing_no: str = "", now: datetime = NOW) -> str:
    """Post a file; return the roster's number."""
    filing_no = filing_no or bank.approved_filing()
    return bank.post(filing_no, read_roster(file), file=file, now=now).roster_no


def told(bank: TestBank, roster_no: str) -> FileTold | None:
    with bank.reading() as session:
        return file_told(session, bank.house.vault, ROSTERS, roster_no, days=DAYS)


def known(bank: TestBank, roster_no: str) -> FileTold:
    found = told(bank, roster_no)
    assert found is not None
    return found


def taken(bank: TestBank, roster_no: str, reason: FileReason | None = None) -> FileTaken:
    """Take a file out: as an official with a reason, else as the provider."""
    wanted = Download(roster_no, ACTOR, reason is not None, reason, "案1" if reason else "")
    with bank.unit() as session:
        return take_file(session, bank.house.vault, ROSTERS, wanted, now=NOW)


def rows(bank: TestBank) -> tuple[int, ...]:
    """Count rosters, files that are known, and files that are kept."""
    with bank.reading() as session:
        return tuple(
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (RosterBatch, RosterFile, RosterFileContent)
        )


def named(bank: TestBank) -> list[tuple[str, str, str]]:
    return [(each.code, each.table, each.key) for each in bank.fsck()]


def test_a_posted_file_comes_back_byte_for_byte_and_each_download_is_recorded(
    bank: TestBank,
) -> None:
    roster_no = posted(bank)

    own, official = taken(bank, roster_no), taken(bank, roster_no, FileReason.DISPUTE)
    found = known(bank, roster_no)

    assert own.content == official.content == FILE
    assert own.name == f"roster-{roster_no}.xlsx"
    assert (found.kind, found.byte_length, found.sha256) == (
        FileKind.XLSX, len(FILE), hashlib.sha256(FILE).digest(),
    )  # fmt: skip
    assert found.kept_until == civil_day(NOW + timedelta(days=DAYS))
    assert found.erased_on is None
    assert sorted((each.downloaded_by, each.reason, each.case_no) for each in found.downloads) == [
        (ACTOR, "", ""), (ACTOR, "dispute", "案1"),
    ]  # fmt: skip
    assert bank.fsck() == []


@pytest.mark.parametrize("content", [FILE, SHEET], ids=["xlsx", "csv"])
def test_no_table_holds_the_file_its_digest_or_anybodys_number_in_the_clear(
    bank: TestBank, content: bytes
) -> None:
    posted(bank, content)

    with bank.reading() as session:
        kept = session.scalars(select(RosterFileContent.file_cipher)).one()
        digest = session.scalars(select(RosterFile.digest_cipher)).one()
    assert kept is not None
    assert content not in kept
    assert PEOPLE[0].document.number.encode() not in kept
    assert hashlib.sha256(content).digest() not in digest


def test_a_file_is_kept_by_every_way_in_which_one_is_posted(bank: TestBank) -> None:
    bounded(bank, roster_page_rows_max=2)
    by_page = bank.approved_filing()
    direct = post(bank, hold(bank, by_page, FILE))
    by_work = [_held_work(bank), _sent_work(bank)]

    assert run_rosters(threading.Event()) == len(by_work)
    with bank.reading() as session:
        works = [session.get_one(RosterWork, each) for each in by_work]
    left = [work.roster_no or "" for work in works]

    assert [taken(bank, each).content for each in (direct, *left)] == [FILE] * 3
    assert [(each.content_cipher, each.file_cipher) for each in works] == [(None, None)] * 2
    assert bank.fsck() == []


def _held_work(bank: TestBank) -> str:
    """Leave a held file to the clock's process; return the work's number."""
    filing_no, vault, now = bank.approved_filing(), bank.house.vault, utc_now()
    with bank.unit() as session:
        upload = Upload(filing_numbered(session, filing_no), FILE, Limits(), ACTOR)
        hold_no = hold_roster(session, vault, upload, now=now)
    with bank.unit() as session:
        held = session.get_one(HeldRoster, hold_no)
        return request_held_posting(session, held, 3, actor=ACTOR, now=now)


def _sent_work(bank: TestBank) -> str:
    """Leave the rows and the file of a machine to the clock's process."""
    filing_no = bank.approved_filing()
    with bank.unit() as session:
        filing = filing_numbered(session, filing_no)
        posting = RosterPosting(filing, read_roster(FILE), ACTOR, file=FILE)
        return request_posting(session, bank.house.vault, posting, now=utc_now())


def test_rows_that_came_as_no_file_have_none_and_what_is_only_tried_keeps_none(
    bank: TestBank,
) -> None:
    filing_no = bank.approved_filing()
    with bank.unit() as session:
        posting = RosterPosting(
            filing_numbered(session, filing_no), read_roster(FILE), ACTOR, file=FILE
        )
        rehearse_roster(session, bank.house.vault, posting, now=NOW)
    assert rows(bank) == (0, 0, 0)

    result = bank.post(filing_no, attendance(PEOPLE))

    assert told(bank, result.roster_no) is None
    assert rows(bank) == (1, 0, 0)
    with pytest.raises(RosterFileNoneError):
        taken(bank, result.roster_no)


def test_of_a_roster_that_is_refused_whole_nothing_is_kept(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    with bank.unit() as session:
        filing_numbered(session, filing_no).state = "submitted"

    with pytest.raises(FilingNotApprovedError):
        posted(bank, filing_no=filing_no)

    assert rows(bank) == (0, 0, 0)


def test_whoever_is_stopped_after_the_file_was_written_has_written_neither(
    bank: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are one transaction: neither a roster without its file nor a file without its roster."""
    filing_no = bank.approved_filing()
    keep = posting_room.keep_file

    def keep_and_end(*given: object, **named: object) -> None:
        keep(*given, **named)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(posting_room, "keep_file", keep_and_end)
        with pytest.raises(KeyboardInterrupt):
            posted(bank, filing_no=filing_no)
    assert rows(bank) == (0, 0, 0)

    posted(bank, filing_no=filing_no)

    assert rows(bank) == (1, 1, 1)
    assert bank.fsck() == []


def test_a_work_that_is_stopped_between_leaves_its_file_to_whoever_comes_next(
    bank: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_no, stop = _sent_work(bank), threading.Event()

    def end(phase: Phase, _done: int, _total: int) -> None:
        if phase is Phase.CREDITING:
            stop.set()

    with monkeypatch.context() as patched:
        watched(patched, end)
        assert run_rosters(stop) == 0
    assert rows(bank) == (0, 0, 0)
    assert run_rosters(threading.Event()) == 1

    with bank.reading() as session:
        roster_no = session.get_one(RosterWork, work_no).roster_no or ""
    assert taken(bank, roster_no).content == FILE
    assert rows(bank) == (1, 1, 1)


def test_after_its_term_a_file_is_erased_and_its_digest_stays(
    bank: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, sent = posted(bank), hashlib.sha256(FILE).digest()
    young = posted(bank, SHEET, now=NOW + timedelta(days=1))
    taken(bank, old, FileReason.INSPECTION)

    term = timedelta(days=bank.house.settings.roster_file_days)
    for passed in (term, term + timedelta(seconds=1)):
        assert taken(bank, old).content == FILE, "not before its term"
        monkeypatch.setattr(clock, "utc_now", lambda at=NOW + passed: at)
        clock.forget_old()
    found = known(bank, old)

    assert (found.kind, found.byte_length, found.sha256) == (FileKind.XLSX, len(FILE), sent)
    assert found.erased_on == found.kept_until == civil_day(NOW + term)
    assert [each.reason for each in found.downloads].count("inspection") == 1
    with bank.reading() as session:
        assert session.get_one(RosterFileContent, old).file_cipher is None
    with pytest.raises(RosterFileErasedError) as refused:
        taken(bank, old)
    assert refused.value.facts["sha256"] == sent.hex()
    assert taken(bank, young).content == SHEET
    assert bank.fsck() == []


def test_a_key_that_is_rotated_opens_what_it_locked_and_locks_nothing_more(bank: TestBank) -> None:
    old = posted(bank)

    bank.house.keys.rotate("vault")
    new = posted(bank, SHEET)

    with bank.reading() as session:
        heads = [
            int.from_bytes((session.get_one(RosterFileContent, each).file_cipher or b"")[1:3])
            for each in (old, new)
        ]
    assert heads == [1, 2]
    assert (taken(bank, old).content, taken(bank, new).content) == (FILE, SHEET)
    assert bank.fsck() == []


def _cut(length: int) -> Callable[[bytes], bytes]:
    return lambda cipher: cipher[:length]


@pytest.mark.parametrize(
    "spoil",
    [_cut(0), _cut(1), _cut(3), _cut(14), _cut(15), _cut(16), _cut(-1),
     lambda cipher: cipher + b"\0", lambda cipher: cipher[:-1] + bytes([cipher[-1] ^ 1])],
    ids=["nothing", "version", "head", "nonce-", "nonce", "nonce+", "short", "long", "flipped"],
)  # fmt: skip
def test_a_file_that_was_touched_is_refused_named_and_no_download(
    bank: TestBank, spoil: Callable[[bytes], bytes]
) -> None:
    roster_no = posted(bank)
    with bank.unit() as session:
        content = session.get_one(RosterFileContent, roster_no)
        assert content.file_cipher is not None
        content.file_cipher = spoil(content.file_cipher)

    with pytest.raises(VaultBrokenError):
        taken(bank, roster_no)

    assert known(bank, roster_no).downloads_total == 0
    assert named(bank) == [("fsck-roster-file", "roster_file", roster_no)]


def test_files_of_two_rosters_that_were_swapped_are_both_refused_and_named(bank: TestBank) -> None:
    first, second = posted(bank), posted(bank, SHEET)
    with bank.unit() as session:
        here, there = (session.get_one(RosterFileContent, each) for each in (first, second))
        here.file_cipher, there.file_cipher = there.file_cipher, here.file_cipher

    for roster_no in (first, second):
        with pytest.raises(VaultBrokenError):
            taken(bank, roster_no)
    assert named(bank) == [
        ("fsck-roster-file", "roster_file", each) for each in sorted((first, second))
    ]


def test_another_file_locked_in_its_place_by_the_right_key_is_named_by_its_digest(
    bank: TestBank,
) -> None:
    """Whoever holds the key and the table of contents still cannot change what was kept."""
    roster_no = posted(bank)
    place = int.from_bytes(roster_no.encode())
    other = bank.house.vault.lock(SHEET, "roster_file_content", "file_cipher", place)
    with bank.unit() as session:
        spoilt = update(RosterFileContent).values(file_cipher=other)
        session.execute(spoilt.where(RosterFileContent.file_no == roster_no))

    assert named(bank) == [("fsck-roster-file", "roster_file", roster_no)]


def test_a_file_whose_row_is_gone_is_named(bank: TestBank, database: Database) -> None:
    roster_no = posted(bank)
    owner = make_engine(database.owner_url, bank.house.settings, owner=True)
    with owner.begin() as connection:
        connection.execute(text("DELETE FROM roster_file_content"))
    owner.dispose()

    assert named(bank) == [("fsck-roster-file-missing", "roster_file_content", roster_no)]


def test_an_official_says_for_what_and_a_provider_need_not(bank: TestBank) -> None:
    roster_no = posted(bank)
    nothing_said = Download(roster_no, "official-test", is_official=True)

    with pytest.raises(RosterFileReasonWantedError), bank.unit() as session:
        take_file(session, bank.house.vault, ROSTERS, nothing_said, now=NOW)

    assert known(bank, roster_no).downloads_total == 0


def test_the_newest_downloads_are_told_and_all_are_counted(bank: TestBank) -> None:
    roster_no = posted(bank)
    for number in range(DOWNLOADS_SHOWN + 2):
        wanted = Download(roster_no, f"client-{number}", is_official=False)
        with bank.unit() as session:
            at = NOW + timedelta(minutes=number)
            take_file(session, bank.house.vault, ROSTERS, wanted, now=at)

    found = known(bank, roster_no)

    assert found.downloads_total == DOWNLOADS_SHOWN + 2
    assert [each.downloaded_by for each in (found.downloads[0], found.downloads[-1])] == [
        f"client-{DOWNLOADS_SHOWN + 1}", "client-2",
    ]  # fmt: skip
