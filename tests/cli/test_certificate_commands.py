"""Certificates by command: issue, show, print, revoke."""

import json
import re
from pathlib import Path

import pytest

from tests.bank import TestBank
from tests.certificates.counter import HOLDER, press_at_hand, with_hours
from tests.cli.bench import Terminal, person_file, terminal_for


@pytest.fixture
def terminal(bank: TestBank) -> Terminal:
    with_hours(bank)
    return terminal_for(bank.house.settings)


@pytest.fixture
def number(terminal: Terminal, tmp_path: Path) -> str:
    said = issued(terminal, tmp_path)
    return re.findall(r"\d{20}[\dX]", said)[0]


def issued(terminal: Terminal, tmp_path: Path) -> str:
    return terminal.run(
        "certificate", "issue", "--person", str(person_file(tmp_path, HOLDER)), "--scheme",
        "cn-3710", "--year", "2025", "--year", "2026", "--actor", "desk-1",
    ).output  # fmt: skip


def test_a_certificate_is_issued_once_with_its_address(
    terminal: Terminal, number: str, tmp_path: Path
) -> None:
    again = issued(terminal, tmp_path)

    assert f"早已签发：{number}，合计 106.50 学时" in again
    assert re.search(r"https://bank\.example/C/[0-9A-Z]{5}-", again)


def test_a_certificate_is_shown_with_its_hours_and_state(terminal: Terminal, number: str) -> None:
    said = terminal.run("certificate", "show", number).output

    assert f"证明 {number}：有效" in said
    assert "欧阳示例" in said
    assert re.search(r"合计\s+76\.50\s+30\.00\s+106\.50", said)


def test_the_facts_alone_are_json(terminal: Terminal, number: str) -> None:
    facts = json.loads(terminal.run("certificate", "show", number, "--json").output)

    assert facts["statement"] == "creditbank/certificate/v1"
    assert facts["number"] == number


def test_a_certificate_is_printed_into_a_private_file(
    terminal: Terminal, number: str, tmp_path: Path
) -> None:
    press_at_hand()
    paper = tmp_path / "paper.pdf"

    terminal.run("certificate", "pdf", number, "--out", str(paper))

    assert paper.read_bytes().startswith(b"%PDF-")
    assert paper.stat().st_mode & 0o777 == 0o600


def test_a_revoked_certificate_is_shown_so_and_printed_no_more(
    terminal: Terminal, number: str, tmp_path: Path
) -> None:
    terminal.run("certificate", "revoke", number, "--reason", "finding", "--actor", "desk-1")

    shown = terminal.run("certificate", "show", number).output
    paper = str(tmp_path / "paper.pdf")
    printed = terminal.run("certificate", "pdf", number, "--out", paper, exit_code=1).output
    again = terminal.run(
        "certificate", "revoke", number, "--reason", "finding", "--actor", "x", exit_code=1
    ).output

    assert f"证明 {number}：已撤销" in shown
    assert "经查实撤销" in shown
    assert "(certificate-revoked)" in printed
    assert "(certificate-revoked)" in again


def test_a_number_that_was_never_given_is_refused(terminal: Terminal) -> None:
    said = terminal.run("certificate", "show", "371000202600000000007", exit_code=1).output

    assert "(certificate-unknown)" in said


def test_more_years_than_a_certificate_holds_are_refused(
    terminal: Terminal, tmp_path: Path
) -> None:
    years = [word for year in range(2000, 2011) for word in ("--year", str(year))]

    said = terminal.run(
        "certificate", "issue", "--person", str(person_file(tmp_path, HOLDER)), "--scheme",
        "cn-3710", *years, "--actor", "x", exit_code=2,
    ).output  # fmt: skip

    assert "1–10" in said


def test_fsck_names_a_certificate_that_lost_its_act(bank: TestBank, terminal: Terminal) -> None:
    assert "(fsck-" not in terminal.run("ledger", "fsck").output
