"""What a platform asks for of its statements: by agent, verb, activity, registration; in a form."""

import json
import re
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from creditbank.attendance.statement_filters import StatementFilter, StatementForm, in_form
from tests.api.desk import Desk, problem_of
from tests.api.test_xapi import LI, VERBS, attended, read, send
from tests.bank import HOST

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
REGISTRATION = str(uuid4())
TEACHER = {"mbox": "mailto:teacher@lms.example.com"}
COURSE = "https://lms.example.com/course/7"
PLAIN: dict[str, Any] = {
    "actor": {"objectType": "Agent", "name": "甲", "mbox": "mailto:a@lms.example.com"},
    "verb": {"id": f"{VERBS}initialized", "display": {"en-US": "began", "zh-CN": "开始"}},
    "object": {"id": f"{COURSE}/1", "definition": {"name": {"en": "One"}}},
    "context": {
        "registration": REGISTRATION.upper(), "instructor": TEACHER,
        "contextActivities": {"parent": [{"id": COURSE}]},
    },
}  # fmt: skip
IN_A_GROUP = {
    **PLAIN, "actor": {"objectType": "Group", "member": [{"mbox": "mailto:b@lms.example.com"}]},
}  # fmt: skip
WITHIN = {
    "actor": TEACHER, "verb": {"id": f"{VERBS}planned"},
    "object": {"objectType": "SubStatement", **PLAIN},
}  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "fitting"),
    [
        ({}, "plain group within"),
        ({"verb": f"{VERBS}initialized"}, "plain group"),
        ({"verb": f"{VERBS}attended"}, ""),
        ({"registration": REGISTRATION}, "plain group"),
        ({"activity": f"{COURSE}/1"}, "plain group"),
        ({"activity": f"{COURSE}/1", "related_activities": True}, "plain group within"),
        ({"activity": COURSE}, ""),
        ({"activity": COURSE, "related_activities": True}, "plain group within"),
        ({"agent": {"mbox": "mailto:a@lms.example.com"}}, "plain"),
        ({"agent": {"mbox": "mailto:a@lms.example.com"}, "related_agents": True}, "plain within"),
        ({"agent": {"mbox": "mailto:b@lms.example.com", "name": "乙"}}, "group"),
        ({"agent": TEACHER}, "within"),
        ({"agent": TEACHER, "related_agents": True}, "plain group within"),
        ({"agent": TEACHER, "verb": f"{VERBS}initialized"}, ""),
    ],
)
def test_all_that_is_asked_has_to_be_there(asked: dict[str, Any], fitting: str) -> None:
    statements = {"plain": PLAIN, "group": IN_A_GROUP, "within": WITHIN}

    found = [name for name, each in statements.items() if StatementFilter(**asked).fits(each)]

    assert found == fitting.split()


def test_ids_leave_what_identifies_and_canonical_one_language() -> None:
    ids = in_form(PLAIN, StatementForm.IDS, "zh-CN")
    canonical = in_form(PLAIN, StatementForm.CANONICAL, "zh-TW")

    assert ids["actor"] == {"objectType": "Agent", "mbox": "mailto:a@lms.example.com"}
    assert (ids["verb"], ids["object"]) == ({"id": f"{VERBS}initialized"}, {"id": f"{COURSE}/1"})
    assert ids["context"] == PLAIN["context"]
    assert canonical["verb"]["display"] == {"zh-CN": "开始"}
    assert canonical["object"]["definition"]["name"] == {"en": "One"}
    assert in_form(PLAIN, StatementForm.EXACT, "zh") == PLAIN


def test_an_anonymous_group_is_told_by_its_members() -> None:
    ids = in_form(IN_A_GROUP, StatementForm.IDS, "zh")

    assert ids["actor"] == IN_A_GROUP["actor"]


@ON_SQLITE
def test_statements_are_found_by_what_they_hold_and_through_those_about_them(desk: Desk) -> None:
    first = attended(desk.approved_filing())
    [second] = send(desk.provider, PLAIN).get_json()
    about = {
        "actor": TEACHER, "verb": {"id": f"{VERBS}commented"},
        "object": {"objectType": "StatementRef", "id": second},
    }  # fmt: skip
    send(desk.provider, first)
    [third] = send(desk.provider, about).get_json()

    def found(**asked: str) -> list[str]:
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in asked.items())
        answer = read(desk.provider, f"?ascending=true&{query}")
        return [each["id"] for each in answer.get_json()["statements"]]

    assert found(verb=f"{VERBS}attended") == [first["id"]]
    assert found(verb=f"{VERBS}initialized") == [second, third]
    assert found(agent=json.dumps(TEACHER)) == [third]
    assert found(agent=json.dumps(TEACHER), related_agents="true") == [second, third]
    assert found(activity=COURSE, related_activities="true", limit="1") == [second]
    assert found(registration=REGISTRATION) == [second, third]
    assert found(registration=str(uuid4())) == []


@ON_SQLITE
def test_nobody_is_asked_for_by_a_number_and_nothing_that_is_no_agent(desk: Desk) -> None:
    number = {"homePage": f"https://{HOST}/documents/resident_id", "name": LI.document.number}

    refused = [
        read(desk.provider, f"?agent={quote(each)}")
        for each in (json.dumps({"account": number}), "{", "[" * 1_000, '{"name": "甲"}', "7")
    ]

    assert [each.status_code for each in refused] == [400] * 5
    assert "号码不进地址" in str(problem_of(refused[0]))


@ON_SQLITE
def test_with_attachments_a_statement_is_the_first_part_of_many(desk: Desk) -> None:
    [sent] = send(desk.provider, PLAIN).get_json()

    answer = read(desk.provider, f"?statementId={sent}&attachments=true&format=ids")

    assert answer.content_type.startswith("multipart/mixed; boundary=")
    [part] = re.findall(r"\r\n\r\n(\{.*\})\r\n--", answer.get_data(as_text=True), re.DOTALL)
    assert json.loads(part)["verb"] == {"id": f"{VERBS}initialized"}
