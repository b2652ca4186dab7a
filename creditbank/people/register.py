"""The register of people: a key for every person, found by document, with names and links.

A person is a key with any number of documents and names. Keys found to be one person are linked,
and may be unlinked, without moving an entry: whoever counts asks `linked_people` first.
"""

import secrets as random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ARRAY, BigInteger, LargeBinary, func, insert, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from creditbank.errors import CreditBankError
from creditbank.ids import random_person_id
from creditbank.ledger.appending import append_rows
from creditbank.orm import among
from creditbank.people.documents import Document, DocumentKind, is_demo_number
from creditbank.people.models import (
    IdentityLookup,
    Person,
    PersonDocument,
    PersonLink,
    PersonName,
    PersonSecret,
)
from creditbank.people.names import agrees
from creditbank.people.vault import SECRET_BYTES, Vault, VaultBrokenError
from creditbank.readymade import Asked, ReadyMade, among_named
from creditbank.registry.bank import DemoOnlyError, InventedOnlyError, require_people

#: Rows in one IN list; well below what either driver can bind.
_CHUNK = 5_000
_Item = TypeVar("_Item")
_LOOKED_UP = ReadyMade(
    lambda dialect: select(IdentityLookup.lookup, IdentityLookup.person_id).where(
        among_named(dialect, IdentityLookup.lookup, "lookups")
    )
)
_NAMED = ReadyMade(
    lambda dialect: (
        select(
            IdentityLookup.lookup, IdentityLookup.person_id, PersonName.name_no,
            PersonName.name_cipher,
        )
        .outerjoin(PersonName, PersonName.person_id == IdentityLookup.person_id)
        .where(among_named(dialect, IdentityLookup.lookup, "lookups"))
    )
)  # fmt: skip
_NAMES = ReadyMade(
    lambda dialect: (
        select(PersonName.person_id, PersonName.name_no, PersonName.name_cipher)
        .where(among_named(dialect, PersonName.person_id, "people"))
        .order_by(PersonName.name_no.desc())
    )
)
_LINKS = ReadyMade(
    lambda dialect: select(
        PersonLink.person_id, PersonLink.other_person_id, PersonLink.link_no, PersonLink.linked
    ).where(
        or_(
            among_named(dialect, PersonLink.person_id, "people"),
            among_named(dialect, PersonLink.other_person_id, "people"),
        )
    )
)


class PersonUnknownError(CreditBankError):
    """No person is on record under this document."""

    code = "person-unknown"
    status = 404


class IdentityMismatchError(CreditBankError):
    """The number is on record under another name; nothing of that person is told."""

    code = "identity-mismatch"
    status = 409


class LinkUnchangedError(CreditBankError):
    """The two documents already are, or are not, one person, as was asked."""

    code = "link-unchanged"
    status = 409


#: How a number and a name may be refused wherever they are stated.
STATED_REFUSALS = (IdentityMismatchError, DemoOnlyError, InventedOnlyError)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a stranger states about a person: a document and the name on it."""

    document: Document
    #: never printed: an identity may end up in a log by way of an error
    name: str = field(repr=False)


def find_people(
    session: Session, vault: Vault, documents: Iterable[Document]
) -> dict[Document, int]:
    """Return the keys of those who are on record."""
    wanted = list(documents)
    return _found(session, dict(zip(wanted, vault.lookups_of(wanted), strict=True)))


def _found(session: Session, lookups: Mapping[Document, Sequence[bytes]]) -> dict[Document, int]:
    by_lookup = {lookup: document for document, each in lookups.items() for lookup in each}
    found: dict[Document, int] = {}
    for chunk in _chunks(list(by_lookup)):
        rows = _LOOKED_UP.rows(session, lookups=chunk)
        found.update({by_lookup[lookup]: person_id for lookup, person_id in rows})
    return found


def find_person(session: Session, vault: Vault, identity: Identity) -> int:
    """Return the key of a person whose number and name both agree.

    Raises:
        DemoOnlyError, InventedOnlyError: such a number has no place in this bank.
        PersonUnknownError: the number is not on record.
        IdentityMismatchError: it is, under another name.
    """
    [found] = find_each(session, vault, [identity])
    if isinstance(found, CreditBankError):
        raise found
    return found


def find_each(
    session: Session, vault: Vault, identities: Sequence[Identity]
) -> list[int | CreditBankError]:
    """Do what `find_person` does for many; what it would raise of one stands in their place."""
    refused: dict[bool, CreditBankError] = {}
    for invented in {is_demo_number(identity.document) for identity in identities}:
        try:
            require_people(session, invented=invented)
        except (DemoOnlyError, InventedOnlyError) as error:
            refused[invented] = error
    keys, names = _known(session, vault, [identity.document for identity in identities])
    found: list[int | CreditBankError] = []
    for identity in identities:
        key, refusal = keys.get(identity.document), refused.get(is_demo_number(identity.document))
        if refusal is not None:
            found.append(refusal)
        elif key is None:
            found.append(PersonUnknownError())
        else:
            found.append(key if agrees(identity.name, names[key]) else IdentityMismatchError())
    return found


def person_asked(vault: Vault, document: Document) -> Asked:
    """Say what whoever looks a person up is about to ask the database, to ask it ahead."""
    return _NAMED, {"lookups": vault.lookups(document)}


def links_asked(person_id: int) -> Asked:
    """Say what `linked_people` is about to ask the database of one key, to ask it ahead."""
    return _LINKS, {"people": [person_id]}


def _known(
    session: Session, vault: Vault, documents: Sequence[Document]
) -> tuple[dict[Document, int], dict[int, list[str]]]:
    """Return the keys of those who are on record, and every name of each, in one reading."""
    lookups = zip(documents, vault.lookups_of(documents), strict=True)
    by_lookup = {lookup: document for document, each in lookups for lookup in each}
    keys: dict[Document, int] = {}
    names: dict[int, dict[int, str]] = defaultdict(dict)
    for chunk in _chunks(list(by_lookup)):
        for lookup, person_id, name_no, cipher in _NAMED.rows(session, lookups=chunk):
            keys[by_lookup[lookup]] = person_id
            if name_no is not None:
                plain = vault.unlock(cipher, "person_name", "name_cipher", person_id, name_no)
                names[person_id][name_no] = plain.decode("utf-8")
    return keys, {person_id: list(each.values()) for person_id, each in names.items()}


def ensure_people(
    session: Session, vault: Vault, identities: Sequence[Identity], *, now: datetime
) -> dict[Document, int]:
    """Return everybody's key, making one for those who were never seen before.

    Raises:
        DemoOnlyError, InventedOnlyError: one of the numbers has no place in this bank.
    """
    return meet_people(session, vault, identities, now=now)[0]


def meet_people(
    session: Session, vault: Vault, identities: Sequence[Identity], *, now: datetime
) -> tuple[dict[Document, int], dict[int, bytes]]:
    """Return everybody's key, and the secrets of those whose key was made just now.

    Two posters may meet the same new person at once: the directory decides whose key it is, and
    both insert in the order of the hashes so that neither waits for the other in a circle.

    Raises:
        DemoOnlyError, InventedOnlyError: one of the numbers has no place in this bank.
    """
    for invented in {is_demo_number(identity.document) for identity in identities}:
        require_people(session, invented=invented)
    documents = [identity.document for identity in identities]
    lookups = dict(zip(documents, vault.lookups_of(documents), strict=True))
    known = _found(session, lookups)
    new = {i.document: i for i in identities if i.document not in known}
    drafts = {lookups[document][0]: (document, random_person_id()) for document in new}
    won = _claim(session, {lookup: person_id for lookup, (_, person_id) in drafts.items()})
    made = {}
    for lookup in sorted(won):
        document, person_id = drafts[lookup]
        known[document] = made[document] = person_id
    secrets = _insert_people(session, vault, [(made[d], new[d]) for d in made], now=now)
    if len(won) < len(drafts):
        known |= _found(session, {d: lookups[d] for d in new if d not in made})
    return known, secrets


def names_of(session: Session, vault: Vault, people: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Return every name of each person, the newest first."""
    names: dict[int, list[str]] = defaultdict(list)
    for chunk in _chunks(list(people)):
        for person_id, name_no, cipher in _NAMES.rows(session, people=chunk):
            plain = vault.unlock(cipher, "person_name", "name_cipher", person_id, name_no)
            names[person_id].append(plain.decode("utf-8"))
    return {person_id: tuple(found) for person_id, found in names.items()}


def name_counts(session: Session, people: Iterable[int]) -> dict[int, int]:
    """Return how many names each person has borne on record."""
    counts: dict[int, int] = {}
    for chunk in _chunks(list(people)):
        query = select(PersonName.person_id, func.count()).where(
            among(session, PersonName.person_id, chunk)
        )
        counts.update((row[0], row[1]) for row in session.execute(query.group_by("person_id")))
    return counts


def identity_of(session: Session, vault: Vault, person_id: int) -> Identity:
    """Return a person's newest document and name.

    Raises:
        PersonUnknownError: there is no such key.
    """
    query = select(PersonDocument).where(PersonDocument.person_id == person_id)
    row = session.scalars(query.order_by(PersonDocument.document_no.desc()).limit(1)).one_or_none()
    if row is None:
        raise PersonUnknownError
    number = vault.unlock(
        row.number_cipher, "person_document", "number_cipher", person_id, row.document_no
    )
    document = Document(DocumentKind(row.kind), number.decode("utf-8"))
    return Identity(document, names_of(session, vault, [person_id])[person_id][0])


def documents_of(session: Session, vault: Vault, people: Iterable[int]) -> dict[int, Document]:
    """Return each person's first document."""
    found: dict[int, Document] = {}
    for chunk in _chunks(list(people)):
        query = select(PersonDocument).where(among(session, PersonDocument.person_id, chunk))
        for row in session.scalars(query.where(PersonDocument.document_no == 1)):
            plain = vault.unlock(
                row.number_cipher, "person_document", "number_cipher", row.person_id, 1
            )
            found[row.person_id] = Document(DocumentKind(row.kind), plain.decode("utf-8"))
    return found


def numbers_of(session: Session, vault: Vault, people: Iterable[int]) -> dict[int, list[str]]:
    """Return the numbers of every document of each person, the first document's first."""
    found: dict[int, list[str]] = defaultdict(list)
    for chunk in _chunks(list(people)):
        query = select(PersonDocument).where(PersonDocument.person_id.in_(chunk))
        for row in session.scalars(query.order_by(PersonDocument.document_no)):
            place = (row.person_id, row.document_no)
            plain = vault.unlock(row.number_cipher, "person_document", "number_cipher", *place)
            found[row.person_id].append(plain.decode("utf-8"))
    return found


def secrets_of(session: Session, vault: Vault, people: Iterable[int]) -> dict[int, bytes]:
    """Return each person's 32-byte secret; those whose secret was erased are left out."""
    found: dict[int, bytes] = {}
    for chunk in _chunks(list(people)):
        query = select(PersonSecret.person_id, PersonSecret.secret_cipher)
        for person_id, cipher in session.execute(
            query.where(among(session, PersonSecret.person_id, chunk))
        ):
            if cipher is not None:
                found[person_id] = vault.unlock(cipher, "person_secret", "secret_cipher", person_id)
    return found


def secret_states(session: Session, vault: Vault, people: Iterable[int]) -> dict[int, bytes | None]:
    """Return each person's secret, None where it was erased; lost or broken ones are left out."""
    found: dict[int, bytes | None] = {}
    for chunk in _chunks(list(people)):
        secrets = select(PersonSecret.person_id, PersonSecret.secret_cipher)
        for person_id, cipher in session.execute(
            secrets.where(among(session, PersonSecret.person_id, chunk))
        ):
            if cipher is None:
                found[person_id] = None
                continue
            with suppress(VaultBrokenError):
                found[person_id] = vault.unlock(cipher, "person_secret", "secret_cipher", person_id)
    return found


def erase_secret(session: Session, person_id: int, *, now: datetime) -> None:
    """Forget a person's secret for good: every leaf of theirs is blind from now on."""
    secret = session.get_one(PersonSecret, person_id)
    secret.secret_cipher, secret.erased_at = None, now


def lock_people(session: Session, people: Iterable[int]) -> None:
    """Lock people for this transaction in the order of their keys, so that posters never cross."""
    for chunk in _chunks(sorted(set(people))):
        session.execute(
            select(Person.person_id)
            .where(among(session, Person.person_id, chunk))
            .order_by(Person.person_id)
            .with_for_update()
        ).all()


def lock_linked(session: Session, people: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """Lock these people with every key linked to them; return each key's group as it then stands.

    Read again once locked: a link may have been found or parted while this transaction waited.
    """
    asked, locked = list(people), set[int]()
    while not (groups := linked_people(session, asked)).keys() <= locked:
        lock_people(session, groups.keys() - locked)
        locked |= groups.keys()
    return groups


def linked_people(session: Session, people: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """Return, for each of these people, every key that is the same person, in ascending order."""
    groups = {person_id: {person_id} for person_id in people}
    asked: set[int] = set()
    while beyond := set(groups) - asked:
        asked |= beyond
        for one, other in _standing_links(session, beyond):
            merged = groups.get(one, {one}) | groups.get(other, {other})
            groups.update(dict.fromkeys(merged, merged))
    return {person_id: tuple(sorted(group)) for person_id, group in groups.items()}


def record_link(session: Session, one: int, other: int, act_id: int, *, linked: bool) -> None:
    """Record the finding that two keys are, or are not, one person.

    Raises:
        LinkUnchangedError: that is what already holds, or both keys are the same.
    """
    first, second = sorted((one, other))
    pair = (PersonLink.person_id == first, PersonLink.other_person_id == second)
    count = session.scalar(select(func.count()).select_from(PersonLink).where(*pair)) or 0
    holds = bool(count) and bool(
        session.scalar(select(PersonLink.linked).where(*pair, PersonLink.link_no == count))
    )
    if first == second or holds == linked:
        raise LinkUnchangedError
    row = {
        "person_id": first, "other_person_id": second, "link_no": count + 1,
        "linked": linked, "act_id": act_id,
    }  # fmt: skip
    session.execute(insert(PersonLink), [row])


def _standing_links(session: Session, people: Iterable[int]) -> list[tuple[int, int]]:
    newest: dict[tuple[int, int], tuple[int, bool]] = {}
    for chunk in _chunks(list(people)):
        for one, other, link_no, linked in _LINKS.rows(session, people=chunk):
            newest[one, other] = max(newest.get((one, other), (0, False)), (link_no, linked))
    return [pair for pair, (_, linked) in newest.items() if linked]


def _claim(session: Session, drafts: Mapping[bytes, int]) -> set[bytes]:
    """Enter new people into the directory; return the hashes that nobody else had entered."""
    won: set[bytes] = set()
    for chunk in _chunks(sorted(drafts)):
        keys = [drafts[each] for each in chunk]
        won.update(session.scalars(_claiming(session, chunk, keys)))
    return won


def _claiming(
    session: Session, lookups: Sequence[bytes], keys: Sequence[int]
) -> ReturningInsert[tuple[bytes]]:
    columns = ["lookup", "person_id", "document_no"]
    if session.get_bind().dialect.name == "postgresql":
        # Two arrays: thousands of rows that are spelt out cost more than to enter them.
        pairs = (
            func.unnest(
                literal(list(lookups), ARRAY(LargeBinary)), literal(list(keys), ARRAY(BigInteger))
            )
            .table_valued("lookup", "person_id")
            .render_derived()
        )
        rows = select(pairs.c.lookup, pairs.c.person_id, literal(1)).select_from(pairs)
        entered = postgresql.insert(IdentityLookup).from_select(columns, rows)
        return entered.on_conflict_do_nothing().returning(IdentityLookup.lookup)
    values = [
        {"lookup": lookup, "person_id": key, "document_no": 1}
        for lookup, key in zip(lookups, keys, strict=True)
    ]
    return (
        sqlite.insert(IdentityLookup).values(values).on_conflict_do_nothing()
        .returning(IdentityLookup.lookup)
    )  # fmt: skip


def _insert_people(
    session: Session, vault: Vault, people: Sequence[tuple[int, Identity]], *, now: datetime
) -> dict[int, bytes]:
    """Append people with their first document and name; return their secrets."""
    if not people:
        return {}
    keys = [person_id for person_id, _ in people]
    secrets = {key: random.token_bytes(SECRET_BYTES) for key in keys}
    numbers = ((identity.document.number.encode("utf-8"), (key, 1)) for key, identity in people)
    names = ((identity.name.encode("utf-8"), (key, 1)) for key, identity in people)
    # Each is encrypted while the database takes in those before.
    hidden = vault.lock_each(
        ((secrets[key], (key,)) for key in keys), "person_secret", "secret_cipher"
    )
    number_ciphers = vault.lock_each(numbers, "person_document", "number_cipher")
    name_ciphers = vault.lock_each(names, "person_name", "name_cipher")
    append_rows(session, Person, ((key, now) for key in keys))
    append_rows(
        session, PersonSecret, ((key, c, None) for key, c in zip(keys, hidden, strict=True))
    )
    append_rows(
        session, PersonDocument,
        ((key, 1, str(identity.document.kind), cipher, now)
         for (key, identity), cipher in zip(people, number_ciphers, strict=True)),
    )  # fmt: skip
    append_rows(
        session, PersonName,
        ((key, 1, cipher, now) for key, cipher in zip(keys, name_ciphers, strict=True)),
    )  # fmt: skip
    return secrets


def _chunks(items: Sequence[_Item]) -> Iterable[Sequence[_Item]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
