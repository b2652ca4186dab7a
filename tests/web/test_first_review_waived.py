"""A first review at a private enterprise, by the doors: an adopted draft, a filing, a decision."""

from datetime import timedelta
from importlib.resources import files

import pytest

from creditbank.accounts.seats import SeatDraft
from creditbank.clock import civil_day, utc_now
from creditbank.registry.clients import Role
from creditbank.registry.mandates import MandateDraft, grant_mandate
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.verification.kept import statement_of
from creditbank.verification.models import Verdict
from tests.acts import publish, register_enterprise
from tests.api.desk import TITLE_SYSTEM_USCC, Desk
from tests.api.test_lawbook import problem_of
from tests.bank import NOW, TestBank, invented_person
from tests.verification.exempted import list_enterprise
from tests.web.browser import Browser
from tests.web.test_organisations_desk import words
from tests.web.visitors import Visitors, enrol, sign_in

ZONE, USCC = "cn-650104.gxq", "91371000MA3TE5T024"
PERSON = invented_person(64)


def seated(visitors: Visitors, name: str, seat: SeatDraft, *, strict: bool = False) -> Browser:
    visitors.staff(name, seat)
    browser = sign_in(Browser(visitors.bank), name)
    if strict:
        enrol(browser)
    return browser


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_hours_are_waived_for_a_first_review_once_two_officials_have_adopted_the_draft(
    bank: TestBank, visitors: Visitors
) -> None:
    today = civil_day(utc_now())
    for pack in ("cn-65", "cn-6501", ZONE):
        publish(bank, (files("creditbank_seeds") / "packs" / f"{pack}.toml").read_text("utf-8"))
    register_enterprise(bank, USCC, ZONE)
    list_enterprise(bank, "", "private", USCC)
    desk = Desk(bank)
    first, second = desk.caller(Role.OFFICIAL, ZONE), desk.caller(Role.OFFICIAL, ZONE)
    said = first.post(
        f"/api/v1/packs/{ZONE}/adoptions",
        {"kind": "adopted", "day": "2026-11-21", "document": "高新〔2026〕1号",
         "title": "若干措施", "reason": "正式印发"},
    ).get_json()  # fmt: skip
    approval = f"/api/v1/adoptions/{said['adoption_no']}/approval"
    alone = problem_of(first.post(approval))
    assert second.post(approval).status_code == 200
    with bank.unit() as session:
        firm = organisation_by_uscc(session, USCC).organisation_id
        holder = organisation_by_uscc(session, TITLE_SYSTEM_USCC).organisation_id
        term = (today - timedelta(days=1), today + timedelta(days=400))
        mandate = MandateDraft(holder, ZONE, ("engineering",), ("intermediate",), *term)
        grant_mandate(session, mandate, actor="official-test", now=NOW)
    employer = seated(visitors, "firm", SeatDraft(Role.EMPLOYER, ZONE, firm))
    official = seated(visitors, "zone", SeatDraft(Role.OFFICIAL, ZONE), strict=True)
    asker = seated(visitors, "asker", SeatDraft(Role.TITLE_SYSTEM, ZONE, holder))
    question = {
        "document_kind": "resident_id", "document_number": PERSON.document.number,
        "person_name": PERSON.name, "purpose": "专项评审", "legal_basis": "若干措施第2项",
    }  # fmt: skip
    ask = f"/verdicts/new?scheme={ZONE}&series=engineering&level=intermediate&day={today}"

    before = words(asker.get(ask).send("/verdicts/new", **question))
    employer.get("/exemptions/new?pathway=waiver").send(
        "/exemptions/new", pathway="waiver", document_kind="resident_id",
        document_number=PERSON.document.number, person_name=PERSON.name, series="engineering",
        specialty="", level="intermediate", application_day=today.isoformat(),
        valid_from=(today - timedelta(days=1)).isoformat(), valid_through="",
        employed_from="2019-07-01", employed_through="",
        **{"fact-first_review": "yes", "fact-special_review": "yes", "paper-proof": "专项评审申请"},
    )  # fmt: skip
    one = employer.path
    filed = words(employer)
    approved = words(official.get(one).send(f"{one}/decision", decision="approve", reason=""))
    after = words(asker.get(ask).send("/verdicts/new", **question))

    assert alone["code"] == "second-person-wanted"
    assert "不能判定" in before or "没有记录" in before
    assert "已提交" in filed
    assert "已核准" in approved
    assert "不作硬性要求" in after
    assert one.rpartition("/")[2] in after
    assert f"征求意见稿 {ZONE} 自 2026-11-21 起施行，依据《若干措施》（高新〔2026〕1号）。" in after
    with bank.reading() as session:
        statement = statement_of(session.get_one(Verdict, asker.path.rpartition("/")[2]))
    assert statement["outcome"] == "waived"
    assert [each["document"] for each in statement["adoptions"]] == ["高新〔2026〕1号"]
