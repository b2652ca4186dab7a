"""Declared items and filed hours by command: the whole way, told in words, on both databases."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from creditbank.clock import civil_day, utc_now
from tests.achievements import (
    ELSEWHERE,
    TRAINING,
    TRAINING_USCC,
    WORKS,
    pack,
    publish_works,
)
from tests.acts import publish, register_enterprise
from tests.api.desk import stated
from tests.bank import ENTERPRISE_USCC, TestBank, invented_person
from tests.cli.bench import Terminal, person_file, terminal_for

PERSON = invented_person(51)
TODAY = civil_day(utc_now())


@pytest.fixture
def terminal(bank: TestBank) -> Terminal:
    publish_works(bank)
    return terminal_for(bank.house.settings)


def paper(**changed: object) -> dict[str, Any]:
    item: dict[str, Any] = {
        "scheme": WORKS, "activity": "paper", "subject": "professional", "title": "示例论文",
        "day": TODAY.isoformat(), "work": "10.1000/example.9", "rank": 1,
        "evidence": [{"description": "期刊封面"}],
    }  # fmt: skip
    return item | changed


def written(folder: Path, said: object) -> str:
    path = folder / "item.json"
    path.write_text(json.dumps(said), encoding="utf-8")
    return str(path)


def number_in(output: str) -> str:
    match = re.search(r"\b[DFT][0-9A-Z]{9}\b", output)
    assert match is not None, output
    return match[0]


def declared(terminal: Terminal, folder: Path, **changed: object) -> str:
    file = written(folder, {"person": stated(PERSON), "item": paper(**changed)})
    done = terminal.run("items", "declare", file, "--uscc", ENTERPRISE_USCC)
    return number_in(done.output)


def leaf_in(output: str) -> str:
    match = re.search(r"\b[0-9a-f]{64}\b", output)
    assert match is not None, output
    return match[0]


def test_an_item_by_command_from_its_declaration_to_its_withdrawal(
    terminal: Terminal, tmp_path: Path
) -> None:
    item_no = declared(terminal, tmp_path, rank=2)
    terminal.run("items", "return", item_no, "--reason", "请补充排序", "--actor", "li")
    terminal.run("items", "correct", item_no, written(tmp_path, paper()))
    listed = terminal.run("items", "list", "--state", "declared").output

    done = terminal.run("items", "recognise", item_no, "--actor", "li")
    shown = terminal.run("items", "show", item_no).output
    entries = terminal.run(
        "entries", "list", "--person", person_file(tmp_path, PERSON), "--scheme", WORKS
    ).output
    explained = terminal.run("entries", "explain", leaf_in(shown)).output
    withdrawn = terminal.run(
        "items", "withdraw", item_no, "--reason", "not-genuine", "--case-no", "查5", "--actor", "li"
    ).output

    assert item_no in listed
    assert "24.00" in done.output
    assert "已认定" in shown
    assert leaf_in(entries) == leaf_in(shown)
    assert "署名第 1 位" in explained
    assert "现计 24.00 学时" in explained
    assert "冲正 24.00 学时" in withdrawn
    assert "0.00" in terminal.run(
        "entries", "list", "--person", person_file(tmp_path, PERSON), "--scheme", WORKS
    ).output  # fmt: skip


def test_a_refusal_and_what_is_not_to_be_had_are_told_in_words(
    terminal: Terminal, tmp_path: Path
) -> None:
    item_no = declared(terminal, tmp_path)

    own = terminal.run("items", "recognise", item_no, exit_code=1).output
    terminal.run("items", "refuse", item_no, "--reason", "未正式发表", "--actor", "li")
    again = terminal.run("items", "recognise", item_no, "--actor", "li", exit_code=1).output
    unknown = terminal.run("items", "show", "D000000000", exit_code=1).output
    leaf = terminal.run("entries", "explain", "12", exit_code=1).output

    assert "second-person-wanted" in own
    assert "item-decided" in again
    assert "item-unknown" in unknown
    assert "request-invalid" in leaf
    assert "未正式发表" in terminal.run("items", "show", item_no).output


def test_hours_of_a_filing_are_asked_for_and_granted_by_command(
    bank: TestBank, terminal: Terminal
) -> None:
    publish(bank, pack("cn-3711", "cn-3711", TRAINING))
    register_enterprise(bank, TRAINING_USCC, "cn-3711")
    filed = terminal.run(
        "filings", "submit", "--uscc", TRAINING_USCC, "--activity", "training", "--form", "other",
        "--release", "full", "--title", "示例", "--subject", "professional", "--seats", "5",
        "--day", "2027-01-04", "--day", "2027-01-05", "--planned-minutes", "360",
        "--approved-hours", "16.00",
    )  # fmt: skip
    filing_no = number_in(filed.output)

    beyond = terminal.run("filings", "approve", filing_no, "--approved-hours", "17", exit_code=1)
    terminal.run("filings", "approve", filing_no, "--approved-hours", "12.5")
    misspelt = terminal.run("filings", "approve", filing_no, "--approved-hours", "x", exit_code=2)

    assert "approved-hours-beyond" in beyond.output
    assert "40.00" in misspelt.output


def test_the_rules_are_explained_for_items_too(terminal: Terminal) -> None:
    asked = ["rules", "explain", WORKS, "--day", "2026-10-20", "--item"]

    paper_ = terminal.run(*asked, "--activity", "paper", "--rank", "2").output
    book = terminal.run(
        *asked, "--activity", "book", "--trait", "role=editor", "--measure", "characters=25000"
    ).output
    study = terminal.run(
        *asked, "--activity", "study", "--approved-hours", "30", "--spread-years", "3"
    ).output
    leave = terminal.run(*asked, "--activity", "sick_leave", "--first-day", "2026-10-01").output
    late = terminal.run(
        *asked, "--activity", "paper", "--rank", "1", "--declared-on", "2027-10-20", exit_code=1
    ).output
    silent = terminal.run(*asked, "--activity", "paper", exit_code=1).output

    assert "12.00 学时" in paper_
    assert book.count("10.00 学时") == 2
    assert study.count("10.00 学时") == 3
    assert "2026年10月1日 至 2026年10月20日，共 20 天" in leave
    assert "20/365" in leave
    assert "declared-late" in late
    assert "fact-missing" in silent


@pytest.mark.parametrize(
    "options",
    [("--item", "--measure", "characters"), ("--item", "--trait", "Role=x"), ("--rank", "1"),
     ("--item", "--declared-on", "2026-01-01"), ("--item", "--first-day", "2026-10-21")],
    ids=["no-number", "no-word", "of-a-session", "before-its-day", "ends-before-it-begins"],
)  # fmt: skip
def test_options_that_make_no_fact_are_refused(
    terminal: Terminal, options: tuple[str, ...]
) -> None:
    asked = ("rules", "explain", WORKS, "--day", "2026-10-20", "--activity", "paper")

    terminal.run(*asked, *options, exit_code=2)


def test_a_transfer_by_command_is_recognised_shown_and_withdrawn(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    item_no = declared(terminal, tmp_path)
    terminal.run("items", "recognise", item_no, "--actor", "li")
    leaf = leaf_in(terminal.run("items", "show", item_no).output)
    asked = ["transfers", "recognise", "--person", person_file(tmp_path, PERSON), "--leaf", leaf]

    made = terminal.run(*asked, "--scheme", ELSEWHERE).output
    again = terminal.run(*asked, "--scheme", ELSEWHERE, exit_code=1).output
    shown = terminal.run("transfers", "show", number_in(made)).output
    taken = ["transfers", "withdraw", number_in(made), "--reason", "finding"]
    withdrawn = terminal.run(*taken, "--case-no", "查7").output
    gone = terminal.run(*taken, exit_code=1).output

    assert "12.00 学时" in made  # half of 24
    assert "transfer-known" in again
    assert leaf in shown
    assert "12.00" in shown
    assert "冲正 12.00 学时" in withdrawn
    assert "transfer-withdrawn" in gone
    assert "transfer-unknown" in terminal.run("transfers", "show", "T000000000", exit_code=1).output
    assert bank.fsck() == []
