"""The register of people: one key each, found by document, linked and unlinked, forgotten."""

import pytest
from sqlalchemy import func, select, text

from creditbank.ledger.fsck import Progress, check_ledger
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.models import Person, PersonDocument, PersonName
from creditbank.people.register import (
    Identity,
    IdentityMismatchError,
    LinkUnchangedError,
    PersonUnknownError,
    ensure_people,
    erase_secret,
    find_people,
    find_person,
    linked_people,
    names_of,
    record_link,
    secret_states,
    secrets_of,
)
from tests.bank import NOW, TestBank, attendance, invented_person

PEOPLE = [invented_person(number) for number in range(4)]


def ensure(bank: TestBank, *people: Identity) -> list[int]:
    with bank.unit() as session:
        keys = ensure_people(session, bank.house.vault, people, now=NOW)
        return [keys[person.document] for person in people]


def link(bank: TestBank, one: int, other: int, *, linked: bool = True) -> None:
    with bank.unit() as session:
        record_link(session, one, other, 1, linked=linked)


def group(bank: TestBank, person_id: int) -> set[int]:
    with bank.reading() as session:
        return set(linked_people(session, [person_id])[person_id])


def test_everybody_gets_one_key_and_keeps_it(bank: TestBank) -> None:
    first = ensure(bank, *PEOPLE)

    again = ensure(bank, *reversed(PEOPLE))

    assert first == again[::-1]
    assert len(set(first)) == 4
    with bank.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 4


def test_a_person_is_found_after_the_lookup_key_was_rotated(bank: TestBank) -> None:
    [key] = ensure(bank, PEOPLE[0])

    bank.house.keys.rotate("lookup")

    assert ensure(bank, PEOPLE[0]) == [key]


def test_number_and_name_lead_to_a_person_only_together(bank: TestBank) -> None:
    [key] = ensure(bank, PEOPLE[0])

    with bank.reading() as session:
        vault = bank.house.vault
        assert find_person(session, vault, PEOPLE[0]) == key
        with pytest.raises(IdentityMismatchError):
            find_person(session, vault, Identity(PEOPLE[0].document, PEOPLE[1].name))
        with pytest.raises(PersonUnknownError):
            find_person(session, vault, PEOPLE[1])


def test_neither_number_nor_name_stands_in_the_database(bank: TestBank) -> None:
    [key] = ensure(bank, PEOPLE[0])

    with bank.reading() as session:
        document = session.get_one(PersonDocument, (key, 1))
        name = session.get_one(PersonName, (key, 1))
        assert PEOPLE[0].document.number.encode() not in document.number_cipher
        assert PEOPLE[0].name.encode() not in name.name_cipher
        assert names_of(session, bank.house.vault, [key]) == {key: (PEOPLE[0].name,)}
        assert find_people(session, bank.house.vault, [PEOPLE[0].document]) == {
            PEOPLE[0].document: key
        }


def test_links_reach_over_others_and_an_unlink_parts_them_again(bank: TestBank) -> None:
    one, two, three, four = ensure(bank, *PEOPLE)
    link(bank, one, two)
    link(bank, three, two)

    assert group(bank, one) == group(bank, three) == {one, two, three}
    assert group(bank, four) == {four}

    link(bank, two, one, linked=False)

    assert group(bank, one) == {one}
    assert group(bank, two) == {two, three}


def test_a_link_that_stands_cannot_be_made_again_nor_undone_twice(bank: TestBank) -> None:
    one, two = ensure(bank, *PEOPLE[:2])
    link(bank, one, two)

    with pytest.raises(LinkUnchangedError):
        link(bank, two, one)
    link(bank, one, two, linked=False)
    with pytest.raises(LinkUnchangedError):
        link(bank, one, two, linked=False)
    link(bank, one, two)

    assert group(bank, two) == {one, two}


def test_nobody_is_linked_to_themselves(bank: TestBank) -> None:
    [one] = ensure(bank, PEOPLE[0])

    with pytest.raises(LinkUnchangedError):
        link(bank, one, one)


def test_forgetting_a_secret_blinds_the_leaves_and_breaks_nothing(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance(PEOPLE[:2]))
    bank.seal()
    [key] = ensure(bank, PEOPLE[0])

    with bank.unit() as session:
        erase_secret(session, key, now=NOW)

    progress = Progress()
    with bank.reading() as session:
        vault = bank.house.vault
        found = list(check_ledger(session, lambda p: secret_states(session, vault, p), progress))
        assert secrets_of(session, vault, [key]) == {}
    assert found == []
    assert progress.erased_people == {key}


def test_nothing_more_is_credited_to_whoever_was_forgotten(bank: TestBank) -> None:
    [key] = ensure(bank, PEOPLE[0])
    with bank.unit() as session:
        erase_secret(session, key, now=NOW)

    result = bank.post(bank.approved_filing(), attendance(PEOPLE[:1]))

    assert [problem.code for problem in result.problems] == ["roster-person-erased"] * 3
    assert PersonErasedError.status == 410


def test_a_secret_lost_is_a_disagreement_and_not_an_erasure(bank: TestBank) -> None:
    bank.post(bank.approved_filing(), attendance(PEOPLE[:1]))
    [key] = ensure(bank, PEOPLE[0])
    with bank.unit() as session:
        session.execute(text("UPDATE person_secret SET secret_cipher = :junk"), {"junk": b"\x01xx"})

    found = bank.fsck()

    assert ("fsck-secret-lost", str(key)) in [(each.code, each.key) for each in found]
