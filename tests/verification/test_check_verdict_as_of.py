"""The offline checker holds an answer as of a day: no later entry, and every difference told."""

from typing import Any

import pytest

from tests.verification.test_check_verdict_tool import (
    JWKS,
    SUBJECT,
    Payload,
    Row,
    as_json,
    credited,
    make_record,
    payload_of,
    requirement,
    sign,
    tool,
)

DAY = "2026-11-30"


def cut(hours: str) -> Payload:
    return {"key": "cap.year", "period": "2026", "hours": hours}


def line(credit: Row, movement: str, hours: str, *cuts: str) -> Payload:
    return {
        "year": 2026, "subject": credit.body[3], "movement": movement, "hours": hours,
        "cuts": [cut(each) for each in cuts], "credit": credit.leaf.hex(),
    }  # fmt: skip


def rows_by(day: str) -> dict[str, Row]:
    return {letter: row for letter, row in make_record().items() if row.body[7] <= day}


def as_of(level: str = "record") -> Payload:
    """Caps of the day hold 3 hours less of the course, and 1 more of earlier records."""
    rows = rows_by(DAY)
    payload = payload_of(list(rows.values()), level=level)
    payload["question"]["as_of"] = DAY
    if level != "decision":
        payload["requirement"] = [
            requirement((2026, 2026), "", "45.00", "51.00"),
            requirement((2026, 2026), "public", "10.00", "12.00"),
        ]
        payload["credited"] = [
            credited(2026, "professional", "39.00", "1.00", "0.00"),
            credited(2026, "public.general", "12.00", "1.00", "12.00") | {"frozen": "2.00"},
        ]
        payload["worked_out"] = [
            line(rows["a"], "uncap", "3.00", "0.40", "0.60"), line(rows["d"], "cap", "1.00", "1.00")
        ]  # fmt: skip
    if level == "summary":
        for each in payload["worked_out"]:
            del each["credit"]
    return payload


def failed(payload: Payload, export: bytes | None = None) -> set[str]:
    return set(tool.examine(sign(payload), JWKS, subject=as_json(SUBJECT), export=export).failed)


@pytest.mark.parametrize("level", ["decision", "summary", "record"])
def test_a_true_answer_as_of_a_day_passes_and_names_what_is_the_banks_word(level: str) -> None:
    report = tool.examine(sign(as_of(level)), JWKS, subject=as_json(SUBJECT))

    said = "\n".join(tool.report_lines(report, "en"))
    assert report.failed == ()
    assert f"Only hours earned by {DAY} count" in said
    assert ("2 differences were worked out" in said) == (level != "decision")


@pytest.mark.parametrize("level", ["decision", "summary"])
def test_an_export_is_cut_to_the_hours_earned_by_the_day(level: str) -> None:
    export = as_json({"entries": payload_of()["entries"]})

    assert failed(as_of(level), export) == set()


def put(*path: Any, value: Any) -> Any:
    def edit(payload: Payload) -> None:
        place: Any = payload
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return edit


def whole_record(payload: Payload) -> None:
    """Tell the entries of later days too, and sum them or not: both are caught."""
    whole = payload_of()
    payload.update({name: whole[name] for name in ("entries", "heads", "record")})


def left_out(payload: Payload) -> None:
    payload["worked_out"].pop()


def told_twice(payload: Payload) -> None:
    payload["worked_out"].append(payload["worked_out"][0])


LIES: dict[str, tuple[set[str], Any]] = {
    "an entry of a later day": ({"bodies", "sums"}, whole_record),
    "a day that is another": ({"bodies"}, put("question", "as_of", value="2026-11-09")),
    "hours that are not those of the line": (
        {"sums"}, put("worked_out", 0, "hours", value="2.00"),
    ),
    "cuts that do not add up": ({"sums"}, put("worked_out", 0, "cuts", value=[cut("2.00")])),
    "a difference of nothing": (
        {"sums"}, lambda p: p["worked_out"][0].update(hours="0.00", cuts=[cut("4.00")]),
    ),
    "more held than there is": (
        {"sums"}, lambda p: p["worked_out"][1].update(hours="13.01", cuts=[cut("13.01")]),
    ),
    "another way": ({"sums"}, put("worked_out", 0, "movement", value="cap")),
    "a credit that is not there": ({"sums"}, put("worked_out", 0, "credit", value="ab" * 32)),
    "another year": ({"sums"}, put("worked_out", 0, "year", value=2025)),
    "a line left out": ({"sums"}, left_out),
    "a line told twice": ({"sums"}, told_twice),
    "figures without the lines": (
        {"sums", "requirement"}, put("credited", 0, "counted", value="36.00"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(LIES))
def test_every_lie_about_an_answer_as_of_a_day_is_caught(name: str) -> None:
    checks, edit = LIES[name]
    payload = as_of()
    edit(payload)

    assert failed(payload) == checks


def test_worked_out_lines_belong_to_an_answer_as_of_a_day_alone() -> None:
    plain = payload_of() | {"worked_out": []}
    lacking = as_of()
    del lacking["worked_out"]

    assert failed(plain) == {"members"}
    with pytest.raises(tool.UnreadableError):
        tool.examine(sign(lacking), JWKS)


def test_a_line_moves_hours_as_caps_do_or_the_answer_cannot_be_read() -> None:
    payload = as_of()
    payload["worked_out"][0]["movement"] = "credit"

    with pytest.raises(tool.UnreadableError):
        tool.examine(sign(payload), JWKS)
