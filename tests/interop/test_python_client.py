"""The Python client and a bank that is served: asks, lists, checks, comes through trouble."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from creditbank_client import (
    Applicant,
    Bank,
    Claim,
    Ground,
    Key,
    Patience,
    Person,
    Proof,
    Question,
    Refused,
    Secret,
    TokenRefused,
    Unreachable,
    VerdictInvalid,
    Waited,
)
from creditbank_client.verdicts import checked_shown
from joserfc import jws
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey

from creditbank.jobs.batches import run_batches
from creditbank.keys import public_jwk
from creditbank.people.register import Identity
from tests.api.desk import YEAR, Desk
from tests.api.test_predicates_api import made
from tests.api.test_registry_and_verdicts import PERSON, TITLE_SYSTEM_USCC, granted, on_record
from tests.bank import invented_person
from tools import check_verdict

Send = Callable[[httpx.Request], httpx.Response]
STRANGER = invented_person(77)
QUESTION = Question(
    scheme="cn-3710",
    series="engineering",
    level="associate_senior",
    application_day=date(YEAR + 1, 3, 15),
    purpose="职称评审",
    legal_basis="第25号令",
    stated={"current_title_on": f"{YEAR - 8}-06-30"},
)


def named(identity: Identity) -> Person:
    return Person(str(identity.document.kind), identity.document.number, identity.name)


def title_system(
    desk: Desk, address: str, send: Send | None = None, proof: Proof | None = None
) -> Bank:
    """Return the title system's client; `send` stands between it and the bank."""
    transport = httpx.MockTransport(send) if send else None
    return Bank(
        address,
        desk.title_system.client_id,
        proof or Secret(desk.title_system.secret),
        patience=Patience(attempts=4, sleep=lambda _: None),
        http=httpx.Client(transport=transport),
    )


@pytest.fixture
def bank(served: tuple[Desk, str]) -> Iterator[Bank]:
    desk, address = served
    granted(desk)
    on_record(desk)
    with title_system(desk, address) as client:
        yield client


def test_a_bare_yes_or_no_is_checked_and_shown_to_be_about_the_person(
    served: tuple[Desk, str], bank: Bank
) -> None:
    desk, _ = served
    claim = Claim("cn-3710", "professional", "24.00", YEAR, YEAR)
    ground = Ground("engineering", "associate_senior", "人才引进", "第25号令")
    _, code = made(desk.bank)

    yes = bank.claim(named(PERSON), claim, ground, idempotency_key="one")
    of_code = bank.claim_by_code(code, claim)
    read = bank.predicate(yes.predicate_no)

    assert (yes.answer, of_code.answer) == ("yes", "yes")
    assert "at least 24.00 hours" in yes.words("en")
    assert yes == read
    assert yes.is_about(named(PERSON))
    assert not yes.is_about(named(STRANGER))
    assert of_code.is_about(code.lower())
    assert yes.nonce not in repr(yes)
    with pytest.raises(VerdictInvalid, match="creditbank-verdict"):
        bank.check(yes.jws)


def test_an_answer_is_shown_in_part_and_what_is_not_signed_is_caught(
    served: tuple[Desk, str], bank: Bank
) -> None:
    desk, _ = served
    verdict = bank.ask(named(PERSON), QUESTION)

    shown = bank.sd_jwt(verdict.verdict_no)
    part = shown.showing(["requirement"], years=[YEAR], subject="professional")
    nothing = shown.showing()
    keys = {"keys": [public_jwk(key) for key in desk.bank.house.keys.every("verdict-ed25519")]}
    report = check_verdict.examine_shown(part.encode(), json.dumps(keys).encode())
    with pytest.raises(VerdictInvalid, match="not signed"):
        checked_shown(part + "WyJhIiwxXQ~", lambda *, anew: KeySet.import_key_set(keys))
    with pytest.raises(VerdictInvalid, match="ends with"):
        checked_shown(part[:-1], lambda *, anew: KeySet.import_key_set(keys))

    assert set(shown.members) == {"asker", "outcome", "question", "subject", "requirement"}
    assert (report.failed, report.members.keys()) == ((), {"requirement"})
    assert report.members["requirement"] == verdict.statement["requirement"]
    assert {line["subject"] for line in report.lines} == {"professional"}
    assert nothing.count("~") == 1


@pytest.mark.usefixtures("bank")
def test_an_answer_is_checked_kept_and_read_again(served: tuple[Desk, str], bank: Bank) -> None:
    verdict = bank.ask(named(PERSON), QUESTION)

    assert (verdict.outcome, verdict.frees) == ("not_met", False)
    assert verdict.shortfall[0].keys() == {"year", "through", "subject", "short"}
    assert verdict.statement["question"]["stated"] == QUESTION.stated
    assert "学时" in verdict.reasons()[0]
    assert bank.check(verdict.jws) == verdict == bank.verdict(verdict.verdict_no)
    assert PERSON.name not in repr(named(PERSON)) + verdict.jws
    assert PERSON.document.number not in repr(named(PERSON))
    assert served[0].title_system.secret not in repr(Secret(served[0].title_system.secret))


def test_what_became_of_it_is_reported_and_taken_back(bank: Bank) -> None:
    number = bank.ask(named(PERSON), QUESTION).verdict_no
    day = date(YEAR, 1, 15)

    stood = [bank.report(number, result, day) for result in ("submitted", "passed", "retracted")]
    with pytest.raises(Refused) as refused:
        bank.report(number, "submitted", day)

    assert stood == ["submitted", "passed", "submitted"]
    assert refused.value.code == "result-unfit"


def test_the_same_key_gets_the_same_answer_and_another_question_is_refused(bank: Bank) -> None:
    first = bank.ask(named(PERSON), QUESTION, idempotency_key="application-1")
    again = bank.ask(named(PERSON), QUESTION, idempotency_key="application-1")

    with pytest.raises(Refused) as refused:
        bank.ask(named(STRANGER), QUESTION, idempotency_key="application-1")

    assert again == first
    assert (refused.value.status, refused.value.code) == (409, "idempotency-key-reused")


def test_a_refusal_says_what_was_found_wanted_and_what_to_do(bank: Bank) -> None:
    wrong = Person(str(PERSON.document.kind), PERSON.document.number, "张三")
    typo = Person("resident_id", "999999198505150019", "李示例")

    with pytest.raises(Refused) as mismatched:
        bank.ask(wrong, QUESTION)
    with pytest.raises(Refused) as mistyped:
        bank.ask(typo, QUESTION)

    assert (mismatched.value.status, mismatched.value.code) == (409, "identity-mismatch")
    assert mismatched.value.found
    assert mismatched.value.wanted
    assert mismatched.value.next
    assert [each.path for each in mistyped.value.errors] == ["/document_number"]
    assert PERSON.name not in str(mismatched.value)


def test_a_list_is_sent_watched_and_taken_away_signed(bank: Bank) -> None:
    stating = Applicant(named(STRANGER), {"current_title_on": f"{YEAR - 2}-06-30"})
    twice = Applicant(Person(str(PERSON.document.kind), PERSON.document.number, "张三"))

    sent = bank.ask_about([Applicant(named(PERSON)), stating, twice], QUESTION)
    with pytest.raises(Waited):
        bank.wait_for(sent.batch_no, seconds=0)
    run_batches(threading.Event())
    looks: list[int] = []
    done = bank.wait_for(sent.batch_no, seconds=60, told=lambda seen: looks.append(seen.rows_done))
    rows, answers = list(bank.rows(sent.batch_no)), list(bank.answers(sent.batch_no))

    assert (sent.state, sent.over, sent.rows_total) == ("waiting", False, 3)
    assert (done.state, looks, done.counts["refused"]) == ("done", [3], 1)
    assert [row.state for row in rows] == ["answered", "answered", "refused"]
    assert rows[2].problems[0].code == "list-row-duplicate"
    assert [answer.row_no for answer in answers] == [1, 2]
    said = [answer.verdict.statement["question"]["stated"] for answer in answers]
    assert said == [QUESTION.stated, stating.stated]


def test_a_list_that_is_signed_once_is_checked_row_by_row(
    served: tuple[Desk, str], bank: Bank
) -> None:
    wrong = Applicant(Person(str(PERSON.document.kind), PERSON.document.number, "张三"))
    people = [Applicant(named(PERSON)), Applicant(named(STRANGER)), wrong]

    sent = bank.ask_about(people, QUESTION, signing="tree")
    run_batches(threading.Event())
    answers = [each.verdict for each in bank.answers(sent.batch_no)]
    desk, address = served
    keys = httpx.get(f"{address}/.well-known/jwks.json").content
    reports = [check_verdict.examine_listed(each.proof.encode(), keys) for each in answers]

    assert [each.outcome for each in answers] == ["not_met", "undetermined"]
    assert {each.jws for each in answers} == {""}
    assert [bank.check(each.proof) for each in answers] == answers
    assert bank.verdict(answers[1].verdict_no) == answers[1]
    assert [report.failed for report in reports] == [(), ()]
    first, second = (json.loads(each.proof) for each in answers)
    lies: list[dict[str, Any]] = [
        first | {"index": 1},
        first | {"proof": second["proof"]},
        first | {"payload": second["payload"]},
        first | {"tree": first["tree"][:-8] + "AAAAAAAA"},
        first | {"statement": "creditbank/listed-verdict/v2"},
        first | {"proof": [*first["proof"], "00" * 32]},
        first | {"index": -1},
        {},
    ]
    for lie in lies:
        with pytest.raises(VerdictInvalid):
            bank.check(json.dumps(lie))
    assert desk.row_counts()["verdict_tree"] == 1


@pytest.mark.parametrize("key", [OKPKey.generate_key("Ed25519"), ECKey.generate_key("P-256")])
def test_a_key_that_never_leaves_proves_the_client(
    served: tuple[Desk, str], tmp_path: Path, key: OKPKey | ECKey
) -> None:
    desk, address = served
    body = {
        "name": "评审系统", "role": "title_system", "jurisdiction": "cn-3710",
        "organisation": TITLE_SYSTEM_USCC, "public_key": key.as_dict(private=False),
    }  # fmt: skip
    client_id = desk.administrator.post("/api/v1/clients", body).get_json()["client_id"]
    file = tmp_path / "key.json"
    file.write_text(json.dumps(key.as_dict(private=True)), "utf-8")
    (tmp_path / "public.json").write_text(json.dumps(key.as_dict(private=False)), "utf-8")
    granted(desk)

    with Bank(address, client_id, Key.from_file(file)) as bank:
        verdict = bank.ask(named(PERSON), QUESTION)

    assert verdict.statement["asker"]["client"] == client_id
    with pytest.raises(ValueError, match="private JWK"):
        Key.from_file(tmp_path / "public.json")


def test_a_wrong_secret_gets_no_token(served: tuple[Desk, str]) -> None:
    desk, address = served
    with (
        title_system(desk, address, proof=Secret("cbs_wrong")) as bank,
        pytest.raises(TokenRefused) as refused,
    ):
        bank.verdict("V00000000000000000000")

    assert refused.value.error == "invalid_client"


class Trouble:
    """Stands before the bank: loses answers, is busy, ends tokens; notes what was sent."""

    def __init__(self, address: str, *troubles: Callable[[Send, httpx.Request], Any]) -> None:
        self._http = httpx.Client(base_url=address)
        self._waiting = list(troubles)
        self.sent: list[tuple[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.startswith("/api/v1/verdict"):
            return self._pass_on(request)
        self.sent.append((request.method, request.headers.get("Idempotency-Key", "")))
        if not self._waiting:
            return self._pass_on(request)
        response: httpx.Response = self._waiting.pop(0)(self._pass_on, request)
        return response

    def _pass_on(self, request: httpx.Request) -> httpx.Response:
        answer = self._http.send(request)
        answer.read()
        return answer


def lost_on_its_way_back(send: Send, request: httpx.Request) -> httpx.Response:
    send(request)
    raise httpx.ReadError("cable")


def lost_on_its_way_there(_send: Send, _request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("cable")


def busy(_send: Send, _request: httpx.Request) -> httpx.Response:
    return httpx.Response(503, headers={"Retry-After": "7"})


def token_over(_send: Send, _request: httpx.Request) -> httpx.Response:
    return httpx.Response(401, json={"code": "token-refused"})


def test_an_answer_that_was_lost_is_not_asked_for_twice(served: tuple[Desk, str]) -> None:
    desk, address = served
    granted(desk)
    trouble = Trouble(
        address, lost_on_its_way_back, lost_on_its_way_there, lost_on_its_way_back, token_over, busy
    )

    with title_system(desk, address, send=trouble) as bank:
        verdict = bank.ask(named(STRANGER), QUESTION)

    counted = desk.row_counts()["verdict"]
    assert verdict.outcome == "undetermined"
    assert counted == 1
    assert len(trouble.sent) == 6
    assert len(set(trouble.sent)) == 1


def test_somebody_who_stays_away_is_given_up(served: tuple[Desk, str]) -> None:
    desk, address = served
    waited: list[float] = []
    for trouble, said in ((busy, "busy: 503"), (lost_on_its_way_there, "no answer")):
        before = Trouble(address, *[trouble] * 9)
        bank = Bank(
            address, desk.title_system.client_id, Secret(desk.title_system.secret),
            patience=Patience(attempts=3, sleep=waited.append),
            http=httpx.Client(transport=httpx.MockTransport(before)),
        )  # fmt: skip
        with bank, pytest.raises(Unreachable, match=said):
            bank.verdict("V00000000000000000000")
        assert len(before.sent) == 3
    assert waited.count(7.0) == 2  # as long as the bank asked to be left alone


def signed(said: bytes, key: OKPKey | OctKey, *, kid: str, alg: str = "Ed25519") -> str:
    header = {"alg": alg, "kid": kid, "typ": "creditbank-verdict+jwt"}
    return jws.serialize_compact(header, said, key, algorithms=[alg])


def test_an_answer_that_the_bank_did_not_sign_is_none(served: tuple[Desk, str]) -> None:
    desk, address = served
    granted(desk)
    key = OKPKey.generate_key("Ed25519", {"kid": "stranger"})
    with title_system(desk, address) as bank:
        verdict = bank.ask(named(STRANGER), QUESTION)
        head, payload, signature = verdict.jws.split(".")
        kid = jws.extract_compact(verdict.jws.encode()).headers()["kid"]
        said = json.dumps({**verdict.statement, "outcome": "met"}).encode()
        forged = [
            "nothing",
            f"{head}.{payload}.{signature[::-1]}",
            f"{head}.{payload[:-4]}AAAA.{signature}",
            *(signed(said, key, kid=each) for each in ("stranger", kid)),
            signed(said, OctKey.import_key("secret" * 6), kid=kid, alg="HS256"),
        ]
        for token in forged:
            with pytest.raises(VerdictInvalid):
                bank.check(token)


def test_keys_that_were_rotated_since_are_fetched_anew(served: tuple[Desk, str]) -> None:
    desk, address = served
    granted(desk)
    with title_system(desk, address) as bank:
        bank.ask(named(STRANGER), QUESTION)
        desk.bank.house.keys.rotate("verdict-ed25519")

        verdict = bank.ask(named(STRANGER), QUESTION)

    assert verdict.statement["supersedes"]
