"""Hours recognised under another scheme: by its own rule, once, and only as long as they stand."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select

import creditbank.crediting.reversals as reversals_module
from creditbank.crediting.explanations import EntryUnknownError
from creditbank.crediting.imports import RecordRow
from creditbank.crediting.recognition import Revocation, RevocationReason
from creditbank.crediting.transfers import (
    EntryReversedError,
    TransferKnownError,
    TransferSecondHandError,
    TransferUnknownError,
    TransferWithdrawnError,
    TransferWithinError,
    TransferWorthNothingError,
    transfer_numbered,
    withdraw_transfer,
)
from creditbank.ledger.logs import last_seal
from creditbank.ledger.models import Act, CreditFacts, Entry, Source, SourceUse
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.register import Identity, PersonUnknownError, erase_secret
from creditbank.registry.lawbook import law_of
from creditbank.rules.transfer import TransferNotRecognisedError
from creditbank.verification.gathering import gather
from tests.achievements import (
    BOOK,
    ELSEWHERE,
    ELSEWHERE_RULES,
    PAPER,
    PATENT,
    STUDY,
    WORKS,
    held,
    pack,
    publish_works,
    recognised,
    revoke,
    transfer,
)
from tests.acts import approve, key_of, publish, roster, withdraw
from tests.bank import NOW, SEMINAR_DAYS, TestBank, invented_person
from tests.conftest import Database
from tests.force import Force

PERSON = invented_person(1)
OTHER = invented_person(2)
CITY = "cn-3710"


@pytest.fixture
def works(bank: TestBank) -> TestBank:
    """A bank with a city's rules of works, and a province that takes their hours at half."""
    publish_works(bank)
    return bank


def credits(bank: TestBank, person: Identity, scheme: str) -> list[Entry]:
    """Return a person's credits in a scheme by occasion, the newest revision last."""
    query = select(Entry).where(Entry.scheme == scheme, Entry.movement == "credit")
    with bank.reading() as session:
        mine = query.where(Entry.person_id == key_of(bank, person))
        return list(session.scalars(mine.order_by(Entry.occasion, Entry.revision)))


def attended(bank: TestBank, days: int = 1) -> list[Entry]:
    """Let the person attend a seminar; return the credits."""
    filing_no = approve(bank, SEMINAR_DAYS[:days])
    bank.post(filing_no, roster([(PERSON, day, 360) for day in SEMINAR_DAYS[:days]]))
    return credits(bank, PERSON, CITY)


def withdraw_by_number(bank: TestBank, transfer_no: str) -> int:
    revocation = Revocation("official-test", RevocationReason.FINDING, "查2026-4")
    with bank.unit() as session:
        return withdraw_transfer(session, bank.house.vault, transfer_no, revocation, now=NOW)[0]


def test_hours_count_elsewhere_only_once_an_official_there_recognises_them(
    works: TestBank,
) -> None:
    [credit] = attended(works)
    assert held(works, PERSON, ELSEWHERE) == {}

    made = transfer(works, PERSON, credit)

    assert held(works, PERSON, ELSEWHERE) == {2026: (800, 0)}
    assert held(works, PERSON, CITY) == {2026: (800, 0)}
    with works.reading() as session:
        source = session.scalars(select(Source).where(Source.source_no == made.transfer_no)).one()
        act = session.get_one(Act, source.act_id)
    assert (source.kind, source.scheme, source.people_max) == ("recognised", ELSEWHERE, 1)
    assert (act.kind, act.jurisdiction) == ("transfer.recognised", "cn-37")
    assert json.loads(act.cites) == [credit.leaf.hex()]
    assert works.fsck() == []


def test_the_credit_names_the_entry_and_counts_with_it_as_one_work(works: TestBank) -> None:
    item_no = recognised(works, PERSON)
    [credit] = credits(works, PERSON, WORKS)

    transfer(works, PERSON, credit)

    [made] = credits(works, PERSON, ELSEWHERE)
    with works.reading() as session:
        key = (made.person_id, made.scheme, made.occasion, made.revision)
        facts = json.loads(session.get_one(CreditFacts, key).facts)
    assert facts["origin"]["leaf"] == credit.leaf.hex()
    assert (facts["work"], facts["origin"]["source"]) == ("10.1000/EXAMPLE.1", item_no)
    assert made.centihours == 1200  # half of 24 hours
    assert facts["trace"][-1]["facts"]["centihours"] == 1200


def test_a_session_without_a_work_is_one_by_its_occasion(works: TestBank) -> None:
    [credit] = attended(works)

    transfer(works, PERSON, credit)

    with works.reading() as session:
        facts = [json.loads(text) for text in session.scalars(select(CreditFacts.facts))]
    assert credit.occasion in {each.get("work") for each in facts}


def test_what_no_rule_of_the_other_scheme_names_is_not_recognised(works: TestBank) -> None:
    recognised(works, PERSON)
    [credit] = credits(works, PERSON, WORKS)

    with pytest.raises(TransferNotRecognisedError):
        transfer(works, PERSON, credit, CITY)

    assert held(works, PERSON, CITY) == {}


def test_an_entry_is_recognised_once(works: TestBank) -> None:
    [credit] = attended(works)
    first = transfer(works, PERSON, credit)

    with pytest.raises(TransferKnownError) as known:
        transfer(works, PERSON, credit)

    assert known.value.facts == {"transfer_no": first.transfer_no}


def test_parts_of_one_work_are_recognised_apart_and_both_count(works: TestBank) -> None:
    recognised(works, PERSON, BOOK)

    for credit in credits(works, PERSON, WORKS):
        transfer(works, PERSON, credit)

    assert held(works, PERSON, ELSEWHERE) == {2026: (500, 0), 2027: (500, 0)}
    assert works.fsck() == []


def test_a_work_that_is_recognised_from_two_activities_counts_once(works: TestBank) -> None:
    for draft in (PAPER, PATENT):
        recognised(works, PERSON, draft)

    for credit in credits(works, PERSON, WORKS):
        transfer(works, PERSON, credit)

    assert held(works, PERSON, ELSEWHERE) == {2026: (2000, 1200)}


def test_entries_that_are_none_to_recognise_are_refused(works: TestBank) -> None:
    [credit] = attended(works)
    transfer(works, PERSON, credit)
    [copy] = credits(works, PERSON, ELSEWHERE)
    recognised(works, OTHER)

    with pytest.raises(TransferWithinError):
        transfer(works, PERSON, credit, CITY)
    with pytest.raises(TransferSecondHandError):
        transfer(works, PERSON, copy, CITY)
    with pytest.raises(EntryUnknownError):
        transfer(works, OTHER, credit)
    with pytest.raises(PersonUnknownError):
        transfer(works, invented_person(77), credit)


def test_a_reversed_entry_is_not_recognised(works: TestBank) -> None:
    item_no = recognised(works, PERSON)
    [credit] = credits(works, PERSON, WORKS)
    revoke(works, item_no)

    with pytest.raises(EntryReversedError):
        transfer(works, PERSON, credit)


@pytest.mark.parametrize("how", ["attendance", "item"])
def test_what_rests_on_a_reversed_entry_is_reversed_with_it(works: TestBank, how: str) -> None:
    if how == "attendance":
        filing_no = approve(works, SEMINAR_DAYS)
        works.post(filing_no, roster([(PERSON, day, 360) for day in SEMINAR_DAYS]))
        scheme = CITY
    else:
        item_no, scheme = recognised(works, PERSON), WORKS
    made = [transfer(works, PERSON, credit) for credit in credits(works, PERSON, scheme)]
    assert held(works, PERSON, ELSEWHERE)[2026][0] > 0

    if how == "attendance":
        withdraw(works, filing_no, PERSON)
    else:
        revoke(works, item_no)

    assert held(works, PERSON, ELSEWHERE) == {2026: (0, 0)}
    with works.reading() as session:
        stand = [transfer_numbered(session, each.transfer_no) for each in made]
        uses = session.scalars(select(SourceUse)).all()
        acts = session.scalars(select(Act).where(Act.kind == "transfer.withdrawn")).all()
        behind = session.scalars(select(Act).where(Act.kind.like("%withdrawn")).order_by(
            Act.act_id)).first()  # fmt: skip
    assert {(each.state, each.reason) for each in stand} == {("withdrawn", "origin-reversed")}
    assert {(use.people, use.centihours) for use in uses} == {(0, 0)}
    assert {(act.jurisdiction, act.reason) for act in acts} == {("cn-37", "origin-reversed")}
    assert behind is not None
    assert all(behind.leaf.hex() in json.loads(act.cites) for act in acts)
    assert works.fsck() == []


def test_a_copy_that_outlives_its_origin_is_named(
    works: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    item_no = recognised(works, PERSON)
    transfer(works, PERSON, credits(works, PERSON, WORKS)[0])
    monkeypatch.setattr(reversals_module, "_dependents", lambda *_: [])

    revoke(works, item_no)

    assert {each.code for each in works.fsck()} == {"fsck-origin"}


def test_a_copy_whose_facts_no_longer_name_an_origin_is_named(
    works: TestBank, database: Database
) -> None:
    recognised(works, PERSON)
    transfer(works, PERSON, credits(works, PERSON, WORKS)[0])
    force = Force(database)
    with force.engine.connect() as connection:
        copies = select(CreditFacts.__table__).where(CreditFacts.scheme == ELSEWHERE)
        [row] = [dict(each) for each in connection.execute(copies).mappings()]

    found = {}
    for facts in ("{", "[]", "{}", '{"origin":"old"}'):
        with force.changed(CreditFacts.__table__, row, facts=facts):
            found[facts] = {each.code for each in works.fsck()}
    force.close()

    assert all("fsck-origin" in codes for codes in found.values()), found


def test_only_what_rests_on_the_reversed_day_is_reversed(works: TestBank) -> None:
    filing_no = approve(works, SEMINAR_DAYS[:2])
    works.post(filing_no, roster([(PERSON, day, 360) for day in SEMINAR_DAYS[:2]]))
    for credit in credits(works, PERSON, CITY):
        transfer(works, PERSON, credit)

    withdraw(works, filing_no, PERSON, SEMINAR_DAYS[:1])

    assert held(works, PERSON, ELSEWHERE) == {2026: (800, 0)}
    assert works.fsck() == []


def test_a_credit_that_was_put_right_is_recognised_anew(works: TestBank) -> None:
    filing_no = approve(works, SEMINAR_DAYS[:1])
    works.post(filing_no, roster([(PERSON, SEMINAR_DAYS[0], 180)]))
    transfer(works, PERSON, credits(works, PERSON, CITY)[-1])
    withdraw(works, filing_no, PERSON)
    works.post(filing_no, roster([(PERSON, SEMINAR_DAYS[0], 360)]))

    transfer(works, PERSON, credits(works, PERSON, CITY)[-1])

    assert held(works, PERSON, ELSEWHERE) == {2026: (800, 0)}
    assert works.fsck() == []


def test_a_withdrawn_transfer_leaves_its_origin_and_may_be_made_again(works: TestBank) -> None:
    [credit] = attended(works)
    made = transfer(works, PERSON, credit)

    assert withdraw_by_number(works, made.transfer_no) == 800
    with pytest.raises(TransferWithdrawnError):
        withdraw_by_number(works, made.transfer_no)
    with pytest.raises(TransferUnknownError):
        withdraw_by_number(works, "T000000000")

    assert held(works, PERSON, CITY) == {2026: (800, 0)}
    assert held(works, PERSON, ELSEWHERE) == {2026: (0, 0)}
    transfer(works, PERSON, credit)
    assert held(works, PERSON, ELSEWHERE) == {2026: (800, 0)}
    assert works.fsck() == []


def test_nothing_is_recognised_once_the_secret_is_erased(works: TestBank) -> None:
    [credit] = attended(works)
    with works.unit() as session:
        erase_secret(session, key_of(works, PERSON), now=NOW)

    with pytest.raises(PersonErasedError):
        transfer(works, PERSON, credit)


def test_the_caps_of_the_receiving_scheme_hold_over_what_it_recognised(works: TestBank) -> None:
    lower = {"cap.lower": '{ per = "year", hours = "10", order = 5 }'}
    changed = pack(ELSEWHERE, "cn-37", {**ELSEWHERE_RULES, **lower})
    publish(works, changed.replace("version = 1", "version = 2"))

    for credit in attended(works, days=2):
        transfer(works, PERSON, credit)

    assert held(works, PERSON, ELSEWHERE) == {2026: (1000, 600)}


def test_a_declared_work_and_a_transferred_one_count_once(works: TestBank) -> None:
    recognised(works, PERSON, replace(PATENT, scheme=ELSEWHERE))
    recognised(works, PERSON, PATENT)
    [credit] = credits(works, PERSON, WORKS)

    transfer(works, PERSON, credit)

    assert held(works, PERSON, ELSEWHERE) == {2026: (2000, 2000)}


def test_what_comes_to_nothing_is_no_credit(works: TestBank) -> None:
    recognised(works, PERSON, replace(STUDY, asked_centihours=1))
    [credit] = credits(works, PERSON, WORKS)

    with pytest.raises(TransferWorthNothingError):
        transfer(works, PERSON, credit)


def test_hours_from_before_the_bank_stay_marked_as_such(works: TestBank) -> None:
    works.imported([RecordRow(PERSON, 2025, "professional", 4000)])
    [old] = credits(works, PERSON, CITY)
    [new] = [each for each in attended(works) if each.leaf != old.leaf]

    for credit in (old, new):
        transfer(works, PERSON, credit)

    works.seal()
    with works.reading() as session:
        gathered = gather(
            session, [key_of(works, PERSON)], law_of(session, ELSEWHERE), last_seal(session)
        )
    assert [(row.year, row.counted_centihours, row.migrated_centihours)
            for row in gathered.credited] == [(2025, 4000, 4000), (2026, 800, 0)]  # fmt: skip
