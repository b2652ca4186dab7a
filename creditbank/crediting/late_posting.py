"""Attendance that comes after its time (迟报): refused, unless an official lets it in.

How long there is after a session is the pack's (`post_by`); where it says nothing there is no end.
What an official lets in is an act on the filing, for sessions of some days, through a day.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical
from creditbank.clock import civil_day
from creditbank.errors import CreditBankError
from creditbank.ledger.journal import ActDraft, details_of, record_act
from creditbank.ledger.models import Act
from creditbank.ledger.sources import lock_source
from creditbank.registry.filing.filings import locked_filing, sessions_of
from creditbank.registry.filing.states import require_open
from creditbank.registry.lawbook import law_of
from creditbank.registry.models import Filing, FilingSession
from creditbank.rules.pack import PackChain
from creditbank.rules.posting_term import posting_term

ADMITTED = "filing.late-posting-admitted"


class LatePostingUnfitError(CreditBankError):
    """A day is none of the filing's whose time is over, or late posting would end before today."""

    code = "late-posting-unfit"
    status = 422


@dataclass(frozen=True, slots=True)
class Admission:
    """Sessions of which attendance may still be posted, through a day, and why."""

    days: tuple[date, ...]
    through: date
    reason: str


@dataclass(frozen=True, slots=True)
class Term:
    """Until when attendance of a session is posted in time, and until when it was let in late."""

    day: date
    last_day: date
    admitted_through: date | None

    def is_over(self, today: date) -> bool:
        """Tell whether nothing of the session is posted any more."""
        return today > max(self.last_day, self.admitted_through or self.last_day)


def admit_late(
    session: Session, filing_no: str, admission: Admission, *, actor: str, now: datetime
) -> Sequence[Term]:
    """Let attendance in that comes after its time.

    Raises:
        FilingUnknownError, FilingNotApprovedError, FilingNotOpenError: the filing takes nothing.
        LatePostingUnfitError: the time of one of the days is not over, or the end lies behind.
    """
    filing, today = locked_filing(session, filing_no), civil_day(now)
    require_open(filing, today)
    source, _use = lock_source(session, filing_no)
    law = law_of(session, filing.scheme)
    sessions = sessions_of(session, filing_no)
    over = {each.day for each in terms_of(session, filing, sessions, law) if each.last_day < today}
    if not admission.days or not over.issuperset(admission.days) or admission.through < today:
        raise LatePostingUnfitError(
            found=[day.isoformat() for day in admission.days] or ["—"],
            through=admission.through.isoformat(),
            wanted=sorted(day.isoformat() for day in over) or ["—"],
        )
    details: dict[str, Canonical] = {
        "days": [day.isoformat() for day in sorted(set(admission.days))],
        "through": admission.through.isoformat(), "reason_text": admission.reason,
    }  # fmt: skip
    opened = session.get_one(Act, source.act_id).leaf
    region, why = filing.jurisdiction, "posted-late"
    draft = ActDraft(ADMITTED, region, actor, filing_no, details, why, (opened,))
    record_act(session, draft, now=now)
    return terms_of(session, filing, sessions, law)


def posting_terms(session: Session, filing: Filing) -> list[Term]:
    """Return what `terms_of` does, of all sessions under the law in force.

    Raises:
        PackMissingError: there is none.
    """
    sessions = sessions_of(session, filing.filing_no)
    return terms_of(session, filing, sessions, law_of(session, filing.scheme))


def terms_of(
    session: Session, filing: Filing, sessions: Iterable[FilingSession], law: PackChain
) -> list[Term]:
    """Return until when attendance of each session is posted; those without an end are left out."""
    ends = [(each.day, posting_term(filing.activity, each.day, law)) for each in sessions]
    if not any(term for _, term in ends):
        return []
    admitted = _admitted(session, filing.filing_no)
    return [Term(day, term.last_day, admitted.get(day)) for day, term in ends if term is not None]


def _admitted(session: Session, filing_no: str) -> Mapping[date, date]:
    """Return through which day each day was let in at the longest."""
    found: dict[date, date] = {}
    query = select(Act).where(Act.subject == filing_no, Act.kind == ADMITTED)
    for act in session.scalars(query.order_by(Act.act_id)):
        said = details_of(act)
        days = said.get("days")
        try:
            through = date.fromisoformat(str(said.get("through")))
            named = [date.fromisoformat(str(day)) for day in days] if isinstance(days, list) else []
        except ValueError:  # changed by force, which fsck tells by its leaf
            continue
        for day in named:
            found[day] = max(found.get(day, through), through)
    return found
