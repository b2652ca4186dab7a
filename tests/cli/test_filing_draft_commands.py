"""Drafts of filings by command."""

import json
import re
from pathlib import Path

from tests.bank import ENTERPRISE_USCC, TestBank
from tests.cli.bench import terminal_for

OWN = ("--uscc", ENTERPRISE_USCC)


def test_a_draft_is_saved_mended_copied_and_submitted_by_command(
    bank: TestBank, tmp_path: Path
) -> None:
    terminal = terminal_for(bank.house.settings)
    drafts = ("filings", "drafts")
    begun = {"title": "界面改性研修", "activity": "karaoke", "form": "seminar", "release": "full"}
    saved = terminal.run(*drafts, "save", *OWN, "-", stdin=json.dumps(begun)).output
    draft_no = re.findall(r"Y[0-9A-Z]{9}", saved)[0]
    session = {"day": "2027-05-11", "planned_minutes": 360}
    whole = {**begun, "activity": "enterprise_course", "subject": "professional", "seats": 5,
             "sessions": [session, {"planned_minutes": 180}]}  # fmt: skip
    (path := tmp_path / "draft.json").write_text(json.dumps(whole), encoding="utf-8")
    over = (*drafts, "save", *OWN, "--draft", draft_no, str(path))
    terminal.run(*over, exit_code=2)
    second = terminal.run(*over, "--version", "1").output
    refused = terminal.run(*drafts, "submit", *OWN, draft_no, "--version", "2", exit_code=1).output
    path.write_text(json.dumps({**whole, "sessions": [session]}), encoding="utf-8")
    terminal.run(*over, "--version", "2")
    submitted = terminal.run(*drafts, "submit", *OWN, draft_no, "--version", "3").output
    filing_no = re.findall(r"F[0-9A-Z]{9}", submitted)[0]
    copied = terminal.run(*drafts, "copy", filing_no).output
    copy_no = re.findall(r"Y[0-9A-Z]{9}", copied)[0]
    listed = terminal.run(*drafts, "list", *OWN).output
    terminal.run(*drafts, "show", *OWN, copy_no)
    terminal.run(*drafts, "delete", *OWN, copy_no, "--version", "1")

    assert "还缺：名额（人）" in saved
    assert "第 2 场：日期" in second
    assert "草稿还没有填完" in refused
    assert "第 1 场：日期" in copied
    assert copy_no in listed
    assert draft_no not in listed
    assert copy_no not in terminal.run(*drafts, "list", *OWN).output
