"""Tables of people: keys, dated documents and names in a vault, and links between keys."""

from datetime import datetime

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class Person(Base):
    """A key under which hours are kept; locked by posters, in the order of the keys."""

    __tablename__ = "person"

    #: 63 random bits, never reused
    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PersonSecret(Base):
    """The 32 bytes that salt a person's leaves, encrypted; erasing them blinds every leaf."""

    __tablename__ = "person_secret"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    #: NULL once erased
    secret_cipher: Mapped[bytes | None]
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PersonDocument(Base):
    """An identity document of a person; the number is only readable with the vault's key."""

    __tablename__ = "person_document"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    document_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    number_cipher: Mapped[bytes]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PersonName(Base):
    """A name that a person bears or bore; the newest is in use."""

    __tablename__ = "person_name"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    name_cipher: Mapped[bytes]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class IdentityLookup(Base):
    """The directory: a keyed hash of kind and number leads to the person's key.

    It is not owned by a person but leads to one, so its key is the hash.
    """

    __tablename__ = "identity_lookup"

    lookup: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(BigInteger)
    document_no: Mapped[int] = mapped_column(SmallInteger)


class PersonLink(Base):
    """A finding that two keys are one person, or, with `linked` false, that they are not."""

    __tablename__ = "person_link"

    #: the smaller of the two keys
    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    other_person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    #: counts the findings about this pair; the last one holds
    link_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    linked: Mapped[bool]
    act_id: Mapped[int] = mapped_column(BigInteger)
