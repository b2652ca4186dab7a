"""The tables of the register of exemptions: applications, and enterprises that lost the right."""

from datetime import date, datetime

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from creditbank.orm import Base, UtcDateTime


class Exemption(Base):
    """That hours do not hold one person back in one application: asked for, decided, used."""

    __tablename__ = "exemption"

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    exemption_no: Mapped[str] = mapped_column(primary_key=True)
    #: of the document under which it was filed, as a verdict shows them
    document_kind: Mapped[str]
    last_four: Mapped[str]
    scheme: Mapped[str]
    #: of the scheme's own pack: where it is decided
    jurisdiction: Mapped[str]
    series: Mapped[str]
    #: 专业; empty for every one
    specialty: Mapped[str]
    level: Mapped[str]
    #: its name in the pack; empty for the waiver of the title
    pathway: Mapped[str]
    #: the pack that states the pathway, and so the quota
    rule_scheme: Mapped[str]
    #: the enterprise; NULL where none comes into it
    organisation_id: Mapped[int | None] = mapped_column(BigInteger)
    #: who filed it: the enterprise itself, or a title system; NULL for officials
    filer_id: Mapped[int | None] = mapped_column(BigInteger)
    #: on which enterprise, employment and status are looked at
    application_day: Mapped[date]
    #: canonical JSON: facts that were stated, days of employment and status, evidence
    said: Mapped[str]
    #: counts the submissions; each follows a return
    version: Mapped[int] = mapped_column(SmallInteger)
    #: any of `exemptions.ExemptionState`
    state: Mapped[str]
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: of the last step
    reason: Mapped[str]
    #: canonical JSON: the bounds that were broken when it was refused, as `[[code, what], …]`
    bounds: Mapped[str]
    filed_by: Mapped[str]
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: NULL until approved; its end leaves them
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_on: Mapped[date | None]
    #: canonical JSON of the facts that were approved; `{}` until then
    facts: Mapped[str]
    #: the year whose places it counts among; NULL without a quota
    quota_year: Mapped[int | None] = mapped_column(SmallInteger)
    #: whether it takes a place of the quota
    holds_place: Mapped[bool]
    #: the last act on it
    act_id: Mapped[int] = mapped_column(BigInteger)


class RecommendationFinding(Base):
    """A finding by which an enterprise may have lost the right to recommend, until it is lifted."""

    __tablename__ = "recommendation_finding"

    finding_no: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger)
    #: any of `exemption_rights.Finding`
    finding: Mapped[str]
    document_no: Mapped[str]
    document_day: Mapped[date]
    reason: Mapped[str]
    #: the department that was sent a copy, and when (抄送)
    copied_to: Mapped[str]
    copied_on: Mapped[date]
    found_by: Mapped[str]
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: `standing` or `lifted`
    state: Mapped[str]
    #: the last act on it
    act_id: Mapped[int] = mapped_column(BigInteger)
