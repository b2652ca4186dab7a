"""A bare yes or no by command: under a mandate, and by a code that is never an argument."""

import base64
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from creditbank.clock import utc_now
from creditbank.keys import public_jwk
from creditbank.people.register import find_person
from creditbank.verification.codes import CodeDraft, make_code
from creditbank.verification.questions import CodeLevel
from tests.acts import seal_all
from tests.bank import SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.cli.bench import Terminal, person_file, terminal_for
from tests.flows.test_main_job_by_command import TOOL, title_system

PERSON = invented_person(51)
YEAR = str(SEMINAR_DAYS[0].year)
CLAIM = (
    "--scheme", "cn-3710", "--subject", "professional", "--first-year", YEAR, "--last-year", YEAR,
)  # fmt: skip
GROUND = (
    "--series", "engineering", "--level", "associate_senior", "--purpose", "人才引进",
    "--legal-basis", "第25号令",
)  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_bare_yes_or_no_by_command_checks_offline(bank: TestBank, tmp_path: Path) -> None:
    bank.post(bank.approved_filing(), attendance([PERSON]))
    seal_all(bank)
    with bank.unit() as session:
        draft = CodeDraft("应聘", CodeLevel.PREDICATE, utc_now() + timedelta(days=3), 1)
        person_id = find_person(session, bank.house.vault, PERSON)
        _, code = make_code(session, bank.house.vault, person_id, draft, now=utc_now())
    plain = terminal_for(bank.house.settings)
    client_id, secret = title_system(plain)
    known = {**plain.environment, "CREDITBANK_CLIENT_SECRET": secret}
    terminal = Terminal({**known, "CREDITBANK_HOLDER_CODE": code})
    out, person = tmp_path / "said.jws", person_file(tmp_path, PERSON)
    asking = ("verdicts", "predicate", "--client", client_id, *CLAIM, "--out", str(out))

    said = terminal.run(*asking, *GROUND, "--at-least", "24.00", "--person", person).output
    token = out.read_bytes()
    by_code = terminal.run(*asking, "--code", "--at-least", "24.01").output
    used_up = terminal.run(*asking, "--code", "--at-least", "1.00", exit_code=1).output
    wrong = terminal.run(*asking, "--person", person, "--at-least", "1.00", exit_code=1).output

    assert said.startswith("是。")
    assert by_code.startswith("否。")
    assert "(holder-code-refused)" in used_up
    assert "/purpose" in wrong
    nonce = said.rpartition("核对密钥 ")[2].strip("。\n")
    meant = {
        "kind": "resident_id", "number": PERSON.document.number, "name": PERSON.name,
        "nonce": nonce,
    }  # fmt: skip
    keys = [public_jwk(key) for key in bank.house.keys.every("verdict-ed25519")]
    files = {"first.jws": token, "jwks.json": json.dumps({"keys": keys}).encode()}
    for name, content in {**files, "subject.json": json.dumps(meant).encode()}.items():
        (tmp_path / name).write_bytes(content)
    command = [sys.executable, "-I", str(TOOL), "first.jws", "--jwks", "jwks.json", "--subject",
               "subject.json"]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()
    for output in (said, by_code, used_up):
        assert PERSON.document.number not in output
        assert code not in output


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_verdict_by_a_code_is_asked_by_command_as_often_as_the_code_lets(
    bank: TestBank, tmp_path: Path
) -> None:
    bank.post(bank.approved_filing(), attendance([PERSON]))
    seal_all(bank)
    with bank.unit() as session:
        draft = CodeDraft("应聘", CodeLevel.SUMMARY, utc_now() + timedelta(days=3), 1)
        person_id = find_person(session, bank.house.vault, PERSON)
        _, code = make_code(session, bank.house.vault, person_id, draft, now=utc_now())
    plain = terminal_for(bank.house.settings)
    client_id, secret = title_system(plain)
    known = {**plain.environment, "CREDITBANK_CLIENT_SECRET": secret}
    terminal, out = Terminal({**known, "CREDITBANK_HOLDER_CODE": code}), tmp_path / "answer.jws"
    asking = (
        "verdicts", "ask-by-code", "--client", client_id, "--scheme", "cn-3710", "--series",
        "engineering", "--level", "full_senior", "--application-day", "2026-11-20", "--stated",
        "current_title_on", "2018-06-30", "--out", str(out),
    )  # fmt: skip

    said = terminal.run(*asking).output
    token = out.read_text(encoding="ascii")
    used_up = terminal.run(*asking, exit_code=1).output

    statement = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert (statement["disclose"], statement["asker"]["purpose"]) == ("summary", "应聘")
    assert statement["jti"] in said
    assert "(holder-code-refused)" in used_up
    assert code not in said + used_up
