"""xAPI 2.0 (IEEE 9274.1.1): statements from learning platforms, and what the bank makes of them.

Most platforms still speak 1.0.x, whose statements are statements of 2.0 as well; each is answered
in the version that it speaks. Addresses, headers and statuses are those of the standard; failures
are problem documents. The id of a statement is what an idempotency key is elsewhere.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from flask import Response, json, request, url_for
from sqlalchemy.orm import Session
from werkzeug.http import http_date

from creditbank.api.bodies import (
    JSON_MEDIA_TYPE,
    Body,
    Content,
    JsonMalformedError,
    JsonNotUtf8Error,
    JsonTooDeepError,
    MediaTypeUnsupportedError,
    read_json,
)
from creditbank.api.endpoints import Call, Door, Public, Unit
from creditbank.api.problems import PROBLEM, Failure, problem_response
from creditbank.api.xapi_parts import (
    MIXED_MEDIA_TYPE,
    Sent,
    XapiPartsError,
    read_parts,
    written_parts,
)
from creditbank.attendance.statement_filters import StatementFilter, in_form
from creditbank.attendance.statements import VERSION, Statement, instant_of
from creditbank.clock import instant_from_text, instant_text
from creditbank.crediting.xapi import (
    Received,
    Sending,
    StatementConflictError,
    StatementsTooManyError,
    StatementUnknownError,
    receive,
)
from creditbank.crediting.xapi_files import files_of
from creditbank.crediting.xapi_lists import (
    Place,
    StatementsWanted,
    consistent_through,
    statement_given,
    statements_page,
)
from creditbank.db import writing
from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Scope, organisation_seen
from creditbank.schemas.wanted import FieldError, invalid_at
from creditbank.schemas.xapi import check_agent, check_statements
from creditbank.schemas.xapi_answers import AboutAnswer, Flag, StatementPut, StatementsQuery
from creditbank.schemas.xapi_signatures import XapiSignatureError
from creditbank.schemas.xapi_terms import StatementInvalidError

VERSION_HEADER = "X-Experience-API-Version"
CONSISTENT_HEADER = "X-Experience-API-Consistent-Through"
#: How many of a sending met which outcome: `credited=2, known=1, repeated=4`.
OUTCOME_HEADER = "Creditbank-Outcome"
_SPOKEN = re.compile(r"([12])\.0(?:\.[0-9]{1,4})?", re.ASCII)
#: The last version before 2.0, and what the version of its statements is unless they say.
_EARLIER, _EARLIER_UNSAID = "1.0.3", "1.0.0"
#: The standard knows these; whatever else is wrong with a request is 400 to it.
_OWN_STATUS = (401, 403, 404, 405, 409, 413, 429, 500, 503)
_PATH = "/xapi/statements"
#: Statements on one page with their files.
_WITH_FILES_MAX = 10


class XapiVersionError(CreditBankError):
    """The request does not say that it speaks xAPI 2.0 or 1.0."""

    code = "xapi-version"
    status = 400


def _status_of(error: type[CreditBankError]) -> int:
    return error.status if error.status in _OWN_STATUS else HTTPStatus.BAD_REQUEST


_FAILURE = Failure(PROBLEM.media_type, PROBLEM.shape, _status_of, PROBLEM.example_of)
_HEADERS: tuple[Mapping[str, Any], ...] = (
    {
        "in": "header", "name": VERSION_HEADER, "required": True,
        "description": "The version of xAPI that is spoken.",
        "schema": {"type": "string", "pattern": r"^[12]\.0(\.[0-9]{1,4})?$"}, "example": VERSION,
    },
)  # fmt: skip
_EXAMPLE: Mapping[str, Any] = {
    "id": "8e03978e-40d5-43dd-bc93-6894a57f9324",
    "actor": {
        "objectType": "Agent", "name": "李示例",
        "account": {
            "homePage": "https://bank.example/documents/resident_id",
            "name": "999999198505150018",
        },
    },
    "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
    "object": {"id": "https://bank.example/filings/F7K2M9QXAB/sessions/2"},
    "result": {"duration": "PT6H"},
    "timestamp": "2026-11-12T17:00:00+08:00",
}  # fmt: skip
_TOLD = {"by_secret": True, "headers": _HEADERS, "failure": _FAILURE}

xapi = Door("xapi", __name__, description="xAPI 2.0 statements from learning platforms.")


class _Statements(Body):
    """One statement, or a list of them; every one is checked whole."""

    def __init__(self, *, single: bool) -> None:
        self._single = single

    def read(self) -> Content:
        """Read and check them, and attachments that were sent along."""
        if request.mimetype == MIXED_MEDIA_TYPE:
            sent = read_parts()
            if self._single and len(sent.statements) != 1:
                raise StatementInvalidError([FieldError("", "field-object", {})])
            return Content(sent, b"")
        tree = read_json()
        if self._single and not isinstance(tree, dict):
            raise StatementInvalidError([FieldError("", "field-object", {})])
        return Content(Sent(check_statements(tree), {}), b"")

    def documented(self) -> dict[str, Any]:
        """Return one form and an example."""
        one = {"type": "object"}
        schema = one if self._single else {"oneOf": [one, {"type": "array", "items": one}]}
        return {JSON_MEDIA_TYPE: {"schema": schema, "example": _EXAMPLE}}


_READ_REFUSALS = (
    XapiVersionError, StatementInvalidError, JsonMalformedError, JsonNotUtf8Error,
    JsonTooDeepError, MediaTypeUnsupportedError, XapiPartsError, XapiSignatureError,
    StatementConflictError, StatementsTooManyError,
)  # fmt: skip


@xapi.errorhandler(CreditBankError)  # type: ignore[untyped-decorator] # the package has no types
def _told(error: CreditBankError) -> Response:
    """Tell a failure by a status that the standard knows."""
    response = problem_response(error)
    status = _status_of(type(error))
    if status != error.status:
        response.set_data(json.dumps({**(response.get_json() or {}), "status": status}))
        response.status_code = status
    return response


@xapi.after_request  # type: ignore[untyped-decorator] # the package has no types
def _versioned(response: Response) -> Response:
    response.headers[VERSION_HEADER] = _EARLIER if _speaks_earlier() else VERSION
    return response


@xapi.get("/xapi/about", Public.ANYBODY, answer=AboutAnswer())
def read_xapi_about(_call: Call, _session: Session) -> dict[str, Any]:
    """Say which versions of xAPI are understood."""
    return {"version": [VERSION, _EARLIER, "1.0.2", "1.0.1", _EARLIER_UNSAID]}


@xapi.post(
    _PATH, Scope.ROSTER_POST, unit=Unit.OWN, writes=False, body=_Statements(single=False),
    files={JSON_MEDIA_TYPE: [_EXAMPLE["id"]]}, refuses=_READ_REFUSALS, **_TOLD,
)  # fmt: skip
def post_xapi_statements(call: Call) -> Response:
    """Keep statements, all or none, and credit those that tell of a filed session."""
    _require_version()
    statements = [_statement(each, None) for each in call.body.statements]
    received = _received(call, statements)
    ids = [each.statement_id for each in statements]
    return _answer(json.dumps(ids), HTTPStatus.OK, received)


@xapi.put(
    _PATH, Scope.ROSTER_POST, unit=Unit.OWN, writes=False, body=_Statements(single=True),
    query=StatementPut(), status=204, refuses=_READ_REFUSALS, **_TOLD,
)  # fmt: skip
def put_xapi_statement(call: Call) -> Response:
    """Keep one statement under its id, and credit it if it tells of a filed session."""
    _require_version()
    statement = _statement(call.body.statements[0], call.query["statement_id"])
    return _answer("", HTTPStatus.NO_CONTENT, _received(call, [statement]))


@xapi.get(
    _PATH, Scope.ROSTER_POST, query=StatementsQuery(), files={JSON_MEDIA_TYPE: _EXAMPLE},
    refuses=(XapiVersionError, StatementUnknownError), **_TOLD,
)  # fmt: skip
def read_xapi_statements(call: Call, session: Session) -> Response:
    """Return one statement, or the client's own in the order in which they were stored."""
    _require_version()
    organisation_id = organisation_seen(call.client) or 0
    one = call.query.get("statement_id") or call.query.get("voided_statement_id")
    form, language = call.query["form"], request.accept_languages.best or "zh"
    if one:
        _require_alone()
        voided = "voided_statement_id" in call.query
        given = statement_given(
            session, current_house().vault, organisation_id, one.lower(), the_bank(session).host,
            voided=voided,
        )  # fmt: skip
        files = _files(session, call, organisation_id, [given.content])
        response = _given(in_form(given.content, form, language), files)
        response.headers["Last-Modified"] = http_date(given.stored_at)
    else:
        page, more = _listed(session, call, organisation_id)
        statements = [in_form(each, form, language) for each in page]
        files = _files(session, call, organisation_id, page)
        response = _given({"statements": statements, "more": more}, files)
    through = consistent_through(session, organisation_id, now=call.now)
    response.headers[CONSISTENT_HEADER] = instant_text(through)
    return response


def _listed(
    session: Session, call: Call, organisation_id: int
) -> tuple[Sequence[dict[str, Any]], str]:
    """Return a page of statements, and where the next one is."""
    query, page_max = call.query, current_house().settings.page_size_max
    if query["attachments"] is Flag.YES:  # each of them may bring files of some MiB
        page_max = min(page_max, _WITH_FILES_MAX)
    wanted = StatementsWanted(
        organisation_id=organisation_id,
        host=the_bank(session).host,
        since=query.get("since"),
        until=query.get("until"),
        after=place_of(query["cursor"]),
        ascending=query["ascending"] is Flag.YES,
        limit=min(query["limit"] or page_max, page_max),
        filter=_filter(query, the_bank(session).host),
    )
    page = statements_page(session, current_house().vault, wanted)
    return page.statements, _more(page.more)


def _filter(query: Mapping[str, Any], host: str) -> StatementFilter:
    return StatementFilter(
        agent=_agent(query["agent"], host) if query["agent"] else None,
        verb=query["verb"],
        activity=query["activity"],
        registration=query["registration"].lower(),
        related_agents=query["related_agents"] is Flag.YES,
        related_activities=query["related_activities"] is Flag.YES,
    )


def _agent(text: str, host: str) -> dict[str, Any]:
    """Read the agent that an address asks for; nobody is asked for by an identity document."""
    try:
        agent = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid_at("/agent", "field-object") from error
    check_agent(agent, "/agent")
    found: dict[str, Any] = agent
    if found.get("account", {}).get("homePage", "").startswith(f"https://{host}/documents/"):
        raise invalid_at("/agent", "xapi-agent-number")
    return found


def _more(place: Place | None) -> str:
    if place is None:
        return ""
    asked: dict[str, Any] = {**request.args, "cursor": cursor_of(place)}
    return url_for("xapi.read_xapi_statements", **asked)


def cursor_of(place: Place) -> str:
    """Write the place of a statement in its provider's list."""
    said = f"{instant_text(place[0])}|{place[1]}".encode("ascii")
    return base64.urlsafe_b64encode(said).rstrip(b"=").decode("ascii")


def place_of(cursor: str) -> Place | None:
    """Read a place back; None on the first page.

    Raises:
        RequestInvalidError: no page ever gave this cursor.
    """
    if not cursor:
        return None
    try:
        said = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        instant, _, place = said.partition("|")
        return instant_from_text(instant), int(place)
    except ValueError as error:
        raise invalid_at("/cursor", "field-cursor") from error


def _speaks_earlier() -> bool:
    spoken = _SPOKEN.fullmatch(request.headers.get(VERSION_HEADER, ""))
    return spoken is not None and spoken[1] == "1"


def _require_version() -> None:
    """Refuse what does not say that it speaks xAPI 2.0 or 1.0.

    Raises:
        XapiVersionError: the header is missing, or names another version.
    """
    found = request.headers.get(VERSION_HEADER, "")
    if _SPOKEN.fullmatch(found) is None:
        raise XapiVersionError(found=found[:20] or "—", wanted=VERSION)


def _require_alone() -> None:
    """Refuse whatever stands beside the id of one statement, but how it is to be given."""
    others = [name for name in request.args if name not in ("format", "attachments")]
    for name in others:
        if name not in ("statementId", "voidedStatementId") or len(others) > 1:
            raise invalid_at(f"/{name}", "xapi-parameter-alone")


def _statement(content: Mapping[str, Any], put_as: str | None) -> Statement:
    """Take a checked statement in; one without an id gets one.

    Raises:
        StatementInvalidError: it bears another id than the one under which it is put.
    """
    given = str(content.get("id", put_as or uuid4())).lower()
    if put_as is not None and given != put_as.lower():
        raise StatementInvalidError([FieldError("/id", "xapi-id-differs", {})])
    said = content.get("timestamp")
    if _speaks_earlier():
        content = {"version": _EARLIER_UNSAID, **content}
    return Statement(given, None if said is None else instant_of(said), content)


def _received(call: Call, statements: list[Statement]) -> Received:
    with writing() as session:
        sending = Sending(call.client, tuple(statements), call.body.files)
        return receive(session, current_house().vault, sending, now=call.now)


def _answer(said: str, status: HTTPStatus, received: Received) -> Response:
    met = {str(each): count for each, count in received.outcomes.items()}
    met |= {"repeated": received.repeated} if received.repeated else {}
    response = Response(said, status=status, content_type=JSON_MEDIA_TYPE)
    response.headers[OUTCOME_HEADER] = ", ".join(f"{name}={met[name]}" for name in met)
    response.headers["Cache-Control"] = "no-store"
    return response


def _files(
    session: Session, call: Call, organisation_id: int, statements: Sequence[Mapping[str, Any]]
) -> Mapping[str, tuple[str, bytes]] | None:
    """Return the kept files of statements where they are asked for; None where they are not."""
    if call.query["attachments"] is not Flag.YES:
        return None
    return files_of(session, current_house().vault, organisation_id, statements)


def _given(members: Mapping[str, Any], files: Mapping[str, tuple[str, bytes]] | None) -> Response:
    """Give statements; where files are asked for, as the first part of many."""
    said = json.dumps(members)
    if files is None:
        response = Response(said, content_type=JSON_MEDIA_TYPE)
    else:
        boundary = uuid4().hex
        parts, kind = (
            written_parts(said, files, boundary),
            f"{MIXED_MEDIA_TYPE}; boundary={boundary}",
        )
        response = Response(parts, content_type=kind)
    response.headers["Cache-Control"] = "no-store"
    return response
