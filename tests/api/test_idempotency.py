"""A write that comes twice is done once; the first answer comes back, marked."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from creditbank.registry.models import IdempotentWrite
from tests.api.desk import DAYS, Caller, Desk, filing_body, problem_of, roster_rows, stated
from tests.attendance.rosters import csv_bytes, xlsx
from tests.bank import invented_person

PEOPLE = [invented_person(number) for number in (11, 12)]
HEADER = ["姓名", "证件类型", "证件号码", "日期", "实到分钟"]


def cells(desk_rows: dict[str, list[dict[str, object]]]) -> list[list[object]]:
    return [
        [row["name"], "", row["document_number"], row["day"], row["attended_minutes"]]
        for row in desk_rows["rows"]
    ]


def filings_count(desk: Desk) -> int:
    return desk.row_counts()["filing"]


def test_the_same_write_again_gets_the_first_answer_and_does_nothing(desk: Desk) -> None:
    first = desk.provider.post("/api/v1/filings", filing_body(), retry="once")

    again = desk.provider.post("/api/v1/filings", filing_body(), retry="once")

    assert again.get_json() == first.get_json()
    assert (first.status_code, again.status_code) == (201, 201)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert filings_count(desk) == 1


def test_a_key_in_quotes_is_the_same_key(desk: Desk) -> None:
    first = desk.provider.post("/api/v1/filings", filing_body(), retry='"8e03978e-40d5"')

    again = desk.provider.post("/api/v1/filings", filing_body(), retry="8e03978e-40d5")

    assert again.get_json() == first.get_json()


def test_the_same_content_otherwise_written_is_the_same_content(desk: Desk) -> None:
    body = filing_body()
    spaced = {**dict(reversed(body.items())), "title": f"  {body['title']} "}

    desk.provider.post("/api/v1/filings", body, retry="once")
    again = desk.provider.post("/api/v1/filings", spaced, retry="once")

    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_key_with_another_content_is_refused(desk: Desk) -> None:
    desk.provider.post("/api/v1/filings", filing_body(), retry="once")

    other = desk.provider.post("/api/v1/filings", filing_body(seats=41), retry="once")

    assert other.status_code == 409
    assert problem_of(other)["code"] == "idempotency-key-reused"
    assert filings_count(desk) == 1


def test_a_key_with_another_persons_number_is_another_content(desk: Desk) -> None:
    withdrawals = f"/api/v1/filings/{desk.approved_filing()}/withdrawals"
    desk.provider.post(withdrawals.replace("withdrawals", "rosters"), roster_rows(PEOPLE))
    one, other = ({**stated(person), "reason": "not-present"} for person in PEOPLE)

    desk.provider.post(withdrawals, one, retry="once")
    second = desk.provider.post(withdrawals, {**other, "name": one["name"]}, retry="once")

    assert second.status_code == 409


def test_keys_belong_to_the_client_that_chose_them(desk: Desk) -> None:
    desk.provider.post("/api/v1/filings", filing_body(), retry="once")

    another = desk.other_provider.post("/api/v1/filings", filing_body(), retry="once")

    assert another.status_code == 201
    assert filings_count(desk) == 2


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("", "idempotency-key-missing"),
        ('""', "idempotency-key-malformed"),
        ("a" * 65, "idempotency-key-malformed"),
        ("a b", "idempotency-key-malformed"),
        ("键".encode().decode("latin-1"), "idempotency-key-malformed"),
        ('"unended', "idempotency-key-malformed"),
    ],
)
def test_a_write_without_a_usable_key_is_refused(desk: Desk, key: str, code: str) -> None:
    response = desk.provider.post("/api/v1/filings", filing_body(), retry=key)

    assert response.status_code == 400
    assert problem_of(response)["code"] == code
    assert filings_count(desk) == 0


def test_a_write_that_was_refused_leaves_its_key_free(desk: Desk) -> None:
    refused = desk.provider.post(
        "/api/v1/filings", filing_body(days=[DAYS[0], DAYS[0]]), retry="once"
    )

    done = desk.provider.post("/api/v1/filings", filing_body(), retry="once")

    assert (refused.status_code, done.status_code) == (422, 201)


def test_the_same_rows_saved_as_another_file_are_a_retry(desk: Desk) -> None:
    rosters = f"/api/v1/filings/{desk.approved_filing()}/rosters"
    rows = cells(roster_rows(PEOPLE))

    first = desk.provider.post(rosters, data=xlsx([HEADER, *rows]), retry="once")
    as_csv = desk.provider.post(rosters, data=csv_bytes([HEADER, *rows]), retry="once")
    as_json = desk.provider.post(rosters, roster_rows(PEOPLE), retry="once")

    assert first.get_json()["rows_credited"] == 6
    assert as_csv.get_json() == as_json.get_json() == first.get_json()
    assert as_json.headers["Idempotency-Replayed"] == "true"


def test_the_same_roster_under_another_key_finds_every_row_credited_already(desk: Desk) -> None:
    rosters = f"/api/v1/filings/{desk.approved_filing()}/rosters"
    desk.provider.post(rosters, roster_rows(PEOPLE))

    again = desk.provider.post(rosters, roster_rows(PEOPLE)).get_json()

    assert again["rows_credited"] == 0
    assert {row["code"] for row in again["problems"]} == {"roster-already-credited"}


def test_a_clients_secret_is_never_stored_and_never_shown_again(desk: Desk) -> None:
    body = {"name": "甲", "role": "official", "jurisdiction": "cn-3710"}

    first = desk.administrator.post("/api/v1/clients", body, retry="once").get_json()
    again = desk.administrator.post("/api/v1/clients", body, retry="once")

    with desk.bank.reading() as session:
        stored = session.scalars(select(IdempotentWrite.answer)).all()
    assert not any(first["client_secret"] in answer for answer in stored)
    assert "client_secret" not in again.get_json()
    assert again.get_json()["client_id"] == first["client_id"]
    assert again.get_json()["secret_note"]


def test_an_answer_whose_time_is_over_is_forgotten(desk: Desk) -> None:
    desk.provider.post("/api/v1/filings", filing_body(), retry="once")
    age = timedelta(days=desk.bank.house.settings.idempotency_days + 1)
    with desk.bank.unit() as session:
        [row] = session.scalars(
            select(IdempotentWrite).where(IdempotentWrite.idempotency_key == "once")
        )
        session.execute(
            update(IdempotentWrite)
            .where(IdempotentWrite.idempotency_key == "once")
            .values(recorded_at=row.recorded_at - age)
        )

    again = desk.provider.post("/api/v1/filings", filing_body(), retry="once")

    assert "Idempotency-Replayed" not in again.headers
    assert filings_count(desk) == 2


def test_validating_writes_nothing_and_wants_no_key(desk: Desk) -> None:
    rosters = f"/api/v1/filings/{desk.approved_filing()}/rosters"
    before = desk.row_counts()

    tried = desk.provider.post(f"{rosters}?mode=validate", roster_rows(PEOPLE), retry="")

    assert tried.get_json()["credited_hours"] == "48.00"
    assert tried.get_json()["roster_no"] == ""
    assert desk.row_counts() == before
    assert desk.provider.post(rosters, roster_rows(PEOPLE)).get_json()["credited_hours"] == "48.00"


def at_once(desk: Desk, sends: list[Callable[[Caller], TestResponse]]) -> list[TestResponse]:
    """Send from threads of their own, all released at the same moment."""
    answers: list[TestResponse] = []
    gate = threading.Barrier(len(sends))

    def run(send: Callable[[Caller], TestResponse]) -> None:
        caller = Caller(desk.bank.app.test_client(), desk.provider.token)
        gate.wait()
        answers.append(send(caller))

    threads = [threading.Thread(target=run, args=(send,)) for send in sends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_the_same_write_at_once_from_many_sides_is_done_once(desk: Desk) -> None:
    def send(caller: Caller) -> TestResponse:
        return caller.post("/api/v1/filings", filing_body(), retry="race")

    answers = at_once(desk, [send] * 6)

    assert [each.status_code for each in answers] == [201] * 6
    assert len({each.get_json()["filing_no"] for each in answers}) == 1
    assert sum("Idempotency-Replayed" in each.headers for each in answers) == 5
    assert filings_count(desk) == 1


def test_one_key_for_two_contents_at_once_does_one_of_them(desk: Desk) -> None:
    def sending(seats: int) -> Callable[[Caller], TestResponse]:
        return lambda caller: caller.post("/api/v1/filings", filing_body(seats=seats), retry="race")

    answers = at_once(desk, [sending(40), sending(41)])

    assert sorted(each.status_code for each in answers) == [201, 409]
    assert filings_count(desk) == 1


def test_one_roster_at_once_under_many_keys_is_credited_once(desk: Desk) -> None:
    rosters = f"/api/v1/filings/{desk.approved_filing()}/rosters"

    def send(caller: Caller) -> TestResponse:
        return caller.post(rosters, roster_rows(PEOPLE))

    answers = at_once(desk, [send] * 4)

    assert [each.status_code for each in answers] == [201] * 4
    assert sorted(each.get_json()["rows_credited"] for each in answers) == [0, 0, 0, 6]
    assert desk.bank.fsck() == []
