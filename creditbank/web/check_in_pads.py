"""A teacher's page that records people in and out without network, and sends it later.

The one page with a script. The page itself is a shell without anybody in it, so that the browser
may keep it; whoever is on its list comes when the pad is opened, and lies in that browser alone.
"""

import json
import re
from importlib.resources import files
from typing import Any

from flask import Response, request
from marshmallow import Schema, ValidationError
from sqlalchemy.orm import Session

from creditbank.attendance.check_in_models import CheckIn
from creditbank.attendance.check_in_sides import check_in_recorded, check_in_seen
from creditbank.attendance.check_ins import planned_of
from creditbank.attendance.pads import open_pad, take_upload
from creditbank.catalogue import entries
from creditbank.clock import civil_day
from creditbank.crediting.check_in_pads import expected_on
from creditbank.house import current_house
from creditbank.people.documents import DocumentKind
from creditbank.registry.clients import Scope
from creditbank.registry.delegations import Spans
from creditbank.registry.filing.filings import delegate_of, filing_numbered
from creditbank.schemas.check_in_pads import (
    PadAnswer,
    PadBody,
    PadUploadAnswer,
    PadUploadBody,
    shaped_fates,
    shaped_pad,
)
from creditbank.web.doors import ANYBODY, Pages, Unit, Visit, able
from creditbank.web.failures import PageRequestError
from creditbank.web.pages import SCRIPTED, page, reader_language

check_in_pads = Pages("check_in_pads", __name__)
_POSTS = able(Scope.ROSTER_POST)
_ONE = "/pads/<public:check_in_no>"
_NUMBER = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


@check_in_pads.shown("/pads/keeper.js", ANYBODY, unit=Unit.OWN)
def keeper(visit: Visit) -> Response:
    """Return what keeps the page in the browser; it reaches no other pages than these."""
    script = (files("creditbank.web") / "static" / "pad_keeper.js").read_text(encoding="utf-8")
    response = Response(script, content_type="text/javascript; charset=utf-8")
    response.headers["Content-Security-Policy"] = SCRIPTED
    response.headers["Cache-Control"] = "no-cache"
    return response


@check_in_pads.shown(_ONE, _POSTS)
def pad(visit: Visit, session: Session, check_in_no: str) -> Response:
    """Show the page of one check-in, without anybody in it."""
    check_in, _spans = _recorded(session, visit, check_in_no)
    shown = page(
        "check_in_pad.html", check_in=check_in, planned=planned_of(session, check_in),
        filing=filing_numbered(session, check_in.filing_no), kinds=list(map(str, DocumentKind)),
    )  # fmt: skip
    shown.headers["Content-Security-Policy"] = SCRIPTED
    return shown


@check_in_pads.sent(f"{_ONE}/opening", _POSTS)
def begin(visit: Visit, session: Session, check_in_no: str) -> Response:
    """Register the page's key, and tell whom it may pick from its list."""
    check_in, vault = _seen(session, visit, check_in_no), current_house().vault
    body = _body(PadBody())
    opened = open_pad(
        session, vault, check_in_no, body["public_key"], body["mark"],
        actor=visit.client.client_id, now=visit.now,
    )  # fmt: skip
    filing = filing_numbered(session, check_in.filing_no)
    delegate_id = delegate_of(session, visit.client, filing)
    told = shaped_pad(opened, *expected_on(session, vault, check_in, opened, delegate_id))
    return _json(PadAnswer().dump(told))


@check_in_pads.sent(f"{_ONE}/<public:pad_no>/scans", _POSTS)
def send(visit: Visit, session: Session, check_in_no: str, pad_no: str) -> Response:
    """Take what was recorded; each refusal comes with its words."""
    _check_in, spans = _recorded(session, visit, check_in_no)
    vault, upload = current_house().vault, _body(PadUploadBody())
    number = int(pad_no) if _NUMBER.fullmatch(pad_no) else 0
    fates = take_upload(session, vault, check_in_no, number, upload, now=visit.now, spans=spans)
    told = PadUploadAnswer().dump(shaped_fates(fates))
    for each in told["scans"]:
        code = each["code"]
        each["words"] = entries()[code]["title"][reader_language()] if code else ""
    return _json(told)


def _seen(session: Session, visit: Visit, check_in_no: str) -> CheckIn:
    return check_in_seen(session, visit.client, check_in_no, civil_day(visit.now))


def _recorded(session: Session, visit: Visit, check_in_no: str) -> tuple[CheckIn, Spans | None]:
    return check_in_recorded(session, visit.client, check_in_no, civil_day(visit.now))


def _body(shape: Schema) -> Any:
    """Read what the page's script put into its one field."""
    try:
        return shape.load(json.loads(request.form.get("body", "")))
    except (ValueError, RecursionError, ValidationError) as error:
        raise PageRequestError from error


def _json(said: object) -> Response:
    response = Response(json.dumps(said, ensure_ascii=False), content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
