"""Check-in on the provider's side: the code for the room's screen, who is there, and its posting.

The page with the code comes again by itself when the next code is due; it has no script.
"""

import re
from collections.abc import Mapping

from flask import Response, request, url_for
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.attendance.cells import ATTENDED_MINUTES_MAX
from creditbank.attendance.check_in_codes import Span, code_of, seconds_left
from creditbank.attendance.check_in_models import CheckIn
from creditbank.attendance.check_in_sides import check_in_seen, is_of
from creditbank.attendance.check_ins import (
    DEVICE_PEOPLE_MAX,
    Comer,
    check_ins_of,
    close_check_in,
    comers_of,
    planned_of,
    secret_of,
    wall_time,
)
from creditbank.attendance.pads import pads_of, sent_by_pads
from creditbank.certificates.qr import drawn
from creditbank.clock import civil_day
from creditbank.crediting.check_in_posting import (
    CheckInPostedError,
    CheckInPosting,
    open_for,
    post_check_in,
    rehearse_check_in,
)
from creditbank.crediting.sign_in_sheets import SHEET_TEMPLATE, sheet_of
from creditbank.crediting.statement_paper import printable
from creditbank.db import snapshot
from creditbank.house import current_house
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Scope
from creditbank.registry.filing.filings import (
    delegate_of,
    filing_numbered,
    filing_seen,
    sessions_of,
)
from creditbank.registry.filing.states import takes_rosters
from creditbank.registry.models import Filing
from creditbank.web import fields, forms
from creditbank.web.doors import Pages, Unit, Visit, able, see
from creditbank.web.pages import page, reader_language
from creditbank.web.verdicts import attached

check_ins = Pages("check_ins", __name__)
_POSTS = able(Scope.ROSTER_POST)
_ONE = "/check-ins/<public:check_in_no>"
_SESSION = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


@check_ins.shown("/filings/<public:filing_no>/check-ins", _POSTS)
def overview(visit: Visit, session: Session, filing_no: str) -> Response:
    """List the sessions of a filing, each with its check-in."""
    filing, today = _filing(session, visit, filing_no), civil_day(visit.now)
    found, delegate_id = (
        check_ins_of(session, filing_no),
        delegate_of(session, visit.client, filing),
    )
    own = {each.check_in_no for each in found.values() if is_of(session, each, delegate_id)}
    return page(
        "check_ins.html", filing=filing, sessions=sessions_of(session, filing_no), found=found,
        own=own, today=today, posts=takes_rosters(filing, today), is_delegate=bool(delegate_id),
    )  # fmt: skip


@check_ins.sent("/filings/<public:filing_no>/check-ins", _POSTS, shows=overview)
def begin(visit: Visit, session: Session, filing_no: str) -> Response:
    """Open check-in to a session, or lead to the one that is open."""
    filing, vault = _filing(session, visit, filing_no), current_house().vault
    opened = open_for(
        session, vault, filing, forms.whole("session_no"), actor=visit.client.client_id,
        now=visit.now, delegate_id=delegate_of(session, visit.client, filing),
    )  # fmt: skip
    return see("web.check_ins.board", check_in_no=opened.check_in_no)


@check_ins.shown(
    "/filings/<public:filing_no>/sign-in-sheets/<public:session_no>", _POSTS, unit=Unit.OWN
)
def sheet(visit: Visit, filing_no: str, session_no: str) -> Response:
    """Print a sign-in sheet for a session; the database is let go before it is set."""
    house, language = current_house(), reader_language()
    number = int(session_no) if _SESSION.fullmatch(session_no) else 0
    with snapshot() as session:
        filing = _filing(session, visit, filing_no)
        holds = delegate_of(session, visit.client, filing) is None
        expected = holds and request.args.get("people") == "expected"
        said = sheet_of(session, house.vault, filing, number, expected=expected, language=language)
    page_set = printable(said, house.press.typesetter.lacking, language)
    content = house.press.typesetter.typeset(SHEET_TEMPLATE, page_set)
    return attached(content, "application/pdf", f"sign-in-{filing_no}-{number}.pdf")


@check_ins.shown(_ONE, _POSTS)
def board(visit: Visit, session: Session, check_in_no: str) -> Response:
    """Show the code and who is there; once closed, the minutes of each."""
    check_in, vault = _seen(session, visit, check_in_no), current_house().vault
    comers = comers_of(session, vault, check_in)
    shows_code = check_in.state == "open" and request.args.get("watch") != "no"
    address = _address(session, visit, check_in) if shows_code else ""
    return page(
        "check_in.html", check_in=check_in, planned=planned_of(session, check_in),
        filing=filing_numbered(session, check_in.filing_no), comers=comers,
        there=sum(each.is_there for each in comers), flagged_from=DEVICE_PEOPLE_MAX + 1,
        drawing=drawn(address) if address else None, address=address,
        refresh_seconds=seconds_left(visit.now) if shows_code else 0, wall_time=wall_time,
        pads=pads_of(session, check_in_no), sent=sent_by_pads(session, check_in_no),
        device_times=_device_times, received_at=_received_at,
    )  # fmt: skip


@check_ins.sent(f"{_ONE}/closing", _POSTS, shows=board)
def close(visit: Visit, session: Session, check_in_no: str) -> Response:
    """Take no more scans."""
    _seen(session, visit, check_in_no)
    close_check_in(session, check_in_no, actor=visit.client.client_id, now=visit.now)
    return see("web.check_ins.board", "check-in-closed", check_in_no=check_in_no)


@check_ins.sent(f"{_ONE}/review", _POSTS, shows=board)
def review(visit: Visit, session: Session, check_in_no: str) -> Response:
    """Keep the minutes that were typed, and show what would become of each row."""
    check_in, vault = _seen(session, visit, check_in_no), current_house().vault
    stated = _stated(comers_of(session, vault, check_in))
    posting = _posting(session, visit, check_in, stated)
    posted = rehearse_check_in(session, vault, posting, now=visit.now)
    problems: dict[int, list[catalogue.Problem]] = {}
    for each in posted.result.problems:
        problems.setdefault(each.row_no, []).append(catalogue.problem(each, reader_language()))
    return page(
        "check_in_review.html", check_in=check_in, result=posted.result, comers=posted.comers,
        filing=filing_numbered(session, check_in.filing_no), problems=problems,
        credited={row.row_no: row.conversion.centihours for row in posted.result.rows},
    )  # fmt: skip


@check_ins.sent(f"{_ONE}/posting", _POSTS, shows=board)
def post(visit: Visit, session: Session, check_in_no: str) -> Response:
    """Post the check-in; whoever presses twice is led to the one roster."""
    posting = _posting(session, visit, _seen(session, visit, check_in_no), {})
    try:
        posted = post_check_in(session, current_house().vault, posting, now=visit.now)
    except CheckInPostedError as error:
        return see("web.rosters.result", roster_no=str(error.facts["roster_no"]))
    roster_no = posted.result.roster_no
    return see("web.rosters.result", "check-in-posted", roster_no=roster_no)


def _seen(session: Session, visit: Visit, check_in_no: str) -> CheckIn:
    return check_in_seen(session, visit.client, check_in_no, civil_day(visit.now))


def _filing(session: Session, visit: Visit, filing_no: str) -> Filing:
    return filing_seen(session, visit.client, filing_no, delegated_on=civil_day(visit.now))


def _posting(
    session: Session, visit: Visit, check_in: CheckIn, stated: Mapping[int, int | None]
) -> CheckInPosting:
    filing = filing_numbered(session, check_in.filing_no)
    delegate_id = delegate_of(session, visit.client, filing)
    return CheckInPosting(check_in.check_in_no, visit.client.client_id, stated, delegate_id)


def _address(session: Session, visit: Visit, check_in: CheckIn) -> str:
    """Return what the code leads to; the host is the bank's own, whoever asks."""
    house = current_house()
    code = code_of(secret_of(house.vault, check_in), check_in.check_in_no, now=visit.now)
    place = url_for("web.check_in_phone.read", check_in_no=check_in.check_in_no, code=code)
    return house.public_url(the_bank(session).host) + place


def _device_times(span: Span) -> str:
    """Return when somebody came and left by the device that recorded it without network."""
    told = (wall_time(each.device_at) if each else "" for each in (span.came, span.left))
    return "–".join(told)


def _received_at(span: Span) -> str:
    """Return when that came to the bank, with the day where it is another."""
    received = max(each.received_at for each in (span.came, span.left) if each)
    is_same_day = civil_day(received) == civil_day(span.began_at)
    return ("" if is_same_day else f"{civil_day(received).isoformat()} ") + wall_time(received)


def _stated(comers: list[Comer]) -> Mapping[int, int | None]:
    """Read the minutes of the form; what is left empty holds as it was measured."""
    return {
        each.person_no: fields.whole(
            f"minutes-{each.person_no}", "check-in-minutes", (0, ATTENDED_MINUTES_MAX)
        )
        for each in comers
    }
