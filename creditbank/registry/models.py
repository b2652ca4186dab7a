"""Tables of the registry: the bank itself, who may enter it, who may teach, who may ask."""

from datetime import date, datetime

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class Bank(Base):
    """The one row that says what this bank is; its host stands in every log's origin for ever."""

    __tablename__ = "bank"

    bank_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    #: `production` or `demo`; invented people and their keys live in a demo bank only
    mode: Mapped[str]
    host: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SetupCode(Base):
    """The one-time code that makes a bank's first administrator; only its hash is kept."""

    __tablename__ = "setup_code"

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Organisation(Base):
    """An enterprise, base, university or authority, by its unified social credit code.

    Name, kind and jurisdiction are those of today; of any other day the facts tell.
    """

    __tablename__ = "organisation"

    organisation_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    uscc: Mapped[str]
    name: Mapped[str]
    #: any of `registry.organisations.OrganisationKind`
    kind: Mapped[str]
    jurisdiction: Mapped[str]
    act_id: Mapped[int] = mapped_column(BigInteger)
    #: the first day on which it was no more; NULL while it is
    ended_on: Mapped[date | None]


class SuccessionStatement(Base):
    """A statement on what becomes of an organisation, for ever: that it is so, or never was."""

    __tablename__ = "succession_statement"

    succession_no: Mapped[str] = mapped_column(primary_key=True)
    #: 1 says `so`, 2 `not_so`
    sequence: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    says: Mapped[str]
    organisation_id: Mapped[int] = mapped_column(BigInteger)
    #: any of `registry.successions.How`
    how: Mapped[str]
    day: Mapped[date]
    #: it goes on beside its successors
    continues: Mapped[bool]
    document_no: Mapped[str]
    document_day: Mapped[date | None]
    reason: Mapped[str]
    actor: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    act_id: Mapped[int] = mapped_column(BigInteger)


class SuccessionPart(Base):
    """What a successor takes over by a succession."""

    __tablename__ = "succession_part"

    succession_no: Mapped[str] = mapped_column(primary_key=True)
    successor_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    #: empty: all that no other part names
    filing_no: Mapped[str] = mapped_column(primary_key=True)


class OrganisationFact(Base):
    """A statement on an organisation, for ever: that something is so, until when, or never was."""

    __tablename__ = "organisation_fact"

    fact_no: Mapped[str] = mapped_column(primary_key=True)
    #: counts the statements on a fact; the first makes it
    sequence: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    #: `so`, `until` or `not_so`
    says: Mapped[str]
    organisation_id: Mapped[int] = mapped_column(BigInteger)
    #: any of `registry.facts.Attribute`
    attribute: Mapped[str]
    value: Mapped[str]
    #: `national`, `provincial`, `municipal`; empty where there are none
    level: Mapped[str]
    #: NULL: since before the bank knew the organisation
    valid_from: Mapped[date | None]
    #: NULL: open
    valid_through: Mapped[date | None]
    document_no: Mapped[str]
    document_day: Mapped[date | None]
    reason: Mapped[str]
    actor: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    act_id: Mapped[int] = mapped_column(BigInteger)


class Delegation(Base):
    """That an organisation may post attendance under another's filings, on the days of a term."""

    __tablename__ = "delegation"

    delegation_no: Mapped[str] = mapped_column(primary_key=True)
    #: whose filings
    organisation_id: Mapped[int] = mapped_column(BigInteger)
    #: who posts
    delegate_id: Mapped[int] = mapped_column(BigInteger)
    #: NULL: every one
    filing_no: Mapped[str | None]
    valid_from: Mapped[date]
    valid_through: Mapped[date]
    #: `active`, `suspended` or `ended`
    state: Mapped[str]
    #: of its last change
    reason: Mapped[str]
    given_by: Mapped[str]
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)
    act_id: Mapped[int] = mapped_column(BigInteger)


class Call(Base):
    """A year's call for seminars or bases, with its places by lane."""

    __tablename__ = "yearly_call"

    call_no: Mapped[str] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str]
    year: Mapped[int] = mapped_column(SmallInteger)
    #: `advanced_seminar` or `training_base`
    kind: Mapped[str]
    #: of what is awarded
    level: Mapped[str]
    title: Mapped[str]
    #: canonical JSON: places by lane
    lanes: Mapped[str]
    closes_on: Mapped[date]
    document_no: Mapped[str]
    document_day: Mapped[date]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: `open` or `decided`
    state: Mapped[str]
    act_id: Mapped[int] = mapped_column(BigInteger)


class CallBid(Base):
    """An organisation's bid on a call."""

    __tablename__ = "call_bid"

    bid_no: Mapped[str] = mapped_column(primary_key=True)
    call_no: Mapped[str]
    organisation_id: Mapped[int] = mapped_column(BigInteger)
    lane: Mapped[str]
    title: Mapped[str]
    #: the facts for which the notice asks
    plan: Mapped[str]
    bid_by: Mapped[str]
    bid_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: `submitted`, `withdrawn`, `awarded` or `refused`
    state: Mapped[str]
    #: a level; empty while it is recommended to none
    recommended_to: Mapped[str]
    act_id: Mapped[int] = mapped_column(BigInteger)


class ApiClient(Base):
    """A machine or an officer at a machine: a public id, and what it may do."""

    __tablename__ = "api_client"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    #: any of `registry.clients.Role` but `professional`
    role: Mapped[str]
    #: space-separated
    scopes: Mapped[str]
    #: the region that it may act in
    jurisdiction: Mapped[str]
    #: NULL for officials of the bank itself
    organisation_id: Mapped[int | None] = mapped_column(BigInteger)
    demo: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ClientCredential(Base):
    """What a client proves itself with: a secret, kept as a hash, or a public key."""

    __tablename__ = "client_credential"

    credential_no: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    #: `secret` or `public_key`
    kind: Mapped[str]
    #: SHA-256; NULL for a public key
    secret_hash: Mapped[bytes | None]
    #: canonical JWK; NULL for a secret
    public_jwk: Mapped[str | None]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: when a token was last got with it
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: NULL: holds until it is revoked
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AccessToken(Base):
    """A token for an hour at most; it holds no longer than the credential that got it."""

    __tablename__ = "access_token"

    #: SHA-256
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    credential_no: Mapped[str]
    #: space-separated; the client's, or fewer
    scopes: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ClientAssertion(Base):
    """A signed assertion that got a token once, kept until it would be too old anyway."""

    __tablename__ = "client_assertion"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    #: SHA-256 of the `jti` that the client chose
    jti_hash: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RateCount(Base):
    """How often a subject has asked in a window; unlogged, and on PostgreSQL alone in use."""

    __tablename__ = "rate_count"

    #: a client's id, or the policy and the keyed hash of an address
    subject: Mapped[str] = mapped_column(primary_key=True)
    #: seconds since 1970
    window_at: Mapped[int] = mapped_column(BigInteger)
    used: Mapped[int]


class IdempotentWrite(Base):
    """The first answer to an idempotency key, kept so that a retry is not done again."""

    __tablename__ = "idempotent_write"

    client_id: Mapped[str] = mapped_column(primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(primary_key=True)
    #: HMAC-SHA-256 of the method, the path and the parsed content
    content_digest: Mapped[bytes]
    status: Mapped[int] = mapped_column(SmallInteger)
    answer: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Mandate(Base):
    """What a title system may ask, and until when."""

    __tablename__ = "mandate"

    mandate_no: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger)
    #: where it asks: people and rules of this jurisdiction and below
    jurisdiction: Mapped[str]
    #: space-separated ids, `*` for every one
    series: Mapped[str]
    levels: Mapped[str]
    #: space-separated ids; empty for every one
    specialties: Mapped[str]
    valid_from: Mapped[date]
    valid_through: Mapped[date]
    #: `active`, `suspended` or `withdrawn`
    state: Mapped[str]
    act_id: Mapped[int] = mapped_column(BigInteger)


class PublishedPack(Base):
    """One version of a rule pack, byte for byte; immutable once a second person published it."""

    __tablename__ = "rule_pack"

    pack_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha256: Mapped[bytes]
    content: Mapped[bytes]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: `proposed`, `reviewed`, `returned`, `withdrawn` or `published`
    state: Mapped[str]
    #: why it mends published values; empty where it only adds
    corrigendum: Mapped[str]
    #: NULL until reviewed
    reviewed_by: Mapped[str | None]
    #: why it was returned or withdrawn
    reason: Mapped[str]
    #: NULL until published
    published_by: Mapped[str | None]
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    act_id: Mapped[int | None] = mapped_column(BigInteger)


class RuleAdoption(Base):
    """That a draft for comment became law on a day, or was law no more: said by two people."""

    __tablename__ = "rule_adoption"

    adoption_no: Mapped[str] = mapped_column(primary_key=True)
    pack_id: Mapped[str]
    #: the newest published version when it was said
    version: Mapped[int]
    #: `adopted` or `ended`
    kind: Mapped[str]
    #: the first day on which the pack is law, or is law no more
    day: Mapped[date]
    #: the number of the adopting (or ending) document, and its title
    document: Mapped[str]
    title: Mapped[str]
    reason: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: NULL until a second official approves; until then it says nothing
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    act_id: Mapped[int | None] = mapped_column(BigInteger)


class FilingRoute(Base):
    """Which office decides filings of a district, on the days of a term."""

    __tablename__ = "filing_route"

    route_no: Mapped[str] = mapped_column(primary_key=True)
    #: whose organisations' filings: this jurisdiction's and those of all below
    district: Mapped[str]
    #: any of `registry.filing.kinds.FilingKind`; empty for every one
    kind: Mapped[str]
    #: `national`, `provincial`, `municipal`; empty for every one
    level: Mapped[str]
    #: the jurisdiction whose officials decide
    office: Mapped[str]
    valid_from: Mapped[date]
    #: NULL: open; before `valid_from`: ended before it began
    valid_through: Mapped[date | None]
    document_no: Mapped[str]
    document_day: Mapped[date]
    reason: Mapped[str]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    act_id: Mapped[int] = mapped_column(BigInteger)


class Filing(Base):
    """An activity filed for record (备案): nothing is credited before it is approved."""

    __tablename__ = "filing"

    filing_no: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger)
    jurisdiction: Mapped[str]
    scheme: Mapped[str]
    #: what it is to the rules: `enterprise_course`
    activity: Mapped[str]
    #: any of `registry.filing.kinds.FilingKind`, and the facts that it states, canonical JSON
    kind: Mapped[str]
    facts: Mapped[str]
    #: whether it teaches title policy too (威人社字〔2024〕2号, 第14项)
    policy_teaching: Mapped[bool]
    #: `advanced_study` 进修, `seminar` 研修, `special_lecture` 专题讲座, `other`
    form: Mapped[str]
    #: `full` 脱产, `half` 半脱产, `none`
    release: Mapped[str]
    title: Mapped[str]
    subject: Mapped[str]
    seats: Mapped[int]
    #: hours of the whole activity that the provider asks for, where the rules leave them to the
    #: authority; and those that it granted
    asked_centihours: Mapped[int | None]
    approved_centihours: Mapped[int | None]
    #: any of `registry.filing.states.FilingState`
    state: Mapped[str]
    #: since when
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: the first day on which nothing is posted; NULL unless suspended
    suspended_from: Mapped[date | None]
    #: counts the submissions; each follows a return
    version: Mapped[int] = mapped_column(SmallInteger)
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    submitted_by: Mapped[str]
    #: of the last step; the approval of what was in time needs none
    reason: Mapped[str]
    #: who decides it since its last submission, and by which route; its own jurisdiction by none
    deciding_office: Mapped[str]
    route_no: Mapped[str | None]
    #: the office above, once a routed filing is overdue
    escalated_to: Mapped[str | None]


class FilingSession(Base):
    """One sitting of a filed activity, on one civil day."""

    __tablename__ = "filing_session"

    filing_no: Mapped[str] = mapped_column(primary_key=True)
    session_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    day: Mapped[date]
    planned_minutes: Mapped[int] = mapped_column(SmallInteger)
    #: 2 for a whole day, 1 for half a day
    planned_half_days: Mapped[int] = mapped_column(SmallInteger)
    #: `09:00`, both or neither
    begins_at: Mapped[str]
    ends_at: Mapped[str]
    place: Mapped[str]
    teachers: Mapped[str]


class FilingDraftRow(Base):
    """A filing that its provider has not submitted: theirs alone, changed and deleted at will."""

    __tablename__ = "filing_draft"

    draft_no: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger)
    #: as in `content`, for lists
    title: Mapped[str]
    #: canonical JSON of what is there; see `registry.filing.unfinished`
    content: Mapped[str]
    #: counts how often it was saved
    version: Mapped[int]
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    saved_by: Mapped[str]


class FilingAmendment(Base):
    """A change that a provider asks for of an approved filing: its next version, once approved."""

    __tablename__ = "filing_amendment"

    filing_no: Mapped[str] = mapped_column(primary_key=True)
    #: which the filing has if it is approved; no two have the same
    version: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    #: `asked`, `approved`, `refused` or `withdrawn`
    state: Mapped[str]
    #: canonical JSON of places, hours and sessions as they were, and as they are to be
    before: Mapped[str]
    after: Mapped[str]
    #: why it is asked for
    reason: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: NULL while it is asked
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: of the decision
    decision: Mapped[str]
