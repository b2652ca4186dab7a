"""Files of earlier records are kept as rosters' are; the ledger names files; erasure drops them."""

import hashlib
import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from creditbank.attendance.file_models import ImportFileContent, RosterFile, RosterFileContent
from creditbank.attendance.roster import read_roster
from creditbank.clock import civil_day
from creditbank.crediting.imports import (
    ImportDraft,
    RecordRow,
    approve_import,
    propose_import,
)
from creditbank.crediting.kept_files import (
    IMPORTS,
    ROSTERS,
    Download,
    ErasedBecause,
    FileReason,
    FileTold,
    ImportFileErasedError,
    ImportFileNoneError,
    ImportFiles,
    ImportPart,
    KeptKind,
    erase_files,
    file_told,
    import_files_told,
    take_file,
)
from creditbank.ledger.journal import details_of
from creditbank.ledger.models import Act, CreditFacts
from creditbank.people.register import Identity
from tests.acts import erased
from tests.attendance.rosters import HEADER, csv_bytes
from tests.bank import NOW, SEMINAR_DAYS, TestBank, invented_person
from tests.conftest import Database
from tests.force import Force

PERSON, OTHER = invented_person(1), invented_person(2)
SHEET, TOTALS = b"rows of an earlier system", b"totals of an earlier system"
DAYS = 400


def proposed(bank: TestBank, *people: Identity, files: ImportFiles | None = None) -> str:
    rows = tuple(RecordRow(who, 2024, "professional", 6000) for who in people or (PERSON,))
    draft = ImportDraft("cn-3710", "old", rows, files=files or ImportFiles(SHEET, TOTALS))
    with bank.unit() as session:
        made = propose_import(session, bank.house.vault, draft, actor="first", now=NOW)
    return made.record.import_no


def posted(bank: TestBank, *people: Identity) -> str:
    day = SEMINAR_DAYS[0].isoformat()
    lines = [[who.name, "居民身份证", who.document.number, day, "360"] for who in people]
    content = csv_bytes([HEADER, *lines])
    return bank.post(bank.approved_filing(), read_roster(content), file=content).roster_no


def told(bank: TestBank, import_no: str) -> dict[ImportPart, FileTold]:
    with bank.reading() as session:
        return import_files_told(session, bank.house.vault, import_no, days=DAYS)


def taken(bank: TestBank, import_no: str, part: ImportPart) -> bytes:
    wanted = Download(part.file_no(import_no), "wang", True, FileReason.INSPECTION)
    with bank.unit() as session:
        return take_file(session, bank.house.vault, IMPORTS, wanted, now=NOW).content


def named(bank: TestBank) -> list[tuple[str, str, str]]:
    return [(each.code, each.table, each.key) for each in bank.fsck()]


def test_both_files_of_an_import_come_back_byte_for_byte(bank: TestBank) -> None:
    import_no = proposed(bank)

    rows, totals = (taken(bank, import_no, part) for part in ImportPart)
    found = told(bank, import_no)

    assert (rows, totals) == (SHEET, TOTALS)
    for part, content in ((ImportPart.ROWS, SHEET), (ImportPart.TOTALS, TOTALS)):
        assert found[part].sha256 == hashlib.sha256(content).digest()
        assert found[part].kept_until == civil_day(NOW + timedelta(days=DAYS))
        assert [each.reason for each in found[part].downloads] == ["inspection"]
    assert bank.fsck() == []


def test_a_json_file_is_kept_as_one_and_a_draft_without_files_keeps_none(bank: TestBank) -> None:
    with_json = proposed(bank, files=ImportFiles(b' {"rows": []}'))
    without = proposed(bank, OTHER, files=ImportFiles())

    assert {part: each.kind for part, each in told(bank, with_json).items()} == {
        ImportPart.ROWS: KeptKind.JSON
    }
    assert told(bank, without) == {}
    with pytest.raises(ImportFileNoneError):
        taken(bank, without, ImportPart.ROWS)
    assert bank.fsck() == []


def test_the_act_that_approves_an_import_names_its_files(bank: TestBank) -> None:
    import_no = proposed(bank)
    with bank.unit() as session:
        approve_import(session, bank.house.vault, import_no, actor="second", now=NOW)

    with bank.reading() as session:
        act = session.scalars(select(Act).where(Act.kind == "import.approved")).one()
        details = details_of(act)
    for part, name, content in (
        (ImportPart.ROWS, "file", SHEET), (ImportPart.TOTALS, "totals_file", TOTALS),
    ):  # fmt: skip
        salt = told(bank, import_no)[part].salt
        said = b"creditbank/file/v1\n" + salt + hashlib.sha256(content).digest()
        assert details[name] == hashlib.sha256(said).hexdigest()
    assert bank.fsck() == []


def test_every_credit_of_a_roster_names_its_file_and_nothing_tells_the_file_from_that(
    bank: TestBank,
) -> None:
    roster_no = posted(bank, PERSON, OTHER)

    with bank.reading() as session:
        facts = [json.loads(each) for each in session.scalars(select(CreditFacts.facts))]
        file = file_told(session, bank.house.vault, ROSTERS, roster_no, days=DAYS)
    assert file is not None
    assert len(facts) == 2
    assert {each["file"] for each in facts} == {file.commitment}
    assert file.sha256.hex() not in str(facts)
    assert len(file.salt) == 16


def test_fsck_finds_a_digest_that_is_not_the_one_that_the_ledger_names(
    bank: TestBank, database: Database
) -> None:
    roster_no, import_no = posted(bank, PERSON), proposed(bank)
    with bank.unit() as session:
        approve_import(session, bank.house.vault, import_no, actor="second", now=NOW)
    with bank.unit() as session:
        erase_files(session, before=NOW + timedelta(seconds=1), now=NOW)
    vault, other = bank.house.vault, hashlib.sha256(b"another file").digest() + bytes(16)
    force = Force(database)

    for shelf, column, file_no in (
        (ROSTERS, "roster_no", roster_no), (IMPORTS, "file_no", import_no),
    ):  # fmt: skip
        table = shelf.file.__table__
        cipher = vault.lock(other, *shelf.place("digest_cipher", file_no))
        force.set(table, {column: file_no}, digest_cipher=cipher)
    force.close()

    assert named(bank) == [
        ("fsck-file-named", "roster_file", roster_no),
        ("fsck-file-named", "import_file", import_no),
    ]


def test_files_of_imports_are_erased_with_the_term_and_tell_so(bank: TestBank) -> None:
    import_no = proposed(bank)

    with bank.unit() as session:
        gone = erase_files(session, before=NOW + timedelta(seconds=1), now=NOW)

    assert gone == 2
    assert {each.erased_because for each in told(bank, import_no).values()} == {ErasedBecause.TERM}
    with pytest.raises(ImportFileErasedError) as refused:
        taken(bank, import_no, ImportPart.ROWS)
    assert refused.value.facts["sha256"] == hashlib.sha256(SHEET).hexdigest()
    assert bank.fsck() == []


def test_whoever_is_erased_is_gone_from_all_kept_files_at_once_and_others_files_stay(
    bank: TestBank,
) -> None:
    mine, theirs = posted(bank, PERSON, OTHER), posted(bank, OTHER)
    my_import, their_import = proposed(bank, PERSON), proposed(bank, OTHER)

    done, again = erased(bank, PERSON), erased(bank, PERSON)

    assert (done.files, again.files) == (3, 0)
    with bank.reading() as session:
        kept = set(
            session.scalars(
                select(RosterFileContent.file_no).where(RosterFileContent.file_cipher.is_not(None))
            )
        ) | set(
            session.scalars(
                select(ImportFileContent.file_no).where(ImportFileContent.file_cipher.is_not(None))
            )
        )
        file = file_told(session, bank.house.vault, ROSTERS, mine, days=DAYS)
        acts = session.scalars(select(Act).where(Act.kind == "person.erased")).all()
        known = session.scalar(select(func.count()).select_from(RosterFile))
        said = [details_of(each) for each in acts]
    assert kept == {theirs, their_import, f"{their_import}-totals"}
    assert file is not None
    assert (file.erased_on, file.erased_because) == (civil_day(NOW), ErasedBecause.PERSON)
    assert known == 2
    assert sorted(each["files"] for each in said) == [0, 3]
    assert PERSON.document.number not in str(said)
    assert my_import not in str(said)
    bank.seal()
    assert bank.fsck() == []
