"""The form of xAPI statements, member by member, as IEEE 9274.1.1 §4.2 has it."""

import copy
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from creditbank.attendance.statements import comparable, minutes_of
from creditbank.schemas.xapi import check_statements
from creditbank.schemas.xapi_terms import StatementInvalidError

UUID = "8e03978e-40d5-43dd-bc93-6894a57f9324"
AGENT = {"mbox": "mailto:li@example.com"}
GROUP = {"objectType": "Group", "name": "一组", "member": [AGENT]}
ACTIVITY = {"id": "https://example.com/a"}
PLAIN: Mapping[str, Any] = {
    "actor": AGENT, "verb": {"id": "https://example.com/v"}, "object": ACTIVITY,
}  # fmt: skip
ATTACHMENT = {
    "usageType": "https://example.com/u", "display": {"en-US": "a"}, "contentType": "text/plain",
    "length": 27, "sha2": "0" * 64, "fileUrl": "https://example.com/f.txt",
}  # fmt: skip
CHOICES = [{"id": "a", "description": {"en": "A"}}, {"id": "b"}]


def object_defined(**said: Any) -> dict[str, Any]:
    return {"object": {**ACTIVITY, "definition": said}}


def sub(**said: Any) -> dict[str, Any]:
    return {"object": {"objectType": "SubStatement", **PLAIN, **said}}


def errors(tree: Any) -> list[tuple[str, str]]:
    try:
        check_statements(tree)
    except StatementInvalidError as error:
        return [(each.path, each.code) for each in error.errors]
    return []


GOOD: tuple[Mapping[str, Any], ...] = (
    {},
    {"id": UUID.upper(), "version": "2.0.0", "stored": "2026-11-12T09:00:00Z"},
    {"version": "1.0.3"},
    {"actor": GROUP},
    {"actor": {"objectType": "Group", **AGENT}},
    {"actor": {"mbox_sha1sum": "a" * 40}},
    {"actor": {"openid": "https://li.example.com/"}},
    {"actor": {"account": {"homePage": "https://example.com", "name": "1"}, "name": ""}},
    {"verb": {"id": "https://example.com/v", "display": {"zh-Hans-CN": "到场", "x-klingon": "a"}}},
    {"verb": {"id": "https://example.com/v", "display": {"en-GB-oed": "a", "sgn-BE-FR": "b"}}},
    {"object": {"objectType": "Agent", **AGENT}},
    {"object": GROUP},
    {"object": {"objectType": "StatementRef", "id": UUID}},
    sub(),
    sub(timestamp="2026-11-12 09:00:00.5+08:00", context={"platform": "LMS"}),
    sub(object={"objectType": "StatementRef", "id": UUID}),
    {"timestamp": "2026-11-12t09:00:60z"},
    {"result": {}},
    {"result": {"duration": "P3Y1M29DT4H35M59.14S", "success": True, "response": ""}},
    {"result": {"duration": "P4W", "score": {"scaled": Decimal("-1"), "raw": 3, "min": 0}}},
    {"result": {"extensions": {"https://example.com/e": None}}},
    {"context": {"registration": UUID, "instructor": AGENT, "team": GROUP, "language": "zh-CN"}},
    {"context": {"contextActivities": {"parent": ACTIVITY, "other": [ACTIVITY, ACTIVITY]}}},
    {"context": {"contextAgents": [
        {"objectType": "contextAgent", "agent": AGENT, "relevantTypes": ["https://example.com/t"]}
    ]}},
    {"context": {"contextGroups": [{"objectType": "contextGroup", "group": GROUP}]}},
    {"context": {"revision": "1", "platform": "LMS", "statement":
                 {"objectType": "StatementRef", "id": UUID}}},
    object_defined(name={"zh": "一"}, type="https://example.com/t", moreInfo="https://example.com"),
    object_defined(interactionType="choice", choices=CHOICES, correctResponsesPattern=["a"]),
    object_defined(interactionType="matching", source=CHOICES, target=CHOICES),
    object_defined(extensions={"https://example.com/e": {"any": [1, None]}}),
    {"attachments": [ATTACHMENT]},
    {"authority": {"objectType": "Group", "member": [AGENT, {"openid": "https://example.com"}]}},
)  # fmt: skip

BAD: tuple[tuple[Mapping[str, Any], str, str], ...] = (
    ({"mood": "good"}, "/mood", "field-unknown"),
    ({"Actor": AGENT}, "/Actor", "field-unknown"),
    ({"id": 12345}, "/id", "xapi-uuid"),
    ({"id": UUID + "8"}, "/id", "xapi-uuid"),
    ({"id": "M" + UUID[1:]}, "/id", "xapi-uuid"),
    ({"id": None}, "/id", "field-null"),
    ({"version": "0.9.5"}, "/version", "xapi-version-property"),
    ({"version": "1.1"}, "/version", "xapi-version-property"),
    ({"stored": "12.11.2026"}, "/stored", "xapi-timestamp"),
    ({"actor": "李"}, "/actor", "field-object"),
    ({"actor": {}}, "/actor", "xapi-identifier"),
    ({"actor": {**AGENT, "openid": "https://example.com"}}, "/actor", "xapi-identifier"),
    ({"actor": {**AGENT, "objectType": "agent"}}, "/actor/objectType", "field-choice"),
    ({"actor": {**AGENT, "member": []}}, "/actor/member", "field-unknown"),
    ({"actor": {**AGENT, "name": None}}, "/actor/name", "field-null"),
    ({"actor": {**AGENT, "name": 7}}, "/actor/name", "xapi-text"),
    ({"actor": {"mbox": "li@example.com"}}, "/actor/mbox", "xapi-mailto"),
    ({"actor": {"mbox_sha1sum": "abc"}}, "/actor/mbox_sha1sum", "xapi-sha1"),
    ({"actor": {"openid": "li"}}, "/actor/openid", "xapi-iri"),
    ({"actor": {"account": {"name": "1"}}}, "/actor/account/homePage", "field-required"),
    ({"actor": {"account": {"homePage": "https://e.cn", "name": ""}}}, "/actor/account/name",
     "xapi-text-filled"),
    ({"actor": {"account": {"homePage": "e.cn", "name": "1"}}}, "/actor/account/homePage",
     "xapi-iri"),
    ({"actor": {"objectType": "Group"}}, "/actor/member", "field-required"),
    ({"actor": {"objectType": "Group", "member": [{"objectType": "Group", **AGENT}]}},
     "/actor/member/0/objectType",
     "field-choice"),
    ({"verb": {}}, "/verb/id", "field-required"),
    ({"verb": {"id": "attended"}}, "/verb/id", "xapi-iri"),
    ({"verb": {"id": "https://e.cn/v", "display": {"something": "a"}}}, "/verb/display/something",
     "xapi-language"),
    ({"verb": {"id": "https://e.cn/v", "display": {"en": None}}}, "/verb/display/en", "xapi-text"),
    ({"verb": {"id": "https://e.cn/v", "display": "a"}}, "/verb/display", "field-object"),
    ({"verb": {"id": "https://e.cn/v", "display": {}}}, "/verb/display", "xapi-language-none"),
    (object_defined(name={}), "/object/definition/name", "xapi-language-none"),
    (sub(object={**ACTIVITY, "definition": {"description": {}}}),
     "/object/object/definition/description", "xapi-language-none"),
    ({"attachments": [{**ATTACHMENT, "display": {}}]}, "/attachments/0/display",
     "xapi-language-none"),
    ({"object": {}}, "/object/id", "field-required"),
    ({"object": {"objectType": "activity", "id": "https://e.cn"}}, "/object/objectType",
     "field-choice"),
    ({"object": {"id": "a b:c"}}, "/object/id", "xapi-iri"),
    ({"object": {"objectType": "StatementRef"}}, "/object/id", "field-required"),
    ({"object": {"objectType": "StatementRef", "id": UUID, "definition": {}}},
     "/object/definition", "field-unknown"),
    (sub(id=UUID), "/object/id", "field-unknown"),
    (sub(stored="2026-11-12T09:00:00Z"), "/object/stored", "field-unknown"),
    (sub(authority=AGENT), "/object/authority", "field-unknown"),
    (sub(version="2.0.0"), "/object/version", "field-unknown"),
    (sub(**sub()), "/object/object/objectType", "field-choice"),
    (sub(timestamp="2026-11-12"), "/object/timestamp", "xapi-timestamp"),
    ({"object": {"objectType": "SubStatement", "actor": AGENT, "object": ACTIVITY}}, "/object/verb",
     "field-required"),
    (object_defined(colour="red"), "/object/definition/colour", "field-unknown"),
    (object_defined(type="lesson"), "/object/definition/type", "xapi-iri"),
    (object_defined(moreInfo=None), "/object/definition/moreInfo", "field-null"),
    (object_defined(extensions={"e": 1}), "/object/definition/extensions/e", "xapi-iri"),
    (object_defined(interactionType="guess"), "/object/definition/interactionType", "field-choice"),
    (object_defined(choices=CHOICES), "/object/definition/interactionType", "field-required"),
    (object_defined(interactionType="likert", choices=CHOICES), "/object/definition/choices",
     "xapi-member-unfit"),
    (object_defined(interactionType="choice", choices=[CHOICES[1]] * 2),
     "/object/definition/choices", "xapi-component-twice"),
    (object_defined(interactionType="choice", choices={}), "/object/definition/choices",
     "xapi-list"),
    (object_defined(interactionType="other", correctResponsesPattern="a"),
     "/object/definition/correctResponsesPattern", "xapi-list"),
    ({"result": []}, "/result", "field-object"),
    ({"result": {"success": "true"}}, "/result/success", "field-boolean"),
    ({"result": {"completion": 1}}, "/result/completion", "field-boolean"),
    ({"result": {"response": 1}}, "/result/response", "xapi-text"),
    ({"result": {"duration": "PA1H0M0S"}}, "/result/duration", "xapi-duration"),
    ({"result": {"duration": "P4W1D"}}, "/result/duration", "xapi-duration"),
    ({"result": {"duration": "P"}}, "/result/duration", "xapi-duration"),
    ({"result": {"duration": "P1DT"}}, "/result/duration", "xapi-duration"),
    ({"result": {"duration": "PT1.5H30M"}}, "/result/duration", "xapi-duration"),
    ({"result": {"score": {"scaled": Decimal("1.01")}}}, "/result/score/scaled", "xapi-scaled"),
    ({"result": {"score": {"max": "100"}}}, "/result/score/max", "xapi-number"),
    ({"result": {"score": {"raw": True}}}, "/result/score/raw", "xapi-number"),
    ({"result": {"score": {"raw": 11, "max": 10}}}, "/result/score/raw", "xapi-score-bounds"),
    ({"result": {"score": {"raw": -1, "min": 0}}}, "/result/score/raw", "xapi-score-bounds"),
    ({"result": {"score": {"min": 5, "max": 5}}}, "/result/score/min", "xapi-score-bounds"),
    ({"context": {"registration": "r"}}, "/context/registration", "xapi-uuid"),
    ({"context": {"team": AGENT}}, "/context/team/objectType", "field-required"),
    ({"context": {"language": "chinese language"}}, "/context/language", "xapi-language"),
    ({"context": {"statement": {"id": UUID}}}, "/context/statement/objectType", "field-required"),
    ({"context": {"contextActivities": {"sibling": ACTIVITY}}},
     "/context/contextActivities/sibling", "field-unknown"),
    ({"context": {"contextActivities": {"parent": [{}]}}},
     "/context/contextActivities/parent/0/id", "field-required"),
    ({"context": {"contextAgents": [{"objectType": "contextGroup", "agent": AGENT}]}},
     "/context/contextAgents/0/objectType", "field-choice"),
    ({"context": {"contextAgents": [
        {"objectType": "contextAgent", "agent": AGENT, "relevantTypes": []}
    ]}}, "/context/contextAgents/0/relevantTypes", "xapi-list"),
    ({"context": {"contextGroups": [
        {"objectType": "contextGroup", "group": GROUP, "relevantTypes": ["abc"]}
    ]}}, "/context/contextGroups/0/relevantTypes/0", "xapi-iri"),
    ({"object": {"objectType": "Agent", **AGENT}, "context": {"platform": "LMS"}},
     "/context/platform", "xapi-member-unfit"),
    (sub(object=GROUP, context={"revision": "1"}), "/object/context/revision", "xapi-member-unfit"),
    ({"timestamp": "2026-11-12T09:00:00"}, "/timestamp", "xapi-timestamp"),
    ({"timestamp": "2026-11-12T09:00:00-00:00"}, "/timestamp", "xapi-timestamp"),
    ({"timestamp": "2026-11-12T09:00:00+0000"}, "/timestamp", "xapi-timestamp"),
    ({"timestamp": "2026-02-30T09:00:00Z"}, "/timestamp", "xapi-timestamp"),
    ({"timestamp": "0001-01-01T00:00:00+14:00"}, "/timestamp", "xapi-timestamp"),
    ({"timestamp": "9999-12-31T23:59:59-12:00"}, "/timestamp", "xapi-timestamp"),
    ({"authority": {"objectType": "Group", "member": [AGENT]}}, "/authority/member",
     "xapi-authority"),
    ({"authority": {"objectType": "Group", **AGENT, "member": [AGENT, AGENT]}}, "/authority/mbox",
     "xapi-member-unfit"),
    ({"attachments": {}}, "/attachments", "xapi-list"),
    ({"attachments": [{**ATTACHMENT, "length": "27"}]}, "/attachments/0/length", "xapi-length"),
    ({"attachments": [{**ATTACHMENT, "sha2": "x"}]}, "/attachments/0/sha2", "xapi-sha2"),
    ({"attachments": [{**ATTACHMENT, "contentType": "text"}]}, "/attachments/0/contentType",
     "xapi-media-type"),
    ({"attachments": [{key: ATTACHMENT[key] for key in ATTACHMENT.keys() - {"fileUrl"}}]},
     "/attachments/0/fileUrl", "xapi-attachment-body"),
    ({"verb": {"id": "http://adlnet.gov/expapi/verbs/voided"}}, "/object", "xapi-voids-statement"),
)  # fmt: skip


@pytest.mark.parametrize("said", GOOD)
def test_what_the_standard_allows_passes(said: Mapping[str, Any]) -> None:
    assert errors({**PLAIN, **said}) == []


@pytest.mark.parametrize(("said", "path", "code"), BAD)
def test_what_the_standard_forbids_is_named_by_its_place(
    said: Mapping[str, Any], path: str, code: str
) -> None:
    assert errors({**PLAIN, **said}) == [(path, code)]


@pytest.mark.parametrize("name", PLAIN)
def test_actor_verb_and_object_are_required(name: str) -> None:
    without = {key: inner for key, inner in PLAIN.items() if key != name}

    assert errors([PLAIN, without]) == [(f"/1/{name}", "field-required")]


def test_one_id_stands_once_in_a_batch_whatever_its_case() -> None:
    batch = [{**PLAIN, "id": UUID}, PLAIN, {**PLAIN, "id": UUID.upper()}]

    assert errors(batch) == [("/2/id", "xapi-id-twice")]


@pytest.mark.parametrize("tree", [None, "a", 5, [[]], [None]])
def test_what_is_no_object_is_no_statement(tree: Any) -> None:
    assert {code for _, code in errors(tree)} == {"field-object"}


SAID: Mapping[str, Any] = {
    **PLAIN, "actor": {"objectType": "Group", "member": [AGENT, {"openid": "https://e.cn"}]},
    "context": {"registration": UUID, "contextActivities": {"parent": ACTIVITY}},
    "result": {"duration": "PT60M", "score": {"scaled": Decimal("0.50")}},
    "attachments": [ATTACHMENT, {**ATTACHMENT, "length": 3}],
}  # fmt: skip


def changed(path: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(dict(SAID))
    *way, last = path.split("/")
    place: Any = made
    for name in way:
        place = place[int(name) if name.isdigit() else name]
    place[last] = value
    return made


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("stored", "2026-11-12T09:00:00Z"), ("version", "2.0.0"), ("authority", AGENT),
        ("verb/display", {"en": "a"}), ("object/definition", {"name": {"en": "a"}}),
        ("actor/member", SAID["actor"]["member"][::-1]), ("attachments", SAID["attachments"][::-1]),
        ("context/registration", UUID.upper()),
        ("context/contextActivities/parent", [{**ACTIVITY, "definition": {}}]),
        ("result/score/scaled", Decimal("0.5")),
        ("actor/member/0/mbox", "mailto:li@EXAMPLE.com"),
    ],
)  # fmt: skip
def test_what_a_store_may_add_or_show_otherwise_makes_no_other_statement(
    path: str, value: Any
) -> None:
    assert comparable(changed(path, value)) == comparable(SAID)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("result/duration", "PT1H"), ("verb/id", "https://example.com/w"), ("result/success", True),
        ("actor/member/0/mbox", "mailto:Li@example.com"), ("actor/name", "一组"),
        ("result/score/scaled", Decimal("0.51")), ("object/id", "https://example.com/A"),
        ("context/contextActivities/other", [ACTIVITY]), ("attachments", [ATTACHMENT]),
    ],
)  # fmt: skip
def test_everything_else_makes_another_statement(path: str, value: Any) -> None:
    assert comparable(changed(path, value)) != comparable(SAID)


@pytest.mark.parametrize(
    ("duration", "minutes"),
    [("PT6H", 360), ("PT350M59.9S", 350), ("P1DT1H", 1_500), ("P1W", 10_080), ("PT0,5H", 30),
     ("P1Y", None), ("P1M", None), ("P2M1D", None), ("PT59S", 0)],
)  # fmt: skip
def test_minutes_are_whole_and_never_guessed(duration: str, minutes: int | None) -> None:
    assert minutes_of(duration) == minutes
