"""The first page: what the bank is for those outside, what there is to do for those inside."""

from flask import Response
from sqlalchemy.orm import Session

from creditbank.accounts.sessions import Stage
from creditbank.registry.bank import BankNotFoundedError, the_bank
from creditbank.web.doors import ANYBODY, Pages, Visit, offered, page_of
from creditbank.web.own_news import unread
from creditbank.web.pages import page

home = Pages("home", __name__)


@home.shown("/", ANYBODY)
def home_page(visit: Visit, session: Session) -> Response:
    """Show what there is to do from this seat."""
    if visit.asker is None:
        return page("outside.html", mode=_mode(session))
    if visit.asker.stage is not Stage.OPEN:
        return page_of(visit.asker)
    return page("home.html", items=offered(visit.asker.seat), unread=unread(visit, session))


def _mode(session: Session) -> str:
    try:
        return the_bank(session).mode
    except BankNotFoundedError:
        return ""
