"""Check-in on site for programs: a screen that shows the code, a list that is posted at the end."""

from typing import Any

from flask import Response, current_app, url_for
from sqlalchemy.orm import Session

from creditbank.api.bodies import JsonBody
from creditbank.api.endpoints import Call, Door, Unit
from creditbank.api.problems import language
from creditbank.api.rosters import shaped_problem
from creditbank.attendance.check_in_codes import code_of
from creditbank.attendance.check_in_models import CheckIn
from creditbank.attendance.check_in_sides import (
    CheckInOthersError,
    check_in_recorded,
    check_in_seen,
)
from creditbank.attendance.check_ins import (
    CheckInDayError,
    CheckInUnknownError,
    close_check_in,
    comers_of,
    planned_of,
    secret_of,
)
from creditbank.attendance.pad_signing import PadKeyInvalidError, PadUnsignedError
from creditbank.attendance.pads import (
    PadEndedError,
    PadScanDiffersError,
    PadScanMissingError,
    PadTooManyError,
    PadUnknownError,
    open_pad,
    pads_of,
    sent_by_pads,
    take_upload,
)
from creditbank.clock import civil_day
from creditbank.crediting.check_in_pads import expected_on
from creditbank.crediting.check_in_posting import (
    CheckInNobodyError,
    CheckInPersonUnknownError,
    CheckInPostedError,
    CheckInPosting,
    CheckInStillOpenError,
    open_for,
    post_check_in,
)
from creditbank.crediting.freezes import SourceInvestigatedError
from creditbank.crediting.sign_in_sheets import SHEET_TEMPLATE, sheet_of
from creditbank.crediting.statement_paper import printable
from creditbank.crediting.xapi_records import SessionNumberUnknownError
from creditbank.db import snapshot
from creditbank.house import current_house
from creditbank.ledger.sources import SourceUnknownError
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import RegionForeignError, Scope
from creditbank.registry.delegates import DelegationNotOpenError
from creditbank.registry.filing.filings import (
    FilingUnknownError,
    delegate_of,
    filing_numbered,
    filing_seen,
)
from creditbank.registry.filing.states import FilingNotApprovedError, FilingNotOpenError
from creditbank.registry.models import Filing
from creditbank.schemas.check_in_pads import (
    PadAnswer,
    PadBody,
    PadUploadAnswer,
    PadUploadBody,
    base64url,
    shaped_fates,
    shaped_pad,
)
from creditbank.schemas.check_ins import (
    CheckInAnswer,
    CheckInBody,
    CheckInPostedAnswer,
    CheckInPostingBody,
    SheetQuery,
    shaped_check_in,
    shaped_posting,
)
from creditbank.schemas.rosters import ModeQuery

PDF = "application/pdf"

#: The generator of P-256 stands for a key in the document.
_POINT = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
_MARK = {"device_at": "2026-11-21T01:00:00.000000Z", "run": "0123456789abcdef", "ticks": 0}

check_ins = Door("check-ins", __name__, description="Who came into a session and left it.")


@check_ins.post(
    "/filings/<public:filing_no>/check-ins",
    Scope.ROSTER_POST,
    status=201,
    body=JsonBody(CheckInBody(), {"session_no": 1}),
    answer=CheckInAnswer(),
    refuses=(
        FilingUnknownError, RegionForeignError, FilingNotApprovedError, FilingNotOpenError,
        DelegationNotOpenError, SessionNumberUnknownError, CheckInDayError, CheckInOthersError,
    ),
)  # fmt: skip
def open_a_check_in(call: Call, session: Session, filing_no: str) -> dict[str, Any]:
    """Open check-in to a session on its day; opened again, it is the same one.

    A delegate opens it in the holder's stead, which is an act, and sees those that it opened.
    """
    filing, vault = _filing(call, session, filing_no), current_house().vault
    opened = open_for(
        session, vault, filing, call.body["session_no"], actor=call.client.client_id, now=call.now,
        delegate_id=delegate_of(session, call.client, filing),
    )  # fmt: skip
    return _told(call, session, opened)


@check_ins.get(
    "/filings/<public:filing_no>/sign-in-sheets/<count:session_no>",
    Scope.ROSTER_POST,
    unit=Unit.OWN,
    query=SheetQuery(),
    files={PDF: "the sheet, to be printed and signed by hand"},
    refuses=(
        FilingUnknownError,
        RegionForeignError,
        DelegationNotOpenError,
        SessionNumberUnknownError,
    ),
)
def read_sign_in_sheet(call: Call, filing_no: str, session_no: int) -> Response:
    """Return a sign-in sheet for a session as PDF; it names nobody by a whole number.

    A delegate's is blank.
    """
    house, spoken = current_house(), language()
    with snapshot() as session:
        filing = _filing(call, session, filing_no)
        holds = delegate_of(session, call.client, filing) is None
        said = sheet_of(
            session, house.vault, filing, session_no,
            expected=holds and call.query["people"] == "expected", language=spoken,
        )  # fmt: skip
    typesetter = house.press.typesetter
    content = typesetter.typeset(SHEET_TEMPLATE, printable(said, typesetter.lacking, spoken))
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="sign-in-{filing_no}-{session_no}.pdf"',
    }
    return Response(content, content_type=PDF, headers=headers)


@check_ins.get(
    "/check-ins/<public:check_in_no>",
    Scope.ROSTER_POST,
    answer=CheckInAnswer(),
    refuses=(CheckInUnknownError, DelegationNotOpenError, RegionForeignError),
)
def read_check_in(call: Call, session: Session, check_in_no: str) -> dict[str, Any]:
    """Return the code to be shown now, and who is on the list."""
    return _told(call, session, _seen(call, session, check_in_no))


@check_ins.post(
    "/check-ins/<public:check_in_no>/closing",
    Scope.ROSTER_POST,
    answer=CheckInAnswer(),
    refuses=(CheckInUnknownError, DelegationNotOpenError, RegionForeignError),
)
def close_a_check_in(call: Call, session: Session, check_in_no: str) -> dict[str, Any]:
    """Take no more scans."""
    _seen(call, session, check_in_no)
    actor = call.client.client_id
    closed = close_check_in(session, check_in_no, actor=actor, now=call.now)
    return _told(call, session, closed)


@check_ins.post(
    "/check-ins/<public:check_in_no>/posting",
    Scope.ROSTER_POST,
    status=201,
    query=ModeQuery(),
    body=JsonBody(CheckInPostingBody(), {"stated": [{"person_no": 1, "attended_minutes": 90}]}),
    answer=CheckInPostedAnswer(),
    refuses=(
        CheckInUnknownError, CheckInStillOpenError, CheckInPostedError, CheckInNobodyError,
        CheckInPersonUnknownError, FilingNotApprovedError, FilingNotOpenError,
        DelegationNotOpenError, RegionForeignError,
        SourceInvestigatedError, SourceUnknownError,
    ),
)  # fmt: skip
def post_a_check_in(call: Call, session: Session, check_in_no: str) -> dict[str, Any]:
    """Post a closed check-in as a roster, once; `mode=validate` only tries."""
    check_in = _seen(call, session, check_in_no)
    stated = {each["person_no"]: each["attended_minutes"] for each in call.body["stated"]}
    posting = CheckInPosting(
        check_in_no, call.client.client_id, stated, _delegate(call, session, check_in)
    )
    posted = post_check_in(session, current_house().vault, posting, now=call.now)
    return {
        **shaped_posting(posted),
        **({"roster_no": ""} if call.dry else {}),
        "problems": [shaped_problem(each) for each in posted.result.problems],
    }


@check_ins.post(
    "/check-ins/<public:check_in_no>/pads",
    Scope.ROSTER_POST,
    status=201,
    body=JsonBody(PadBody(), {"public_key": base64url(_POINT), "mark": _MARK}),
    answer=PadAnswer(),
    refuses=(
        CheckInUnknownError,
        DelegationNotOpenError,
        RegionForeignError,
        PadEndedError,
        PadKeyInvalidError,
        PadTooManyError,
    ),
)
def open_a_pad(call: Call, session: Session, check_in_no: str) -> dict[str, Any]:
    """Register the key of a device that will record people in and out without network.

    The same key again is the same pad.
    """
    check_in, vault = _seen(call, session, check_in_no), current_house().vault
    pad = open_pad(
        session, vault, check_in_no, call.body["public_key"], call.body["mark"],
        actor=call.client.client_id, now=call.now,
    )  # fmt: skip
    delegate_id = _delegate(call, session, check_in)
    return shaped_pad(pad, *expected_on(session, vault, check_in, pad, delegate_id))


@check_ins.post(
    "/check-ins/<public:check_in_no>/pads/<count:pad_no>/scans",
    Scope.ROSTER_POST,
    body=JsonBody(
        PadUploadBody(),
        {
            "scans": [{"body": "[]", "signature": base64url(bytes(64))}],
            "people": [base64url(bytes(100))], "sent": _MARK, "signature": base64url(bytes(64)),
        },
    ),
    answer=PadUploadAnswer(),
    refuses=(
        CheckInUnknownError, DelegationNotOpenError, RegionForeignError, PadUnknownError,
        PadUnsignedError, PadScanMissingError, PadScanDiffersError, PadEndedError,
    ),
)  # fmt: skip
def send_pad_scans(call: Call, session: Session, check_in_no: str, pad_no: int) -> dict[str, Any]:
    """Send what a device recorded without network; what is sent again counts once.

    A delegate sends it also after its delegation: what was recorded while that held is taken as it
    is, and of the rest the holder states the minutes.
    """
    _check_in, spans = check_in_recorded(session, call.client, check_in_no, civil_day(call.now))
    vault = current_house().vault
    fates = take_upload(session, vault, check_in_no, pad_no, call.body, now=call.now, spans=spans)
    return shaped_fates(fates)


def _seen(call: Call, session: Session, check_in_no: str) -> CheckIn:
    return check_in_seen(session, call.client, check_in_no, civil_day(call.now))


def _filing(call: Call, session: Session, filing_no: str) -> Filing:
    return filing_seen(session, call.client, filing_no, delegated_on=civil_day(call.now))


def _delegate(call: Call, session: Session, check_in: CheckIn) -> int | None:
    return delegate_of(session, call.client, filing_numbered(session, check_in.filing_no))


def _told(call: Call, session: Session, check_in: CheckIn) -> dict[str, Any]:
    house, address = current_house(), ""
    if check_in.state == "open" and "web" in current_app.blueprints:
        code = code_of(secret_of(house.vault, check_in), check_in.check_in_no, now=call.now)
        place = url_for("web.check_in_phone.read", check_in_no=check_in.check_in_no, code=code)
        address = house.public_url(the_bank(session).host) + place
    comers = comers_of(session, house.vault, check_in)
    day = planned_of(session, check_in).day
    return shaped_check_in(
        check_in, comers, address, day=day, now=call.now,
        pads=pads_of(session, check_in.check_in_no),
        sent=sent_by_pads(session, check_in.check_in_no),
    )  # fmt: skip
