"""Earlier records: two officials, once, and marked as migrated for ever."""

import json

import pytest
from sqlalchemy import func, select

from creditbank.crediting.imports import (
    ImportDraft,
    ImportKnownError,
    ImportRowNameError,
    ImportRowTwiceError,
    ImportRowYearError,
    RecordRow,
    approve_import,
    propose_import,
)
from creditbank.ledger.balance import balances_of
from creditbank.ledger.models import CreditFacts, Entry
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.register import Identity, erase_secret, find_person
from creditbank.registry.publishing import SecondPersonWantedError
from creditbank.rules.subjects import SubjectUnknownError
from tests.bank import NOW, TestBank, attendance, invented_person

PERSON = invented_person(1)
ROWS = (
    RecordRow(PERSON, 2024, "professional", 6000),
    RecordRow(PERSON, 2024, "public.general", 3000),
)


def propose(bank: TestBank, *rows: RecordRow, origin: str = "an earlier system") -> str:
    with bank.unit() as session:
        draft = ImportDraft("cn-3710", origin, rows)
        return propose_import(
            session, bank.house.vault, draft, actor="official-test", now=NOW
        ).import_no


def approve(bank: TestBank, import_no: str, actor: str = "official-second") -> None:
    with bank.unit() as session:
        approve_import(session, bank.house.vault, import_no, actor=actor, now=NOW)


def test_a_proposed_import_moves_no_hours_until_a_second_official_approves(bank: TestBank) -> None:
    import_no = propose(bank, *ROWS)
    with bank.reading() as session:
        assert session.scalar(select(func.count()).select_from(Entry)) == 0

    approve(bank, import_no)

    with bank.reading() as session:
        person_id = find_person(session, bank.house.vault, PERSON)
        held = balances_of(session, [person_id], "cn-3710")
        kinds = {json.loads(facts)["kind"] for facts in session.scalars(select(CreditFacts.facts))}
    assert [(b.credited_year, b.subject, b.live_centihours) for b in held] == [
        (2024, "professional", 6000),
        (2024, "public.general", 3000),
    ]
    assert kinds == {"import"}
    assert bank.fsck() == []


def test_whoever_proposed_an_import_cannot_approve_it(bank: TestBank) -> None:
    import_no = propose(bank, *ROWS)

    with pytest.raises(SecondPersonWantedError):
        approve(bank, import_no, actor="official-test")


def test_an_import_credits_nobody_if_one_of_them_was_forgotten_meanwhile(bank: TestBank) -> None:
    other = invented_person(2)
    import_no = propose(bank, *ROWS, RecordRow(other, 2024, "professional", 6000))
    with bank.unit() as session:
        erase_secret(session, find_person(session, bank.house.vault, other), now=NOW)

    with pytest.raises(PersonErasedError):
        approve(bank, import_no)

    with bank.reading() as session:
        assert session.scalar(select(func.count()).select_from(Entry)) == 0
    assert bank.fsck() == []


def test_approving_twice_credits_once(bank: TestBank) -> None:
    import_no = propose(bank, *ROWS)
    approve(bank, import_no)

    approve(bank, import_no, actor="official-third")

    with bank.reading() as session:
        assert session.scalar(select(func.count()).select_from(Entry)) == 2


def test_the_same_records_in_another_order_are_known(bank: TestBank) -> None:
    propose(bank, *ROWS)

    with pytest.raises(ImportKnownError):
        propose(bank, *reversed(ROWS), origin="the same again")


def test_two_rows_of_one_person_year_and_subject_are_refused(bank: TestBank) -> None:
    with pytest.raises(ImportRowTwiceError) as refusal:
        propose(bank, ROWS[0], ROWS[0])

    assert refusal.value.facts == {"row_no": 2}


def test_a_number_on_record_under_another_name_is_refused_by_row(bank: TestBank) -> None:
    bank.post(bank.approved_filing(), attendance([PERSON]))
    renamed = RecordRow(Identity(PERSON.document, "张三"), 2024, "professional", 100)

    with pytest.raises(ImportRowNameError) as refusal:
        propose(bank, RecordRow(invented_person(2), 2024, "professional", 100), renamed)

    assert refusal.value.facts == {"row_no": 2}


def test_a_year_that_has_not_come_is_refused_by_row(bank: TestBank) -> None:
    propose(bank, RecordRow(PERSON, 2026, "professional", 100))

    with pytest.raises(ImportRowYearError) as refusal:
        propose(bank, RecordRow(PERSON, 2027, "professional", 100))

    assert refusal.value.facts == {"row_no": 1, "found": 2027, "wanted": 2026}


def test_a_subject_that_no_rule_knows_is_refused(bank: TestBank) -> None:
    with pytest.raises(SubjectUnknownError) as refusal:
        propose(bank, RecordRow(PERSON, 2024, "professionally", 100))

    assert refusal.value.facts["wanted"] == ["professional", "public"]
