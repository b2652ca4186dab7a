"""Certificates of digital-engineer programmes: recorded apart, corrected, taken back, disclosed."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from creditbank.crediting.engineer_certificates import (
    CertificateDraft,
    EngineerCertificateDayError,
    EngineerCertificateGradeError,
    EngineerCertificateKnownError,
    EngineerNotAttendedError,
    EngineerPaper,
    EngineerRecordUnknownError,
    Grade,
    NotEngineerProgrammeError,
    Paper,
    certificates_under,
    record_certificate,
    take_back_certificate,
)
from creditbank.crediting.models import EngineerCertificate
from creditbank.orm import Base
from creditbank.people.register import PersonUnknownError
from creditbank.registry.filing.filings import filing_numbered
from creditbank.verification.answers import prepare, sign
from creditbank.verification.questions import Ask, Disclosure
from tests.acts import approve_programme, roster, seal_all
from tests.bank import NOW, SEMINAR_DAYS, TestBank, invented_person
from tests.conftest import Database
from tests.force import Force
from tests.verification.askers import asker, failures
from tools import check_verdict

WHO, OTHER = invented_person(1), invented_person(2)
LAST = SEMINAR_DAYS[1]
TRAINED = CertificateDraft(WHO, Paper.TRAINING, "PX-7", "示例大学", Grade.JUNIOR, LAST)
LEVEL = replace(TRAINED, paper=Paper.LEVEL, number="DJ-9", issuer="示例评价机构")


@pytest.fixture
def filing_no(bank: TestBank) -> str:
    """A programme of which one person holds hours."""
    found = approve_programme(bank, SEMINAR_DAYS[:2])
    bank.post(found, roster([(WHO, day, 360) for day in SEMINAR_DAYS[:2]]))
    return found


def recorded(bank: TestBank, filing_no: str, draft: CertificateDraft) -> EngineerPaper:
    with bank.unit() as session:
        vault = bank.house.vault
        return record_certificate(session, vault, filing_no, draft, actor="p", now=NOW)


def standing(bank: TestBank, filing_no: str) -> list[tuple[str, str]]:
    with bank.reading() as session:
        found = certificates_under(session, bank.house.vault, filing_numbered(session, filing_no))
        return sorted((each.paper, each.number) for each in found)


def answer(bank: TestBank, disclose: Disclosure, **asked: object) -> dict[str, object]:
    ask = Ask(
        identity=WHO, scheme="cn-3710", series="engineering", level="associate_senior",
        application_day=date(2026, 11, 20), purpose="职称评审", legal_basis="威人社字〔2022〕32号",
        stated={"current_title_on": "2018-06-30"}, disclose=disclose, **asked,
    )  # type: ignore[arg-type] # fmt: skip # what a case asks besides
    client = asker(bank)
    with bank.reading() as session:
        prepared = prepare(session, bank.house.vault, ask, client, now=NOW)
    signed = sign(prepared, bank.house.keys, "Ed25519")
    assert failures(bank, check_verdict, signed) == []
    return dict(signed.statement)


def test_both_papers_are_recorded_apart_and_credit_nothing(bank: TestBank, filing_no: str) -> None:
    recorded(bank, filing_no, TRAINED)
    done = recorded(bank, filing_no, LEVEL)

    assert (done.occupation, done.grade, done.last_four) == (
        "大数据工程技术人员", "junior", WHO.document.number[-4:],
    )  # fmt: skip
    assert standing(bank, filing_no) == [("level", "DJ-9"), ("training", "PX-7")]
    assert bank.fsck() == []


def test_a_correction_is_a_new_record_and_the_old_one_stays(bank: TestBank, filing_no: str) -> None:
    first = recorded(bank, filing_no, LEVEL).record_no
    corrected = replace(LEVEL, number="DJ-10", supersedes=first, reason="编号抄错")

    second = recorded(bank, filing_no, corrected)

    assert standing(bank, filing_no) == [("level", "DJ-10")]
    with pytest.raises(EngineerRecordUnknownError):
        recorded(bank, filing_no, replace(corrected, number="DJ-11"))
    with bank.reading() as session:
        assert session.query(EngineerCertificate).count() == 2
    assert second.supersedes == first
    assert bank.fsck() == []


def test_a_paper_of_somebody_else_is_taken_back_and_recorded_anew(
    bank: TestBank, filing_no: str
) -> None:
    bank.post(filing_no, roster([(OTHER, SEMINAR_DAYS[0], 360)]))
    record_no = recorded(bank, filing_no, LEVEL).record_no
    theirs = replace(LEVEL, identity=OTHER)

    with pytest.raises(EngineerRecordUnknownError):
        recorded(bank, filing_no, replace(theirs, supersedes=record_no))
    with pytest.raises(EngineerCertificateKnownError):
        recorded(bank, filing_no, theirs)
    with bank.unit() as session:
        vault = bank.house.vault
        take_back_certificate(session, vault, filing_no, record_no, "他人的", actor="p", now=NOW)
    recorded(bank, filing_no, theirs)

    assert standing(bank, filing_no) == [("level", "DJ-9")]
    assert bank.fsck() == []


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"issued_on": LAST - timedelta(days=1)}, EngineerCertificateDayError),
        ({"issued_on": NOW.date() + timedelta(days=2)}, EngineerCertificateDayError),
        ({"grade": Grade.SENIOR}, EngineerCertificateGradeError),
        ({"identity": OTHER}, PersonUnknownError),
        ({"supersedes": "Z7K2M9QXAB"}, EngineerRecordUnknownError),
    ],
)
def test_a_paper_that_cannot_be_of_the_programme_is_refused(
    bank: TestBank, filing_no: str, change: dict[str, object], refused: type[Exception]
) -> None:
    with pytest.raises(refused):
        recorded(bank, filing_no, replace(TRAINED, **change))  # type: ignore[arg-type] # as named


def test_whoever_has_no_hours_of_the_programme_gets_no_record(
    bank: TestBank, filing_no: str
) -> None:
    bank.post(bank.approved_filing(), roster([(OTHER, SEMINAR_DAYS[2], 360)]))

    with pytest.raises(EngineerNotAttendedError):
        recorded(bank, filing_no, replace(TRAINED, identity=OTHER))
    with pytest.raises(NotEngineerProgrammeError):
        recorded(bank, bank.approved_filing(), TRAINED)


def test_only_a_whole_record_discloses_them_and_the_checker_takes_it(
    bank: TestBank, filing_no: str
) -> None:
    recorded(bank, filing_no, LEVEL)
    seal_all(bank)

    told = answer(bank, Disclosure.RECORD)["engineer_certificates"]

    assert [each["number"] for each in told] == ["DJ-9"]  # type: ignore[attr-defined,index]


@pytest.mark.parametrize("disclose", [Disclosure.SUMMARY, Disclosure.DECISION])
def test_less_than_a_record_tells_no_certificate(
    bank: TestBank, filing_no: str, disclose: Disclosure
) -> None:
    recorded(bank, filing_no, LEVEL)
    seal_all(bank)

    assert "DJ-9" not in json.dumps(answer(bank, disclose))


def test_as_of_a_day_before_its_issue_a_certificate_is_not_told(
    bank: TestBank, filing_no: str
) -> None:
    recorded(bank, filing_no, replace(LEVEL, issued_on=SEMINAR_DAYS[2]))
    seal_all(bank)

    assert "engineer_certificates" not in answer(bank, Disclosure.RECORD, as_of=SEMINAR_DAYS[1])


def test_fsck_finds_a_record_that_was_changed_by_force(
    bank: TestBank, database: Database, filing_no: str
) -> None:
    recorded(bank, filing_no, TRAINED)
    table = Base.metadata.tables["engineer_certificate"]
    with bank.reading() as session:
        row = dict(session.execute(table.select()).one()._mapping)
    force = Force(database)
    for change in ({"actor": "x"}, {"facts_cipher": b"x"}, {"scheme": "cn-33"}):
        with force.changed(table, row, **change):
            assert [each.code for each in bank.fsck()] == ["fsck-engineer-certificate"]
    with force.deleted(table, row):
        assert [each.code for each in bank.fsck()] == ["fsck-engineer-certificate"]
    force.close()
