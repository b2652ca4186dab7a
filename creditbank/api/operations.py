"""An endpoint's part of the OpenAPI document, from its declaration and the message catalogue."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any, Literal

from marshmallow import Schema

from creditbank import catalogue
from creditbank.api.bodies import (
    Body,
    FormBody,
    FormMalformedError,
    JsonBody,
    JsonMalformedError,
    JsonNotUtf8Error,
    JsonTooDeepError,
    MediaTypeUnsupportedError,
    RequestBodyMissingError,
)
from creditbank.api.idempotency import (
    HEADER,
    REPLAYED_HEADER,
    IdempotencyKeyMalformedError,
    IdempotencyKeyMissingError,
)
from creditbank.api.problems import PROBLEM, Failure, InternalError, RequestTooLargeError
from creditbank.db import BusyError, DatabaseLostError
from creditbank.errors import CreditBankError
from creditbank.limits import RateExceededError
from creditbank.registry.clients import Scope, ScopeMissingError
from creditbank.registry.idempotency import IdempotencyKeyReusedError
from creditbank.registry.tokens import TokenRefusedError
from creditbank.schemas.wanted import RequestInvalidError

SECURITY_SCHEME = "oauth2"
#: The preference of RFC 7240 that is kept, and the header that says so.
ASYNC, APPLIED_HEADER = "respond-async", "Preference-Applied"
Refusals = tuple[type[CreditBankError], ...]
#: The setting that bounds what an address may ask; empty for what must always answer.
Rate = Literal["public", "token", ""]

#: Told with every answer that was counted (draft-ietf-httpapi-ratelimit-headers-10).
RATE_HEADERS = {
    "RateLimit": 'What is left: `"client";r=1199;t=42`, 1199 requests in the next 42 seconds.',
    "RateLimit-Policy": 'The limit: `"client";q=1200;w=60`, 1200 requests in 60 seconds.',
}

_ETAG = {"$ref": "#/components/headers/ETag"}
_IF_NONE_MATCH: Mapping[str, Any] = {
    "in": "header",
    "name": "If-None-Match",
    "description": "ETag of an earlier answer: 304 without a body if it still holds (RFC 9110).",
    "schema": {"type": "string"},
}

_JSON_REFUSALS: Refusals = (
    JsonMalformedError, JsonNotUtf8Error, JsonTooDeepError, MediaTypeUnsupportedError,
)  # fmt: skip
_WRITE_REFUSALS: Refusals = (
    IdempotencyKeyMissingError, IdempotencyKeyMalformedError, IdempotencyKeyReusedError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ending:
    """That a call is on its way out: since when, until when, and what does the same instead.

    Told with every answer as RFC 9745 and RFC 8594 have it; docs/clients.md says how long it is
    told before the call is gone.
    """

    deprecated_on: date
    sunset_on: date
    #: path of the call that does the same
    successor: str

    def headers(self) -> Mapping[str, str]:
        """Return `Deprecation`, `Sunset` and a `Link` to what comes after."""
        since, until = (
            datetime.combine(day, time.min, UTC) for day in (self.deprecated_on, self.sunset_on)
        )
        return {
            "Deprecation": f"@{since.timestamp():.0f}",
            "Sunset": format_datetime(until, usegmt=True),
            "Link": f'<{self.successor}>; rel="successor-version"',
        }


@dataclass(frozen=True, slots=True)
class Declared:
    """What an endpoint promises: to whom, what goes in, what comes out, and how it refuses.

    `answer` is the shape of the members; without one the view makes the whole response, and
    `files` documents it as a mapping of media type to an example.
    """

    scope: Scope | None
    writes: bool
    status: int = 200
    body: Body | None = None
    query: Schema | None = None
    answer: Schema | None = None
    example: Mapping[str, Any] | None = None
    files: Mapping[str, Any] = field(default_factory=dict)
    refuses: Refusals = ()
    failure: Failure = PROBLEM
    #: the shape of 202, where a sender may choose not to wait (RFC 7240), or it would be too long
    accepted: Schema | None = None
    #: for endpoints without a scope; those with one are counted by client
    rate: Rate = "public"
    #: whether a client may show its secret instead of a token (RFC 7617)
    by_secret: bool = False
    #: further headers of the request, as the API document has parameters
    headers: tuple[Mapping[str, Any], ...] = ()
    #: where the call will not stay
    ending: Ending | None = None

    @property
    def counted(self) -> bool:
        """Whether a limit holds here."""
        return self.scope is not None or bool(self.rate)

    def refusals(self) -> Refusals:
        """Return every failure that the endpoint may answer with, those of all endpoints too."""
        found: list[type[CreditBankError]] = [*self.refuses, RequestInvalidError]
        if self.scope is not None:
            found += [TokenRefusedError, ScopeMissingError]
        if self.counted:
            found += [RateExceededError]
        if self.body is not None:
            found += [RequestBodyMissingError, RequestTooLargeError]
        if isinstance(self.body, JsonBody):
            found += _JSON_REFUSALS
        if isinstance(self.body, FormBody):
            found += [FormMalformedError, MediaTypeUnsupportedError]
        if self.writes:
            found += _WRITE_REFUSALS
        return (*dict.fromkeys(found), BusyError, DatabaseLostError, InternalError)


def operation(declared: Declared, name: str, method: str) -> dict[str, Any]:
    """Return the operation's members beside summary, description and path parameters."""
    compared = method == "GET" and declared.answer is not None
    made: dict[str, Any] = {
        "operationId": name,
        "security": [{SECURITY_SCHEME: [str(declared.scope)]}] if declared.scope else [],
        "parameters": [*_parameters(declared), *([_IF_NONE_MATCH] if compared else [])],
        "responses": {
            str(declared.status): _success(declared), **_accepted(declared),
            **({"304": _not_modified(declared)} if compared else {}), **_problems(declared),
        },
    }  # fmt: skip
    if compared:
        made["responses"][str(declared.status)]["headers"]["ETag"] = _ETAG
    if declared.ending is not None:
        made["deprecated"] = True
    if declared.body is not None:
        made["requestBody"] = {"required": True, "content": declared.body.documented()}
    return made


def _parameters(declared: Declared) -> list[dict[str, Any]]:
    language: dict[str, Any] = {
        "in": "header",
        "name": "Accept-Language",
        "description": "Language of problems: zh (default) or en.",
        "schema": {"type": "string"},
        "example": "zh-CN",
    }
    parameters = [language, *map(dict, declared.headers)]
    if declared.writes:
        parameters.append(
            {
                "in": "header",
                "name": HEADER,
                "required": "mode" not in (declared.query.fields if declared.query else {}),
                "description": "Chosen by the sender, never used before; a retry bears the same.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 66},
                "example": '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
            }
        )
    if declared.accepted is not None:
        parameters.append(
            {
                "in": "header",
                "name": "Prefer",
                "description": "respond-async: do not wait (RFC 7240); 202 is answered.",
                "schema": {"type": "string"},
                "example": ASYNC,
            }
        )
    if declared.query is not None:
        parameters.append({"in": "query", "schema": declared.query})
    return parameters


def _success(declared: Declared) -> dict[str, Any]:
    content: dict[str, Any] = {
        media_type: {
            "schema": {"type": _type_of(media_type, example)},
            "example": example,
        }
        for media_type, example in declared.files.items()
    }
    if declared.answer is not None:
        content["application/json"] = {"schema": declared.answer}
        if declared.example is not None:
            content["application/json"]["example"] = declared.example
    made: dict[str, Any] = {
        "description": HTTPStatus(declared.status).phrase, "content": content,
    }  # fmt: skip
    made["headers"] = _rate_headers(declared)
    if declared.writes:
        replayed = {"description": "true on a retry's answer.", "schema": {"type": "string"}}
        made["headers"][REPLAYED_HEADER] = replayed
    return made


def _not_modified(declared: Declared) -> dict[str, Any]:
    return {
        "description": "Not modified: what the sender named is still the answer.",
        "headers": {**_rate_headers(declared), "ETag": _ETAG},
    }


def _type_of(media_type: str, example: Any) -> str:
    if isinstance(example, list):
        return "array"
    return "object" if media_type.endswith("json") else "string"


def _accepted(declared: Declared) -> dict[str, Any]:
    if declared.accepted is None:
        return {}
    made = _success(replace(declared, answer=declared.accepted, status=HTTPStatus.ACCEPTED))
    text = {"schema": {"type": "string"}}
    made["headers"] |= {
        "Location": {"description": "Where it is told how far the work is.", **text},
        APPLIED_HEADER: {"description": f"{ASYNC}, where that was preferred.", **text},
    }
    return {str(HTTPStatus.ACCEPTED.value): made}


def _rate_headers(declared: Declared) -> dict[str, Any]:
    names = RATE_HEADERS if declared.counted else {}
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problems(declared: Declared) -> dict[str, Any]:
    by_status: dict[int, list[type[CreditBankError]]] = defaultdict(list)
    for refusal in declared.refusals():
        by_status[declared.failure.status_of(refusal)].append(refusal)
    made = {
        str(status): _problem(declared.failure, by_status[status]) for status in sorted(by_status)
    }
    if declared.counted:
        retry = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
        made[str(RateExceededError.status)]["headers"] = _rate_headers(declared) | retry
    return made


def _problem(failure: Failure, refusals: list[type[CreditBankError]]) -> dict[str, Any]:
    titles = {each.code: catalogue.entries()[each.code]["title"]["en"] for each in refusals}
    return {
        "description": "; ".join(f"`{code}` {title}" for code, title in titles.items()),
        "content": {
            failure.media_type: {
                "schema": failure.shape,
                "examples": {each.code: {"value": failure.example_of(each)} for each in refusals},
            }
        },
    }
