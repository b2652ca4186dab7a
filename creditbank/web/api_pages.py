"""The API as pages: what the OpenAPI document says of each call, to be read by people."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, current_app

from creditbank import catalogue
from creditbank.catalogue import Language
from creditbank.house import API_DOCUMENT
from creditbank.web.doors import ANYBODY, Pages, Unit, Visit
from creditbank.web.failures import PageUnknownError
from creditbank.web.pages import page, reader_language

#: How far members within members are told.
_METHODS = ("get", "post", "put")
_DEPTH_MAX = 3
_Node = Mapping[str, Any]

api_pages = Pages("api", __name__)


@dataclass(frozen=True, slots=True)
class Member:
    """One member of what is sent or answered: `rows[].day`."""

    name: str
    kind: str
    required: bool
    about: str


@dataclass(frozen=True, slots=True)
class Content:
    """What is sent or answered as one media type: its members, and an example."""

    media_type: str
    members: tuple[Member, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure that a call may end in."""

    status: str
    code: str
    title: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of the API."""

    operation_id: str
    method: str
    path: str
    name: str
    about: str
    scope: str
    parameters: tuple[Member, ...]
    sent: tuple[Content, ...]
    status: str
    answered: tuple[Content, ...]
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """The calls under one heading."""

    tag: str
    name: str
    operations: tuple[Operation, ...]


@api_pages.shown("/docs/api", ANYBODY, unit=Unit.OWN)
def contents(_visit: Visit) -> Response:
    """List every call by its heading."""
    return page("api_contents.html", chapters=list(_chapters(reader_language())))


@api_pages.shown("/docs/api/<public:tag>", ANYBODY, unit=Unit.OWN)
def chapter(_visit: Visit, tag: str) -> Response:
    """Show the calls under one heading in full."""
    for found in _chapters(reader_language()):
        if found.tag == tag:
            return page("api_chapter.html", chapter=found)
    raise PageUnknownError


def _chapters(spoken: Language) -> Iterator[Chapter]:
    document = current_app.extensions[API_DOCUMENT]()
    for tag in document["tags"]:
        operations = tuple(
            _operation(document, path, method, operation, spoken)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if method in _METHODS and operation["tags"] == [tag["name"]]
        )
        slug = tag["name"].replace(" ", "-")
        yield Chapter(slug, _said(f"api-chapter-{slug}", spoken, tag["description"]), operations)


def _operation(
    document: _Node, path: str, method: str, operation: _Node, spoken: Language
) -> Operation:
    shared = document["paths"][path].get("parameters", [])
    security = operation["security"][0] if operation["security"] else {}
    answers = operation["responses"]
    status = next(each for each in answers if each.startswith("2"))
    operation_id, about = operation["operationId"], operation["summary"]
    return Operation(
        operation_id=operation_id,
        method=method.upper(),
        path=path,
        name=_said(f"api-call-{operation_id.replace('_', '-')}", spoken, about),
        about=about,
        scope=next(iter(next(iter(security.values()), [])), ""),
        parameters=tuple(_parameter(each) for each in (*shared, *operation["parameters"])),
        sent=_contents(document, operation.get("requestBody", {})),
        status=status,
        answered=_contents(document, answers[status]),
        failures=tuple(_failures(answers, spoken)),
    )


def _parameter(parameter: _Node) -> Member:
    kind = f"{parameter['in']} · {_kind(parameter['schema'])}"
    about = parameter.get("description", "")
    return Member(parameter["name"], kind, bool(parameter.get("required")), about)


def _contents(document: _Node, holder: _Node) -> tuple[Content, ...]:
    return tuple(
        Content(
            media_type,
            tuple(_members(document, content.get("schema", {}), "", _DEPTH_MAX)),
            _shown(content["example"]) if "example" in content else "",
        )
        for media_type, content in holder.get("content", {}).items()
    )


def _members(document: _Node, schema: _Node, above: str, depth: int) -> Iterator[Member]:
    found = _resolved(document, schema)
    for name, said in found.get("properties", {}).items():
        inner = _resolved(document, said)
        is_list = "items" in inner
        place = f"{above}{name}"
        yield Member(
            place, _kind(inner), name in found.get("required", ()),
            str(said.get("description", inner.get("description", ""))),
        )  # fmt: skip
        if depth > 1:
            within = inner["items"] if is_list else inner
            yield from _members(document, within, place + ("[]." if is_list else "."), depth - 1)


def _resolved(document: _Node, schema: _Node) -> _Node:
    for wrapped in ("allOf", "anyOf"):
        if wrapped in schema:
            schema = {**schema[wrapped][0], **{k: v for k, v in schema.items() if k != wrapped}}
    reference = schema.get("$ref", "")
    if not reference:
        return schema
    held: _Node = document["components"]["schemas"][reference.rpartition("/")[2]]
    return held


def _kind(schema: _Node) -> str:
    """Name a type with its bounds: `string ≤ 200`, `integer 1–40`, one of some words."""
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    kind = schema.get("type", "object")
    name = " | ".join(kind) if isinstance(kind, list) else str(kind)
    if "maxLength" in schema:
        return f"{name} ≤ {schema['maxLength']}"
    if "maximum" in schema:
        return f"{name} {schema['minimum']}–{schema['maximum']}"
    return f"{name} ({schema['format']})" if "format" in schema else name


def _failures(answers: _Node, spoken: Language) -> Iterator[Failure]:
    for status, answer in answers.items():
        for content in answer.get("content", {}).values():
            for code in content.get("examples", {}):
                yield Failure(status, code, catalogue.entries()[code]["title"][spoken])


def _shown(example: object) -> str:
    if isinstance(example, str):
        return example
    return json.dumps(example, ensure_ascii=False, indent=2)


def _said(code: str, spoken: Language, otherwise: str) -> str:
    return catalogue.text(code, spoken) if code in catalogue.entries() else otherwise
