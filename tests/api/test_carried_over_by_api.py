"""What is carried over and lapses, beside the balance and the statement of a person."""

import csv
import io
from typing import Any

from tests.api.desk import Desk, stated
from tests.bank import invented_person
from tests.carrying import CARRIES, carrying_record

PERSON = invented_person(41)
HOLDER = {**stated(PERSON), "scheme": CARRIES}


def test_balance_and_statement_tell_the_same_of_what_is_carried_over(desk: Desk) -> None:
    carrying_record(desk.bank, PERSON)

    balance = desk.official.post("/api/v1/balances", HOLDER).get_json()
    statement = desk.official.post("/api/v1/statements", HOLDER).get_json()
    sheet = desk.official.post("/api/v1/statements?format=csv", HOLDER).get_data()

    first, second = balance["carried"]
    assert statement["carried"] == balance["carried"]
    assert {name: first[name] for name in ("year", "surplus_hours", "lapsed_hours")} == {
        "year": 2023, "surplus_hours": "70.00", "lapsed_hours": "50.00",
    }  # fmt: skip
    assert total(first["carried_out"]) == total(second["carried_in"]) == "20.00"
    assert {each["year"] for each in second["carried_in"]} == {2023}
    assert second["rules"] == [{"scheme": CARRIES, "key": "carry_over.total"}]
    assert "50.00" in first["zh"]
    rows = list(csv.reader(io.StringIO(sheet.decode("utf-8-sig"))))
    assert sum(row[4] == "结转与失效" for row in rows) > len(balance["carried"])


def total(moves: list[dict[str, Any]]) -> str:
    return f"{sum(float(each['hours']) for each in moves):.2f}"


def test_where_no_rule_carries_nothing_is_told(desk: Desk) -> None:
    carrying_record(desk.bank, PERSON)

    told = desk.official.post("/api/v1/balances", HOLDER | {"scheme": "cn-3710"}).get_json()

    assert told["carried"] == []
