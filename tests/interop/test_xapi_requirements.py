"""Requirements of xAPI 2.0 (IEEE 9274.1.1) on the statements resource, one by one, over HTTP.

The numbers are those of ADL's requirements for learning record stores; the cases are ours. Outside
the bank's subset lies every resource but statements and about.
"""

import uuid
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from requests import Response, request

from tests.api.desk import Desk

#: What is asked here is said of the form of requests and answers, on either database alike.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
AGENT = {"objectType": "Agent", "mbox": "mailto:one@example.com"}
GROUP = {"objectType": "Group", "mbox": "mailto:team@example.com"}
TYPES = ["http://example.com/activity-types/coach"]


def statement(**told: Any) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()), "actor": dict(AGENT),
        "verb": {"id": "http://example.com/verbs/tried", "display": {"en": "tried"}},
        "object": {"objectType": "Activity", "id": "http://example.com/activities/one"}, **told,
    }  # fmt: skip


def within(context: dict[str, Any], place: str) -> dict[str, Any]:
    """Return a statement, or one about a substatement, with a context."""
    if place == "statement":
        return statement(context=context)
    inner = {name: each for name, each in statement().items() if name != "id"}
    return statement(object={"objectType": "SubStatement", **inner, "context": context})


class Store:
    """The bank as a learning platform sees it."""

    def __init__(self, served: tuple[Desk, str]) -> None:
        desk, self.address = served
        self.auth = (desk.provider.client_id, desk.provider.secret)

    def send(self, method: str, query: str = "", **content: Any) -> Response:
        return request(
            method, f"{self.address}/xapi/statements{query}", auth=self.auth, timeout=60,
            headers={"X-Experience-API-Version": "2.0.0"}, **content,
        )  # fmt: skip

    def kept(self, number: str) -> Response:
        return self.send("GET", f"?statementId={number}")


@pytest.fixture
def store(served: tuple[Desk, str]) -> Store:
    return Store(served)


def test_statements_are_posted_put_and_listed(store: Store) -> None:
    """XAPI-00139, -00143, -00144, -00146, -00147."""
    posted, put = statement(), statement()

    answers = store.send("POST", json=posted), store.send("POST", json=[statement(), statement()])
    stored = store.send("PUT", f"?statementId={put['id']}", json=put)
    listed = store.send("GET", "?verb=http%3A%2F%2Fexample.com%2Fverbs%2Fnone")

    assert [(each.status_code, len(each.json())) for each in answers] == [(200, 1), (200, 2)]
    assert answers[0].json() == [posted["id"]]
    assert (stored.status_code, stored.content) == (204, b"")
    assert (listed.status_code, listed.json()["statements"]) == (200, [])


def test_what_is_put_names_its_statement_by_its_own_id(store: Store) -> None:
    """XAPI-00145: without the parameter, or with another id than the statement's, 400."""
    put = statement()

    without = store.send("PUT", json=put)
    other = store.send("PUT", f"?statementId={uuid.uuid4()}", json=put)

    assert (without.status_code, other.status_code) == (400, 400)
    assert store.kept(put["id"]).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_statement_is_never_changed_by_another_of_its_id(store: Store, method: str) -> None:
    """XAPI-00142."""
    first = statement()
    query = f"?statementId={first['id']}" if method == "PUT" else ""
    other = {**first, "verb": {"id": "http://example.com/verbs/different"}}

    store.send(method, query, json=first)
    changed = store.send(method, query, json=other)

    assert changed.status_code == 409
    assert store.kept(first["id"]).json()["verb"]["id"] == first["verb"]["id"]


def test_a_batch_with_one_id_twice_is_refused_whole(store: Store) -> None:
    """Version 2.0: the same id more than once in a batch is 400."""
    twice, alone = statement(), statement()

    assert store.send("POST", json=[alone, twice, twice]).status_code == 400
    assert store.kept(alone["id"]).status_code == 404


def test_one_statement_says_when_it_was_stored_in_its_header_too(store: Store) -> None:
    """Version 2.0: Last-Modified is `stored`, to the second."""
    sent = statement()
    store.send("POST", json=sent)

    kept = store.kept(sent["id"])

    stored = datetime.fromisoformat(kept.json()["stored"]).replace(microsecond=0)
    assert parsedate_to_datetime(kept.headers["Last-Modified"]) == stored


def test_a_request_for_the_head_is_answered_as_one_for_the_whole(store: Store) -> None:
    """HEAD wherever GET is, and without a body (Communication 1.1)."""
    sent = statement()
    store.send("POST", json=sent)

    head, whole = store.send("HEAD", f"?statementId={sent['id']}"), store.kept(sent["id"])

    assert (head.status_code, head.content) == (200, b"")
    same = ("Content-Type", "Last-Modified", "X-Experience-API-Version")
    assert [head.headers[name] for name in same] == [whole.headers[name] for name in same]


@pytest.mark.parametrize("place", ["statement", "substatement"])
@pytest.mark.parametrize(
    ("kind", "who"), [("contextAgents", AGENT), ("contextGroups", GROUP)], ids=["agents", "groups"]
)
def test_people_in_a_context_are_said_as_version_2_has_them(
    store: Store, place: str, kind: str, who: dict[str, str]
) -> None:
    """Version 2.0: `contextAgents` and `contextGroups`, in statements and in substatements."""
    name, role = kind.removesuffix("s"), kind.removeprefix("context").removesuffix("s").lower()
    good = {"objectType": name, role: who, "relevantTypes": TYPES}
    without = {"objectType": name, role: who}
    wrong: list[Any] = [
        {**good, "objectType": "other"}, {**good, role: {"key": "none"}},
        {**good, "relevantTypes": []}, {**good, "relevantTypes": ["abc"]},
        {"objectType": name, "relevantTypes": TYPES},
    ]  # fmt: skip

    taken = [store.send("POST", json=within({kind: [each]}, place)) for each in (good, without)]
    refused = [store.send("POST", json=within({kind: [each]}, place)) for each in wrong]

    assert [each.status_code for each in taken] == [200, 200], taken[0].text
    assert [each.status_code for each in refused] == [400] * len(wrong)


def taken(store: Store, result: dict[str, Any]) -> list[int]:
    """Send a result in a statement and in a substatement; return both statuses."""
    inner = {name: each for name, each in statement(result=result).items() if name != "id"}
    about = statement(object={"objectType": "SubStatement", **inner})
    return [store.send("POST", json=each).status_code for each in (statement(result=result), about)]


@pytest.mark.parametrize(
    ("duration", "status"),
    [
        *((each, 200) for each in (
            "PT1H0M0.1S", "PT4H35M59.14S", "PT16559.14S", "P3Y1M29DT4H35M59.14S", "P3Y", "P4W",
        )),
        *((each, 400) for each in ("none", 12345, {"key": "none"}, "PA1H0M0S", "P4W1D", "P", "PT")),
    ],
)  # fmt: skip
def test_durations_are_iso_8601(store: Store, duration: Any, status: int) -> None:
    """XAPI-00124."""
    assert taken(store, {"duration": duration}) == [status, status]


@pytest.mark.parametrize(
    ("timestamp", "status"),
    [
        ("2008-09-15 15:53:00.601+00:00", 200), ("2008-09-15T15:53:00.601Z", 200),
        *((each, 400) for each in (
            "none", "01/011/2015", "2008-09-15T15:53:00.601-00", "2008-09-15T15:53:00.601-0000",
            "2008-09-15T15:53:00.601-00:00",
        )),
    ],
)  # fmt: skip
def test_timestamps_are_iso_8601_and_never_minus_nought(
    store: Store, timestamp: str, status: int
) -> None:
    """XAPI-00123."""
    assert store.send("POST", json=statement(timestamp=timestamp)).status_code == status


@pytest.mark.parametrize(
    ("score", "status"),
    [
        *((each, 200) for each in (
            {"scaled": 0.6767676}, {"scaled": 1.0}, {"scaled": -1.0}, {"raw": 0.6767676},
            {"min": 0.6767676}, {"max": 100.6767676},
        )),
        *((each, 400) for each in (
            12345, "none", {"scaled": 1.01}, {"scaled": -1.00001}, {"raw": 0.7, "max": 0.6},
            {"raw": 0.7, "min": 1.4}, {"min": 0.7, "max": 0.6}, {"min": 9, "max": 1, "raw": 3},
        )),
    ],
)  # fmt: skip
def test_scores_lie_within_their_bounds(store: Store, score: Any, status: int) -> None:
    """XAPI-00079 to -00083."""
    assert taken(store, {"score": score}) == [status, status]


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_timestamp_at_the_end_of_all_years_is_refused_and_no_fault_of_the_store(
    store: Store, year: str
) -> None:
    told = [store.send("POST", json=statement(timestamp=f"{year}-{day}")) for day in (
        "01-01T00:00:00+14:00", "12-31T23:59:59-12:00",
    )]  # fmt: skip

    assert [each.status_code for each in told] == [400, 400]


@pytest.mark.parametrize(
    ("instant", "status"),
    [
        *((each, 200) for each in (
            "2008-09-15T15:53:00Z", "2008-09-15T15:53:00.123456789Z", "2008-09-15 15:53:00%2B08:00",
        )),
        *((each, 400) for each in ("none", "2008-09-15", "2008-02-30T00:00:00Z", "")),
    ],
)  # fmt: skip
def test_statements_are_asked_for_by_any_instant_that_they_may_have(
    store: Store, instant: str, status: int
) -> None:
    answers = [store.send("GET", f"?{name}={instant}") for name in ("since", "until")]

    assert [each.status_code for each in answers] == [status, status]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_request_without_a_version_is_refused_and_says_which_it_is(
    store: Store, method: str
) -> None:
    """XAPI-00331, -00333; of the about resource none is wanted."""
    query = "" if method == "POST" else f"?statementId={uuid.uuid4()}"
    content = {} if method == "GET" else {"json": statement()}

    refused = request(
        method, f"{store.address}/xapi/statements{query}", auth=store.auth, timeout=60, **content
    )
    about = request("GET", f"{store.address}/xapi/about", timeout=60)

    assert (refused.status_code, refused.headers["X-Experience-API-Version"]) == (400, "2.0.0")
    assert about.status_code == 200
    assert "2.0.0" in about.json()["version"]
