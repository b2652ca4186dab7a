"""Status records over the API: told to questions, corrected, taken back, fed, and declared."""

import threading
from typing import Any

import pytest

from creditbank.jobs.watching import run_watches
from creditbank.orm import Base
from creditbank.registry.clients import Role
from tests.achievements import WORKS, publish_works
from tests.acts import seal_all
from tests.api.desk import YEAR, Desk, problem_of, stated
from tests.api.exempting import PERSON as APPLICANT
from tests.api.exempting import Register, application
from tests.api.test_registry_and_verdicts import PERSON, granted, on_record, question
from tests.bank import ENTERPRISE_USCC
from tests.conftest import Database
from tests.force import Force

PATH = "/api/v1/status-records"
STOP = threading.Event()


def said(kind: str, day: str, **told: Any) -> dict[str, Any]:
    return {
        **stated(PERSON), "kind": kind, "reference": f"{kind}-1", "source": "示例来源",
        "as_of": f"{YEAR}-01-31", "valid_from": day, **told,
    }  # fmt: skip


def titled(day: str = f"{YEAR - 3}-05-01", **told: Any) -> dict[str, Any]:
    return said("title", day, series="engineering", level="intermediate", **told)


def pledge(by: str = "person", **told: Any) -> dict[str, Any]:
    text = {"pledged_by": by, "text_version": "示例-1", "text_sha256": "ab" * 32}
    day = f"{YEAR}-01-10"
    return said("pledge", day, **text, **told)


def examined(result: str = "passed", **told: Any) -> dict[str, Any]:
    return said(
        "examination", f"{YEAR}-01-20", examination="qualification", title="示例资格考试",
        result=result, **told,
    )  # fmt: skip


def ask(desk: Desk, **changed: Any) -> dict[str, Any]:
    answer = desk.title_system.post("/api/v1/verdicts", question(**changed))
    assert answer.status_code == 201, answer.get_json()
    told: dict[str, Any] = answer.get_json()
    return told


def codes(answer: dict[str, Any]) -> list[str]:
    return [each["code"] for each in answer["statement"]["reasons"]]


def test_a_title_day_of_a_source_is_told_with_its_source_and_where_the_asker_says_otherwise(
    desk: Desk,
) -> None:
    granted(desk)
    on_record(desk)
    before = ask(desk)["statement"]
    made = desk.official.post(PATH, titled())
    record_no = made.get_json()["record_no"]

    answer = ask(desk)

    assert made.status_code == 201, made.get_json()
    assert before["statement"] == "creditbank/verdict/v1"
    [told] = answer["statement"]["registered"]
    assert told == {
        "fact": "current_title_on", "value": f"{YEAR - 3}-05-01", "evidence": record_no,
        "stated": f"{YEAR - 8}-06-30",
    }  # fmt: skip
    by_source = next(
        each for each in answer["statement"]["reasons"]
        if each["code"] == "verdict-registered-status"
    )  # fmt: skip
    assert all(word in by_source["zh"] for word in ("示例来源", f"{YEAR}-01-31", record_no))
    assert "verdict-registered-differs" in codes(answer)
    assert PERSON.name not in str(answer["statement"])


@pytest.mark.parametrize(
    "told",
    [
        {"series": "agronomy"},  # a second series begins a count of its own
        {"level": "associate_senior"},  # the level that is asked for
        {"valid_from": f"{YEAR}-01-31", "as_of": f"{YEAR}-01-31", "jurisdiction": "far"},
    ],
)
def test_what_is_not_about_the_question_tells_nothing(desk: Desk, told: dict[str, Any]) -> None:
    granted(desk)
    on_record(desk)
    by = desk.caller(Role.OFFICIAL, "cn-33") if "jurisdiction" in told else desk.official
    body = {name: text for name, text in (titled() | told).items() if name != "jurisdiction"}
    assert by.post(PATH, body).status_code == 201

    assert "registered" not in ask(desk)["statement"]


def test_a_record_is_stated_once_corrected_by_the_next_and_taken_back(desk: Desk) -> None:
    granted(desk)
    on_record(desk)
    first = desk.official.post(PATH, titled()).get_json()
    again = desk.official.post(PATH, titled())
    other = problem_of(desk.official.post(PATH, titled(f"{YEAR - 4}-05-01")))
    mended = titled(f"{YEAR - 4}-05-01", supersedes=first["record_no"], reason="日期抄错")
    second = desk.official.post(PATH, mended).get_json()
    late = problem_of(desk.official.post(PATH, {**mended, "reference": "x"}))
    [told] = ask(desk)["statement"]["registered"]
    gone = desk.official.post(f"{PATH}/{second['record_no']}/removal", {"reason": "误登"})

    assert (again.status_code, again.get_json()) == (201, first)
    assert other["code"] == "status-reference"
    assert first["record_no"] in str(other)
    assert second["supersedes"] == first["record_no"]
    assert late["code"] == "status-record-past"
    assert told["value"] == f"{YEAR - 4}-05-01"
    assert gone.get_json()["stands"] is False
    assert "registered" not in ask(desk)["statement"]
    assert desk.official.get(f"{PATH}/{first['record_no']}").get_json()["stands"] is False
    assert desk.bank.fsck() == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (said("employment", "2019-07-01"), "status-members"),
        (titled(post="工程师"), "status-members"),
        (titled(valid_through=f"{YEAR}-01-01"), "status-members"),
        (titled("2199-01-01"), "status-day"),
        (said("employment", "2019-07-01", organisation="x", valid_through="2018-01-01"),
         "status-day"),
        (titled(supersedes="C7K2M9QXAB"), "status-record-unknown"),
    ],
)  # fmt: skip
def test_what_cannot_be_so_is_refused(desk: Desk, body: dict[str, Any], code: str) -> None:
    assert problem_of(desk.official.post(PATH, body))["code"] == code


def test_only_those_who_may_know_state_it(desk: Desk) -> None:
    assert problem_of(desk.provider.post(PATH, titled()))["code"] == "status-role"
    assert problem_of(desk.title_system.post(PATH, titled()))["code"] == "status-role"
    assert problem_of(desk.provider.post(PATH, pledge()))["code"] == "status-role"
    assert desk.official.post(PATH, pledge()).status_code == 201


def test_pledges_that_the_asker_took_stand_in_the_answer_of_their_year(desk: Desk) -> None:
    granted(desk)
    on_record(desk)
    of_year = {"application_day": f"{YEAR}-03-15", "stated": {"current_title_on": "none"}}
    for by in ("person", "employer"):
        made = desk.title_system.post(PATH, pledge(by, reference=by))
        assert made.status_code == 201, made.get_json()

    answer, later = ask(desk, **of_year), ask(desk)

    told = {each["fact"]: each["value"] for each in answer["statement"]["registered"]}
    assert told == {"pledged_by_person": "yes", "pledged_by_employer": "yes"}
    assert codes(answer).count("verdict-pledged") == 2
    assert "registered" not in later["statement"], "a pledge is of the year in which it was given"


def test_a_watched_verdict_is_asked_again_when_a_source_states_something(desk: Desk) -> None:
    granted(desk)
    on_record(desk)
    verdict_no = ask(desk)["verdict_no"]
    assert desk.title_system.post(f"/api/v1/verdicts/{verdict_no}/watch").status_code == 200
    run_watches(STOP)
    desk.official.post(PATH, titled())
    seal_all(desk.bank)

    run_watches(STOP)

    [event] = desk.title_system.get("/api/v1/events").get_json()["events"]
    assert "register" in event["changed"]


def test_the_feed_tells_a_source_what_became_of_its_records_in_order(desk: Desk) -> None:
    first = desk.provider.post(PATH, examined("failed")).get_json()["record_no"]
    desk.provider.post(PATH, examined("failed"))
    mended = examined("passed", supersedes=first, reason="复核")
    second = desk.official.post(PATH, mended).get_json()["record_no"]
    run_watches(STOP)

    page = desk.provider.get("/api/v1/status-events?limit=1").get_json()
    rest = desk.provider.get(f"/api/v1/status-events?after={page['next_after']}").get_json()
    end = desk.provider.get(f"/api/v1/status-events?after={rest['next_after']}").get_json()

    told = [(e["type"], e["record"], e["superseded_by"]) for e in page["events"] + rest["events"]]
    assert told == [
        ("status.recorded", first, ""), ("status.superseded", first, second),
    ]  # fmt: skip
    assert end == {"events": [], "next_after": rest["next_after"]}
    assert desk.title_system.get("/api/v1/status-events").get_json()["events"] == []
    assert PERSON.name not in str(page)


def test_an_examination_that_was_passed_is_declared_once_and_its_record_proves_it(
    desk: Desk,
) -> None:
    publish_works(desk.bank)
    failed = desk.provider.post(PATH, examined("failed", reference="f")).get_json()["record_no"]
    passed = desk.provider.post(PATH, examined()).get_json()["record_no"]
    body = {
        "scheme": WORKS, "activity": "exam", "subject": "professional", "measures": {"subjects": 2},
    }  # fmt: skip

    refused = problem_of(desk.provider.post(f"{PATH}/{failed}/declaration", body))
    made = desk.provider.post(f"{PATH}/{passed}/declaration", body)
    again = problem_of(desk.provider.post(f"{PATH}/{passed}/declaration", body))

    assert refused["code"] == "status-not-passed"
    assert made.status_code == 201, made.get_json()
    assert again["code"] == "item-known"
    item = desk.provider.get(f"/api/v1/items/{made.get_json()['item_no']}").get_json()
    assert (item["title"], item["state"]) == ("示例资格考试", "declared")
    assert item["evidence"][0]["description"].startswith(passed)


def test_employment_on_record_is_taken_where_an_application_states_none(desk: Desk) -> None:
    register = Register(desk)
    body = application()
    body.pop("employed_from")
    without = problem_of(register.employer.post("/api/v1/exemptions", body))
    record = {
        **said("employment", "2019-07-01", organisation=ENTERPRISE_USCC), **stated(APPLICANT)
    }  # fmt: skip
    made = desk.official.post(PATH, record).get_json()

    filed = register.filed(body)
    told = desk.official.get(f"/api/v1/exemptions/{filed}").get_json()

    assert without["code"] == "exemption-outside"
    assert told["employed_from"] == "2019-07-01"
    assert told["evidence"]["employment_record"]["description"].startswith(made["record_no"])
    assert register.decide(filed).status_code == 200
    assert desk.bank.fsck() == []


def test_fsck_finds_a_record_that_was_changed_by_force(desk: Desk, database: Database) -> None:
    desk.official.post(PATH, titled())
    seal_all(desk.bank)
    table = Base.metadata.tables["status_record"]
    with desk.bank.reading() as session:
        row = dict(session.execute(table.select()).one()._mapping)
    force = Force(database)
    for change in ({"actor": "x"}, {"facts_cipher": b"x"}, {"kind": "pledge"}):
        with force.changed(table, row, **change):
            assert [each.code for each in desk.bank.fsck()] == ["fsck-status-record"], change
    with force.deleted(table, row):
        assert [each.code for each in desk.bank.fsck()] == ["fsck-status-record"]
    force.close()
