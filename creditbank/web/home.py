"""The first page: what the bank is for those outside, what there is to do for those inside."""

from collections.abc import Iterator, Mapping, Sequence

from flask import Response
from sqlalchemy.orm import Session

from creditbank.accounts.sessions import Stage
from creditbank.registry.bank import BankNotFoundedError, the_bank
from creditbank.web.doors import ANYBODY, MenuItem, Pages, Visit, offered, page_of
from creditbank.web.own_news import unread, unread_of_disputes
from creditbank.web.pages import page
from creditbank.web.queries import unread as answers_unread
from creditbank.web.review_readiness import unread_days, unread_reminders

home = Pages("home", __name__)
#: What stands together on the home page, by the heading's code; each menu code stands once.
SECTIONS: Mapping[str, Sequence[str]] = {
    "home-training": (
        "file", "filings", "matches", "name-checks", "name-checks-desk", "disputes",
        "reconciliations", "xapi-statements", "provider-statement", "scorecard", "delegations",
    ),
    "home-hours": (
        "own-hours", "own-news", "own-disputes", "own-reminders", "ready",
        "own-certificates", "own-items", "own-exemptions", "own-status", "items", "imports",
        "transfers", "investigations", "reassessments", "links", "erasures",
        "status-records",
    ),
    "home-verdicts": (
        "ask", "ask-code", "ask-predicate", "lists", "readiness", "verdicts", "watched",
        "exemptions",
        "recommendation-findings", "review-exports", "review-exports-desk",
        "queries", "own-codes",
        "objections-desk", "refused-questions",
    ),
    "home-organisations": (
        "own-organisation", "own-clients", "organisations", "calls", "base-duties",
        "filing-routes", "claims",
    ),
    "home-accounts": ("codes", "recovery", "accounts", "events"),
}  # fmt: skip


@home.shown("/", ANYBODY)
def home_page(visit: Visit, session: Session) -> Response:
    """Show what there is to do from this seat."""
    if visit.asker is None:
        return page("outside.html", mode=_mode(session))
    if visit.asker.stage is not Stage.OPEN:
        return page_of(visit.asker)
    sections = dict(_sections(offered(visit.asker.seat)))
    return page(
        "home.html", sections=sections, unread=unread(visit, session),
        answers_unread=answers_unread(visit, session),
        disputed=unread_of_disputes(visit, session),
        reminded=unread_reminders(visit, session), near=unread_days(visit, session),
    )  # fmt: skip


def _sections(items: Sequence[MenuItem]) -> Iterator[tuple[str, list[MenuItem]]]:
    for heading, codes in SECTIONS.items():
        found = sorted(
            (item for item in items if item.code in codes), key=lambda item: codes.index(item.code)
        )
        if found:
            yield heading, found


def _mode(session: Session) -> str:
    try:
        return the_bank(session).mode
    except BankNotFoundedError:
        return ""
