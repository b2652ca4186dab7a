"""Yearly calls by command."""

import re
from datetime import timedelta

import pytest

from creditbank.clock import civil_day, utc_now
from creditbank.registry.calls import Lane
from tests.api.desk import Desk
from tests.api.test_calls_api import closed
from tests.bank import ENTERPRISE_USCC, TestBank
from tests.cli.bench import terminal_for

DOCUMENT = ("--document", "示例〔2026〕6号", "--document-day", "2026-01-05")
TODAY = civil_day(utc_now())


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_call_is_opened_bid_on_decided_and_its_base_has_a_duty(bank: TestBank) -> None:
    over, [won] = closed(Desk(bank), (ENTERPRISE_USCC, Lane.GENERAL))
    terminal = terminal_for(bank.house.settings)
    until = (TODAY + timedelta(days=9)).isoformat()
    made = terminal.run(
        "calls", "open", "--jurisdiction", "cn-3710", "--year", str(TODAY.year), "--kind",
        "advanced_seminar", "--level", "municipal", "--title", "研修项目", "--places", "2",
        "--closes-on", until, *DOCUMENT,
    ).output  # fmt: skip
    [call_no] = re.findall(r"G[0-9A-Z]{9}", made)
    told = ("--title", "研修", "--plan", "40人")

    terminal.run("calls", "bid", call_no, "--uscc", ENTERPRISE_USCC, *told)
    [bid_no] = re.findall(r"B[0-9A-Z]{9}", terminal.run("calls", "bids", call_no).output)
    terminal.run("calls", "withdraw", bid_no, "--reason", "计划有变")
    terminal.run("calls", "withdraw", bid_no, exit_code=1)
    terminal.run("calls", "bid", call_no, "--uscc", ENTERPRISE_USCC, *told)
    early = terminal.run("calls", "decide", call_no, *DOCUMENT, exit_code=1).output
    since = ("--from", TODAY.isoformat())
    terminal.run("calls", "decide", over, "--award", won, *since, *DOCUMENT)
    terminal.run("calls", "recommend", won, "provincial", *DOCUMENT)
    listed = [terminal.run("calls", "bids", each).output for each in (call_no, over)]
    duties = terminal.run("calls", "duties").output

    assert "call-state" in early
    assert ["已申报" in each for each in listed] == [True, False]
    assert "provincial" in listed[1]
    assert all(each in duties for each in (ENTERPRISE_USCC, f"{TODAY.year}-12-31"))
    assert bank.fsck() == []
