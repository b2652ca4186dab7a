"""Certificates are issued from sealed hours, once on one record, by an act in the log."""

import hashlib
import hmac
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from creditbank.canonical import canonical_bytes, tagged_digest
from creditbank.certificates.facts import facts_digest
from creditbank.certificates.issuing import (
    CertificateEmptyError,
    CertificateRevokedError,
    RevocationReason,
    entries_wait,
)
from creditbank.certificates.models import Certificate, CertificateRevocation
from creditbank.certificates.numbers import code_text, is_number
from creditbank.certificates.opening import CertificateUnknownError, certificate_coded
from creditbank.certificates.states import State
from creditbank.crediting.imports import RecordRow
from creditbank.crediting.links import LinkFinding, record_finding
from creditbank.crediting.withdrawals import Withdrawal, WithdrawalReason, withdraw_attendance
from creditbank.ledger.models import Act, Entry
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.documents import DocumentKind, read_document
from creditbank.people.register import Identity, erase_secret, find_person, secrets_of
from creditbank.registry.filing.filings import filing_numbered
from tests.bank import NOW, TestBank, attendance, invented_person
from tests.certificates.counter import HOLDER, issue, opened, revoke, with_hours

LATER = NOW + timedelta(days=1)


def test_a_certificate_says_whose_hours_of_which_years_and_how_many(bank: TestBank) -> None:
    with_hours(bank)

    facts = opened(bank, issue(bank).certificate.number).facts

    assert facts["holder"] == {
        "name": "欧阳示例",
        "document_kind": "resident_id",
        "last_four": HOLDER.document.number[-4:],
    }
    assert facts["years"] == [2024, 2025, 2026]
    assert [
        (row["year"], row["subject"], row["counted"], row["migrated"])
        for row in facts["hours"]  # type: ignore[union-attr]
    ] == [
        (2024, "professional", "60.00", "60.00"),
        (2024, "public", "30.00", "30.00"),
        (2025, "professional", "52.50", "52.50"),
        (2025, "public", "30.00", "30.00"),
        (2026, "professional", "24.00", "0.00"),
    ]
    assert facts["total"] == "196.50"
    assert facts["issuer"] == {
        "jurisdiction": "cn-3710",
        "zh": "山东省威海市",
        "en": "Weihai, Shandong",
    }


def test_a_certificate_names_the_rules_their_clauses_and_what_was_assumed(bank: TestBank) -> None:
    with_hours(bank)

    facts = opened(bank, issue(bank).certificate.number).facts

    assert [each["id"] for each in facts["packs"]] == ["cn-3710", "cn-37", "cn"]  # type: ignore[union-attr]
    assert ("威人社字〔2024〕2号", "第9项") in [
        (each["document"], each["clause"])
        for each in facts["clauses"]  # type: ignore[union-attr]
    ]
    assert "conversion.enterprise_course" in [each["key"] for each in facts["assumptions"]]  # type: ignore[union-attr]


def test_a_certificate_speaks_of_the_years_that_were_asked_for_alone(bank: TestBank) -> None:
    with_hours(bank)

    facts = opened(bank, issue(bank, (2025, 2024, 2025)).certificate.number).facts

    assert facts["years"] == [2024, 2025]
    assert facts["total"] == "172.50"
    assert facts["assumptions"] == []  # the seminar of 2026 alone was converted


def test_hours_that_are_not_sealed_yet_are_left_out_and_can_be_waited_for(bank: TestBank) -> None:
    with_hours(bank)
    bank.imported([RecordRow(HOLDER, 2026, "public", 1_000)])

    with bank.reading() as session:
        person_id = find_person(session, bank.house.vault, HOLDER)
        waiting = entries_wait(session, person_id, "cn-3710")
    before = opened(bank, issue(bank, (2026,)).certificate.number).facts["total"]
    bank.seal()
    after = opened(bank, issue(bank, (2026,)).certificate.number).facts["total"]

    assert waiting
    assert (before, after) == ("24.00", "34.00")


def test_nothing_is_certified_where_nothing_is_sealed(bank: TestBank) -> None:
    with_hours(bank)
    bank.imported([RecordRow(HOLDER, 2020, "public", 1_000)])

    with pytest.raises(CertificateEmptyError) as refused:
        issue(bank, (2020,))

    assert refused.value.facts == {"years": [2020], "pending": 1}


def test_withdrawn_hours_leave_a_certificate_of_none(bank: TestBank) -> None:
    """That there were hours and are none is a record, and may be asked for."""
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([HOLDER]))
    with bank.unit() as session:
        withdrawal = Withdrawal(
            filing_numbered(session, filing_no), HOLDER, (), WithdrawalReason.NOT_PRESENT, "", "p"
        )
        withdraw_attendance(session, bank.house.vault, withdrawal, now=NOW)
    bank.seal()

    facts = opened(bank, issue(bank, (2026,)).certificate.number).facts

    assert facts["total"] == "0.00"


def test_the_act_of_issue_names_the_facts_and_stands_in_the_log(bank: TestBank) -> None:
    with_hours(bank)
    number = issue(bank).certificate.number
    bank.seal()

    found = opened(bank, number)

    details = json.loads(found.act.details)
    assert details["facts"] == facts_digest(found.facts).hex()
    assert (
        details["facts"]
        == tagged_digest("creditbank/certificate/v1", canonical_bytes(found.facts)).hex()
    )
    assert (found.act.kind, found.act.subject) == ("certificate.issued", number)
    assert found.proof is not None
    assert found.proof.inclusion.leaf == found.act.leaf
    assert found.proof.inclusion.head.checkpoint.origin == "bank.example/ledger/cn-3710/2026"
    assert bank.fsck() == []


def test_a_certificate_just_issued_has_no_proof_before_the_sealer_came(bank: TestBank) -> None:
    with_hours(bank)

    assert opened(bank, issue(bank).certificate.number).proof is None


def test_a_certificate_is_found_by_number_and_by_code(bank: TestBank) -> None:
    with_hours(bank)
    number = issue(bank).certificate.number
    code = opened(bank, number).code

    with bank.reading() as session:
        found = certificate_coded(session, code_text(code).lower())

    assert is_number(number)
    assert found.number == number


def test_a_number_or_code_that_was_never_given_is_unknown(bank: TestBank) -> None:
    with_hours(bank)
    number = issue(bank).certificate.number

    for text in (number[:-1] + ("0" if number[-1] != "0" else "1"), "371000202600000000007", ""):
        with pytest.raises(CertificateUnknownError):
            opened(bank, text)
    for text in ("0" * 26, "", number):
        with bank.reading() as session, pytest.raises(CertificateUnknownError):
            certificate_coded(session, text)


def test_the_same_record_has_the_same_certificate(bank: TestBank) -> None:
    with_hours(bank)

    first, second = issue(bank), issue(bank, (2026, 2025, 2024), now=LATER)

    assert not first.before
    assert second.before
    assert second.certificate.number == first.certificate.number


def test_other_years_have_a_certificate_of_their_own(bank: TestBank) -> None:
    with_hours(bank)

    numbers = {issue(bank, years).certificate.number for years in ((2024,), (2025,), (2024, 2025))}

    assert len(numbers) == 3


def test_a_newer_record_has_a_newer_certificate_which_names_the_older(bank: TestBank) -> None:
    with_hours(bank)
    older = issue(bank).certificate.number
    bank.imported([RecordRow(HOLDER, 2026, "public", 1_000)])
    bank.seal()

    newer = issue(bank, now=LATER)

    assert not newer.before
    assert opened(bank, newer.certificate.number).facts["replaces"] == older
    assert opened(bank, older).standing.newer == newer.certificate.number


def test_after_a_revocation_the_same_record_can_be_certified_again(bank: TestBank) -> None:
    with_hours(bank)
    first = issue(bank).certificate
    revoke(bank, first.number)

    second = issue(bank, now=LATER).certificate
    third = issue(bank, now=LATER)

    assert second.number != first.number
    assert (first.edition, second.edition) == (0, 1)
    assert third.before
    assert opened(bank, second.number).standing.state == State.VALID


def test_an_expired_certificate_is_followed_by_another_on_the_same_record(bank: TestBank) -> None:
    with_hours(bank)
    first = issue(bank, valid_days=30).certificate

    same = issue(bank, valid_days=30, now=NOW + timedelta(days=30))
    other = issue(bank, valid_days=30, now=NOW + timedelta(days=31))

    assert same.certificate.number == first.number
    assert other.certificate.number != first.number


def test_a_certificate_is_revoked_once_by_an_act_that_cites_its_issue(bank: TestBank) -> None:
    with_hours(bank)
    issued = issue(bank).certificate
    revoke(bank, issued.number, RevocationReason.FINDING)

    with pytest.raises(CertificateRevokedError):
        revoke(bank, issued.number)

    with bank.reading() as session:
        row = session.scalars(select(CertificateRevocation)).one()
        act = session.get_one(Act, row.act_id)
        issue_leaf = session.get_one(Act, issued.act_id).leaf
    assert (act.kind, act.subject, act.reason) == ("certificate.revoked", issued.number, "finding")
    assert json.loads(act.cites) == [issue_leaf.hex()]
    assert bank.fsck() == []


def test_many_who_order_at_once_get_one_certificate(bank: TestBank) -> None:
    with_hours(bank)
    ready = threading.Barrier(8)

    def order(_nth: int) -> str:
        with bank.app.app_context():
            ready.wait()
            return issue(bank).certificate.number

    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(order, range(8)))

    with bank.reading() as session:
        rows = session.scalar(select(func.count()).select_from(Certificate))
        acts = session.scalar(
            select(func.count()).select_from(Act).where(Act.kind == "certificate.issued")
        )
    assert len(set(numbers)) == 1
    assert (rows, acts) == (1, 1)


def test_many_who_revoke_at_once_revoke_once(bank: TestBank) -> None:
    with_hours(bank)
    number = issue(bank).certificate.number
    ready = threading.Barrier(6)

    def end(_nth: int) -> bool:
        with bank.app.app_context():
            ready.wait()
            try:
                revoke(bank, number)
            except CertificateRevokedError:
                return False
            return True

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(end, range(6))) == 1


def test_hours_under_a_linked_document_are_certified_together(bank: TestBank) -> None:
    passport = Identity(read_document(DocumentKind.PASSPORT, "X99990001"), "OUYANG SHILI")
    bank.imported([RecordRow(HOLDER, 2026, "public", 1_000)])
    bank.imported([RecordRow(passport, 2026, "professional", 2_000)])
    bank.seal()
    alone = issue(bank, (2026,)).certificate
    with bank.unit() as session:
        finding = LinkFinding(HOLDER, passport, True, "cn-3710", "official-test")
        record_finding(session, bank.house.vault, finding, now=NOW)
    bank.seal()

    both = issue(bank, (2026,), now=LATER).certificate
    by_passport = issue(bank, (2026,), person=passport, now=LATER)

    assert opened(bank, alone.number).standing.state == State.SUPERSEDED
    assert opened(bank, both.number).facts["total"] == "30.00"
    assert by_passport.certificate.number == both.number


def test_an_erased_person_gets_none_and_an_older_one_cannot_be_read_any_more(
    bank: TestBank,
) -> None:
    with_hours(bank)
    number = issue(bank).certificate.number
    with bank.unit() as session:
        erase_secret(session, find_person(session, bank.house.vault, HOLDER), now=NOW)

    with pytest.raises(CertificateUnknownError):
        opened(bank, number)
    with pytest.raises(PersonErasedError):
        issue(bank, (2024,))
    assert bank.fsck() == []


def test_a_certificate_is_bound_to_its_record_and_nobody_else_can_tell_to_which(
    bank: TestBank,
) -> None:
    bank.imported([RecordRow(HOLDER, 2026, "public", 1_000)])
    bank.seal()
    certificate = issue(bank, (2026,)).certificate

    record = opened(bank, certificate.number).facts["record"]

    with bank.reading() as session:
        [leaf] = session.scalars(select(Entry.leaf))
        person_id = find_person(session, bank.house.vault, HOLDER)
        secret = secrets_of(session, bank.house.vault, [person_id])[person_id]
    digest = tagged_digest("creditbank/certificate-record/v1", b"[1]", leaf)
    said = b"creditbank/certificate-commitment/v1\n" + certificate.number.encode() + digest
    assert certificate.record_digest == digest
    assert record == {
        "entries": 1,
        "commitment": hmac.digest(secret, said, hashlib.sha256).hex(),
    }


def test_two_people_of_one_seminar_have_each_their_own(bank: TestBank) -> None:
    other = invented_person(2)
    bank.post(bank.approved_filing(), attendance([HOLDER, other]))
    bank.seal()

    numbers = {issue(bank, (2026,), person=each).certificate.number for each in (HOLDER, other)}

    assert len(numbers) == 2
