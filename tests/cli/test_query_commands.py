"""Queries by command: who asked about a person, objections answered, refused questions."""

from pathlib import Path

import pytest

from creditbank.answering import answered
from creditbank.people.register import find_person
from creditbank.registry.clients import SCOPES_OF, Client, Role
from creditbank.registry.mandates import MandateMissingError
from creditbank.verification.objections import object_to
from creditbank.verification.questions import Ask
from tests.acts import seal_all
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.cli.bench import person_file, terminal_for
from tests.verification.askers import asker

PERSON = invented_person(51)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_queries_are_overseen_by_command(bank: TestBank, tmp_path: Path) -> None:
    terminal, person = terminal_for(bank.house.settings), person_file(tmp_path, PERSON)
    bank.post(bank.approved_filing(), attendance([PERSON], SEMINAR_DAYS[:1]))
    seal_all(bank)
    nobody = terminal.run("queries", "about", "--person", person).output
    client = asker(bank)
    ask = Ask(PERSON, "cn-3710", "engineering", "associate_senior", SEMINAR_DAYS[0], "评审", "令")
    verdict_no = answered(ask, client, now=NOW).verdict_no
    scopes = SCOPES_OF[Role.TITLE_SYSTEM]
    stranger = Client("title_system-stranger", Role.TITLE_SYSTEM, scopes, "cn-3710", None)
    with pytest.raises(MandateMissingError):
        answered(ask, stranger, now=NOW)
    with bank.unit() as session:
        people = [find_person(session, bank.house.vault, PERSON)]
        raised = object_to(session, bank.house.vault, people, verdict_no, "未申报", now=NOW)

    about = terminal.run("queries", "about", "--person", person).output
    listed = terminal.run("queries", "objections").output
    shown = terminal.run("queries", "show", raised.objection_no).output
    done = terminal.run(
        "queries", "answer", raised.objection_no, "--finding", "upheld", "--reason", "不应核验"
    ).output
    refused = terminal.run("queries", "refused").output
    none = terminal.run("queries", "objections").output

    assert "没有对此人的查询" in nobody
    assert verdict_no in about
    assert raised.objection_no in listed
    assert "未申报" in shown
    assert "异议成立" in done
    assert stranger.client_id in refused
    assert "mandate-bound-none" in refused
    assert "本地区没有对查询的异议" in none
