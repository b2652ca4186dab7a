"""Thousands of people are met at once as one is: found, made, locked away, each once."""

import pytest
from sqlalchemy import func, select

from creditbank.canonical import canonical_bytes
from creditbank.people.models import Person, PersonSecret
from creditbank.people.register import (
    documents_of,
    find_people,
    meet_people,
    names_of,
    secrets_of,
)
from creditbank.people.vault import _place
from tests.bank import NOW, TestBank, invented_person

PEOPLE = [invented_person(number) for number in range(60)]


def test_who_is_new_is_made_and_who_is_known_is_found(bank: TestBank) -> None:
    vault = bank.house.vault
    with bank.unit() as session:
        first, made = meet_people(session, vault, PEOPLE[:40], now=NOW)
    with bank.unit() as session:
        both, later = meet_people(session, vault, PEOPLE, now=NOW)

    with bank.reading() as session:
        keys = list(both.values())
        names, documents = names_of(session, vault, keys), documents_of(session, vault, keys)
        assert secrets_of(session, vault, keys) == made | later
        assert find_people(session, vault, [each.document for each in PEOPLE]) == both
        assert session.scalar(select(func.count()).select_from(Person)) == 60
        assert set(session.scalars(select(PersonSecret.erased_at))) == {None}
    assert first.items() <= both.items()
    assert (set(made), set(later)) == (set(first.values()), set(keys) - set(first.values()))
    for person in PEOPLE:
        key = both[person.document]
        assert (names[key], documents[key]) == ((person.name,), person.document)


def test_what_was_locked_by_the_hundred_opens_in_its_own_place_alone(bank: TestBank) -> None:
    vault = bank.house.vault

    locked = vault.lock_all([(b"one", (1, 1)), (b"two", (2, 1))], "person_name", "name_cipher")

    assert vault.unlock(locked[1], "person_name", "name_cipher", 2, 1) == b"two"
    with pytest.raises(Exception, match="vault-broken"):
        vault.unlock(locked[1], "person_name", "name_cipher", 1, 1)


def test_a_place_is_written_as_canonical_json() -> None:
    said = ["creditbank/vault/v1", "person_name", "name_cipher", ["9223372036854775807", "1"]]

    assert _place("person_name", "name_cipher", (2**63 - 1, 1)) == canonical_bytes(said)


def test_nobody_is_made_twice(bank: TestBank) -> None:
    with bank.unit() as session:
        meet_people(session, bank.house.vault, PEOPLE[:3], now=NOW)
        known, made = meet_people(session, bank.house.vault, PEOPLE[:3], now=NOW)

    assert (len(known), made) == (3, {})
