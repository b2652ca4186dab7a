"""The day log of practical training by pages: read by whoever sees the filing, kept by its side."""

from flask import Response
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.crediting.training_days import DayEntry, DayUse, Teller, day_log_of, log_day
from creditbank.registry.clients import Scope
from creditbank.registry.filing.filings import filing_seen
from creditbank.registry.filing.states import takes_rosters
from creditbank.schemas.training_days import DONE_CHARACTERS_MAX
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Visit, able, see
from creditbank.web.pages import page

_TYPED = ("day", "use", "told_by", "done")

training_days = Pages("training_days", __name__)


@training_days.shown("/filings/<public:filing_no>/days", able(Scope.FILING_READ))
def overview(visit: Visit, session: Session, filing_no: str) -> Response:
    """Show what each day was used for, and the form for another day."""
    client, today = visit.client, civil_day(visit.now)
    filing = filing_seen(session, client, filing_no, delegated_on=today)
    return page(
        "training_days.html", filing=filing, log=day_log_of(session, filing, today),
        logs=Scope.ROSTER_POST in client.scopes and takes_rosters(filing, today, corrects=True),
        uses=list(map(str, DayUse)), tellers=list(map(str, Teller)), today=today.isoformat(),
        typed=forms.all_typed(_TYPED),
    )  # fmt: skip


@training_days.sent("/filings/<public:filing_no>/days", able(Scope.ROSTER_POST), shows=overview)
def log(visit: Visit, session: Session, filing_no: str) -> Response:
    """Say what was done on a day."""
    filing_seen(session, visit.client, filing_no, delegated_on=civil_day(visit.now))
    day = forms.day("day")
    if day is None:
        raise fields.empty("training-day")
    entry = DayEntry(
        day, forms.chosen("use", DayUse), forms.chosen("told_by", Teller),
        fields.text("done", "training-done", DONE_CHARACTERS_MAX), forms.digest_of_file("evidence"),
    )  # fmt: skip
    log_day(session, filing_no, entry, actor=visit.client.client_id, now=visit.now)
    return see("web.training_days.overview", "training-day-logged", filing_no=filing_no)
