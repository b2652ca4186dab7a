"""Re-assessments over the API: asked, rehearsed, proposed, approved by another, carried out."""

import threading

import pytest

from creditbank.jobs.reassessments import run_reassessments
from creditbank.registry.clients import Role
from tests.api.desk import Caller, Desk, problem_of
from tests.bank import invented_person
from tests.lawtexts import COUNTY
from tests.reassessing import attended, day_worth, found_county, mend

PERSON, OTHER = invented_person(61), invented_person(62)
DOOR = "/api/v1/reassessments"


@pytest.fixture
def officials(desk: Desk) -> tuple[Caller, Caller]:
    """Two officials of the county."""
    found_county(desk.bank)
    return desk.caller(Role.OFFICIAL, COUNTY), desk.caller(Role.OFFICIAL, COUNTY)


def asked(**more: object) -> dict[str, object]:
    return {"scheme": COUNTY, "case_no": "示例人社〔2026〕9号", **more}


def test_a_re_assessment_from_its_asking_to_its_end(
    desk: Desk, officials: tuple[Caller, Caller]
) -> None:
    first, second = officials
    filing_no = attended(desk.bank, PERSON, OTHER)
    mend(desk.bank, **day_worth("6"))

    made, replay = (first.post(DOOR, asked(), retry="once") for _ in range(2))
    number = made.get_json()["reassessment_no"]
    one = f"{DOOR}/{number}"
    early = first.post(f"{one}/proposal", {"digest": "0" * 64})
    run_reassessments(threading.Event())
    report = second.get(one).get_json()
    digest = {"digest": report["digest"]}

    assert made.status_code == 202, made.get_json()
    assert (replay.get_json()["reassessment_no"], made.get_json()["state"]) == (number, "waiting")
    assert problem_of(early)["code"] == "reassessment-state"
    assert report["plans"] == [{"plan": "replace", "count": 2}]
    assert report["sums"] == [
        {"year": 2026, "subject": "professional", "credits": 2, "before": "16.00",
         "after": "12.00"}
    ]  # fmt: skip
    assert problem_of(first.post(f"{one}/proposal", {"digest": "0" * 64}))["code"] == (
        "reassessment-report-differs"
    )
    assert first.post(f"{one}/proposal", digest).get_json()["state"] == "proposed"
    assert problem_of(first.post(f"{one}/approval", digest))["code"] == "second-person-wanted"
    assert second.post(f"{one}/approval", digest).get_json()["state"] == "approved"
    run_reassessments(threading.Event())
    done = first.get(one).get_json()
    pages = [first.get(f"{one}/credits?limit=1&page={page}").get_json() for page in (1, 2, 3)]
    assert (done["state"], done["outcomes"]) == ("done", [{"outcome": "done", "count": 2}])
    assert [(page["count"], len(page["credits"])) for page in pages] == [(2, 1), (2, 1), (2, 0)]
    [credit] = pages[0]["credits"]
    assert (credit["occasion"], credit["hours"], credit["new_hours"], credit["outcome"]) == (
        f"{filing_no}/1", "8.00", "6.00", "done",
    )  # fmt: skip
    assert PERSON.name not in str(pages) + str(done)
    assert desk.bank.fsck() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_re_assessments_are_listed_newest_first_and_taken_back(
    desk: Desk, officials: tuple[Caller, Caller]
) -> None:
    first, second = officials
    numbers = [first.post(DOOR, asked()).get_json()["reassessment_no"] for _ in range(2)]

    page = second.get(f"{DOOR}?limit=1").get_json()
    rest = second.get(f"{DOOR}?limit=1&cursor={page['next_cursor']}").get_json()
    gone = second.post(f"{DOOR}/{numbers[0]}/withdrawal")

    listed = [each["reassessment_no"] for each in (*page["reassessments"], *rest["reassessments"])]
    assert (listed, rest["next_cursor"]) == (numbers[::-1], "")
    assert gone.get_json()["state"] == "withdrawn"
    assert desk.far_official.get(DOOR).get_json()["reassessments"] == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("said", "code"),
    [({"scheme": "cn-3799"}, "pack-missing"), ({"source_no": "F000000000"}, "source-unknown"),
     ({"scheme": "cn-3710"}, "region-foreign"),
     ({"earned_from": "2026-02-01", "earned_to": "2026-01-01"}, "reassessment-days-reversed")],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(
    officials: tuple[Caller, Caller], said: dict[str, object], code: str
) -> None:
    assert problem_of(officials[0].post(DOOR, asked(**said)))["code"] == code
