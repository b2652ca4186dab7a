"""The OpenAPI document is valid and whole: every route, its key, its refusals, its examples."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from creditbank.api.bodies import FormBody, JsonBody
from creditbank.api.operations import Declared
from creditbank.catalogue import entries
from creditbank.errors import CreditBankError
from tests.api.desk import Desk

#: Anybody may call these: the law, the logs and their proofs, the keys, the pulse, and the ways in.
PUBLIC = {
    "GET /.well-known/oauth-authorization-server",
    "GET /.well-known/jwks.json",
    "GET /api/v1/consistency",
    "GET /api/v1/logs",
    "GET /api/v1/organisations/{uscc}/figures",
    "GET /api/v1/packs",
    "GET /api/v1/packs/{pack_id}/adoptions",
    "GET /api/v1/packs/{pack_id}/{version}",
    "GET /api/v1/proofs",
    "GET /health",
    "GET /ledger/{jurisdiction}/{year}/checkpoint",
    "GET /ledger/{jurisdiction}/{year}/tile/{rest}",
    "GET /xapi/about",
    "POST /api/v1/oauth/token",
    "POST /api/v1/packs/{scheme}/explain",
    "POST /api/v1/setup",
}
#: Reads by a body, because what is asked must not stand in an address; exports that may name
#: people, which no key may keep; sealing, which is one; and
#: tokens, as OAuth has it; xAPI statements bear their keys themselves.
READS_BY_BODY = {
    "read_balances", "read_entries", "read_statement", "rehearse_records", "explain_rules",
    "seal_now", "give_token", "post_xapi_statements",
    "take_review_export", "take_units_review_export",
}  # fmt: skip
#: Tells its failures as OAuth has it.
OAUTH = "POST /api/v1/oauth/token"


@pytest.fixture
def document(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = desk.nobody.get("/api/v1/openapi.json").get_json()
    return found


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "put")
    }


def declarations(desk: Desk) -> dict[str, Declared]:
    return {
        endpoint.rpartition(".")[2]: declared
        for endpoint, view in desk.bank.app.view_functions.items()
        if isinstance(declared := getattr(view, "declared", None), Declared)
    }


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"

    validate(document)


def test_every_route_is_documented(desk: Desk, document: dict[str, Any]) -> None:
    routed = {
        f"{method} " + re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule.rule)
        for rule in desk.bank.app.url_map.iter_rules()
        if not rule.endpoint.startswith("web.")  # pages are for people
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}
    }

    assert routed - {"GET /api/v1/openapi.json"} == set(operations(document))


def test_every_route_wants_a_scope_or_is_public_by_intent(document: dict[str, Any]) -> None:
    found = operations(document)

    assert {name for name, each in found.items() if not each["security"]} == PUBLIC
    assert all(
        {"401", "403"} <= set(each["responses"])
        for name, each in found.items()
        if name not in PUBLIC
    )


def test_every_write_wants_an_idempotency_key(document: dict[str, Any]) -> None:
    keyless = {
        each["operationId"]
        for name, each in operations(document).items()
        if name.startswith("POST")
        and "Idempotency-Key" not in [parameter.get("name") for parameter in each["parameters"]]
    }

    assert keyless == READS_BY_BODY


def test_every_operation_says_what_it_does_and_how_it_refuses(document: dict[str, Any]) -> None:
    for name, each in operations(document).items():
        assert each["summary"], name
        assert any(status.startswith("2") for status in each["responses"]), name
        for status in each["responses"]:
            if not status.startswith(("2", "304")) and status != "default":
                told = "application/json" if name == OAUTH else "application/problem+json"
                shape = "TokenFailure" if name == OAUTH else "Problem"
                content = each["responses"][status]["content"][told]
                assert content["schema"] == {"$ref": f"#/components/schemas/{shape}"}, name
                assert set(content["examples"]) <= set(entries()), name


def test_every_example_of_a_body_would_be_accepted(desk: Desk) -> None:
    bodies = [
        declared.body
        for declared in declarations(desk).values()
        if isinstance(declared.body, JsonBody | FormBody)
    ]

    assert len(bodies) > 10
    for body in bodies:
        body.shape.load(body.example)


def shown(part: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield each schema of the document that has an example, or whose place has one, with it."""
    if isinstance(part, dict):
        schema = part.get("schema", part)
        if "example" in part and isinstance(schema, dict):
            yield schema, part["example"]
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from shown(each)


def test_every_example_is_of_the_schema_beside_it(document: dict[str, Any]) -> None:
    named = json.loads(json.dumps(document).replace('"#/', '"urn:document#/'))
    registry = Registry().with_resource("urn:document", Resource(named, DRAFT202012))
    found = [*shown(named["paths"]), *shown(named["components"]["schemas"])]

    wrong = [
        (schema, example)
        for schema, example in found
        if not Draft202012Validator(schema, registry=registry).is_valid(example)
    ]
    assert len(found) > 1_000
    assert wrong == []


def test_every_refusal_has_its_words(desk: Desk) -> None:
    refusals: set[type[CreditBankError]] = set()
    for declared in declarations(desk).values():
        refusals |= set(declared.refusals())

    assert {refusal.code for refusal in refusals} <= set(entries())
