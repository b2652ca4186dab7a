"""Failures as RFC 9457 problem documents: one shape, in the reader's language, nothing internal.

`type` is stable and leads to the page that explains the code; `facts` is for machines; `found`,
`wanted` and `next` are for people. Pages keep their own way of failing: only the machines' paths
are answered here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Flask, Response, current_app, json, request
from marshmallow import Schema
from marshmallow.fields import Dict, Integer, List, Nested, String
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from creditbank import catalogue
from creditbank.catalogue import DEFAULT_LANGUAGE, Language
from creditbank.db import BusyError
from creditbank.errors import CreditBankError
from creditbank.limits import RateExceededError, count_of_request
from creditbank.logs import log_incident
from creditbank.registry.clients import ScopeMissingError
from creditbank.registry.tokens import TokenRefusedError
from creditbank.schemas.wanted import RequestInvalidError
from creditbank.schemas.xapi_terms import StatementInvalidError

MEDIA_TYPE = "application/problem+json"
#: Prefix of `type`; the codes are anchors of that page.
TYPE_PREFIX = "/docs/problems#"
_MACHINES_PATHS = ("/api/", "/ledger/", "/health", "/.well-known/", "/xapi/")
_RETRY_AFTER_SECONDS = 1

_log = structlog.get_logger("creditbank.api")


class RouteUnknownError(CreditBankError):
    """There is nothing at this address."""

    code = "route-unknown"
    status = 404


class MethodNotAllowedError(CreditBankError):
    """The address is answered, with other methods."""

    code = "method-not-allowed"
    status = 405


class RequestMalformedError(CreditBankError):
    """The server could not make sense of the request as HTTP."""

    code = "request-malformed"
    status = 400


class RequestTooLargeError(CreditBankError):
    """The body is beyond the limit."""

    code = "request-too-large"
    status = 413


class InternalError(CreditBankError):
    """Something that no line foresaw; the log knows it under `incident`."""

    code = "internal-error"
    status = 500


class FieldErrorShape(Schema):
    """One place of the content that is not as wanted."""

    path = String(metadata={"description": "JSON pointer (RFC 6901) into the content."})
    code = String()
    wanted = String()


class ProblemShape(Schema):
    """A problem document (RFC 9457)."""

    type = String(metadata={"format": "uri-reference"})
    title = String()
    status = Integer()
    detail = String(metadata={"description": "`found`, `wanted` and `next` in one."})
    code = String(metadata={"description": "Stable; what programs compare."})
    found = String()
    wanted = String()
    next = String()
    facts = Dict(metadata={"description": "What the sentences speak of, for programs."})
    errors = List(Nested(FieldErrorShape), metadata={"description": "With `request-invalid`."})


@dataclass(frozen=True, slots=True)
class Failure:
    """How an endpoint tells its failures, for the API document."""

    media_type: str
    shape: type[Schema]
    status_of: Callable[[type[CreditBankError]], int]
    example_of: Callable[[type[CreditBankError]], Mapping[str, Any]]


def _problem_example(error: type[CreditBankError]) -> Mapping[str, Any]:
    title = catalogue.entries()[error.code]["title"][DEFAULT_LANGUAGE]
    return {
        "type": TYPE_PREFIX + error.code, "title": title, "status": error.status,
        "code": error.code,
    }  # fmt: skip


PROBLEM = Failure(MEDIA_TYPE, ProblemShape, lambda error: error.status, _problem_example)


def language() -> Language:
    """Return the language that the request asks for; Chinese if it does not say."""
    best = request.accept_languages.best_match(["zh", "en"], default=DEFAULT_LANGUAGE)
    return "en" if best == "en" else "zh"


def problem_document(error: CreditBankError, spoken: Language) -> dict[str, Any]:
    """Return the members of a problem document."""
    words = catalogue.problem(error, spoken)
    document: dict[str, Any] = {
        "type": TYPE_PREFIX + error.code,
        "title": words.title,
        "status": error.status,
        "detail": words.detail,
        "code": error.code,
        "found": words.found,
        "wanted": words.wanted,
        "next": words.next,
        "facts": error.facts,
    }
    if isinstance(error, RequestInvalidError | StatementInvalidError):
        document["errors"] = [
            {"path": each.path, "code": each.code, "wanted": each.wanted(spoken)}
            for each in error.errors
        ]
    return document


def problem_response(error: CreditBankError) -> Response:
    """Answer a request with a problem document."""
    spoken = language()
    response = Response(
        json.dumps(problem_document(error, spoken)), status=error.status, content_type=MEDIA_TYPE
    )
    response.content_language.add("zh-CN" if spoken == "zh" else "en")
    response.vary.add("Accept-Language")
    response.headers["Cache-Control"] = "no-store"
    if retry_seconds := retry_after(error):
        response.headers["Retry-After"] = str(retry_seconds)
    if challenge := _challenge(error):
        response.headers["WWW-Authenticate"] = challenge
    return response


def retry_after(error: CreditBankError) -> int:
    """Return after how many seconds the same may be sent again; 0 where that would not help."""
    if isinstance(error, RateExceededError):
        return int(str(error.facts["retry_seconds"]))
    return _RETRY_AFTER_SECONDS if isinstance(error, BusyError) else 0


def _challenge(error: CreditBankError) -> str:
    """Say what a token lacked, as RFC 6750 §3 has it; nothing of why to whom sent none."""
    if isinstance(error, TokenRefusedError):
        return 'Bearer error="invalid_token"' if "Authorization" in request.headers else "Bearer"
    if isinstance(error, ScopeMissingError):
        return f'Bearer error="insufficient_scope", scope="{error.facts["wanted"]}"'
    return ""


def register_problems(app: Flask) -> None:
    """Answer every failure on the machines' paths with a problem document."""
    app.register_error_handler(CreditBankError, problem_response)
    app.register_error_handler(Exception, _unforeseen)
    app.after_request(_with_count)


def _with_count(response: Response) -> Response:
    """Tell with every answer that was counted how its asker stands."""
    if count := count_of_request():
        response.headers.update(count.headers())
    return response


def http_problem(error: HTTPException) -> Response | None:
    """Answer what the server itself refuses on the machines' paths; None on those of pages."""
    return any_http_problem(error) if request.path.startswith(_MACHINES_PATHS) else None


def any_http_problem(error: HTTPException) -> Response:
    """Answer what the server itself refuses with a problem document."""
    response = problem_response(translated(error))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.allow.update(error.valid_methods)
    return response


def translated(error: HTTPException) -> CreditBankError:
    """Say in our words what the server refused."""
    if error.code == RouteUnknownError.status:
        return RouteUnknownError()
    if isinstance(error, MethodNotAllowed):
        wanted = sorted(error.valid_methods or ())
        return MethodNotAllowedError(found=request.method[:20], wanted=wanted)
    if error.code == RequestTooLargeError.status:
        return RequestTooLargeError(limit_bytes=current_app.config["MAX_CONTENT_LENGTH"])
    if error.code is not None and error.code >= InternalError.status:
        return InternalError(incident=_logged(error))
    return RequestMalformedError()


def _unforeseen(error: Exception) -> Response:
    return problem_response(unforeseen(error))


def unforeseen(error: Exception) -> InternalError:
    """Log what no line foresaw, and return what may be said of it."""
    return InternalError(incident=_logged(error))


def _logged(error: Exception) -> str:
    return log_incident(_log, error, route=str(request.url_rule), method=request.method)
