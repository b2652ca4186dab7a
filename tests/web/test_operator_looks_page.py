"""The page of one's own tells that an operator of the bank looked."""

from pathlib import Path

import pytest

from creditbank.verification.desk_looks import OPERATOR
from tests.bank import SEMINAR_DAYS, TestBank, attendance
from tests.cli.bench import person_file, terminal_for
from tests.web.browser import Browser
from tests.web.test_organisations_desk import words
from tests.web.visitors import Visitors, sign_in


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_person_reads_that_it_was_an_operator(
    bank: TestBank, visitors: Visitors, tmp_path: Path
) -> None:
    person = visitors.professional()
    bank.post(bank.approved_filing(), attendance([person], SEMINAR_DAYS[:1]))
    terminal = terminal_for(bank.house.settings)
    terminal.run(
        "balances", "show", "--person", person_file(tmp_path, person), "--scheme", "cn-3710"
    )

    holder = sign_in(Browser(bank), person.document.number, "resident_id")
    mine = words(holder.get("/hours/queries"))

    assert "学时银行运行人员" in mine
    assert "没有写明用途" in mine
    assert OPERATOR not in mine
