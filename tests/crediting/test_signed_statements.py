"""A signed statement is believed by whoever has the public key, and by nobody once it is touched.

The checker knows nothing of the bank's code. What is forced here is forced twice: as a stranger,
who cannot sign, and as the bank itself, which can sign a lie but not put it into the log.
"""

import base64
import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from creditbank.crediting.balances import Times
from creditbank.crediting.imports import RecordRow
from creditbank.crediting.own import keys_of
from creditbank.crediting.signed_statements import Holding, signable, signed_statement
from creditbank.crediting.statements import StatementAsk, statement_of
from creditbank.keys import KeyStore, public_jwk, signed_jws
from creditbank.ledger.proving import listed_logs
from creditbank.people.register import identity_of
from tests.achievements import PAPER, PATENT, WORKS, publish_works, recognised
from tests.acts import key_of, seal_all
from tests.bank import NOW, SEMINAR_DAYS, TestBank, invented_person
from tests.crediting.ledgers import varied_record
from tests.house.tree import ROOT
from tools import check_statement

PERSON = invented_person(1)
SCHEME = "cn-3710"
SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
VECTOR: dict[str, Any] = json.loads(
    (ROOT / "tests" / "vectors" / "statement.json").read_text(encoding="utf-8")
)
tool: ModuleType = check_statement


@pytest.fixture
def varied(bank: TestBank) -> TestBank:
    varied_record(bank, PERSON)
    return bank


def payload_of(bank: TestBank, ask: StatementAsk | None = None) -> dict[str, Any]:
    with bank.reading() as session:
        key = key_of(bank, PERSON)
        holding = Holding(keys_of(session, key), identity_of(session, bank.house.vault, key))
        found: dict[str, Any] = signable(
            session, bank.house.vault, holding, ask or StatementAsk(SCHEME), now=NOW
        )
    return found


def signed(bank: TestBank, payload: Any) -> bytes:
    return signed_statement(bank.house.keys, "Ed25519", payload)


def published(bank: TestBank) -> tuple[bytes, bytes]:
    """What the bank tells everybody: its key set and its list of logs."""
    keys = [public_jwk(key) for key in bank.house.keys.every("verdict-ed25519")]
    with bank.reading() as session:
        logs = [{"origin": log.origin, "vkey": log.vkey} for log in listed_logs(session)]
    return json.dumps({"keys": keys}).encode(), json.dumps({"logs": logs}).encode()


def examined(bank: TestBank, token: bytes) -> Any:
    jwks, logs = published(bank)
    return tool.examine(token, jwks, logs=logs)


def told(report: Any) -> str:
    return "\n".join(tool.report_lines(report, "zh"))


def test_a_statement_goes_out_and_a_stranger_finds_all_of_it_true(varied: TestBank) -> None:
    payload = payload_of(varied)

    report = examined(varied, signed(varied, payload))

    assert not report.failed
    assert {finding.state.value for finding in report.findings} == {"ok"}
    assert [line["counted"] for line in payload["lines"]] == [
        "20.00", "28.00", "36.00", "44.00", "36.00", "44.00", "36.00",
    ]  # fmt: skip
    assert (payload["closing"], payload["pending"]) == ("36.00", {"entries": 1})
    assert payload["lines"][1]["entry"]["facts"]["trace"]
    assert PERSON.document.number not in json.dumps(payload, ensure_ascii=False)
    assert "完成：没有失败的检查。" in told(report)
    assert f"第 3 行 +8.00，累计 36.00，{payload['lines'][2]['title']}" in told(report)


@SQLITE
@pytest.mark.parametrize(
    ("ask", "closing"),
    [
        (StatementAsk(SCHEME, from_=SEMINAR_DAYS[1]), "36.00"),
        (StatementAsk(SCHEME, year=2024), "20.00"),
        (StatementAsk(SCHEME, Times(as_of=SEMINAR_DAYS[1])), "28.00"),
        (StatementAsk(SCHEME, Times(known_at=NOW.replace(year=2020))), "0.00"),
    ],
)
def test_what_was_narrowed_is_believed_too(
    varied: TestBank, ask: StatementAsk, closing: str
) -> None:
    payload = payload_of(varied, ask)

    report = examined(varied, signed(varied, payload))

    assert report.failed == ()
    assert payload["closing"] == closing
    assert ("期初余额由学时银行签名" in told(report)) == (ask.from_ is not None)


def leaves_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every scalar, and of every empty whole."""
    parts: Any = value.items() if isinstance(value, dict) else enumerate(value)
    for name, part in parts:
        if isinstance(part, (dict, list)) and part:
            yield from leaves_of(part, (*path, name))
        else:
            yield (*path, name)


def forced(payload: Any, path: tuple[Any, ...]) -> Any:
    """Return a copy in which one value is another of its kind."""
    found = copy.deepcopy(payload)
    whole = found
    for name in path[:-1]:
        whole = whole[name]
    value = whole[path[-1]]
    if isinstance(value, int):
        whole[path[-1]] = value + 1
    elif isinstance(value, str) and value:
        last = value[-1]
        whole[path[-1]] = value[:-1] + ("1" if last != "1" else "2")
    else:
        whole[path[-1]] = ["x"]
    return found


def resealed(token: bytes, payload: Any) -> bytes:
    """Put another payload under a signature that was made for the first."""
    header, _, signature = token.decode().split(".")
    raw = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    body = base64.urlsafe_b64encode(raw.encode()).rstrip(b"=").decode()
    return f"{header}.{body}.{signature}".encode()


def refused(bank: TestBank, token: bytes) -> tuple[str, ...]:
    try:
        failed: tuple[str, ...] = examined(bank, token).failed
    except tool.UnreadableError:
        return ("unreadable",)
    return failed


#: What only the signature vouches for: who, when, and words.
WORDS = {"iss", "made_at", "holder", "title", "provider", "zh", "en", "pending", "known_at"}


@SQLITE
def test_every_field_that_is_changed_by_force_is_refused(
    varied: TestBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The heads are signed once and looked at a hundred times.
    monkeypatch.setattr(tool.verdict, "ed25519_verify", cache(tool.verdict.ed25519_verify))
    payload = payload_of(varied)
    token = signed(varied, payload)
    paths = list(leaves_of(payload))
    assert len(paths) > 200
    assert refused(varied, token) == ()

    # One line of each kind stands for the rest: to check a signature takes a while.
    some = [path for path in paths if path[0] != "lines" or path[1] in {0, 5}]
    caught = {"signature", "unreadable"}
    by_strangers = {path: refused(varied, resealed(token, forced(payload, path))) for path in some}
    by_the_bank = {
        path: refused(varied, signed(varied, forced(payload, path)))
        for path in some
        if not WORDS & set(path)
    }

    assert {at for at, failed in by_strangers.items() if not caught & {*failed}} == set()
    assert {at for at, failed in by_the_bank.items() if not failed} == set()


def without(payload: Any, number: int) -> Any:
    found = copy.deepcopy(payload)
    del found["lines"][number - 1]
    return found


@SQLITE
def test_a_line_left_out_is_told_apart_and_named(varied: TestBank) -> None:
    payload = payload_of(varied)
    token = signed(varied, payload)
    cut = without(payload, 3)
    renumbered = without(payload, 3)
    for at, line in enumerate(renumbered["lines"], 1):
        line["no"] = at
    short = without(payload, len(payload["lines"]))

    by_hand, by_the_bank, hidden, last = (
        examined(varied, each)
        for each in (
            resealed(token, cut), signed(varied, cut), signed(varied, renumbered),
            signed(varied, short),
        )
    )  # fmt: skip

    assert "缺少第 3 行，其后是第 4 行" in told(by_hand)
    assert {"signature", "lines"} <= set(by_hand.failed)
    assert by_the_bank.failed[0] == "lines"
    assert "第 3 行累计载明 44.00，应为 36.00" in told(hidden)
    assert "共 6 行，载明 7 行" in told(last)


@SQLITE
def test_a_failure_names_its_line_in_both_languages(varied: TestBank) -> None:
    payload = payload_of(varied)
    payload["lines"][3]["entry"]["salt"] = "00" * 32
    payload["lines"][4]["out"] = "7.00"

    report = examined(varied, signed(varied, payload))

    assert "第 4 条的叶值与盐、内容不符" in told(report)
    assert "第 5 行载明 -7.00，分录为 -8.00" in told(report)
    english = "\n".join(tool.report_lines(report, "en"))
    assert "line 5 says -7.00, its entry moves -8.00" in english
    assert "Do not rely on it" in english


def worked_out_of(bank: TestBank) -> dict[str, Any]:
    publish_works(bank)
    recognised(bank, PERSON, replace(PAPER, rank=2))
    recognised(bank, PERSON, replace(PATENT, day=date(2026, 11, 5)))
    seal_all(bank)
    return payload_of(bank, StatementAsk(WORKS, Times(as_of=date(2026, 10, 31))))


@SQLITE
def test_what_caps_hold_otherwise_is_worked_out_again_from_the_cuts(bank: TestBank) -> None:
    payload = worked_out_of(bank)
    lied = copy.deepcopy(payload)
    line = lied["lines"][-1]
    line["worked_out"]["hours"] = line["in"] = "11.00"
    line["counted"] = lied["closing"] = "11.00"
    lied["in"] = f"{float(lied['in']) - 1:.2f}"

    good, bad = (examined(bank, signed(bank, each)) for each in (payload, lied))

    assert payload["lines"][-1]["worked_out"]["movement"] == "uncap"
    assert good.failed == ()
    assert bad.failed == ("worked-out",)
    assert f"第 {len(payload['lines'])} 行的推算与各项上限之和不符" in told(bad)


@SQLITE
def test_it_says_what_the_statement_says_at_the_same_checkpoint(varied: TestBank) -> None:
    payload = payload_of(varied)
    with varied.reading() as session:
        people = keys_of(session, key_of(varied, PERSON))
        ask = StatementAsk(SCHEME, Times(known_at=NOW))
        plain = statement_of(session, people, ask)

    assert [line["entry"]["leaf"] for line in payload["lines"]] == [
        line.leaf for line in plain.lines
    ]
    assert payload["known_at"].startswith(f"{NOW:%Y-%m-%dT%H:%M}")


@SQLITE
def test_nobody_has_a_statement_that_says_so_before_anything_is_sealed(bank: TestBank) -> None:
    bank.imported([RecordRow(PERSON, 2024, "professional", 100)])

    payload = payload_of(bank)
    report = examined(bank, signed(bank, payload))

    assert (payload["lines"], payload["heads"], payload["known_at"]) == ([], [], "")
    assert payload["pending"] == {"entries": 1}
    assert report.failed == ()
    assert "当时另有 1 条尚未写入日志" in told(report)


@SQLITE
def test_a_verdict_under_the_same_key_is_no_statement(varied: TestBank) -> None:
    payload: Any = payload_of(varied)
    token = signed_jws(varied.house.keys, "Ed25519", "creditbank-verdict+jwt", payload)

    report = examined(varied, token.encode())

    assert report.failed == ("header",)


def test_the_golden_statement_is_signed_again_byte_for_byte_and_found_true(tmp_path: Path) -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTOR["seed"]))
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "verdict-ed25519.0001.key").write_bytes(pem)

    token = signed_statement(KeyStore(tmp_path), "Ed25519", VECTOR["payload"])
    report = tool.examine(
        token, json.dumps(VECTOR["jwks"]).encode(), logs=json.dumps(VECTOR["logs"]).encode()
    )

    assert token.decode() == VECTOR["jws"]
    assert report.failed == ()
    assert [line.worked_out is None for line in report.statement.lines] == [True, True, False]
