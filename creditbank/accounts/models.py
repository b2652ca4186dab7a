"""Tables of accounts: who signs in, from which seats, with which factors, and what happened."""

from datetime import date, datetime

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class Account(Base):
    """Somebody who signs in: by a chosen name, by an identity document, or by either."""

    __tablename__ = "account"

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    #: public; who acted, in every record of an act
    account_no: Mapped[str]
    #: chosen by staff, in lower case; NULL for who signs in by document only
    sign_in_name: Mapped[str | None]
    #: NULL for staff without hours of their own
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    #: `active`, `blocked` or `closed`
    state: Mapped[str]
    #: argon2id with its parameters; NULL until a first password is set
    password_hash: Mapped[str | None]
    #: the secret of the second factor, in the vault's form; NULL without one
    totp_cipher: Mapped[bytes | None]
    #: a secret that was shown and is not confirmed yet
    totp_draft_cipher: Mapped[bytes | None]
    #: the time step of the last code that was taken; no code of it or before counts again
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    #: of an invented person; refused outside a demo bank
    demo: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SeatRow(Base):
    """What an account may act as: a role in a region, and in an organisation where it has one."""

    __tablename__ = "seat"

    seat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    seat_no: Mapped[str]
    account_id: Mapped[int] = mapped_column(BigInteger)
    #: any of `registry.clients.Role`
    role: Mapped[str]
    jurisdiction: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(BigInteger)
    #: makes and closes the seats of its organisation's people
    manages: Mapped[bool]
    valid_from: Mapped[date]
    #: NULL for no end
    valid_through: Mapped[date | None]
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    act_id: Mapped[int] = mapped_column(BigInteger)


class AccountSession(Base):
    """One browser in which somebody is signed in; its cookie is known here by a hash only."""

    __tablename__ = "account_session"

    session_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    #: public among the owner's own
    session_no: Mapped[str]
    token_hash: Mapped[bytes]
    account_id: Mapped[int] = mapped_column(BigInteger)
    #: NULL until a seat is chosen
    seat_id: Mapped[int | None] = mapped_column(BigInteger)
    #: NULL until the second factor was given
    second_factor_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: kind of browser and system, as coarse as a person needs to tell them apart
    device: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: to the minute
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AccountCode(Base):
    """A one-time code given out at a desk; only its keyed hash is kept."""

    __tablename__ = "account_code"

    code_no: Mapped[str] = mapped_column(primary_key=True)
    #: whose password it sets; NULL when it makes a professional's account
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    #: whose account it makes; NULL when there is one
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    #: region of the professional's seat that it makes
    jurisdiction: Mapped[str]
    code_hash: Mapped[bytes]
    resets_second_factor: Mapped[bool]
    issued_by: Mapped[str]
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries_left: Mapped[int] = mapped_column(SmallInteger)
    #: used, or withdrawn because another was issued
    spent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """One of the codes that stand in for a lost second factor, once each; keyed hashes."""

    __tablename__ = "account_recovery_code"

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: used, or withdrawn because others were made
    spent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Brake(Base):
    """How often something was tried in vain; known by a keyed hash, so that it names nobody."""

    __tablename__ = "sign_in_brake"

    brake_key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    failed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: NULL while it may be tried
    paused_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Claim(Base):
    """An account's claim to manage an organisation, by its letter of authorisation (授权书)."""

    __tablename__ = "organisation_claim"

    claim_no: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger)
    account_id: Mapped[int] = mapped_column(BigInteger)
    role: Mapped[str]
    #: number or title of the letter
    reference: Mapped[str]
    #: SHA-256 of the letter's file; the file itself stays with its owner
    digest: Mapped[bytes]
    #: `submitted`, `approved` or `refused`
    state: Mapped[str]
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: what a standing manager says: empty, `agrees` or `objects`
    opinion: Mapped[str]
    opinion_by: Mapped[str]
    remark: Mapped[str]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str]
    #: of the decision
    act_id: Mapped[int | None] = mapped_column(BigInteger)


class AccountIdentity(Base):
    """A subject of an identity provider who may sign in as this account."""

    __tablename__ = "account_identity"

    #: keyed hash of issuer and subject
    subject_hash: Mapped[bytes] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(BigInteger)
    linked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AccountEvent(Base):
    """One thing that happened to an account or at the sign-in page; never changed."""

    __tablename__ = "account_event"

    event_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: any of `accounts.audit.Event`
    kind: Mapped[str]
    #: NULL where nobody's was tried
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    #: who did it: an account's number, a client, or an operator
    actor: Mapped[str]
    #: the session, seat, code or claim that it is about
    subject: Mapped[str]
    #: keyed hash of the network address; NULL where none took part
    address_hash: Mapped[bytes | None]
