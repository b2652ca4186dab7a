"""Exemptions by command."""

import json
import re

import pytest

from tests.bank import ENTERPRISE_USCC, TestBank, invented_person
from tests.cli.bench import terminal_for
from tests.verification.exempted import list_enterprise

PERSON = invented_person(65)
DOCUMENT = ("--document", "示例〔2026〕9号", "--document-day", "2026-01-08", "--reason", "核查")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_exemption_is_filed_decided_revoked_and_the_right_lost_by_command(
    bank: TestBank,
) -> None:
    list_enterprise(bank)
    terminal = terminal_for(bank.house.settings)
    person = json.dumps(
        {"kind": "resident_id", "number": PERSON.document.number, "name": PERSON.name}
    )
    told = (
        "exemptions", "file", "--uscc", ENTERPRISE_USCC, "--scheme", "cn-3710", "--pathway",
        "enterprise_recommendation", "--series", "engineering", "--level", "associate_senior",
        "--application-day", "2026-06-30", "--stated", "recommendation_signed_by", "chairman",
        "--stated", "achievements_stated", "yes", "--paper", "signed_recommendation", "举荐书",
        "-", "--paper", "statement_of_achievements", "业绩说明", "ab" * 32, "--valid-from",
        "2026-06-01", "--employed-from", "2019-07-01",
    )  # fmt: skip

    made = terminal.run(*told, "--person", "-", stdin=person).output
    [number] = re.findall(r"X[0-9A-Z]{9}", made)
    terminal.run("exemptions", "decide", number, "refuse", exit_code=2)
    approved = terminal.run("exemptions", "decide", number, "approve").output
    listed = terminal.run("exemptions", "list", "--jurisdiction", "cn-3710").output
    revoked = terminal.run("exemptions", "revoke", number, *DOCUMENT).output
    late = terminal.run("exemptions", "give-back", number, "--reason", "放弃", exit_code=1).output
    copied = ("--copied-to", "市工信局", "--copied-on", "2026-01-09")
    lost = terminal.run("exemptions", "find", ENTERPRISE_USCC, "fraud", *DOCUMENT, *copied).output
    [finding] = re.findall(r"Z[0-9A-Z]{9}", lost)
    unfiled = terminal.run(*told, "--person", "-", stdin=person, exit_code=1).output
    lifted = terminal.run("exemptions", "lift", finding, *DOCUMENT).output

    assert "已核准" in approved
    assert "2026-12-31" in listed
    assert "已撤销" in revoked
    assert "exemption-state" in late
    assert "exemption-outside" in unfiled
    assert finding in lifted
    assert bank.fsck() == []
