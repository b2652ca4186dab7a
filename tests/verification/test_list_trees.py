"""Lists that are signed as a whole: one signature, a proof for each row, and no row left out."""

import base64
import hashlib
import json
import threading
from dataclasses import replace
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import KeySet
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from creditbank.answering import signed_lines
from creditbank.attendance.people_list import ListedPerson
from creditbank.clock import utc_now
from creditbank.errors import RowProblem
from creditbank.jobs import batches as jobs
from creditbank.jobs.batches import run_batch, run_batches
from creditbank.keys import public_jwk
from creditbank.ledger.merkle import inclusion_holds
from creditbank.people.register import Identity
from creditbank.registry.clients import Client
from creditbank.verification import list_trees
from creditbank.verification.answers import verdict_numbered
from creditbank.verification.batches import SILENT_SECONDS, request_batch
from creditbank.verification.kept import statement_of, superseded_by
from creditbank.verification.list_trees import Signing, VerdictUnsignedError, listed_verdict
from creditbank.verification.models import Verdict, VerdictBatchItem, VerdictTree
from creditbank.verification.watching import watch_verdict
from tests.bank import TestBank, invented_person
from tests.verification.test_batches import MET, SHORT, client, listed, question, taken

__all__ = ["client"]  # a fixture


def sent(
    bank: TestBank, by: Client, people: list[ListedPerson], problems: list[RowProblem] | None = None
) -> str:
    asked = replace(question(), signing=Signing.TREE)
    with bank.unit() as session:
        return request_batch(
            session, bank.house.vault, asked, people, by, problems=problems or [], kept_days=30,
            now=utc_now(),
        ).batch_no  # fmt: skip


def handed_over(batch_no: str, by: Client, after: int = 0) -> list[dict[str, Any]]:
    return [json.loads(line) for line in signed_lines(batch_no, by, after=after)]


def jwks_of(bank: TestBank) -> dict[str, Any]:
    return {"keys": [public_jwk(key) for key in bank.house.keys.every("verdict-ed25519")]}


def payload_of(listed: dict[str, Any]) -> bytes:
    return base64.urlsafe_b64decode(listed["payload"] + "==")


def root_of(bank: TestBank, listed: dict[str, Any]) -> dict[str, Any]:
    """Read the root as another library does, with the bank's public keys alone."""
    opened = jws.deserialize_compact(
        listed["tree"], KeySet.import_key_set(jwks_of(bank)), algorithms=["Ed25519"]
    )
    assert opened.headers()["typ"] == "creditbank-verdict-tree+jwt"
    said: dict[str, Any] = json.loads(opened.payload)
    return said


def holds(bank: TestBank, listed: dict[str, Any]) -> bool:
    root = root_of(bank, listed)
    leaf = hashlib.sha256(b"creditbank/list-leaf/v1\n" + payload_of(listed)).digest()
    proof = [bytes.fromhex(each) for each in listed["proof"]]
    return inclusion_holds(leaf, listed["index"], root["size"], proof, bytes.fromhex(root["root"]))


def test_one_signature_proves_every_row_of_a_list_answered_or_refused(
    bank: TestBank, client: Client
) -> None:
    wrong_name = ListedPerson(7, Identity(SHORT.document, "不是此人"), {})
    unread = RowProblem(9, "证件号码", "roster-number-missing")
    people = [*listed(MET, *(invented_person(40 + n) for n in range(4))), wrong_name]
    batch_no = sent(bank, client, people, [unread])
    assert handed_over(batch_no, client) == []

    run_batches(threading.Event())

    rows = handed_over(batch_no, client)
    assert [(row["row_no"], row["outcome"]) for row in rows] == [
        (2, "met"), *((n, "undetermined") for n in range(3, 7)), (7, "refused"), (9, "refused"),
    ]  # fmt: skip
    assert len({row["listed"]["tree"] for row in rows}) == 1
    assert all(holds(bank, row["listed"]) for row in rows)
    root = root_of(bank, rows[0]["listed"])
    assert (root["statement"], root["list"], root["size"]) == (
        "creditbank/verdict-tree/v1", batch_no, 7,
    )  # fmt: skip
    said = json.loads(payload_of(rows[0]["listed"]))
    assert (said["statement"], said["jti"], said["outcome"]) == (
        "creditbank/verdict/v1", rows[0]["verdict_no"], "met",
    )  # fmt: skip
    refused = [json.loads(payload_of(row["listed"])) for row in rows[-2:]]
    assert [each["codes"] for each in refused] == [
        ["identity-mismatch"], ["roster-number-missing"],
    ]  # fmt: skip
    assert handed_over(batch_no, client, after=6) == rows[5:]


def test_a_proof_is_of_its_own_row_and_list_alone(bank: TestBank, client: Client) -> None:
    batches = [sent(bank, client, listed(MET, SHORT, invented_person(41))) for _ in range(2)]
    run_batches(threading.Event())

    [first, other] = [handed_over(batch_no, client)[0]["listed"] for batch_no in batches]
    second = handed_over(batches[0], client)[1]["listed"]

    assert holds(bank, first)
    assert not holds(bank, first | {"index": 1})
    assert not holds(bank, first | {"proof": second["proof"]})
    assert not holds(bank, first | {"tree": other["tree"]})
    assert not holds(bank, first | {"payload": second["payload"]})


def test_an_answer_of_a_list_is_found_by_its_number_superseded_and_watched(
    bank: TestBank, client: Client
) -> None:
    first, again = (sent(bank, client, listed(MET, SHORT)) for _ in range(2))
    turn = taken(bank)
    assert turn is not None
    run_batch(turn, threading.Event())
    number = handed_over(first, client)[1]["verdict_no"]
    jobs.run_batches(threading.Event())

    with bank.reading() as session:
        verdict = verdict_numbered(session, number, client)
        shown = listed_verdict(session, verdict)
        newer = superseded_by(session, verdict)
        [later] = [
            statement_of(each)["supersedes"]
            for each in session.scalars(select(Verdict).where(Verdict.verdict_no == newer))
        ]
    with bank.unit() as session:
        watched = watch_verdict(session, number, client, now=utc_now()).verdict_no

    assert shown == handed_over(first, client)[1]["listed"]
    assert newer == handed_over(again, client)[1]["verdict_no"]
    assert (later, watched) == (number, number)


def test_an_answer_whose_list_is_not_done_is_not_handed_over_unsigned(
    bank: TestBank, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SLICE_ROWS", 2)
    batch_no = sent(bank, client, listed(MET, SHORT, invented_person(41)))
    stop, turn = threading.Event(), taken(bank)
    assert turn is not None

    run_batch(turn, stop, lambda _rows: stop.set())

    assert handed_over(batch_no, client) == []
    with bank.reading() as session, pytest.raises(VerdictUnsignedError):
        listed_verdict(session, session.scalars(select(Verdict)).first())  # type: ignore[arg-type]
    assert run_batches(threading.Event()) == 1
    assert [row["row_no"] for row in handed_over(batch_no, client)] == [2, 3, 4]


def test_a_list_that_is_taken_up_again_gives_the_tree_of_the_leaves_that_were_settled(
    bank: TestBank, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [*listed(MET, SHORT), ListedPerson(4, Identity(SHORT.document, "不是此人"), {})]
    batch_no = sent(bank, client, people)
    slow = taken(bank)
    assert slow is not None

    def dying(*_given: object, **_more: object) -> None:
        raise OSError("killed while it signed")

    with monkeypatch.context() as broken:
        broken.setattr(jobs, "plant", dying)
        with pytest.raises(OSError, match="killed"):
            run_batch(slow, threading.Event())
    with bank.reading() as session:
        settled = leaves(session, batch_no)
        assert session.get(VerdictTree, batch_no) is None
    turn = taken(bank, SILENT_SECONDS + 1)
    assert turn is not None
    assert run_batch(turn, threading.Event())

    rows = handed_over(batch_no, client)
    with bank.reading() as session:
        assert leaves(session, batch_no) == settled
    assert [list_trees.leaf_of(payload_of(row["listed"])) for row in rows] == settled
    assert all(holds(bank, row["listed"]) for row in rows)
    assert not run_batch(slow, threading.Event())


def leaves(session: Any, batch_no: str) -> list[bytes | None]:
    query = select(VerdictBatchItem.leaf).where(VerdictBatchItem.batch_no == batch_no)
    return list(session.scalars(query.order_by(VerdictBatchItem.row_no)))


@pytest.mark.parametrize("rows", [1, 2, 255, 256, 257, 700])
def test_every_row_of_lists_of_any_length_is_proved(
    bank: TestBank, client: Client, rows: int
) -> None:
    unread = [RowProblem(row_no, "", "roster-number-missing") for row_no in range(3, rows + 2)]
    batch_no = sent(bank, client, listed(MET), unread)
    run_batches(threading.Event())

    found = handed_over(batch_no, client)
    with bank.reading() as session:
        verdict = verdict_numbered(session, found[0]["verdict_no"], client)
        alone = listed_verdict(session, verdict)

    assert len(found) == rows
    assert alone == found[0]["listed"]
    assert all(holds(bank, row["listed"]) for row in found)


def test_what_was_signed_is_never_rewritten(bank: TestBank, client: Client) -> None:
    sent(bank, client, listed(MET))
    run_batches(threading.Event())

    for statement in (
        "UPDATE verdict_tree SET size = 2", "DELETE FROM verdict_tree",
        "UPDATE verdict_tree_tile SET hashes = root FROM verdict_tree",
        "DELETE FROM verdict_tree_tile",
    ):  # fmt: skip
        with pytest.raises(DatabaseError), bank.unit() as session:
            session.execute(text(statement))


def test_a_leaf_tells_nothing_of_a_neighbour(bank: TestBank, client: Client) -> None:
    """Refusals of one code in two lists, and the same answers, have no leaf in common."""
    wrong = ListedPerson(4, Identity(SHORT.document, "不是此人"), {})
    lists = [sent(bank, client, [*listed(MET, SHORT), wrong]) for _ in range(2)]
    run_batches(threading.Event())

    with bank.reading() as session:
        [one, other] = [leaves(session, batch_no) for batch_no in lists]
    guessed = {"iss": "localhost", "statement": list_trees.REFUSAL, "list": lists[0], "row": 4}
    salts = {
        json.loads(payload_of(handed_over(each, client)[2]["listed"]))["salt"] for each in lists
    }

    assert not {*one} & {*other}
    assert len(salts) == 2
    assert (
        guessed.keys() < json.loads(payload_of(handed_over(lists[0], client)[2]["listed"])).keys()
    )
