"""What was posted to a professional's record, and taken from it: told until they have read it."""

import re

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.crediting.news import mark_read, news_of, unread_of
from creditbank.crediting.statement_sheets import recorded_text, title_of
from creditbank.integrity.lists import unread_steps
from creditbank.registry.clients import Role
from creditbank.web.doors import Pages, Visit, see
from creditbank.web.holding import OWN, Slice, asked_number, law_if_any, namer, own_keys, shown
from creditbank.web.pages import reader_language

NEWS_SHOWN = 20
_LEAVES_MAX = 16
_LEAF = re.compile(r"[0-9a-f]{64}", re.ASCII)

own_news = Pages("own_news", __name__)


@own_news.shown("/hours/news", OWN, menu="own-news")
def news(visit: Visit, session: Session) -> Response:
    """Show what moved on one's record, the latest first, and which of it is new."""
    people, wanted = own_keys(visit, session), asked_number("page", 1)
    count = news_of(session, people, slice(0, 0)).count
    chosen = Slice.of(count, wanted, NEWS_SHOWN)
    first = (chosen.number - 1) * NEWS_SHOWN
    told = news_of(session, people, slice(first, first + NEWS_SHOWN))
    schemes = {item.line.scheme for item in told.items}
    return shown(
        "own_news.html", told=told, slice=chosen, language=reader_language(),
        namers={scheme: namer(law_if_any(session, scheme)) for scheme in schemes},
        title_of=title_of, recorded_text=recorded_text, disputed=unread_steps(session, people),
    )  # fmt: skip


@own_news.sent("/hours/news", OWN, shows=news)
def read(visit: Visit, session: Session) -> Response:
    """Note how far one has read: through the latest that stood on the page, not what came since."""
    sent = request.form.getlist("leaf")[:_LEAVES_MAX]
    leaves = [bytes.fromhex(leaf) for leaf in sent if _LEAF.fullmatch(leaf)]
    mark_read(session, own_keys(visit, session), leaves, now=visit.now)
    return see("web.own_news.news", "news-read")


def unread(visit: Visit, session: Session) -> int:
    """Count what a professional has not read; nobody else is told anything."""
    if not _is_professional(visit):
        return 0
    return unread_of(session, own_keys(visit, session))


def unread_of_disputes(visit: Visit, session: Session) -> int:
    """Count the steps of a professional's disputes that they have not read."""
    return unread_steps(session, own_keys(visit, session)) if _is_professional(visit) else 0


def _is_professional(visit: Visit) -> bool:
    seat = visit.signed.seat
    return seat is not None and seat.role is Role.PROFESSIONAL
