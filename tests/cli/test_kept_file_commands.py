"""Commands on files of earlier records, and on erasing somebody's record."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import func, select

from creditbank.attendance.earlier import HEADERS
from creditbank.attendance.file_models import ImportFile, ImportFileContent
from creditbank.crediting.kept_files import KeptKind
from tests.bank import TestBank, invented_person
from tests.cli.bench import Terminal, person_file, terminal_for

WHO = invented_person(5)
SHEET = "\n".join(
    ",".join(row)
    for row in (
        tuple(HEADERS.values()),
        (WHO.name, "", WHO.document.number, "2024", "专业科目", "60"),
    )
).encode()
AS_JSON = json.dumps(
    {
        "jurisdiction": "cn-3710", "origin": "old",
        "rows": [
            {
                "document_kind": str(WHO.document.kind), "document_number": WHO.document.number,
                "name": WHO.name,
                "year": 2025, "subject": "professional", "hours": "30.00",
            }
        ],
    }
).encode()  # fmt: skip


@pytest.fixture
def terminal(bank: TestBank) -> Terminal:
    return terminal_for(bank.house.settings)


def proposed(bank: TestBank, terminal: Terminal, sent: Path, content: bytes, *more: str) -> str:
    sent.write_bytes(content)
    terminal.run("imports", "propose", str(sent), *more)
    with bank.reading() as session:
        newest = select(ImportFile.import_no).order_by(ImportFile.kept_at.desc())
        return session.scalars(newest).first() or ""


def test_an_operator_takes_the_file_of_an_import_out_with_a_reason(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    region = ("--jurisdiction", "cn-3710", "--origin", "old")
    sheet = proposed(bank, terminal, tmp_path / "old.csv", SHEET, *region)
    as_json = proposed(bank, terminal, tmp_path / "old.json", AS_JSON)
    out, of_json = tmp_path / "out.csv", tmp_path / "out.json"
    terminal.run("imports", "file", sheet, "--out", str(out), exit_code=2)
    assert not out.exists(), "nobody takes one without a reason"

    terminal.run("imports", "file", sheet, "--reason", "inspection", "--out", str(out))
    terminal.run("imports", "file", as_json, "--reason", "inspection", "--out", str(of_json))

    assert out.read_bytes() == SHEET
    assert of_json.read_bytes() == AS_JSON
    with bank.reading() as session:
        assert session.get_one(ImportFile, as_json).kind == KeptKind.JSON
    terminal.run(
        "imports", "file", sheet, "--part", "totals", "--reason", "inspection", "--out",
        str(tmp_path / "no"), exit_code=1,
    )  # fmt: skip


def test_an_operator_erases_somebody_and_their_files_are_gone(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    region = ("--jurisdiction", "cn-3710", "--origin", "old")
    proposed(bank, terminal, tmp_path / "old.csv", SHEET, *region)
    person = person_file(tmp_path, WHO)

    propose = ("people", "propose-erasure", person, "--jurisdiction", "cn-3710", "--case-no", "删1")
    [number] = re.findall(r"E[0-9A-Z]{9}", terminal.run(*propose, "--actor", "wang").output)
    said = terminal.run("people", "approve-erasure", number, person, "--actor", "zhao").output

    assert "原始文件 1 份" in said
    with bank.reading() as session:
        kept = ImportFileContent.file_cipher.is_not(None)
        assert session.scalar(select(func.count()).where(kept)) == 0
    terminal.run("ledger", "seal")
    assert "全部相符" in terminal.run("ledger", "fsck").output
