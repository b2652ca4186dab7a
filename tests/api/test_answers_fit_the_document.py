"""A client that holds every answer against the API document finds each as it is documented."""

import json
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.achievements import publish_works
from tests.api.desk import Desk
from tests.api.test_declared_items import declared
from tests.api.test_delegations_api import give


def fits(desk: Desk, schema: str, answer: Any) -> bool:
    """Whether an answer is of a schema of the document, and of those that it refers to."""
    text = desk.nobody.get("/api/v1/openapi.json").text.replace('"#/', '"urn:document#/')
    document = Resource(json.loads(text), DRAFT202012)
    registry = Registry().with_resource("urn:document", document)
    reference = {"$ref": f"urn:document#/components/schemas/{schema}"}
    return Draft202012Validator(reference, registry=registry).is_valid(answer)


def test_a_code_that_begins_with_a_digit_is_documented_of_both_sides(desk: Desk) -> None:
    made = give(desk)
    listed = desk.provider.get("/api/v1/delegations").get_json()

    assert fits(desk, "DelegationAnswer", made)
    assert fits(desk, "DelegationsAnswer", listed)
    assert not fits(desk, "DelegationAnswer", made | {"holder": "示例"})


def test_what_an_item_does_not_say_may_be_empty_in_the_document(desk: Desk) -> None:
    publish_works(desk.bank)
    item_no = declared(desk.provider)
    read = desk.official.get(f"/api/v1/items/{item_no}").get_json()
    listed = desk.official.get("/api/v1/items").get_json()

    assert (read["form"], read["evidence"][0]["sha256"]) == ("", "")
    assert fits(desk, "ItemAnswer", read)
    assert fits(desk, "ItemsAnswer", listed)
    assert not fits(desk, "ItemAnswer", read | {"title": ""})
