"""One question sent at once from many sides under one key is answered and kept once."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from werkzeug.test import TestResponse

from creditbank.db import snapshot
from creditbank.readymade import ended_with
from creditbank.registry.idempotency import FirstAnswer, WriteKey, claim_asked
from creditbank.verification.answers import VerdictRow, keeping
from creditbank.verification.claimed import kept_if_claimed
from tests.api.desk import Caller, Desk
from tests.api.test_registry_and_verdicts import granted, on_record, question
from tests.bank import NOW, TestBank

SENDERS = 16
KEY = WriteKey("title_system-aaaaaaaa", "race", (b"d" * 32,))
ROW = VerdictRow(
    "V0000000000000000001", None, KEY.client_id, "M000000001", "p", "b", "summary", "met",
    b"q" * 32, NOW, "e30.e30.e30",
)  # fmt: skip


def kept(bank: TestBank, row: VerdictRow, key: WriteKey = KEY) -> bool | None:
    """Keep a row under the key by the trip that ends a snapshot; None where there is none such."""
    answer = FirstAnswer(201, {"verdict_no": row.verdict_no})
    before = NOW - timedelta(days=1)
    with bank.app.app_context(), snapshot() as session:
        claim = claim_asked(key, answer, forgotten_before=before, now=NOW)
        rows = ended_with(session, kept_if_claimed(claim, keeping(row)))
    return None if rows is None else bool(rows)


def test_sixteen_who_send_one_question_under_one_key_get_one_answer(desk: Desk) -> None:
    on_record(desk)
    granted(desk)
    desk.title_system.post("/api/v1/verdicts", question())  # which seals what waits
    answers: list[TestResponse] = []
    gate = threading.Barrier(SENDERS)

    def send() -> None:
        caller = Caller(desk.bank.app.test_client(), desk.title_system.token)
        gate.wait()
        answers.append(caller.post("/api/v1/verdicts", question(), retry="race"))

    threads = [threading.Thread(target=send) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [each.status_code for each in answers] == [201] * SENDERS
    assert len({each.get_json()["verdict_no"] for each in answers}) == 1
    assert sum("Idempotency-Replayed" in each.headers for each in answers) == SENDERS - 1
    assert desk.row_counts()["verdict"] == 2


def test_who_cannot_claim_the_key_keeps_nothing(desk: Desk) -> None:
    bank = desk.bank
    first = kept(bank, ROW)

    again = kept(bank, ROW._replace(verdict_no="V0000000000000000002"))

    by_wire = first is not None
    assert (first, again) == ((True, False) if by_wire else (None, None))
    assert desk.row_counts()["verdict"] == int(by_wire)


def test_an_answer_that_cannot_be_kept_claims_no_key(desk: Desk) -> None:
    bank = desk.bank
    if kept(bank, ROW) is None:
        return  # SQLite, where no trip ends a snapshot
    other = replace(KEY, key="other")

    with pytest.raises(IntegrityError):
        kept(bank, ROW, other)

    assert kept(bank, ROW._replace(verdict_no="V0000000000000000002"), other)
