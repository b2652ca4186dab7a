"""A list of applicants by command: answered at once, kept signed, bad rows told."""

import json
import re
from pathlib import Path

import pytest
from joserfc import jws

from creditbank.keys import public_jwk
from tests.bank import TestBank, invented_person
from tests.cli.bench import Terminal, terminal_for
from tests.flows.test_main_job_by_command import title_system
from tools import check_verdict

HEAD = "姓名,证件号码,现职称取得日期"


def test_a_list_by_command_is_answered_signed_and_its_bad_rows_are_told(
    bank: TestBank, tmp_path: Path
) -> None:
    people = [invented_person(60), invented_person(61)]
    rows = [f"{each.name},{each.document.number},2019-07-01" for each in people]
    file, out = tmp_path / "list.csv", tmp_path / "answers.jsonl"
    file.write_text("\n".join([HEAD, *rows, "李不符,9999,2019-07-01"]), encoding="utf-8")
    client_id, secret = title_system(terminal_for(bank.house.settings))
    terminal = Terminal(
        {**terminal_for(bank.house.settings).environment, "CREDITBANK_CLIENT_SECRET": secret}
    )
    question = (
        "--client", client_id, "--scheme", "cn-3710", "--series", "engineering", "--level",
        "associate_senior", "--application-day", "2026-03-15", "--purpose", "申报",
        "--legal-basis", "通知", "--as-of", "2025-12-31",
    )  # fmt: skip

    said = terminal.run("verdicts", "batch", str(file), *question, "--out", str(out)).output

    kept = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(each["row_no"], each["outcome"]) for each in kept] == [
        (2, "undetermined"), (3, "undetermined"),
    ]  # fmt: skip
    statement = json.loads(jws.extract_compact(kept[0]["jws"].encode()).payload)
    assert statement["question"]["as_of"] == "2025-12-31"
    assert "已处理 3 人，共 3 人" in said
    assert "该类证件号码应为 18 位" in said
    assert people[0].document.number not in said
    refused = terminal.run(
        "verdicts", "batch", str(file), *question, "--specialty", "x", "--level", "full_senior",
        "--client", "title_system-nobody", "--out", str(out), exit_code=1,
    )  # fmt: skip
    assert secret not in refused.output


def test_a_list_by_command_is_signed_once_where_that_is_wanted(
    bank: TestBank, tmp_path: Path
) -> None:
    people = [invented_person(60), invented_person(61)]
    rows = [f"{each.name},{each.document.number},2019-07-01" for each in people]
    file, out = tmp_path / "list.csv", tmp_path / "answers.jsonl"
    file.write_text("\n".join([HEAD, *rows, "李不符,9999,2019-07-01"]), encoding="utf-8")
    client_id, secret = title_system(terminal_for(bank.house.settings))
    terminal = Terminal(
        {**terminal_for(bank.house.settings).environment, "CREDITBANK_CLIENT_SECRET": secret}
    )

    terminal.run(
        "verdicts", "batch", str(file), "--client", client_id, "--scheme", "cn-3710", "--series",
        "engineering", "--level", "associate_senior", "--application-day", "2026-03-15",
        "--purpose", "申报", "--legal-basis", "通知", "--signing", "tree", "--out", str(out),
    )  # fmt: skip

    keys = [public_jwk(key) for key in bank.house.keys.every("verdict-ed25519")]
    lines = out.read_bytes().splitlines()
    reports = [
        check_verdict.examine_listed(line, json.dumps({"keys": keys}).encode()) for line in lines
    ]
    assert [report.failed for report in reports] == [()] * 3
    assert [report.listed.tree.size for report in reports] == [3] * 3
    assert reports[2].refusal.row == 4


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_who_is_ready_by_a_day_is_written_by_command(bank: TestBank, tmp_path: Path) -> None:
    people = [invented_person(60), invented_person(61)]
    rows = [f"{each.name},{each.document.number},2019-07-01" for each in people]
    file, out = tmp_path / "list.csv", tmp_path / "answers.jsonl"
    file.write_text("\n".join([HEAD, *rows]), encoding="utf-8")
    client_id, secret = title_system(terminal_for(bank.house.settings))
    terminal = Terminal(
        {**terminal_for(bank.house.settings).environment, "CREDITBANK_CLIENT_SECRET": secret}
    )
    question = (
        "--client", client_id, "--scheme", "cn-3710", "--series", "engineering", "--level",
        "associate_senior", "--application-day", "2026-03-15", "--purpose", "申报",
        "--legal-basis", "通知", "--out", str(out),
    )  # fmt: skip

    refused = terminal.run("verdicts", "batch", str(file), *question, "--readiness", exit_code=1)
    said = terminal.run("verdicts", "batch", str(file), *question, "--ready-by", "2199-09-30")
    [number] = re.findall(r"名单 (B[0-9A-Z]{11})", said.output)
    table = tmp_path / "ready.csv"
    told = terminal.run("verdicts", "readiness", number, "--client", client_id, "--out", str(table))

    assert "没有规定评审截止日" in refused.output
    assert "评审须在 2199-09-30 前完成。不能判定 2" in told.output
    kept = table.read_text(encoding="utf-8-sig")
    assert kept.count("没有记录（不等于未达到要求）") == 2
    assert people[0].document.number not in kept
