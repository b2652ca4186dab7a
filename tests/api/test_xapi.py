"""Learning platforms send xAPI statements: kept, credited once, voided, and told what they were."""

import re
import shlex
import threading
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from creditbank.api.xapi import OUTCOME_HEADER, VERSION_HEADER
from creditbank.attendance.statement_models import XapiStatement
from creditbank.clock import instant_from_text
from creditbank.crediting.xapi_lists import forget_statements
from creditbank.ledger.models import Entry, Movement
from creditbank.people.register import Identity
from tests.api.desk import (
    DAYS,
    Caller,
    Desk,
    filing_body,
    problem_of,
    roster_rows,
    stated,
)
from tests.bank import HOST, invented_person
from tests.house.tree import ROOT

PATH = "/xapi/statements"
SPOKEN = {VERSION_HEADER: "2.0.0"}
VERBS = "http://adlnet.gov/expapi/verbs/"
LI = invented_person(1)


def on(day: date, clock: str = "17:00:00+08:00") -> str:
    return f"{day.isoformat()}T{clock}"


def attended(
    filing_no: str, person: Identity = LI, session_no: int = 1, **said: Any
) -> dict[str, Any]:
    """Return a statement that a person attended a session for six hours."""
    account = {
        "homePage": f"https://{HOST}/documents/{person.document.kind}",
        "name": person.document.number,
    }
    return {
        "id": str(uuid4()),
        "actor": {"objectType": "Agent", "name": person.name, "account": account},
        "verb": {"id": f"{VERBS}attended", "display": {"zh-CN": "出勤"}},
        "object": {"id": f"https://{HOST}/filings/{filing_no}/sessions/{session_no}"},
        "result": {"duration": "PT6H"},
        "timestamp": on(DAYS[session_no - 1]),
        **said,
    }


def voiding(statement_id: str) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "actor": {"mbox": "mailto:lms@example.com"},
        "verb": {"id": f"{VERBS}voided"},
        "object": {"objectType": "StatementRef", "id": statement_id},
    }


def send(caller: Caller, said: Any) -> TestResponse:
    return caller.post(PATH, said, retry="", headers=SPOKEN)


def read(caller: Caller, query: str = "") -> TestResponse:
    return caller.get(PATH + query, headers=SPOKEN)


def balance(desk: Desk, person: Identity = LI) -> str:
    question = {**stated(person), "scheme": "cn-3710"}
    return str(desk.official.post("/api/v1/balances", question).get_json()["live_hours"])


def credits_posted(desk: Desk) -> int:
    with desk.bank.reading() as session:
        movement = Entry.movement == str(Movement.CREDIT)
        return session.scalar(select(func.count()).select_from(Entry).where(movement)) or 0


def told(desk: Desk, statement_id: str) -> XapiStatement:
    with desk.bank.reading() as session:
        mine = XapiStatement.statement_id == statement_id
        row = session.scalars(select(XapiStatement).where(mine)).one()
        session.expunge(row)
        return row


def test_a_statement_of_attendance_is_credited_as_a_row_of_a_roster_would_be(desk: Desk) -> None:
    filing_no = desk.approved_filing()

    sent = send(desk.provider, said := attended(filing_no))

    assert (sent.status_code, sent.get_json()) == (200, [said["id"]]), sent.get_json()
    assert sent.headers[VERSION_HEADER] == "2.0.0"
    assert sent.headers[OUTCOME_HEADER] == "credited=1"
    assert balance(desk) == "8.00"
    assert desk.bank.fsck() == []


def test_a_statement_sent_again_changes_nothing_and_a_different_one_is_refused(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    said = attended(filing_no)
    send(desk.provider, said)
    rows = desk.row_counts()

    again = {
        **said,
        "stored": on(DAYS[0]),
        "version": "2.0.0",
        "timestamp": on(DAYS[0], "09:00:00Z"),
    }
    again["verb"] = {"id": said["verb"]["id"], "display": {"en": "attended"}}
    again["authority"] = {"mbox": "mailto:lms@example.com"}
    repeated = send(desk.provider, again)
    put = desk.provider.put(f"{PATH}?statementId={said['id'].upper()}", said, headers=SPOKEN)
    other = send(desk.provider, [attended(filing_no, invented_person(2)),
                                 {**said, "result": {"duration": "PT360M"}}])  # fmt: skip

    assert (repeated.status_code, repeated.headers[OUTCOME_HEADER]) == (200, "repeated=1")
    assert put.status_code == 204
    assert (other.status_code, problem_of(other)["code"]) == (409, "xapi-statement-conflict")
    assert desk.row_counts() == rows


def test_the_same_attendance_by_roster_and_by_statement_counts_once_and_the_second_says_so(
    desk: Desk,
) -> None:
    filing_no = desk.approved_filing()
    rosters = f"/api/v1/filings/{filing_no}/rosters"
    desk.provider.post(rosters, roster_rows([LI], DAYS[:1]))

    by_statement = send(desk.provider, said := attended(filing_no))
    send(desk.provider, attended(filing_no, session_no=2))
    by_roster = desk.provider.post(rosters, roster_rows([LI], DAYS[1:2])).get_json()

    assert by_statement.headers[OUTCOME_HEADER] == "known=1"
    assert "roster-already-credited" in told(desk, said["id"]).reason
    assert [each["code"] for each in by_roster["problems"]] == ["roster-already-credited"]
    assert (credits_posted(desk), balance(desk)) == (2, "16.00")


def test_what_is_kept_and_not_credited_says_why(desk: Desk) -> None:
    filing_no, other = desk.approved_filing(), desk.approved_filing(days=DAYS[:1])
    foreign = {"homePage": "https://lms.example.com", "name": "u17"}
    completed = {"id": f"{VERBS}completed"}
    wrong = LI.document.number[:-1] + ("0" if LI.document.number[-1] != "0" else "1")
    cases: Mapping[str, dict[str, Any]] = {
        "xapi-verb-not-credited": attended(filing_no, verb={"id": f"{VERBS}launched"}),
        "xapi-session-unknown": attended(filing_no, object={"id": "https://lms.example.com/c/1"}),
        "xapi-day-differs": attended(filing_no, timestamp=on(DAYS[0], "00:00:01+09:00")),
        "xapi-duration-missing": attended(filing_no, result={"completion": True}),
        "xapi-duration-unmeasured": attended(filing_no, result={"duration": "P1M"}),
        "xapi-result-denies": attended(filing_no, verb=completed, result={"completion": False}),
        "xapi-actor-undocumented": attended(filing_no, actor={"account": foreign}),
        "roster-name-missing": attended(
            filing_no, actor={"account": attended(filing_no)["actor"]["account"]}
        ),
        "roster-number-check": attended(
            filing_no,
            actor={"name": LI.name, "account": {
                "homePage": f"https://{HOST}/documents/resident_id", "name": wrong}},
        ),
        "roster-nothing-earned": attended(filing_no, result={"duration": "PT0.9S"}),
    }  # fmt: skip

    sent = send(desk.provider, list(cases.values()))
    whole = send(desk.provider, attended(other, verb=completed, result={"success": True}))

    assert sent.status_code == 200, sent.get_json()
    reasons = {code: told(desk, each["id"]).reason for code, each in cases.items()}
    assert [code for code, reason in reasons.items() if f'"{code}"' not in reason] == []
    assert not any(LI.document.number in each or LI.name in each for each in reasons.values())
    # No duration: completed is the whole of what was planned.
    assert (whole.headers[OUTCOME_HEADER], balance(desk)) == ("credited=1", "8.00")


def test_a_filing_that_is_not_approved_refuses_its_statements_and_no_others(desk: Desk) -> None:
    filed = desk.provider.post("/api/v1/filings", filing_body(days=DAYS[1:])).get_json()[
        "filing_no"
    ]
    approved = desk.approved_filing(days=DAYS[:1])

    sent = send(
        desk.provider, [early := attended(filed, timestamp=on(DAYS[1])), attended(approved)]
    )

    assert sent.headers[OUTCOME_HEADER] == "credited=1, refused=1"
    assert "filing-not-approved" in told(desk, early["id"]).reason


def test_a_session_of_another_provider_is_nobodys_to_tell(desk: Desk) -> None:
    filing_no = desk.approved_filing()

    send(desk.other_provider, said := attended(filing_no))

    assert "xapi-session-unknown" in told(desk, said["id"]).reason
    assert credits_posted(desk) == 0
    # An id is a provider's own: the other may use it for something else.
    assert send(desk.provider, {**said, "result": {"duration": "PT5H"}}).status_code == 200
    assert (
        read(desk.provider, f"?statementId={said['id']}").get_json()["result"]["duration"] == "PT5H"
    )


def test_a_provider_reads_what_became_of_its_statements_and_names_its_own_activities(
    desk: Desk,
) -> None:
    filing_no, own = desk.approved_filing(), {"id": "https://lms.example.com/course/17"}
    activities = f"/api/v1/filings/{filing_no}/xapi-activities"
    send(desk.provider, early := attended(filing_no, object=own))

    named = desk.provider.post(activities, {"activity": own["id"], "session_no": 2})
    moved = desk.provider.post(activities, {"activity": own["id"], "session_no": 1})
    wrong = desk.provider.post(activities, {"activity": own["id"], "session_no": 9})
    foreign = desk.other_provider.post(activities, {"activity": own["id"], "session_no": 1})
    send(desk.provider, late := attended(filing_no, object=own))

    assert (named.status_code, moved.status_code) == (200, 200)
    [told_name] = desk.provider.get(activities).get_json()["activities"]
    assert (told_name["activity"], told_name["session_no"]) == (own["id"], 1)
    assert problem_of(wrong)["code"] == "session-number-unknown"
    assert problem_of(foreign)["code"] == "filing-unknown"
    first = desk.provider.get("/api/v1/xapi-statements?limit=1").get_json()
    [newest] = first["statements"]
    cursor = first["next_cursor"]
    second = desk.provider.get(f"/api/v1/xapi-statements?cursor={cursor}").get_json()
    [oldest] = second["statements"]
    assert (newest["statement_id"], newest["outcome"]) == (late["id"], "credited")
    assert (newest["filing_no"], newest["session_no"], newest["reason"]) == (filing_no, 1, None)
    assert (oldest["statement_id"], oldest["outcome"]) == (early["id"], "kept")
    assert oldest["reason"]["code"] == "xapi-session-unknown"
    assert (oldest["reason"]["next"], second["next_cursor"]) != ("", None)
    query = f"/api/v1/xapi-statements?outcome=credited&filing_no={filing_no}"
    assert len(desk.provider.get(query).get_json()["statements"]) == 1
    assert desk.other_provider.get("/api/v1/xapi-statements").get_json()["statements"] == []


def test_one_bad_statement_keeps_the_whole_batch_out(desk: Desk) -> None:
    filing_no, rows = desk.approved_filing(), desk.row_counts()

    bad = {**attended(filing_no), "verb": {"id": "attended"}, "mood": "good"}
    refused = send(desk.provider, [attended(filing_no), bad])

    problem = problem_of(refused)
    assert (refused.status_code, problem["code"]) == (400, "xapi-statement-invalid")
    assert {each["path"] for each in problem["errors"]} == {"/1/verb/id", "/1/mood"}
    assert desk.row_counts() == rows | {"filing": rows["filing"]}


def test_voiding_a_statement_takes_back_what_it_credited(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    send(desk.provider, [said := attended(filing_no), kept := attended(filing_no, session_no=2)])

    voided = send(desk.provider, void := voiding(said["id"].upper()))

    assert voided.headers[OUTCOME_HEADER] == "voiding=1"
    assert balance(desk) == "8.00"
    assert read(desk.provider, f"?statementId={said['id']}").status_code == 404
    assert read(desk.provider, f"?voidedStatementId={said['id']}").get_json()["id"] == said["id"]
    assert read(desk.provider, f"?voidedStatementId={kept['id']}").status_code == 404
    listed = [each["id"] for each in read(desk.provider).get_json()["statements"]]
    assert set(listed) == {kept["id"], void["id"]}
    # Voiding again, or voiding what voids, changes nothing; the hours come back by a new statement.
    send(desk.provider, [voiding(said["id"]), voiding(void["id"])])
    assert read(desk.provider, f"?statementId={void['id']}").status_code == 200
    assert send(desk.provider, attended(filing_no)).headers[OUTCOME_HEADER] == "credited=1"
    assert (balance(desk), desk.bank.fsck()) == ("16.00", [])


def test_what_was_corrected_since_stays_when_its_statement_is_voided(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    send(desk.provider, said := attended(filing_no))
    desk.provider.post(
        f"/api/v1/filings/{filing_no}/corrections",
        {**stated(LI), "day": DAYS[0].isoformat(), "attended_minutes": 270,
         "reason": "wrong-minutes"},
    )  # fmt: skip
    before = balance(desk)

    send(desk.provider, voiding(said["id"]))

    assert balance(desk) == before != "0.00"


def test_a_statement_voided_before_it_comes_is_never_credited(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    said = attended(filing_no)
    send(desk.provider, voiding(said["id"]))

    sent = send(desk.provider, said)

    assert sent.headers[OUTCOME_HEADER] == "kept=1"
    assert "xapi-voided" in told(desk, said["id"]).reason
    assert credits_posted(desk) == 0


def test_a_statement_comes_back_as_it_was_sent_with_what_the_bank_adds(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    score = {"scaled": 0.95, "raw": 57, "min": 0, "max": 60}
    said = attended(filing_no, result={"duration": "PT6H", "score": score})
    said["context"] = {"contextActivities": {"parent": {"id": "https://lms.example.com/c"}}}

    send(desk.provider, said)
    given = read(desk.provider, f"?statementId={said['id']}")

    answer = given.get_json()
    assert {key: answer[key] for key in said.keys() - {"context"}} == {
        key: said[key] for key in said.keys() - {"context"}
    }
    assert answer["context"]["contextActivities"]["parent"] == [{"id": "https://lms.example.com/c"}]
    assert answer["authority"]["account"]["name"] == desk.provider.client_id
    assert (answer["version"], given.headers["Content-Type"]) == ("2.0.0", "application/json")
    through = instant_from_text(given.headers["X-Experience-API-Consistent-Through"])
    assert through >= instant_from_text(answer["stored"])
    assert given.headers["Last-Modified"]
    # A copy of it sent again is the same statement.
    assert send(desk.provider, answer).headers[OUTCOME_HEADER] == "repeated=1"


def test_statements_are_listed_page_by_page_both_ways_and_by_when_they_were_stored(
    desk: Desk,
) -> None:
    filing_no = desk.approved_filing()
    people = [invented_person(number) for number in range(1, 6)]
    ids = []
    for some in (people[:2], people[2:3], people[3:]):
        ids += send(desk.provider, [attended(filing_no, each) for each in some]).get_json()
    send(desk.other_provider, attended(filing_no))

    def walked(query: str) -> list[str]:
        found, page = [], read(desk.provider, query).get_json()
        while True:
            found += [each["id"] for each in page["statements"]]
            if not page["more"]:
                return found
            page = desk.provider.get(page["more"], headers=SPOKEN).get_json()

    stored = read(desk.provider, f"?statementId={ids[2]}").get_json()["stored"]
    assert walked("?ascending=true&limit=2") == ids
    assert walked("?limit=2") == walked("") == ids[::-1]
    assert walked(f"?since={stored}&ascending=true") == ids[3:]
    assert walked(f"?until={stored}&ascending=true&limit=1") == ids[:3]


def test_what_is_asked_wrongly_is_refused_as_the_standard_has_it(desk: Desk) -> None:
    one = "statementId=8e03978e-40d5-43dd-bc93-6894a57f9324"
    wanted = {
        f"?{one.lower()}": 400, f"?{one}": 404, f"?{one}&limit=1": 400, "?statementId=8e0": 400,
        "?limit=-1": 400, "?since=yesterday": 400, "?cursor=abc": 400, "?ascending=yes": 400,
    }  # fmt: skip

    answers = {query: read(desk.provider, query) for query in wanted}

    assert {query: each.status_code for query, each in answers.items()} == wanted
    assert {each.headers[VERSION_HEADER] for each in answers.values()} == {"2.0.0"}
    assert all(problem_of(each) for each in answers.values())


@pytest.mark.parametrize("found_first", [True, False])
def test_a_statement_whose_name_differs_waits_for_an_official_and_is_voided_either_way(
    desk: Desk, found_first: bool
) -> None:
    earlier = f"/api/v1/filings/{desk.approved_filing()}/rosters"
    desk.provider.post(earlier, roster_rows([LI], DAYS[1:]))
    said = attended(desk.approved_filing())
    said["actor"]["name"] = "不同名"
    sent = send(desk.provider, said)
    [check] = desk.official.get("/api/v1/name-checks").get_json()["name_checks"]
    found = f"/api/v1/name-checks/{check['check_no']}/decision"
    finding = {"finding": "misspelt", "case_no": "核2026-9"}

    decided = desk.official.post(found, finding) if found_first else None
    credited = told(desk, said["id"]).outcome, balance(desk)
    send(desk.provider, voiding(said["id"]))

    assert sent.headers[OUTCOME_HEADER] == "refused=1"
    if decided is None:
        assert credited == ("refused", "16.00")
        assert problem_of(desk.official.post(found, finding))["code"] == "name-check-closed"
    else:
        assert credited == ("credited", "24.00")
    assert balance(desk) == "16.00"
    assert desk.bank.fsck() == []


def test_requests_say_which_version_they_speak_and_who_asks(desk: Desk) -> None:
    said = attended(desk.approved_filing())

    for spoken in (None, "0.95", "2.1.0", "two"):
        headers = {VERSION_HEADER: spoken} if spoken else {}
        refused = desk.provider.post(PATH, said, retry="", headers=headers)
        assert (refused.status_code, problem_of(refused)["code"]) == (400, "xapi-version")
    assert desk.provider.get(PATH, headers={VERSION_HEADER: "2.0"}).status_code == 200
    assert desk.nobody.get("/xapi/about").get_json()["version"][:2] == ["2.0.0", "1.0.3"]
    assert read(desk.nobody).status_code == 401
    assert read(desk.official).status_code == 403
    unknown = desk.provider.post("/xapi/activities/state", {}, headers=SPOKEN)
    assert (unknown.status_code, problem_of(unknown)["code"]) == (404, "route-unknown")
    text = desk.provider.post(PATH, data="x", retry="", headers=SPOKEN)
    assert (text.status_code, problem_of(text)["code"]) == (400, "media-type-unsupported")


def test_a_platform_that_knows_no_tokens_shows_its_client_and_secret(desk: Desk) -> None:
    mine = (desk.provider.client_id, desk.provider.secret)

    found = desk.http.get(PATH, headers=SPOKEN, auth=mine)
    refused = desk.http.get(PATH, headers=SPOKEN, auth=(mine[0], "cbs_wrong"))
    elsewhere = desk.http.get("/api/v1/filings", auth=mine)

    assert (found.status_code, refused.status_code, elsewhere.status_code) == (200, 401, 401)


def test_the_same_statement_sent_at_once_by_many_is_credited_once(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    said = attended(filing_no)
    start, answers = threading.Barrier(4), []

    def post() -> None:
        caller = Caller(desk.bank.app.test_client(), desk.provider.token)
        start.wait()
        answers.append(send(caller, said))

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    met = sorted(each.headers.get(OUTCOME_HEADER, str(each.status_code)) for each in answers)
    assert met == ["credited=1", "repeated=1", "repeated=1", "repeated=1"]
    assert credits_posted(desk) == 1


def test_after_its_term_only_id_and_digest_are_left_and_still_tell_a_retry(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    send(desk.provider, said := attended(filing_no))
    row = told(desk, said["id"])
    assert row.content_cipher is not None
    assert said["actor"]["name"].encode() not in row.content_cipher

    with desk.bank.unit() as session:
        assert forget_statements(session, before=row.stored_at) == 0
    with desk.bank.unit() as session:
        forget_statements(session, before=instant_from_text("2199-01-01T00:00:00.000000Z"))

    assert told(desk, said["id"]).content_cipher is None
    assert read(desk.provider, f"?statementId={said['id']}").status_code == 404
    assert read(desk.provider).get_json()["statements"] == []
    assert send(desk.provider, said).headers[OUTCOME_HEADER] == "repeated=1"
    assert send(desk.provider, {**said, "result": {}}).status_code == 409
    send(desk.provider, voiding(said["id"]))
    assert balance(desk) == "0.00"


def test_the_commands_of_the_manual_do_what_it_says(desk: Desk) -> None:
    manual = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    chapter = manual.partition("## xAPI:")[2].partition("\n## ")[0]
    [block] = re.findall(r"```sh\n(.*?)```", chapter, re.DOTALL)
    for said, meant in {
        "F7K2M9QXAB": desk.approved_filing(), "cbt_…": desk.provider.token,
        "2026-11-12": DAYS[1].isoformat(), "999999198505150018": LI.document.number,
        "李示例": LI.name, "CLIENT_ID": desk.provider.client_id,
        "CLIENT_SECRET": desk.provider.secret,
    }.items():  # fmt: skip
        assert said in block
        block = block.replace(said, meant)

    answers = [curled(desk, shlex.split(line)) for line in re.split(r"\n(?=curl )", block)]

    assert [each.status_code for each in answers] == [200] * 5
    assert answers[1].headers[OUTCOME_HEADER] == "credited=1"
    assert answers[2].get_json() == answers[3].get_json()["statements"][0]
    assert answers[4].headers[OUTCOME_HEADER] == "voiding=1"
    assert balance(desk) == "0.00"


def curled(desk: Desk, words: list[str]) -> TestResponse:
    """Send what a line of curl would send."""
    assert words.pop(0) == "curl"
    headers, address, options = {}, "", dict[str, Any]()
    while words:
        word = words.pop(0)
        if word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        elif word == "-d":
            options |= {"method": "POST", "data": words.pop(0)}
        elif word == "-u":
            options["auth"] = tuple(words.pop(0).split(":"))
        elif not word.startswith("-"):
            address = word.removeprefix(f"https://{HOST}")
    return desk.http.open(address, headers=headers, **options)
