"""Bad input gets a clear refusal, never a 500, and nothing is written."""

import copy
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from creditbank.api.bodies import DEPTH_MAX, JsonBody
from creditbank.api.endpoints import PREFIX
from creditbank.api.operations import Declared
from creditbank.verification.query_models import RefusedQuestion
from tests.api.desk import Caller, Desk, filing_body, problem_of, roster_rows, stated
from tests.attendance.rosters import csv_bytes, xlsx
from tests.bank import invented_person

PERSON = invented_person(3)
FEW = settings(
    max_examples=10,
    deadline=None,
    # A smaller example is not worth minutes of requests: what fails is printed as it is.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
HOSTILE_TEXTS = [
    "", "\x00", "a\x00b", "\ud800", "'; DROP TABLE bank; --", "９９", "\u202e", "a" * 5_000,
    "0" * 5_000, "-1", "1e999", "NaN", "2026-02-30", "0000-00-00", "9999-12-31", "99999-01-01",
]  # fmt: skip
ANY_TEXT = st.sampled_from(HOSTILE_TEXTS) | st.text(max_size=30)
ANY_NUMBER = (
    st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([2**31, 2**63, 2**64, -(2**63) - 1, 10**39, 10**50, 1e308, 0.1, -0.0])
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | ANY_NUMBER | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)


def posts(desk: Desk) -> Iterator[tuple[str, Declared]]:
    """Find every POST route of the API with its declaration."""
    for rule in desk.bank.app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and rule.rule.startswith(PREFIX):
            declared = getattr(desk.bank.app.view_functions[rule.endpoint], "declared", None)
            assert isinstance(declared, Declared)
            yield rule.rule, declared


def caller_for(desk: Desk, declared: Declared) -> Caller:
    """Return somebody who may call it."""
    if declared.scope is None:
        return desk.nobody
    scope = str(declared.scope)
    if scope in ("filing:submit", "roster:post"):
        return desk.provider
    if scope == "verdict:ask":
        return desk.title_system
    return desk.administrator if scope == "client:manage" else desk.official


def address(rule: str, filing_no: str) -> str:
    """Fill in a route's numbers."""
    filled = rule.replace("<public:filing_no>", filing_no).replace("<count:version>", "1")
    filled = filled.replace("<public:scheme>", "cn-3710")
    for name in ("client_id", "mandate_no", "import_no", "pack_id", "item_no", "transfer_no"):
        filled = filled.replace(f"<public:{name}>", "M000000000")
    return filled


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """List every place in a JSON value."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a value with one place exchanged."""
    if not path:
        return new
    changed = copy.deepcopy(value)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = new
    return changed


def assert_refused_or_done(
    desk: Desk, declared: Declared, response: TestResponse, before: dict[str, int]
) -> None:
    assert response.status_code < 500, response.get_data(as_text=True)
    if response.status_code >= 400:
        assert response.content_type == declared.failure.media_type
        assert response.get_json()["detail"]
        # Whoever asks outside of their mandate is refused, and that it was asked is noted.
        noted = RefusedQuestion.__tablename__
        assert desk.row_counts() | {noted: 0} == before | {noted: 0}


@FEW
@given(data=st.data())
def test_any_value_in_any_field_is_taken_or_refused(desk: Desk, data: st.DataObject) -> None:
    filing_no = desk.approved_filing()
    routes = [each for each in posts(desk) if isinstance(each[1].body, JsonBody)]

    for rule, declared in routes:
        body = declared.body
        assert isinstance(body, JsonBody)
        path = data.draw(st.sampled_from(list(places(body.example))))
        content = replaced(body.example, path, data.draw(ANY_JSON))
        before = desk.row_counts()
        response = caller_for(desk, declared).post(
            address(rule, filing_no),
            data=json.dumps(content),
            content_type="application/json",
        )
        assert_refused_or_done(desk, declared, response, before)


@FEW
@given(content=st.binary(max_size=200) | ANY_TEXT.map(lambda text: repr(text).encode()))
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b'{"a":1,"a":2}')
@example(b'"' + b"\\ud800" + b'"')
@example(b"\xff\xfe{}")
@example(b'{"rows":[1e999999999]}')
@example(b'{"seats": ' + b"9" * 10_000 + b"}")
@example(b"a = " + b"[" * 50_000)
@example(b"id = 1979-05-27T07:32:00Z\nversion = 99999999999999999999")
def test_any_bytes_as_a_body_are_refused(desk: Desk, content: bytes) -> None:
    filing_no = "F000000000"

    before = desk.row_counts()
    for rule, declared in posts(desk):
        is_json = isinstance(declared.body, JsonBody)
        response = caller_for(desk, declared).post(
            address(rule, filing_no),
            data=content,
            content_type="application/json" if is_json else "application/octet-stream",
        )
        assert_refused_or_done(desk, declared, response, before)
        if response.status_code < 400:  # sealing takes no body, and so any
            before = desk.row_counts()


@FEW
@given(cell=ANY_JSON, column=st.sampled_from(sorted(roster_rows([PERSON])["rows"][0])))
def test_any_cell_of_a_roster_is_credited_or_reported(desk: Desk, cell: Any, column: str) -> None:
    rosters = f"/api/v1/filings/{desk.approved_filing()}/rosters"
    body = roster_rows([PERSON])
    body["rows"][1][column] = cell

    response = desk.provider.post(rosters, data=json.dumps(body), content_type="application/json")

    assert response.status_code in (201, 400, 422)
    if response.status_code == 201:
        assert response.get_json()["rows_credited"] in (2, 3)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "roster-unreadable"),
        (b"\xff\xd8\xff\xe0" + bytes(200), "roster-unreadable"),
        (b"PK\x03\x04" + bytes(200), "roster-damaged"),
        (b"%PDF-1.7\n" + bytes(200), "roster-unreadable"),
        (csv_bytes([["a", "b"], ["c", "d"]]), "roster-header-missing"),
    ],
)
def test_a_photo_renamed_to_a_workbook_is_named_as_what_it_is(
    desk: Desk, content: bytes, code: str
) -> None:
    rosters = f"/api/v1/filings/{desk.approved_filing()}/rosters"
    before = desk.row_counts()

    as_bytes = desk.provider.post(rosters, data=content, content_type="text/csv")
    as_file = desk.provider.post(rosters, data={"file": (io.BytesIO(content), "名单.xlsx")})

    assert [problem_of(each)["code"] for each in (as_bytes, as_file)] == [code, code]
    assert desk.row_counts() == before


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(desk: Desk) -> None:
    rosters = f"/api/v1/filings/{desk.approved_filing()}/rosters"
    limit = desk.bank.house.settings.request_bytes_max

    response = desk.provider.post(rosters, data=b"a" * (limit + 1))

    assert response.status_code == 413
    assert problem_of(response)["facts"] == {"limit_bytes": limit}


def test_a_roster_of_too_many_rows_is_refused_whole(desk: Desk) -> None:
    rosters = f"/api/v1/filings/{desk.approved_filing()}/rosters"
    limit = desk.bank.house.settings.roster_rows_max
    row = ["张三", "", "x", "2026-11-10", 1]
    before = desk.row_counts()

    response = desk.provider.post(
        rosters,
        data=csv_bytes(
            [
                ["姓名", "证件类型", "证件号码", "日期", "实到分钟"],
                *[row] * (limit + 21),
            ]  # a title may stand above it
        ),
    )

    assert problem_of(response)["code"] == "roster-too-long"
    assert desk.row_counts() == before


def test_no_body_and_an_empty_file_are_said_to_be_missing(desk: Desk) -> None:
    rosters = f"/api/v1/filings/{desk.approved_filing()}/rosters"

    answers = [
        desk.provider.post("/api/v1/filings", content_type="application/json"),
        desk.provider.post(rosters),
        desk.provider.post(rosters, data={"file": (io.BytesIO(b""), "a.xlsx")}),
        desk.provider.post(rosters, data={"other": (io.BytesIO(b"a"), "a.xlsx")}),
        desk.official.post("/api/v1/packs"),
    ]

    assert [problem_of(each)["code"] for each in answers] == ["request-body-missing"] * 5


def test_a_body_of_another_type_is_refused_with_the_one_wanted(desk: Desk) -> None:
    response = desk.provider.post("/api/v1/filings", data="a=1", content_type="text/plain")

    assert response.status_code == 415
    assert problem_of(response)["facts"]["wanted"] == ["application/json"]


def test_nesting_beyond_any_shape_is_refused(desk: Desk) -> None:
    deep: Any = 1
    for _ in range(DEPTH_MAX + 1):
        deep = [deep]

    response = desk.provider.post("/api/v1/filings", {"seats": deep})

    assert problem_of(response)["code"] == "json-too-deep"


def test_every_wrong_field_is_named_with_what_was_wanted_there(desk: Desk) -> None:
    body = filing_body()
    body |= {"seats": "40", "colour": "red", "form": "walk"}
    body["sessions"][0]["day"] = "2026-02-30"
    del body["title"]

    response = desk.provider.post("/api/v1/filings", body, headers={"Accept-Language": "en"})

    assert response.status_code == 422
    assert {each["path"]: each["code"] for each in problem_of(response)["errors"]} == {
        "/seats": "field-integer",
        "/colour": "field-unknown",
        "/form": "field-choice",
        "/sessions/0/day": "field-day",
        "/title": "field-required",
    }
    assert all(each["wanted"] for each in problem_of(response)["errors"])


def test_a_number_that_cannot_be_is_refused_without_being_repeated(desk: Desk) -> None:
    number = PERSON.document.number[:-1] + ("0" if PERSON.document.number[-1] != "0" else "1")

    response = desk.official.post(
        "/api/v1/balances", {**stated(PERSON), "document_number": number, "scheme": "cn-3710"}
    )

    assert problem_of(response)["errors"][0]["code"] == "document-check-character-wrong"
    assert number not in response.get_data(as_text=True)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/filings/%00", "/api/v1/filings/%ff%fe", "/api/v1/filings/" + "9" * 5_000,
        "/api/v1/packs/cn/99999999999999999999", "/api/v1/packs/cn/-1", "/api/v1/packs/cn/01",
        "/ledger/cn-3710/99999999999/checkpoint", "/ledger/cn-3710/2026/tile/0/%00",
        "/ledger/cn-3710/2026/tile/0/x999/x999/x999/x999/x999/x999/999",
    ],
)  # fmt: skip
def test_addresses_of_nothing_are_not_found(desk: Desk, path: str) -> None:
    assert desk.official.get(path).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=x", "limit=" + "9" * 5_000, "cursor=%00", "cursor=AAAAAAAAAAAA",
        "state=lost", "colour=red", "limit=1&limit=2",
    ],
)  # fmt: skip
def test_a_query_that_is_not_as_wanted_is_refused(desk: Desk, query: str) -> None:
    response = desk.official.get(f"/api/v1/filings?{query}")

    assert response.status_code == 422
    assert problem_of(response)["code"] == "request-invalid"


def test_a_proof_of_an_absurd_position_is_refused(desk: Desk) -> None:
    origin = "bank.example/ledger/cn-3710/2026"
    desk.bank.seal()

    answers = [
        desk.nobody.get("/api/v1/proofs", query_string={"origin": origin, "index": index})
        for index in (2**53 - 1, 2**53, -1, "x", 10**30)
    ]

    assert [each.status_code for each in answers] == [
        answers[0].status_code, 422, 422, 422, 422,
    ]  # fmt: skip
    assert problem_of(answers[0])["code"] == "leaf-not-in-tree"


def test_a_workbook_with_a_nul_in_a_name_refuses_that_row_alone(desk: Desk) -> None:
    rosters = f"/api/v1/filings/{desk.approved_filing()}/rosters"
    good, bad = roster_rows([PERSON])["rows"][:2]
    header = ["姓名", "证件类型", "证件号码", "日期", "实到分钟"]
    rows = [
        [each["name"], "", each["document_number"], each["day"], each["attended_minutes"]]
        for each in (good, {**bad, "name": "张\x00三"})
    ]

    response = desk.provider.post(rosters, data=csv_bytes([header, *rows]))

    assert response.status_code < 500
    assert xlsx([header])
