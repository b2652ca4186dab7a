"""Earlier records: two officials, once, and marked as migrated for ever."""

import json

import pytest
from sqlalchemy import func, select

from creditbank.crediting.imports import (
    ImportDifferencesError,
    ImportDraft,
    ImportKnownError,
    ImportRowKnownError,
    ImportRowNameError,
    ImportRowTwiceError,
    ImportRowYearError,
    ImportStateError,
    Proposal,
    RecordRow,
    StatedTotal,
    approve_import,
    propose_import,
    withdraw_import,
)
from creditbank.crediting.links import LinkFinding, record_finding
from creditbank.crediting.lookups import import_differences
from creditbank.crediting.models import ImportRow, ImportTotal, RecordImport
from creditbank.crediting.rehearsals import (
    ImportRowsRefusedError,
    ReadImport,
    Rehearsal,
    rehearse,
    require_clean,
)
from creditbank.ledger.balance import balances_of
from creditbank.ledger.models import Act, CreditFacts, Entry
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.models import Person, PersonName
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
        ).record.import_no


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


def withdraw(bank: TestBank, import_no: str, actor: str = "official-test") -> None:
    with bank.unit() as session:
        withdraw_import(session, import_no, "a wrong export", actor=actor, now=NOW)


@pytest.mark.parametrize("actor", ["official-test", "official-second"])
def test_records_of_a_withdrawn_import_may_be_proposed_again(bank: TestBank, actor: str) -> None:
    first = propose(bank, *ROWS)
    withdraw(bank, first, actor)
    withdraw(bank, first, actor)

    with pytest.raises(ImportStateError):
        approve(bank, first)
    second = propose(bank, *ROWS)
    approve(bank, second)

    assert second != first
    with bank.reading() as session:
        assert session.scalar(select(func.count()).select_from(Entry)) == len(ROWS)
        acts = select(Act.details).where(Act.kind == "import.withdrawn", Act.subject == first)
        [details] = session.scalars(acts)
    assert json.loads(details)["reason_text"] == "a wrong export"
    assert bank.fsck() == []


def test_rows_of_a_withdrawn_import_are_known_no_more(bank: TestBank) -> None:
    withdraw(bank, propose(bank, *ROWS))

    import_no = propose(bank, ROWS[0])

    with bank.reading() as session:
        assert session.get_one(RecordImport, import_no).row_count == 1


def test_an_approved_import_cannot_be_withdrawn(bank: TestBank) -> None:
    import_no = propose(bank, *ROWS)
    approve(bank, import_no)

    with pytest.raises(ImportStateError) as caught:
        withdraw(bank, import_no)

    assert caught.value.facts["state"] == "approved"


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


def test_the_same_records_in_another_order_are_answered_with_the_first_import(
    bank: TestBank,
) -> None:
    first = propose(bank, *ROWS)

    again = propose(bank, *reversed(ROWS), origin="the same again")

    assert again == first


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


def proposal(bank: TestBank, *rows: RecordRow, stated: tuple[StatedTotal, ...] = ()) -> Proposal:
    with bank.unit() as session:
        draft = ImportDraft("cn-3710", "an earlier system", rows, stated)
        return propose_import(session, bank.house.vault, draft, actor="official-test", now=NOW)


def rows_in_bank(bank: TestBank) -> tuple[int | None, ...]:
    with bank.reading() as session:
        return tuple(
            session.scalar(select(func.count()).select_from(table))
            for table in (ImportRow, ImportTotal, RecordImport, Person, PersonName)
        )


def test_the_same_file_again_is_marked_and_with_other_totals_refused(bank: TestBank) -> None:
    stated = (StatedTotal(PERSON, 2024, 9000),)
    first = proposal(bank, *ROWS, stated=stated)

    again = proposal(bank, *ROWS, stated=stated)

    assert (first.replayed, again.replayed) == (False, True)
    assert again.record.import_no == first.record.import_no
    with pytest.raises(ImportKnownError):
        proposal(bank, *ROWS, stated=(StatedTotal(PERSON, 2024, 9100),))


def test_a_row_of_another_file_is_named_and_never_counted_twice(bank: TestBank) -> None:
    first = propose(bank, *ROWS)
    approve(bank, first)
    new = RecordRow(PERSON, 2023, "professional", 1200)
    other_hours = RecordRow(PERSON, 2024, "professional", 100)

    second = proposal(bank, ROWS[1], new, other_hours)
    approve(bank, second.record.import_no)

    assert [(each.place, each.import_no, each.centihours, each.same) for each in second.known] == [
        (0, first, 3000, True), (2, first, 6000, False),
    ]  # fmt: skip
    assert (second.record.row_count, second.record.total_centihours) == (2, 1300)
    with pytest.raises(ImportKnownError):
        proposal(bank, ROWS[0])
    with bank.reading() as session:
        person_id = find_person(session, bank.house.vault, PERSON)
        held = balances_of(session, [person_id], "cn-3710")
    assert sum(each.live_centihours for each in held) == 9000 + 1300
    assert bank.fsck() == []


def test_of_two_files_that_turn_out_to_hold_one_row_only_the_first_is_approved(
    bank: TestBank,
) -> None:
    other = invented_person(2)
    first = propose(bank, ROWS[0])
    second = propose(bank, RecordRow(other, 2024, "professional", 6000))
    approve(bank, first)
    with bank.unit() as session:
        finding = LinkFinding(PERSON, other, linked=True, jurisdiction="cn-3710", actor="official")
        record_finding(session, bank.house.vault, finding, now=NOW)

    with pytest.raises(ImportRowKnownError) as refusal:
        approve(bank, second)

    assert refusal.value.facts == {"row_no": 1, "import_no": first}


def test_an_import_that_differs_from_the_stated_totals_wants_a_reason_in_its_act(
    bank: TestBank,
) -> None:
    other = invented_person(2)
    stated = (
        StatedTotal(PERSON, 2024, 9100), StatedTotal(other, 2023, 500),
    )  # fmt: skip
    made = proposal(bank, *ROWS, RecordRow(PERSON, 2022, "professional", 700), stated=stated)
    import_no = made.record.import_no
    with bank.reading() as session:
        shown = import_differences(session, bank.house.vault, import_no)

    with pytest.raises(ImportDifferencesError) as refusal:
        approve(bank, import_no)
    with bank.unit() as session:
        approve_import(
            session, bank.house.vault, import_no, actor="official-second", now=NOW,
            accepted="原系统合计含已撤销的一期",
        )  # fmt: skip

    assert refusal.value.facts == {"import_no": import_no, "count": 3}
    assert sorted(
        (each.last_four, each.year, each.stated_centihours, each.found_centihours) for each in shown
    ) == sorted(
        [
            (PERSON.document.number[-4:], 2022, None, 700),
            (PERSON.document.number[-4:], 2024, 9100, 9000),
            (other.document.number[-4:], 2023, 500, 0),
        ]
    )
    with bank.reading() as session:
        details = session.scalars(
            select(Act.details).where(Act.kind == "import.approved", Act.subject == import_no)
        ).one()
    said = json.loads(details)
    assert (said["differences"], said["differences_accepted"]) == (3, "原系统合计含已撤销的一期")
    assert said["totals_digest"] == made.record.totals_digest.hex()
    assert bank.fsck() == []


def test_an_import_that_amounts_to_the_stated_totals_is_approved_as_it_is(bank: TestBank) -> None:
    made = proposal(bank, *ROWS, stated=(StatedTotal(PERSON, 2024, 9000),))

    approve(bank, made.record.import_no)

    with bank.reading() as session:
        assert import_differences(session, bank.house.vault, made.record.import_no) == []


def rehearsed(bank: TestBank, *rows: RecordRow, stated: tuple[StatedTotal, ...] = ()) -> Rehearsal:
    draft = ImportDraft("cn-3710", "an earlier system", rows, stated)
    with bank.reading() as session:
        return rehearse(session, bank.house.vault, ReadImport.of(draft), 2026)


def test_a_rehearsal_tells_all_and_writes_nothing(bank: TestBank) -> None:
    first = propose(bank, ROWS[0])
    before = rows_in_bank(bank)
    new, wrong = invented_person(2), Identity(PERSON.document, "钱七")
    rows = (
        *ROWS, RecordRow(new, 2024, "professional", 100), RecordRow(new, 2024, "professional", 1),
        RecordRow(wrong, 2023, "professional", 1), RecordRow(new, 2027, "nothing", 1),
    )  # fmt: skip

    found = rehearsed(bank, *rows, stated=(StatedTotal(PERSON, 2024, 9100),))

    assert rows_in_bank(bank) == before
    assert (found.rows, found.people_known, found.people_unknown) == (6, 1, 1)
    assert [(each.row_no, each.code) for each in found.refused] == [
        (4, "import-cell-twice"), (5, "import-cell-name"), (6, "import-cell-year-ahead"),
        (6, "import-cell-subject"),
    ]  # fmt: skip
    assert found.refused[1].facts == {"held": PERSON.name[0] + "＊" * (len(PERSON.name) - 1)}
    assert [(each.row_no, each.import_no, each.same) for each in found.known] == [(1, first, True)]
    assert [(each.year, each.subject, each.rows, each.centihours) for each in found.totals] == [
        (2023, "professional", 1, 1), (2024, "professional", 3, 6101),
        (2024, "public.general", 1, 3000), (2027, "nothing", 1, 1),
    ]  # fmt: skip
    assert (PERSON.document.number[-4:], 2024, 9100, 9000) in [
        (each.last_four, each.year, each.stated_centihours, each.found_centihours)
        for each in found.differences
    ]
    with pytest.raises(ImportRowsRefusedError):
        require_clean(found)


def test_a_rehearsal_of_what_was_proposed_names_the_import(bank: TestBank) -> None:
    first = propose(bank, *ROWS)

    found = rehearsed(bank, *ROWS)

    assert (found.replay_of, found.known, found.is_reconciled) == (first, (), False)
    require_clean(found)
