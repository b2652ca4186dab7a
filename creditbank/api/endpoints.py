"""Endpoints: each declared once, with who may call it, what goes in, what comes out, how it fails.

From one declaration come the checks before the view, the transaction around it, the first answer
kept for retries, and the endpoint's part of the OpenAPI document. A view unpacks, calls one service
and shapes; it neither commits nor reads the clock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from functools import partial, wraps
from http import HTTPStatus
from typing import Any, Literal

from flask import Response, after_this_request, json, request
from flask_smorest import Blueprint  # type: ignore[import-untyped]
from marshmallow import Schema
from sqlalchemy.orm import Session

from creditbank.api import access
from creditbank.api.bodies import Content, loaded_by
from creditbank.api.idempotency import REPLAYED_HEADER, write_key
from creditbank.api.operations import ASYNC, Declared, Ending, Rate, operation
from creditbank.clock import utc_now
from creditbank.db import snapshot, writing
from creditbank.house import current_house
from creditbank.limits import count_address, count_client
from creditbank.readymade import Asked
from creditbank.registry.clients import Client, Scope
from creditbank.registry.idempotency import (
    FirstAnswer,
    WriteKey,
    answer_asked,
    claim,
    claim_asked,
    first_answer,
    keep,
)
from creditbank.registry.tokens import TokenRefusedError
from creditbank.schemas.fields import Shape
from creditbank.schemas.wanted import invalid_at

PREFIX = "/api/v1"
Method = Literal["GET", "POST", "PUT"]
#: Whom the keys of writes belong to that nobody has signed.
PUBLIC_WRITER = "public"


class Public(Enum):
    """Stands in a declaration where a scope would: anybody may call."""

    ANYBODY = "anybody"


class Unit(Enum):
    """The transaction around a view."""

    #: one snapshot in which nothing can be written
    READING = "reading"
    #: one unit of work, with the first answer in it
    WRITING = "writing"
    #: one snapshot, behind which the view may have more to do (`Afterwards`)
    LOOKING = "looking"
    #: the view opens its own, because it needs more than one
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, unpacked: who asks, with what, and when; `dry` runs are rolled back."""

    asker: Client | None
    query: Mapping[str, Any]
    body: Any
    now: datetime
    dry: bool = False
    write: WriteKey | None = None

    @property
    def client(self) -> Client:
        """The client; an endpoint with a scope always has one."""
        assert self.asker is not None, "a public endpoint does not ask who calls"
        return self.asker


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with more than its members: what of it is kept for retries, and its headers."""

    members: Any
    kept: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    #: what a dry run wrote is kept, since the view itself took back all that was only tried
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class Afterwards:
    """What a view that looked has still to do once its snapshot is over; it gives the answer."""

    do: Callable[[], Any]


View = Callable[..., Any]


class Door(Blueprint):  # type: ignore[misc] # the package has no types
    """A set of endpoints under one heading of the API document."""

    def get(self, rule: str, access_: Scope | Public, **declared: Any) -> Callable[[View], View]:
        """Declare a reading endpoint; see `Declared` for the rest."""
        unit = declared.pop("unit", Unit.READING)
        return self._endpoint("GET", rule, access_, unit, declared)

    def post(self, rule: str, access_: Scope | Public, **declared: Any) -> Callable[[View], View]:
        """Declare a writing endpoint, or one that reads by a body; see `Declared` for the rest."""
        unit = declared.pop("unit", Unit.WRITING)
        return self._endpoint("POST", rule, access_, unit, declared)

    def put(self, rule: str, access_: Scope | Public, **declared: Any) -> Callable[[View], View]:
        """Declare a writing endpoint whose address names what is written."""
        unit = declared.pop("unit", Unit.WRITING)
        return self._endpoint("PUT", rule, access_, unit, declared)

    def _endpoint(
        self, method: Method, rule: str, access_: Scope | Public, unit: Unit, options: Any
    ) -> Callable[[View], View]:
        writes = options.pop("writes", unit is Unit.WRITING)
        scope = access_ if isinstance(access_, Scope) else None
        declared = Declared(scope=scope, writes=writes, **options)

        def declare(view: View) -> View:
            @wraps(view)
            def endpoint(**path: Any) -> Response:
                if declared.ending is not None:
                    after_this_request(partial(_ending_told, declared.ending))
                return _answered(declared, unit, view, path)

            endpoint._apidoc = {"manual_doc": operation(declared, view.__name__, method)}  # type: ignore[attr-defined]
            endpoint.declared = declared  # type: ignore[attr-defined]
            self.add_url_rule(rule, view.__name__, endpoint, methods=[method])
            return view

        return declare


def _answered(declared: Declared, unit: Unit, view: View, path: Mapping[str, Any]) -> Response:
    now = utc_now()
    if declared.scope is None and declared.rate:
        limit_address(declared.rate, now=now)
    if unit is Unit.READING:
        with snapshot() as session:
            asker = _asker(session, declared, now)
            call, _content = _unpacked(declared, asker, now)
            return _response(declared, view(call, session, **path))
    if unit is Unit.LOOKING:
        with snapshot() as session:
            call = _keyed(declared, _asker(session, declared, now), now)
            found = view(call, session, **path)
        return _response(declared, found.do() if isinstance(found, Afterwards) else found)
    asker = None
    if declared.scope is not None:
        with snapshot() as session:
            asker = _asker(session, declared, now)
    call = _keyed(declared, asker, now)
    if unit is Unit.OWN:
        return _response(declared, view(call, **path))
    return _written(declared, view, call, path)


def _keyed(declared: Declared, asker: Client | None, now: datetime) -> Call:
    """Unpack a call, with its key where it writes."""
    call, content = _unpacked(declared, asker, now)
    if not declared.writes or call.dry:
        return call
    client_id = asker.client_id if asker else PUBLIC_WRITER
    return replace(call, write=write_key(client_id, content.said))


def _asker(session: Session, declared: Declared, now: datetime) -> Client | None:
    scope = declared.scope
    if scope is None:
        return None
    try:
        client = access.calling_client(session, by_secret=declared.by_secret, now=now)
    except TokenRefusedError:
        limit_address("public", now=now)
        raise
    count_client(client.client_id, now=now)
    access.require_scope(client, scope)
    return client


def limit_address(rate: Rate, *, now: datetime) -> None:
    """Count a request by its address, under the limit of the settings that has this name.

    Raises:
        RateExceededError: it is one too many.
    """
    limit: int = getattr(current_house().settings, f"rate_{rate}_requests")
    count_address(rate, limit, now=now)


def _unpacked(declared: Declared, asker: Client | None, now: datetime) -> tuple[Call, Content]:
    query = query_of(declared.query)
    content = declared.body.read() if declared.body else Content(None, b"")
    dry = str(query.get("mode", "")) == "validate"
    return Call(asker, query, content.value, now, dry), content


def query_of(shape: Schema | None) -> Mapping[str, Any]:
    """Return the query as a shape has it; unknown and repeated parameters are refused.

    Raises:
        RequestInvalidError: naming them.
    """
    for name, values in request.args.lists():
        if len(values) > 1:
            raise invalid_at(f"/{name[:40]}", "field-repeated")
    if shape is None and not request.args:
        return {}
    loaded: Mapping[str, Any] = loaded_by(shape or Shape(), request.args.to_dict())
    return loaded


def _written(declared: Declared, view: View, call: Call, path: Mapping[str, Any]) -> Response:
    with writing() as session:
        first = claimed(session, call)
        if first is not None:
            return replayed(first)
        result = view(call, session, **path)
        if call.dry:
            if not (isinstance(result, Reply) and result.keeps):
                session.rollback()
            return _response(declared, result)
        response = _response(declared, result)
        kept = result.kept if isinstance(result, Reply) else None
        members = response.get_json() if kept is None else kept
        keep_members(session, call, response.status_code, members)
        return response


def claimed(session: Session, call: Call) -> FirstAnswer | None:
    """Claim the call's key in this transaction; return the first answer if there is one.

    `keep_members` follows.
    """
    if call.write is None:
        return None
    return claim(session, call.write, forgotten_before=_forgotten_before(call), now=call.now)


def claim_asked_of(call: Call, answer: FirstAnswer) -> Asked:
    """Say what `claimed` asks the database for an answer that is known; no row: it was claimed."""
    assert call.write is not None, "a write that is not dry has a key"
    return claim_asked(call.write, answer, forgotten_before=_forgotten_before(call), now=call.now)


def _forgotten_before(call: Call) -> datetime:
    return call.now - timedelta(days=current_house().settings.idempotency_days)


def answer_asked_of(call: Call) -> Asked:
    """Say what `first_answer_of` is about to ask the database, to ask it ahead."""
    assert call.write is not None, "a write that is not dry has a key"
    return answer_asked(call.write)


def first_answer_of(session: Session, call: Call) -> Mapping[str, Any] | None:
    """Return what the call's key was answered before, without claiming it."""
    assert call.write is not None, "a write that is not dry has a key"
    first = first_answer(session, call.write)
    return None if first is None else first.answer


def keep_members(session: Session, call: Call, status: int, members: Mapping[str, Any]) -> None:
    """Keep what is answered, in the transaction of the act."""
    assert call.write is not None, "a write that is not dry has a key"
    keep(session, call.write, FirstAnswer(status, members))


def replayed(first: FirstAnswer) -> Response:
    """Answer as the first time, marked."""
    response = Response(
        json.dumps(first.answer), status=first.status, content_type="application/json"
    )
    response.headers[REPLAYED_HEADER] = "true"
    if first.status == HTTPStatus.ACCEPTED and "location" in first.answer:
        response.headers["Location"] = str(first.answer["location"])
    response.headers["Cache-Control"] = "no-store"
    return response


def prefers_async() -> bool:
    """Tell whether the sender prefers not to wait (RFC 7240)."""
    preferences = ",".join(request.headers.getlist("Prefer")).split(",")
    return ASYNC in {each.partition(";")[0].strip().lower() for each in preferences}


def _ending_told(ending: Ending, response: Response) -> Response:
    """Tell with an answer, whatever it is, that the call will not stay."""
    response.headers.update(ending.headers())
    return response


def _response(declared: Declared, result: Any) -> Response:
    if isinstance(result, Response):
        return result
    reply = result if isinstance(result, Reply) else Reply(result)
    shape = declared.accepted if reply.status == HTTPStatus.ACCEPTED else declared.answer
    members = shape.dump(reply.members) if shape else reply.members
    response = Response(
        json.dumps(members),
        status=reply.status or declared.status,
        content_type="application/json",
        headers=dict(reply.headers),
    )
    response.headers.setdefault("Cache-Control", "no-store")
    if request.method == "GET":
        # What is private stays out of caches all the same; a program that polls saves the body.
        response.add_etag()
        response.make_conditional(request)
    return response
