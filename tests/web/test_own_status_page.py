"""A professional's status records and pledge by pages."""

from datetime import timedelta

from creditbank.clock import civil_day, utc_now
from creditbank.registry.clients import SCOPES_OF, Client, Role
from creditbank.verification.status_kinds import StatusKind
from creditbank.verification.status_records import StatusDraft, record_status
from tests.acts import roster
from tests.bank import ENTERPRISE_USCC, SEMINAR_DAYS, invented_person
from tests.web.visitors import Visitors

WHO = invented_person(91)


def test_a_person_reads_what_sources_state_and_gives_the_pledge(visitors: Visitors) -> None:
    bank, person = visitors.bank, visitors.seated(Role.PROFESSIONAL)
    bank.post(bank.approved_filing(), roster([(WHO, SEMINAR_DAYS[0], 360)]))
    today = civil_day(utc_now())
    authority = Client("official-a", Role.OFFICIAL, SCOPES_OF[Role.OFFICIAL], "cn-3710", None)
    draft = StatusDraft(
        WHO, StatusKind.EMPLOYMENT, "SB-1", "示例社会保险登记", today, today - timedelta(days=900),
        {"organisation": ENTERPRISE_USCC, "post": "工艺工程师"},
    )  # fmt: skip
    with bank.unit() as session:
        made = record_status(session, bank.house.vault, draft, authority, now=utc_now())

    own = person.get("/hours/status")
    before = own.text
    own.send("/hours/status")
    after = own.text

    assert all(word in before for word in (made.record_no, "示例社会保险登记", "工艺工程师"))
    assert WHO.document.number not in before
    assert "作出承诺" in before
    assert "承诺已登记。" in after
    assert "creditbank-2026-1" in after
    assert "作出承诺" not in after
    assert bank.fsck() == []
