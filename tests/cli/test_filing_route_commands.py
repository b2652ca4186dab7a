"""Routes of filings by command."""

import re
from datetime import date, datetime, timedelta

import pytest

from creditbank.clock import civil_day, utc_now
from creditbank.registry.facts import Ground
from creditbank.registry.filing.filings import submit_filing
from creditbank.registry.filing.routes import RouteDraft, record_route
from creditbank.registry.organisations import organisation_by_uscc
from tests.bank import ENTERPRISE_USCC, TestBank
from tests.cli.bench import terminal_for
from tests.crediting.test_returned_filings import DRAFT

DOCUMENT = ("--document", "示例〔2026〕8号", "--document-day", "2026-01-05")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_route_is_recorded_listed_by_day_and_ended(bank: TestBank) -> None:
    terminal, today = terminal_for(bank.house.settings), civil_day(utc_now())
    first, last = today + timedelta(days=2), today + timedelta(days=5)
    said = (
        "filing-routes", "record", "--district", "cn-3710.jkq", "--office", "cn-3710", "--kind",
        "advanced_seminar", "--level", "provincial", "--from", first.isoformat(), *DOCUMENT,
    )  # fmt: skip

    made = terminal.run(*said).output
    route_no = re.findall(r"\bU[0-9A-Z]{9}\b", made)[0]
    again = terminal.run(*said, exit_code=1).output
    nobody = terminal.run(*said[:5], "cn-371099", *said[6:], exit_code=1).output
    ended = terminal.run(
        "filing-routes", "end", route_no, "--through", last.isoformat(), "--reason", "划转"
    ).output
    listed = [
        terminal.run("filing-routes", "list", "--on", day.isoformat()).output
        for day in (today, first, last, last + timedelta(days=1))
    ]

    assert "filing-route-taken" in again
    assert ("office-unknown" in nobody, "cn-371099" in nobody) == (True, True)
    assert last.isoformat() in ended
    assert [route_no in each for each in listed] == [False, True, True, False]
    assert "cn-3710.jkq" in listed[1]
    assert bank.fsck() == []


def test_an_operator_decides_a_routed_filing_in_the_name_of_its_office_alone(
    bank: TestBank,
) -> None:
    terminal, now = terminal_for(bank.house.settings), utc_now() - timedelta(days=40)
    unrouted = filed(bank, now)
    with bank.unit() as session:
        ground = Ground("示例〔2026〕8号", date(2026, 1, 5), "职责划分")
        first = civil_day(now) + timedelta(days=1)
        draft = RouteDraft("cn-3710", "cn-371002", first, ground)
        record_route(session, draft, actor="official-test", now=now)
    routed = filed(bank, now + timedelta(days=2))
    said = ("--reason", "补办备案")

    cut = terminal.run("filings", "approve", unrouted, *said, "--office", "cn-37100", exit_code=1)
    assert "jurisdiction-invalid" in cut.output
    refused = [
        terminal.run("filings", "approve", routed, *said, *office, exit_code=1).output
        for office in ((), ("--office", "cn-3710"))
    ]
    foreign = terminal.run("filings", "approve", unrouted, *said, "--office", "cn-33", exit_code=1)
    terminal.run("filings", "approve", routed, *said, "--office", "cn-371002")
    terminal.run("filings", "approve", unrouted, *said)
    step = ("filings", "step", routed, "suspend", "--reason", "核查")
    suspended = terminal.run(*step, exit_code=1).output
    terminal.run(*step, "--office", "cn-371002")

    assert all("filing-office-foreign" in each for each in (*refused, foreign.output, suspended))
    assert bank.fsck() == []


def filed(bank: TestBank, now: datetime) -> str:
    with bank.unit() as session:
        provider = organisation_by_uscc(session, ENTERPRISE_USCC)
        return submit_filing(session, DRAFT, provider, actor="provider-test", now=now).filing_no
