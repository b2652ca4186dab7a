"""Tables of the hinge: earlier records, items, transfers, investigations, re-assessments."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class ImportState(StrEnum):
    """How far an import has come."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


class RecordImport(Base):
    """A file of hours from before the bank; two officials approve rows, total and digest."""

    __tablename__ = "record_import"

    import_no: Mapped[str] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str]
    scheme: Mapped[str]
    #: where the records come from, in words
    origin: Mapped[str]
    #: keyed, of the rows in a fixed order: the same records are known again
    digest: Mapped[bytes]
    row_count: Mapped[int]
    people: Mapped[int]
    total_centihours: Mapped[int] = mapped_column(BigInteger)
    person_centihours_max: Mapped[int] = mapped_column(BigInteger)
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: NULL until a second official approves
    approved_by: Mapped[str | None]
    #: keyed, of the totals that the old system states; NULL where none were given
    totals_digest: Mapped[bytes | None]
    #: why whoever approved it accepted that rows and totals differ; NULL where they do not
    differences_accepted: Mapped[str | None]
    #: who decided that it is never approved, and why; NULL while it stands
    withdrawn_by: Mapped[str | None]
    withdrawn_because: Mapped[str | None]

    @property
    def state(self) -> ImportState:
        """How far it has come."""
        if self.withdrawn_by is not None:
            return ImportState.WITHDRAWN
        return ImportState.PROPOSED if self.approved_by is None else ImportState.APPROVED


class ImportTotal(Base):
    """What the old system states as somebody's hours of a year, and what the rows amount to."""

    __tablename__ = "record_import_total"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    import_no: Mapped[str] = mapped_column(primary_key=True)
    credited_year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    #: NULL where the old system states nothing of that person and year
    stated_centihours: Mapped[int | None]
    found_centihours: Mapped[int]


class ImportRow(Base):
    """One line of an import: hours of one person, year and subject."""

    __tablename__ = "record_import_row"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    import_no: Mapped[str] = mapped_column(primary_key=True)
    row_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    credited_year: Mapped[int] = mapped_column(SmallInteger)
    subject: Mapped[str]
    centihours: Mapped[int]


class DeclaredItem(Base):
    """A professional's work or achievement, declared for them; an official recognises it or not."""

    __tablename__ = "declared_item"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    item_no: Mapped[str] = mapped_column(primary_key=True)
    #: of the scheme's own pack: where it is decided
    jurisdiction: Mapped[str]
    scheme: Mapped[str]
    #: who declared it; NULL where an official or the person did
    organisation_id: Mapped[int | None] = mapped_column(BigInteger)
    #: of the document under which it was declared, as a verdict shows them
    document_kind: Mapped[str]
    last_four: Mapped[str]
    #: what it is to the rules: `paper`, `patent`
    activity: Mapped[str]
    #: empty where the activity has none
    form: Mapped[str]
    subject: Mapped[str]
    title: Mapped[str]
    #: when it was finished: published, granted, passed, ended
    day: Mapped[date]
    #: names the work wherever it is declared (a DOI, a patent's number); empty where it has none
    work: Mapped[str]
    #: canonical JSON of the other facts that the rules may ask for
    said: Mapped[str]
    #: canonical JSON: what proves it, in words, and the digest of each file
    evidence: Mapped[str]
    asked_centihours: Mapped[int | None]
    #: granted by the official, where the rules leave the hours to them
    approved_centihours: Mapped[int | None]
    #: `declared`, `returned`, `refused`, `recognised`, `withdrawn`
    state: Mapped[str]
    declared_by: Mapped[str]
    #: of the first declaration; sending it again after a return leaves it
    declared_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: by whom and when the state was last decided
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: of a return, a refusal or a withdrawal
    reason: Mapped[str]


class RecognisedTransfer(Base):
    """Hours of one scheme recognised under another: one entry there, one credit here."""

    __tablename__ = "recognised_transfer"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    transfer_no: Mapped[str] = mapped_column(primary_key=True)
    #: of the receiving scheme
    jurisdiction: Mapped[str]
    scheme: Mapped[str]
    origin_scheme: Mapped[str]
    #: whoever reverses an entry of this source finds here what rests on it
    origin_source_id: Mapped[int]
    #: of the entry that is recognised
    origin_leaf: Mapped[bytes]
    #: `recognised` or `withdrawn`
    state: Mapped[str]
    recognised_by: Mapped[str]
    recognised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: of the withdrawal
    reason: Mapped[str]


class Investigation(Base):
    """Hours that an official looks into; they show and do not count while it is open."""

    __tablename__ = "investigation"

    investigation_no: Mapped[str] = mapped_column(primary_key=True)
    #: of the office's file, in its own words; several may lie in one file
    case_no: Mapped[str]
    #: of the source
    jurisdiction: Mapped[str]
    source_id: Mapped[int]
    #: whose hours; NULL for everybody's
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    #: of which session or part of the source; empty for all of it
    occasion: Mapped[str]
    reason: Mapped[str]
    #: `open`, `cleared`, `found-false`
    state: Mapped[str]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: the act that opened it
    act_id: Mapped[int] = mapped_column(BigInteger)
    closed_by: Mapped[str | None]
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class InvestigatedCredit(Base):
    """One credit that an investigation holds; it is frozen as long as any that holds it is open."""

    __tablename__ = "investigated_credit"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    scheme: Mapped[str] = mapped_column(primary_key=True)
    occasion: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    investigation_no: Mapped[str] = mapped_column(primary_key=True)


class Reassessment(Base):
    """Credits of a scheme converted again under the law in force: asked, agreed, carried out."""

    __tablename__ = "reassessment"

    reassessment_no: Mapped[str] = mapped_column(primary_key=True)
    #: of the office's file, in its own words
    case_no: Mapped[str]
    #: of the scheme's own pack
    jurisdiction: Mapped[str]
    scheme: Mapped[str]
    #: of one filing, recognition or transfer; empty for all of the scheme
    source_no: Mapped[str]
    #: days on which hours were earned; NULL for no bound
    earned_from: Mapped[date | None]
    earned_to: Mapped[date | None]
    #: `waiting`, `rehearsing`, `rehearsed`, `proposed`, `approved`, `carrying`, `done`, `failed`,
    #: `withdrawn`
    state: Mapped[str]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: counts those who took it up; only the last of them says how far it is
    attempt: Mapped[int]
    #: when whoever works at it last said so
    progressed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: people walked over while it is rehearsed; credits while it is carried out
    step_total: Mapped[int]
    step_done: Mapped[int]
    #: canonical JSON of the pack chain by which it was rehearsed; empty until then
    packs: Mapped[str]
    #: SHA-256 of the report: what is approved is this, and nothing else
    digest: Mapped[bytes | None]
    #: canonical JSON of counts and sums, naming nobody; empty until it was rehearsed
    result: Mapped[str]
    #: the code of what stopped it; else empty
    failed: Mapped[str]
    proposed_by: Mapped[str | None]
    #: the act that proposed it
    proposal_act_id: Mapped[int | None] = mapped_column(BigInteger)
    approved_by: Mapped[str | None]
    #: the act by which every movement of it is ordered
    act_id: Mapped[int | None] = mapped_column(BigInteger)


class ReassessedCredit(Base):
    """One credit whose hours become others, and what became of that once it was carried out."""

    __tablename__ = "reassessed_credit"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    reassessment_no: Mapped[str] = mapped_column(primary_key=True)
    occasion: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[int]
    #: of the credit; NULL where an item gains a part
    leaf: Mapped[bytes | None]
    centihours: Mapped[int]
    credited_year: Mapped[int] = mapped_column(SmallInteger)
    subject: Mapped[str]
    #: what it becomes; 0 where it is only reversed
    new_centihours: Mapped[int]
    new_credited_year: Mapped[int] = mapped_column(SmallInteger)
    new_subject: Mapped[str]
    #: `replace`, `reverse`, or why it stays: `frozen`, `erased`, `beyond-bounds`, `undecided`
    plan: Mapped[str]
    #: the code of what keeps the rules from telling; else empty
    why: Mapped[str]
    #: empty until it was carried out: `done`, or why not
    outcome: Mapped[str]


class NewsRead(Base):
    """How far somebody has read what moved on their record, by the number of an entry."""

    __tablename__ = "news_read"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigInteger)
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Reconciliation(Base):
    """What a provider said that it posted of a day, and how that compared; never changed."""

    __tablename__ = "reconciliation"

    reconciliation_no: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger)
    day: Mapped[date]
    #: of one filing; empty for all of the day
    filing_no: Mapped[str]
    sent_by: Mapped[str]
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stated_count: Mapped[int]
    #: keyed
    stated_digest: Mapped[bytes]
    bank_count: Mapped[int]
    #: `agreed` or `differs`
    outcome: Mapped[str]
    #: canonical JSON: places in the provider's rows, and rows of rosters; naming nobody
    missing: Mapped[str]


class EngineerCertificate(Base):
    """A statement on an engineer's certificate, for ever; the next one corrects it."""

    __tablename__ = "engineer_certificate"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    record_no: Mapped[str] = mapped_column(primary_key=True)
    filing_no: Mapped[str]
    scheme: Mapped[str]
    #: `so`, or `not_so`: what it supersedes is taken back
    says: Mapped[str]
    #: the statement that it corrects; empty for none
    supersedes: Mapped[str]
    #: keyed, of kind, issuer and number: the same paper is known again, whose ever it is said to be
    number_key: Mapped[bytes]
    #: canonical JSON, encrypted under the person's secret
    facts_cipher: Mapped[bytes]
    actor: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    act_id: Mapped[int] = mapped_column(BigInteger)


class NameCheck(Base):
    """A row whose number is on record under another name, until an official has compared them."""

    __tablename__ = "name_check"

    check_no: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger)
    jurisdiction: Mapped[str]
    filing_no: Mapped[str]
    session_no: Mapped[int] = mapped_column(SmallInteger)
    #: where the row stood when it was held last
    roster_no: Mapped[str]
    row_no: Mapped[int]
    #: the xAPI statement by which it came then, and whose that is
    statement_by: Mapped[int | None] = mapped_column(BigInteger)
    statement_id: Mapped[str | None]
    held_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: keyed, of the number; and of number and name, whatever the spelling
    number_digest: Mapped[bytes]
    digest: Mapped[bytes]
    #: the row as it was posted, and what the provider says to it; NULL once that is settled
    row_cipher: Mapped[bytes | None]
    note_cipher: Mapped[bytes | None]
    #: when the provider asked for it to be compared
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: `open`, `credited`, `refused`, or `settled` where the attendance was credited otherwise
    state: Mapped[str]
    #: what the official found; empty until then
    finding: Mapped[str]
    case_no: Mapped[str]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    act_id: Mapped[int | None] = mapped_column(BigInteger)
    credited_roster_no: Mapped[str | None]


class NameTry(Base):
    """A name that an organisation stated of a number on record, and that was not the right one."""

    __tablename__ = "name_try"

    organisation_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number_digest: Mapped[bytes] = mapped_column(primary_key=True)
    name_digest: Mapped[bytes] = mapped_column(primary_key=True)
    tried_at: Mapped[datetime] = mapped_column(UtcDateTime)
