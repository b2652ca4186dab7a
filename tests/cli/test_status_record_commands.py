"""Status records by commands: stated from a file, listed without names, shown, taken back."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from creditbank.clock import civil_day, utc_now
from tests.bank import ENTERPRISE_USCC, TestBank, invented_person
from tests.cli.bench import Terminal, terminal_for

LI = invented_person(1)
STATE = ("status-records", "state")
REGION = ("--jurisdiction", "cn-3710")
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def terminal(bank: TestBank) -> Terminal:
    return terminal_for(bank.house.settings)


def fact_file(folder: Path, **said: Any) -> str:
    path = folder / "fact.json"
    day = (civil_day(utc_now()) - timedelta(days=1)).isoformat()
    fact = {
        "document_kind": "resident_id", "document_number": LI.document.number, "name": LI.name,
        "kind": "employment", "reference": "SB-1", "source": "示例社会保险登记", "as_of": day,
        "valid_from": "2019-07-01", "organisation": ENTERPRISE_USCC, **said,
    }  # fmt: skip
    path.write_text(json.dumps(fact), encoding="utf-8")
    return str(path)


def test_a_record_is_stated_listed_shown_corrected_and_taken_back(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    none = terminal.run("status-records", "list").output
    made = terminal.run(*STATE, fact_file(tmp_path), *REGION).output
    [first] = re.findall(r"C[0-9A-Z]{9}", made)
    mended = fact_file(tmp_path, supersedes=first, reason="抄错", valid_from="2019-08-01")
    [second] = re.findall(r"C[0-9A-Z]{9}", terminal.run(*STATE, mended, *REGION).output)
    gone = terminal.run("status-records", "take-back", second, "--reason", "误登").output
    past = terminal.run(
        "status-records", "take-back", second, "--reason", "误登", exit_code=1
    ).output
    terminal.run("status-records", "take-back", second, "--reason", " ", exit_code=2)
    listed = terminal.run("status-records", "list", *REGION).output
    short = terminal.run("status-records", "list", "--limit", "1").output
    pledges = terminal.run("status-records", "list", "--kind", "pledge").output
    far = terminal.run("status-records", "list", "--jurisdiction", "cn-33").output
    shown = terminal.run("status-records", "show", first).output

    assert "还没有登记" in none
    assert "已收回" in gone
    assert "status-record-past" in past
    assert first in listed
    assert second in listed
    assert "只显示前 1 条" in short
    assert "还没有登记" in pledges
    assert "还没有登记" in far
    assert all(each in shown for each in (first, second, "cli:wang", "抄错", "误登", "2019-07-01"))
    assert not any(each in listed + shown for each in (LI.name, LI.document.number))
    assert "SB-1" not in listed
    assert bank.fsck() == []


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"document_number": "999900199001010000"}, "document_number"),
        ({"kind": "no_such"}, "kind"),
        ({"organisation": None}, "organisation"),
        ({"post": "工程师", "series": "engineering"}, "status-members"),
        ({"valid_through": "2018-01-01"}, "status-day"),
    ],
)
def test_what_cannot_be_stated_is_refused_in_words(
    terminal: Terminal, tmp_path: Path, said: dict[str, Any], code: str
) -> None:
    refused = terminal.run(*STATE, fact_file(tmp_path, **said), *REGION, exit_code=1).output

    assert code in refused
    assert LI.document.number not in refused
    assert (
        "status-record-unknown"
        in terminal.run("status-records", "show", "C000000000", exit_code=1).output
    )
