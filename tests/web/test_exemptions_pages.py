"""The register of exemptions by pages: an enterprise files, an official returns and approves."""

import re

import pytest

from creditbank.registry.clients import Role
from tests.bank import ENTERPRISE_USCC, TestBank, invented_person
from tests.verification.exempted import approved, filed, list_enterprise
from tests.web.test_organisations_desk import words
from tests.web.visitors import Visitors

PERSON = invented_person(64)
DOCUMENT = {"document_no": "示例〔2026〕9号", "document_day": "2026-01-08", "reason": "核查属实"}
FORM = {
    "pathway": "enterprise_recommendation", "document_kind": "resident_id",
    "document_number": PERSON.document.number, "person_name": PERSON.name,
    "series": "engineering", "specialty": "", "level": "associate_senior",
    "application_day": "2026-06-30", "fact-recommendation_signed_by": "chairman",
    "fact-achievements_stated": "yes", "valid_from": "2026-06-01", "valid_through": "",
    "employed_from": "2019-07-01", "employed_through": "",
    "paper-signed_recommendation": "举荐书", "paper-statement_of_achievements": "业绩说明",
}  # fmt: skip
PLAIN = ("document_kind", "document_number", "person_name")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_recommendation_is_filed_returned_approved_given_back_and_the_right_lost(
    bank: TestBank, visitors: Visitors
) -> None:
    list_enterprise(bank)
    employer, official = visitors.seated(Role.EMPLOYER), visitors.seated(Role.OFFICIAL)
    none = words(employer.get("/exemptions"))
    chosen = words(employer.get("/exemptions/new"))
    form = words(employer.get("/exemptions/new?pathway=enterprise_recommendation"))
    unsigned = {**FORM, "fact-recommendation_signed_by": "nobody_named"}
    refused = words(employer.send("/exemptions/new", **unsigned))
    status = employer.status
    told = words(
        employer.get("/exemptions/new?pathway=enterprise_recommendation").send(
            "/exemptions/new", **FORM
        )
    )
    one = employer.path
    waiting = words(official.get(one))
    official.send(f"{one}/decision", decision="return", reason="缺少签字", expires_on="")
    again = words(employer.get(f"{one}/resubmission"))
    put_right = {name: text for name, text in FORM.items() if name not in PLAIN}
    employer.send(f"{one}/resubmission", **put_right)
    wordless = official.get(one).send(f"{one}/decision", decision="refuse", reason="").status
    approved = words(official.get(one).send(f"{one}/decision", decision="approve", reason=""))
    listed = words(official.get("/exemptions?state=approved"))
    given_back = words(employer.get(one).send(f"{one}/withdrawal", reason="本人放弃"))
    desk = "/desk/recommendation-findings"
    found = {"uscc": ENTERPRISE_USCC, "finding": "fraud", "copied_to": "市工信局"}
    lost = words(official.get(desk).send(desk, **found, copied_on="2026-01-09", **DOCUMENT))
    [number] = re.findall(r"Z[0-9A-Z]{9}", lost)
    unfiled = words(
        employer.get("/exemptions/new?pathway=enterprise_recommendation").send(
            "/exemptions/new", **FORM
        )
    )
    lifted = words(official.get(desk).send(f"{desk}/{number}/lifting", **DOCUMENT))

    assert "提交的登记会列在这里" in none
    assert "企业职称申报举荐制" in chosen
    assert "企业书面说明其突出技术创新能力" in form
    assert (status, "署名" in refused or "条件不符" in refused) == (422, True)
    assert "已提交" in told
    assert "年度名额 2 个，已占用 0 个" in waiting
    assert "符合该途径的全部条件" in waiting
    assert PERSON.document.number not in waiting
    assert "退回原因：缺少签字" in again
    assert wordless == 422
    assert "已核准" in approved
    assert "有效至 2026-12-31" in approved
    assert PERSON.document.number[-4:] in listed
    assert "名额已退回" in given_back
    assert "抄送 市工信局" in lost
    assert "企业已失去举荐资格" in unfiled
    assert "已恢复" in lifted
    assert bank.fsck() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_whoever_it_is_for_reads_how_it_stands_and_nobody_elses(
    bank: TestBank, visitors: Visitors
) -> None:
    holder = visitors.seated(Role.PROFESSIONAL)
    nothing = words(holder.get("/hours/exemptions"))
    list_enterprise(bank)
    number, others = filed(bank, invented_person(91)), filed(bank, invented_person(92))

    waiting = words(holder.get("/hours/exemptions"))
    approved(bank, number)
    told = words(holder.get("/hours/exemptions"))

    assert "没有为您提交的登记" in nothing
    assert number in waiting
    assert others not in waiting
    assert "待核准" in waiting
    assert "已核准" in told
    assert "2026-12-31" in told
