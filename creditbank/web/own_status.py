"""What sources stated of a professional, and the pledge that they give for an application."""

import hashlib

from flask import Response
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.clock import civil_day
from creditbank.house import current_house
from creditbank.people.register import identity_of
from creditbank.verification.status_kinds import PledgedBy, StatusKind
from creditbank.verification.status_records import StatusDraft, record_status, statuses_held
from creditbank.web.doors import Pages, Visit, see
from creditbank.web.holding import OWN, own_keys, own_person
from creditbank.web.pages import page

#: The pledge's text as people give it here. No source gives its words: ours, by an assumption.
PLEDGE_VERSION, _PLEDGE = "creditbank-2026-1", "pledge-text"

own_status = Pages("own_status", __name__)


@own_status.shown("/hours/status", OWN, menu="own-status")
def overview(visit: Visit, session: Session) -> Response:
    """List what is on record of oneself, by whom, and what no longer stands."""
    held = statuses_held(session, current_house().vault, own_keys(visit, session))
    year = civil_day(visit.now).year
    pledged = any(
        each.stands and each.valid_from.year == year
        and each.said.get("pledged_by") == PledgedBy.PERSON
        for each in held
    )  # fmt: skip
    return page("own_status.html", held=held, pledged=pledged, year=year, version=PLEDGE_VERSION)


@own_status.sent("/hours/status", OWN, shows=overview)
def pledge(visit: Visit, session: Session) -> Response:
    """Pledge that what one states in applications of this year is true."""
    vault, today = current_house().vault, civil_day(visit.now)
    text = catalogue.text(_PLEDGE, "zh")
    said = {
        "pledged_by": str(PledgedBy.PERSON), "text_version": PLEDGE_VERSION,
        "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }  # fmt: skip
    draft = StatusDraft(
        identity_of(session, vault, own_person(visit)), StatusKind.PLEDGE,
        f"{PLEDGE_VERSION} {today.year}", catalogue.text("pledge-source", "zh"), today, today, said,
    )  # fmt: skip
    record_status(session, vault, draft, visit.client, now=visit.now)
    return see("web.own_status.overview", "pledged")
