"""What a person's own code let somebody see is watched as long as the code holds, use by use."""

from typing import Any

import pytest

from creditbank.clock import utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.jobs.watching import run_watches
from creditbank.people.register import find_person
from creditbank.verification.answers import sign
from creditbank.verification.codes import revoke_code
from creditbank.verification.models import Verdict
from creditbank.verification.query_models import HolderCode
from creditbank.verification.watching import ask_again, due_watches, look_on, settle_watch
from tests.api.desk import Desk, problem_of
from tests.api.test_holder_codes_api import by_code, made
from tests.api.test_registry_and_verdicts import PERSON
from tests.api.test_watches_api import STOP, attended, changed


def watched(desk: Desk, *, uses: int) -> tuple[str, str]:
    """Have the person make a code, ask by it, watch the answer; return both numbers."""
    attended(desk, 0)
    code_no, code = made(desk.bank, uses=uses)
    asked = desk.title_system.post("/api/v1/verdicts", by_code(code)).get_json()
    watch = desk.title_system.post(f"/api/v1/verdicts/{asked['verdict_no']}/watch")
    assert watch.status_code == 200, watch.get_json()
    run_watches(STOP)
    return code_no, str(asked["verdict_no"])


def told(desk: Desk) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = desk.title_system.get("/api/v1/events").get_json()["events"]
    return events


def taken(desk: Desk, code_no: str) -> int:
    with desk.bank.reading() as session:
        return session.get_one(HolderCode, code_no).uses_taken


def revoke(desk: Desk, code_no: str) -> None:
    with desk.bank.unit() as session:
        person_id = find_person(session, desk.bank.house.vault, PERSON)
        revoke_code(session, [person_id], code_no, now=utc_now())


def test_each_answer_that_takes_the_place_of_another_is_a_use_until_none_is_left(
    desk: Desk,
) -> None:
    code_no, verdict_no = watched(desk, uses=2)

    changed(desk)
    event, ended = told(desk)
    after = desk.title_system.get(f"/api/v1/verdicts/{event['superseded_by']}").get_json()
    attended(desk, 2)
    run_watches(STOP)

    assert told(desk) == [event, ended]
    assert (event["type"], event["watched"]) == ("verdict.superseded", verdict_no)
    assert after["statement"]["asker"]["mandate"] == code_no
    assert after["statement"]["supersedes"] == verdict_no
    assert after["holder"]["name"] == PERSON.name
    assert PERSON.document.number not in str(after)
    assert taken(desk, code_no) == 2
    assert (ended["type"], ended["changed"]) == ("verdict.watch-ended", ["holder-code-refused"])
    assert ended["verdict"] == event["superseded_by"]
    refused = desk.title_system.post(f"/api/v1/verdicts/{verdict_no}/watch")
    assert problem_of(refused)["code"] == "verdict-unwatchable"


def test_what_differs_in_nothing_takes_no_use(desk: Desk) -> None:
    code_no, _ = watched(desk, uses=3)

    run_watches(STOP)

    assert told(desk) == []
    assert taken(desk, code_no) == 1


def test_the_watch_ends_with_the_code(desk: Desk) -> None:
    code_no, verdict_no = watched(desk, uses=9)
    again = desk.title_system.post(f"/api/v1/verdicts/{verdict_no}/watch")
    revoke(desk, code_no)

    changed(desk)

    assert again.status_code == 200
    [event] = told(desk)
    assert (event["type"], event["changed"]) == ("verdict.watch-ended", ["holder-code-refused"])
    assert taken(desk, code_no) == 1


def over(desk: Desk, code_no: str, how: str) -> None:
    """Let a code end without anything happening to the person's hours."""
    if how == "revoked":
        revoke(desk, code_no)
        return
    with desk.bank.unit() as session:
        row = session.get_one(HolderCode, code_no)
        if how == "expired":
            row.expires_at = utc_now()
        else:
            row.uses_taken = row.uses_max


@pytest.mark.parametrize("how", ["revoked", "expired", "used up"])
def test_the_end_of_a_code_is_told_at_once_and_once_in_feed_and_webhook(
    desk: Desk, how: str
) -> None:
    code_no, verdict_no = watched(desk, uses=9)
    body = {"url": "https://titles.example/events"}
    assert desk.title_system.post("/api/v1/webhook", body).status_code == 200
    run_watches(STOP)
    before = told(desk)
    over(desk, code_no, how)

    run_watches(STOP)
    run_watches(STOP)

    assert before == []
    [event] = told(desk)
    assert (event["type"], event["changed"]) == ("verdict.watch-ended", ["holder-code-refused"])
    assert (event["watched"], event["verdict"]) == (verdict_no, verdict_no)
    assert event["delivery"] == "waiting"
    watches = desk.title_system.get("/api/v1/watches").get_json()["watches"]
    assert watches == []


def test_the_end_of_one_code_ends_no_watch_by_another(desk: Desk) -> None:
    code_no, _ = watched(desk, uses=9)
    _, other = made(desk.bank, uses=9)
    asked = desk.title_system.post("/api/v1/verdicts", by_code(other)).get_json()
    desk.title_system.post(f"/api/v1/verdicts/{asked['verdict_no']}/watch")
    revoke(desk, code_no)

    run_watches(STOP)

    assert len(told(desk)) == 1
    [left] = desk.title_system.get("/api/v1/watches").get_json()["watches"]
    assert left["verdict_no"] == asked["verdict_no"]


def test_a_code_that_is_revoked_while_the_answer_is_made_gives_none(desk: Desk) -> None:
    code_no, _ = watched(desk, uses=9)
    attended(desk, 1)
    house, now = desk.bank.house, utc_now()
    with unit_of_work() as session:
        assert look_on(session)
    with snapshot() as session:
        [due] = due_watches(session, house.vault, 9)
        asked = ask_again(session, house.vault, due, now=now)
    assert asked.prepared is not None
    signed = sign(asked.prepared, house.keys, house.settings.verdict_algorithm)
    revoke(desk, code_no)
    with unit_of_work() as session:
        assert settle_watch(session, asked, signed, now=now)
    run_watches(STOP)

    [event] = told(desk)
    assert (event["type"], event["superseded_by"]) == ("verdict.watch-ended", "")
    assert taken(desk, code_no) == 1
    with desk.bank.reading() as session:
        assert session.get(Verdict, signed.verdict_no) is None


def test_a_code_of_one_use_lets_nobody_watch(desk: Desk) -> None:
    attended(desk, 0)
    _, code = made(desk.bank)
    asked = desk.title_system.post("/api/v1/verdicts", by_code(code)).get_json()

    refused = desk.title_system.post(f"/api/v1/verdicts/{asked['verdict_no']}/watch")

    assert problem_of(refused)["code"] == "verdict-unwatchable"
