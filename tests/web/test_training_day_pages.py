"""The day log of practical training by pages."""

import hashlib

from creditbank.registry.clients import Role
from tests.acts import approve_training
from tests.bank import SEMINAR_DAYS
from tests.web.visitors import Visitors

EVIDENCE = "接收单位确认".encode()


def test_a_provider_logs_days_and_an_official_reads_them(visitors: Visitors) -> None:
    official, provider = visitors.seated(Role.OFFICIAL), visitors.seated(Role.PROVIDER)
    filing_no = approve_training(visitors.bank, SEMINAR_DAYS[:2])
    days = f"/filings/{filing_no}/days"

    assert days in provider.get(f"/filings/{filing_no}").text
    assert SEMINAR_DAYS[1].isoformat() in provider.get(days).text
    day = SEMINAR_DAYS[0].isoformat()
    provider.send(days, day=day, use="training", told_by="host", done="")
    assert "做了什么" in provider.text
    provider.get(days).send(days, day="", use="training", told_by="host", done="跟班")
    assert "日期" in provider.text
    said = {"day": day, "use": "training", "told_by": "host", "done": "总装车间跟班"}
    provider.get(days).send(days, evidence=EVIDENCE, **said)
    assert "已登记。" in provider.text

    assert "总装车间跟班" in official.get(days).text
    assert hashlib.sha256(EVIDENCE).hexdigest() in official.text
    assert days not in official.forms()
    assert "登记逐日记录" in official.get(f"/filings/{filing_no}").text
