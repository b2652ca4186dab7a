"""Daily reconciliation: what a provider posted, as it and the bank have it, by every door."""

import hashlib
import json
import re
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from creditbank.crediting.models import Reconciliation
from creditbank.crediting.reconciling import (
    Compared,
    ReconciliationUnfitError,
    Row,
    Said,
    day_digest,
    reconcile,
    row_digest,
    standing_of,
)
from creditbank.crediting.withdrawals import Withdrawal, WithdrawalReason, withdraw_attendance
from creditbank.people.register import Identity
from creditbank.registry.clients import Role
from creditbank.registry.filing.filings import filing_numbered
from tests.accounts.lobby import Lobby
from tests.api.desk import DAYS, Desk
from tests.attendance.rosters import csv_bytes
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.cli.bench import terminal_for
from tests.web.test_filing_pages import lines
from tests.web.visitors import Visitors

LI, WANG, ZHAO = map(invented_person, (1, 2, 3))
DAY = SEMINAR_DAYS[0]


def rows(filing_no: str, *people: Identity, minutes: int = 360, day: date = DAY) -> tuple[Row, ...]:
    return tuple(
        (place, row_digest(filing_no, day, who.document.number, minutes))
        for place, who in enumerate(people, 1)
    )


def compare(
    bank: TestBank, sent: tuple[Row, ...], *, tells: bool = True, filing_no: str = ""
) -> Compared:
    digest, whose = day_digest(each for _, each in sent), bank.enterprise().organisation_id
    with bank.unit() as session:
        said = Said(
            whose, DAY, filing_no, len(sent), digest,
            sent if tells else None, "account-provider",
        )  # fmt: skip
        return reconcile(session, bank.house.vault, said, now=NOW)


def test_a_stranger_computes_the_digest_that_the_formats_lay_down() -> None:
    said = Path("docs/formats.md").read_text(encoding="utf-8").split("## 14.")[1]
    found = re.findall(r"`([0-9a-f]{64})`", said)
    text = '["F7K2M9QXAB","2026-11-10","999999198505150018",360]'
    row = hashlib.sha256(f"creditbank/attendance/v1\n{text}".encode()).hexdigest()
    day = hashlib.sha256(f"creditbank/attendance-day/v1\n{json.dumps([row])}".encode()).hexdigest()

    made = row_digest("F7K2M9QXAB", date(2026, 11, 10), "999999198505150018", 360)

    assert found == [row, day]
    assert made.hex() == row
    assert day_digest([made]).hex() == day


def test_both_sides_agree_in_whatever_order_the_rows_were_posted(bank: TestBank) -> None:
    one, other = bank.approved_filing(), bank.approved_filing()
    bank.post(one, attendance([LI, WANG], SEMINAR_DAYS))
    bank.post(other, attendance([ZHAO], [DAY]))
    sent = (*rows(other, ZHAO), *rows(one, WANG, LI))

    made = compare(bank, sent, tells=False)

    assert (made.agreed, made.bank_count) == (True, 3)
    assert made.counts == {one: 2, other: 1}
    assert compare(bank, rows(one, LI, WANG), filing_no=one).agreed


def test_what_is_missing_is_told_on_either_side_and_names_nobody(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    posted = bank.post(filing_no, attendance([LI, WANG], [DAY]))

    made = compare(bank, rows(filing_no, ZHAO, LI))
    silent = compare(bank, rows(filing_no, ZHAO, LI), tells=False)

    assert (made.agreed, made.only_said) == (False, (1,))
    assert [each.place for each in made.only_here] == [f"{posted.roster_no}-2"]
    assert (silent.agreed, silent.only_said, silent.only_here) == (False, (), ())
    with bank.reading() as session:
        kept = session.get_one(Reconciliation, made.reconciliation_no)
        assert json.loads(kept.missing) == {
            "at_bank": [1], "at_provider": [f"{posted.roster_no}-2"],
        }  # fmt: skip
        assert kept.stated_digest != day_digest(each for _, each in rows(filing_no, ZHAO, LI))


def test_other_minutes_and_a_row_sent_twice_are_missing(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([LI], [DAY]))

    shorter = compare(bank, rows(filing_no, LI, minutes=300))
    twice = compare(bank, rows(filing_no, LI, LI))

    assert (shorter.only_said, len(shorter.only_here)) == ((1,), 1)
    assert (twice.only_said, twice.only_here) == ((2,), ())


def test_what_was_withdrawn_stands_no_more_and_posted_again_it_does(bank: TestBank) -> None:
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([LI, WANG], [DAY]))
    with bank.unit() as session:
        withdrawal = Withdrawal(
            filing_numbered(session, filing_no), LI, (DAY,), WithdrawalReason.NOT_PRESENT, "",
            "provider-test",
        )  # fmt: skip
        withdraw_attendance(session, bank.house.vault, withdrawal, now=NOW)

    assert compare(bank, rows(filing_no, WANG)).agreed
    bank.post(filing_no, attendance([LI], [DAY], 180))
    both = (*rows(filing_no, WANG), (2, rows(filing_no, LI, minutes=180)[0][1]))
    assert compare(bank, both, tells=False).agreed


def test_rows_that_are_not_those_of_the_digest_are_refused_and_not_recorded(
    bank: TestBank,
) -> None:
    sent = rows("F000000000", LI)
    said = Said(1, DAY, "", 2, day_digest(each for _, each in sent), sent, "account-provider")
    with bank.unit() as session, pytest.raises(ReconciliationUnfitError):
        reconcile(session, bank.house.vault, said, now=NOW)

    with bank.reading() as session:
        assert session.scalars(select(Reconciliation)).all() == []


def test_another_providers_attendance_is_nobodys_business(bank: TestBank) -> None:
    bank.post(bank.approved_filing(), attendance([LI], [DAY]))

    with bank.reading() as session:
        assert standing_of(session, bank.house.vault, 999, DAY) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_program_compares_a_day_and_reads_what_was_compared(bank: TestBank) -> None:
    desk = Desk(bank)
    filing_no = desk.approved_filing()
    bank.post(filing_no, attendance([LI, WANG], DAYS[:1]), now=NOW)
    sent = [each for _, each in rows(filing_no, LI, ZHAO, day=DAYS[0])]
    body = {
        "day": DAYS[0].isoformat(), "filing_no": filing_no, "count": 2,
        "digest": day_digest(sent).hex(),
    }  # fmt: skip

    first = desk.provider.post("/api/v1/reconciliations", body).get_json()
    told = desk.provider.post(
        "/api/v1/reconciliations", {**body, "rows": [each.hex() for each in sent]}
    ).get_json()
    unfit = desk.provider.post("/api/v1/reconciliations", {**body, "rows": [sent[0].hex()]})
    foreign = desk.other_provider.post("/api/v1/reconciliations", body)
    listed = desk.provider.get("/api/v1/reconciliations").get_json()["reconciliations"]

    assert (first["outcome"], first["missing_at_bank"]) == ("differs", [])
    assert told["missing_at_bank"] == [2]
    [missing] = told["missing_at_provider"]
    assert (missing["filing_no"], missing["row_no"]) == (filing_no, 2)
    assert unfit.get_json()["code"] == "reconciliation-unfit"
    assert foreign.get_json()["code"] == "filing-unknown"
    assert len(listed) == 2
    one = desk.provider.get(f"/api/v1/reconciliations/{told['reconciliation_no']}").get_json()
    assert one in listed
    assert one["missing_at_provider"] == [f"{missing['roster_no']}-2"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_provider_compares_its_own_list_by_page_and_an_operator_by_command(
    bank: TestBank, tmp_path: Path
) -> None:
    provider = Visitors(Lobby(bank)).seated(Role.PROVIDER)
    filing_no = bank.approved_filing()
    posted = bank.post(filing_no, attendance([LI, WANG], [DAY]))
    own = csv_bytes(lines((LI, DAY, 360), (WANG, SEMINAR_DAYS[1], 360), (ZHAO, DAY, 360)))
    (tmp_path / "own.csv").write_bytes(own)

    provider.get("/reconciliations").send(
        "/reconciliations", filing_no=filing_no, day=DAY.isoformat(), file=own
    )
    terminal = terminal_for(bank.house.settings)
    compared = ("reconciliations", "compare", filing_no, str(tmp_path / "own.csv"))
    said = terminal.run(*compared, "--day", DAY.isoformat()).output
    uscc = "91371000MA3TE5T011"
    log = terminal.run("reconciliations", "list", uscc).output

    assert "不一致" in provider.text
    assert "名单中没有的出勤" in provider.text
    for text in (provider.text, said):
        assert "名单中有的行：4" in text
        assert f"{posted.roster_no}-2" in text
    assert log.count("不一致") == 2
    assert provider.get(f"/attendances/{posted.roster_no}-2").status == 200
    torn = own.replace(b",360", b",a day", 1)
    provider.get("/reconciliations").send(
        "/reconciliations", filing_no=filing_no, day=DAY.isoformat(), file=torn
    )
    assert (provider.status, "第 2 行" in provider.text) == (422, True)
    provider.get("/reconciliations").send("/reconciliations", filing_no=filing_no, day="", file=own)
    assert provider.status == 422
