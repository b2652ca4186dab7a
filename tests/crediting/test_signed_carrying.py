"""A signed statement says what is carried over and lapses; a stranger works it out from the lines.

What the years ask for and which subjects carry over is the bank's word; the rest follows.
"""

import copy
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from creditbank.crediting.balances import Times
from creditbank.crediting.signed_statements import signed_statement
from creditbank.crediting.statements import StatementAsk
from creditbank.keys import KeyStore
from tests.acts import seal_all
from tests.bank import TestBank
from tests.carrying import CARRIES, carrying_record
from tests.crediting.test_signed_statements import (
    PERSON,
    examined,
    forced,
    leaves_of,
    payload_of,
    refused,
    signed,
    told,
    tool,
)
from tests.house.tree import ROOT

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
VECTOR: dict[str, Any] = json.loads(
    (ROOT / "tests" / "vectors" / "statement_carried.json").read_text(encoding="utf-8")
)
#: What only the signature vouches for.
WORDS = {"zh", "en", "scheme", "last_year"}


@pytest.fixture
def carrying(bank: TestBank) -> TestBank:
    carrying_record(bank, PERSON)
    seal_all(bank)
    return bank


def test_it_goes_out_as_a_version_of_its_own_and_all_of_it_is_found_true(
    carrying: TestBank,
) -> None:
    payload = payload_of(carrying, StatementAsk(CARRIES))

    report = examined(carrying, signed(carrying, payload))

    assert payload["statement"] == "creditbank/statement/v2"
    gave, took = payload["carried"]
    assert gave["minima"] == [
        {"subject": "", "hours": "90.00"}, {"subject": "professional", "hours": "60.00"},
        {"subject": "public", "hours": "30.00"},
    ]  # fmt: skip
    assert (gave["surplus"], gave["open"], gave["lapsed"]) == ("70.00", "0.00", "50.00")
    assert [each["hours"] for each in gave["went"]] == [each["hours"] for each in took["came"]]
    assert not report.failed
    assert report.findings[-1].check == "carried"
    assert "2023 年有 50.00 学时超出当年要求，未结转，也不能再结转，已失效。" in told(report)
    assert "本工具不读取规则包；结转不产生分录。" in told(report)


def test_as_of_a_day_it_is_what_was_carried_then(carrying: TestBank) -> None:
    payload = payload_of(carrying, StatementAsk(CARRIES, Times(as_of=date(2024, 6, 30))))

    assert (payload["carried"][0]["open"], payload["carried"][0]["lapsed"]) == ("0.00", "40.00")
    assert not examined(carrying, signed(carrying, payload)).failed


@pytest.mark.parametrize(
    "ask", [StatementAsk(CARRIES, year=2023), StatementAsk(CARRIES, from_=date(2024, 1, 1))]
)
def test_a_part_of_the_lines_could_not_show_it_and_does_not_say_it(
    carrying: TestBank, ask: StatementAsk
) -> None:
    payload = payload_of(carrying, ask)

    assert (payload["statement"], "carried" in payload) == ("creditbank/statement/v1", False)
    assert not examined(carrying, signed(carrying, payload)).failed


def test_every_figure_that_the_bank_itself_would_forge_is_refused(carrying: TestBank) -> None:
    payload = payload_of(carrying, StatementAsk(CARRIES))
    paths = [("carried", *path) for path in leaves_of(payload["carried"]) if not WORDS & set(path)]
    assert len(paths) > 15

    taken = {
        path for path in paths if not refused(carrying, signed(carrying, forced(payload, path)))
    }

    assert {path[2] for path in taken} == {"minima", "rules"}


def lapsed_less(payload: Any) -> None:
    year = payload["carried"][0]
    year["lapsed"], year["surplus"] = "40.00", "60.00"


def came_more(payload: Any) -> None:
    gave, took = payload["carried"]
    gave["went"][0]["hours"] = took["came"][0]["hours"] = "60.00"
    gave["lapsed"] = "0.00"


def of_another_year(payload: Any) -> None:
    payload["carried"][0]["went"][0]["year"] = 2025


def left_out(payload: Any) -> None:
    del payload["carried"][1]


def none(payload: Any) -> None:
    payload["carried"] = []


def narrowed(payload: Any) -> None:
    payload["asked"] = {"year": 2023}


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        (lapsed_less, "2023 年超出要求的学时载明 60.00"),
        (came_more, "转入多于所缺"),
        (of_another_year, "不符"),
        (left_out, "2023 年转出与 2024 年转入不符"),
        (none, "结转各年为空"),
        (narrowed, "只有全部明细"),
    ],
)
def test_a_lie_is_named(carrying: TestBank, lie: Callable[[Any], None], why: str) -> None:
    payload = copy.deepcopy(payload_of(carrying, StatementAsk(CARRIES)))
    lie(payload)

    report = examined(carrying, signed(carrying, payload))

    assert "carried" in report.failed
    assert why in told(report)


def test_the_golden_statement_with_carry_over_is_signed_again_byte_for_byte(
    database: object, tmp_path: Path
) -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTOR["seed"]))
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "verdict-ed25519.0001.key").write_bytes(pem)

    token = signed_statement(KeyStore(tmp_path), "Ed25519", VECTOR["payload"])
    report = tool.examine(
        token, json.dumps(VECTOR["jwks"]).encode(), logs=json.dumps(VECTOR["logs"]).encode()
    )

    assert token.decode() == VECTOR["jws"]
    assert report.failed == ()
    assert [each.year for each in report.statement.carried] == [2023, 2024]
