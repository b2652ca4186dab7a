"""Certificates of digital-engineer programmes by command."""

import json
import re
from pathlib import Path

from tests.acts import approve_programme, roster
from tests.api.desk import stated
from tests.bank import SEMINAR_DAYS, TestBank, invented_person
from tests.cli.bench import terminal_for

WHO, DAY = invented_person(1), SEMINAR_DAYS[0]


def test_a_certificate_is_recorded_listed_and_taken_back(bank: TestBank, tmp_path: Path) -> None:
    terminal = terminal_for(bank.house.settings)
    filing_no = approve_programme(bank, [DAY])
    bank.post(filing_no, roster([(WHO, DAY, 360)]))
    person = tmp_path / "person.json"
    person.write_text(json.dumps(stated(WHO)), encoding="utf-8")
    group = ("filings", "certificates")

    made = terminal.run(
        *group, "record", filing_no, str(person), "--paper", "level", "--number", "DJ-1",
        "--issuer", "示例评价机构", "--grade", "junior", "--issued-on", DAY.isoformat(),
    ).output  # fmt: skip
    [record_no] = re.findall(r"Z[0-9A-Z]{9}", made)
    listed = terminal.run(*group, "list", filing_no).output
    terminal.run(*group, "take-back", filing_no, record_no, "--reason", "误登")
    left = terminal.run(*group, "list", filing_no).output

    assert "专业技术等级证书" in listed
    assert "DJ-1" in listed
    assert "DJ-1" not in left
