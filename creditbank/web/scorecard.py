"""A provider's scorecard, for itself and for those who watch over it."""

from flask import Response
from sqlalchemy.orm import Session

from creditbank.crediting.scorecard import LATE_DAYS, SOON_DAYS, days_counted, scorecard_of
from creditbank.integrity.lists import figures_of
from creditbank.registry.clients import Scope, organisation_seen
from creditbank.registry.filing.filings import provider_seen
from creditbank.registry.lookups import organisation_of
from creditbank.registry.models import Organisation
from creditbank.web.doors import Pages, Visit, able
from creditbank.web.holding import asked, asked_day, shown

scorecard = Pages("scorecard", __name__)


@scorecard.shown("/filings/scorecard", able(Scope.FILING_READ), menu="scorecard")
def card(visit: Visit, session: Session) -> Response:
    """Show a provider its own figures; an official and an auditor those of whom they name."""
    days = days_counted(asked_day("from"), asked_day("through"), now=visit.now)
    provider = _provider(visit, session)
    return shown(
        "scorecard.html", provider=provider, days=days, may_choose=_may_choose(visit),
        card=None if provider is None else scorecard_of(session, provider.organisation_id, *days),
        disputed=None if provider is None else figures_of(session, provider.organisation_id, *days),
        soon=SOON_DAYS, late=LATE_DAYS,
    )  # fmt: skip


def _provider(visit: Visit, session: Session) -> Organisation | None:
    if not _may_choose(visit):
        return organisation_of(session, organisation_seen(visit.client))
    return provider_seen(session, visit.client, asked("uscc")) if asked("uscc") else None


def _may_choose(visit: Visit) -> bool:
    return organisation_seen(visit.client) is None
