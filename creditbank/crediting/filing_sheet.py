"""One filing with everything that somebody needs to see before they decide or post."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from creditbank.attendance.models import RosterBatch
from creditbank.crediting.lookups import Used, use_of
from creditbank.crediting.rosters import rosters_of
from creditbank.registry.clients import Client
from creditbank.registry.filing.filings import (
    FilingDraft,
    delegate_of,
    draft_of,
    filing_seen,
    session_conversions,
    sessions_of,
)
from creditbank.registry.filing.history import FilingAct, Late, history_of, late_of
from creditbank.registry.lawbook import law_at
from creditbank.registry.lookups import organisation_of
from creditbank.registry.models import Filing, FilingSession, Organisation
from creditbank.registry.successions import holder_of
from creditbank.rules.conversion import (
    Conversion,
    FactMissingError,
    NotRecognisedError,
    RuleMissingError,
)
from creditbank.rules.pack import PackChain


@dataclass(frozen=True, slots=True)
class Estimate:
    """What full attendance is worth to one person under the rules in force, session by session."""

    days: tuple[date, ...]
    conversions: tuple[Conversion, ...]
    law: PackChain

    @property
    def person_centihours(self) -> int:
        """Return the hours of all sessions together."""
        return sum(each.centihours for each in self.conversions)


@dataclass(frozen=True, slots=True)
class FilingSheet:
    """A filing as its provider, a delegate or its official sees it.

    A delegate (the organisation) sees its own rosters only. `estimate` is None where the rules in
    force would not credit it any more.
    """

    filing: Filing
    provider: Organisation
    #: the provider or its successor; None where the authority answers
    answered_by: Organisation | None
    sessions: Sequence[FilingSession]
    estimate: Estimate | None
    used: Used | None
    rosters: Sequence[RosterBatch]
    history: Sequence[FilingAct]
    delegate_id: int | None

    @property
    def late(self) -> Late | None:
        """The first day that had passed when it was filed."""
        return late_of(self.history)


def filing_sheet(session: Session, client: Client, filing_no: str, today: date) -> FilingSheet:
    """Gather a filing that the client may see.

    Raises:
        FilingUnknownError, DelegationNotOpenError, RegionForeignError: it is not theirs to see.
    """
    filing = filing_seen(session, client, filing_no, delegated_on=today)
    delegate_id = delegate_of(session, client, filing)
    holder_id, granted = holder_of(session, filing), filing.approved_centihours
    hours = filing.asked_centihours if granted is None else granted
    return FilingSheet(
        filing=filing,
        provider=organisation_of(session, filing.organisation_id),
        answered_by=organisation_of(session, holder_id) if holder_id else None,
        sessions=sessions_of(session, filing_no),
        estimate=_still_worth(session, draft_of(session, filing, hours), filing.scheme),
        used=use_of(session, filing_no),
        rosters=rosters_of(session, filing_no, delegate_id),
        history=history_of(session, filing_no),
        delegate_id=delegate_id,
    )


def estimated(session: Session, draft: FilingDraft, jurisdiction: str) -> Estimate:
    """Work out what a draft would be worth, before it is submitted.

    Raises:
        NotRecognisedError, RuleMissingError, FactMissingError: the rules would not credit it.
    """
    law = law_at(session, jurisdiction)
    days = tuple(planned.day for planned in draft.sessions)
    return Estimate(days, tuple(session_conversions(draft, law)), law)


def changed_between(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """Name what a later version of a filing says otherwise."""
    names = ("title", "kind", "facts", "policy_teaching", "activity", "form", "release", "subject",
             "seats", "sessions", "approved_centihours")  # fmt: skip
    # Versions from before there were kinds say none.
    earlier = {"kind": after.get("kind"), **before}
    return [name for name in names if earlier.get(name) != after.get(name)]


def _still_worth(session: Session, draft: FilingDraft, scheme: str) -> Estimate | None:
    try:
        return estimated(session, draft, scheme)
    except (NotRecognisedError, RuleMissingError, FactMissingError):
        return None
