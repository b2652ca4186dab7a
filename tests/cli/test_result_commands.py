"""What became of an application, by command."""

import json
from datetime import date
from pathlib import Path

import pytest

from creditbank.answering import answered
from creditbank.cli.verdicts import SECRET_VARIABLE
from creditbank.registry.clients import ClientDraft, Role, create_client
from creditbank.verification.questions import Ask
from tests.bank import NOW, TestBank, invented_person
from tests.cli.bench import terminal_for
from tests.verification.askers import asker


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_result_is_reported_and_an_answer_shown_by_command(
    bank: TestBank, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    organisation_id = asker(bank).organisation_id
    with bank.unit() as session:
        draft = ClientDraft("t", Role.TITLE_SYSTEM, "cn", organisation_id)
        client, secret = create_client(session, draft, actor="administrator-test", now=NOW)
    ask = Ask(
        invented_person(3), "cn-3710", "engineering", "associate_senior", date(2026, 12, 1),
        "评审", "令",
    )  # fmt: skip
    number = answered(ask, client, now=NOW).verdict_no
    monkeypatch.setenv(SECRET_VARIABLE, secret)
    terminal = terminal_for(bank.house.settings)

    told = terminal.run(
        "verdicts", "report", number, "passed", "--client", client.client_id, "--day", "2026-01-05"
    )
    refused = terminal.run(
        "verdicts", "report", number, "failed", "--client", client.client_id, "--day", "2026-01-05",
        exit_code=1,
    )  # fmt: skip

    shown = tmp_path / "shown.sd-jwt"
    terminal.run("verdicts", "sd-jwt", number, "--client", client.client_id, "--out", str(shown))
    terminal.run(
        "verdicts", "sd-jwt", "V" + "0" * 19, "--client", client.client_id, "--out", str(shown),
        exit_code=1,
    )  # fmt: skip

    assert shown.read_text(encoding="ascii").endswith("~")
    assert "评审通过" in told.output
    assert "这一结果接不上" in refused.output


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_reviews_relied_on_is_written_by_command(
    bank: TestBank, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    organisation_id = asker(bank).organisation_id
    with bank.unit() as session:
        draft = ClientDraft("t", Role.TITLE_SYSTEM, "cn", organisation_id)
        client, secret = create_client(session, draft, actor="administrator-test", now=NOW)
    monkeypatch.setenv(SECRET_VARIABLE, secret)
    terminal, out = terminal_for(bank.house.settings), tmp_path / "reviews.json"
    command = ("verdicts", "review-export", "--client", client.client_id, "--year", "2026")

    told = terminal.run(*command, "--out", str(out))
    refused = terminal.run(*command, "--out", str(tmp_path / "reviews.doc"), exit_code=2)

    assert "2026 年 0 行已写入" in told.output
    assert json.loads(out.read_text(encoding="utf-8"))["rows"] == []
    assert ".xlsx | .csv | .json" in refused.output
