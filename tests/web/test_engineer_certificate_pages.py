"""Certificates of digital-engineer programmes by pages: the provider's and the person's own."""

from creditbank.registry.clients import Role
from tests.acts import approve_programme, roster
from tests.bank import SEMINAR_DAYS, invented_person
from tests.web.visitors import Visitors

WHO, DAY = invented_person(91), SEMINAR_DAYS[0]


def test_a_provider_records_a_certificate_and_the_person_sees_it(visitors: Visitors) -> None:
    provider, person = visitors.seated(Role.PROVIDER), visitors.seated(Role.PROFESSIONAL)
    filing_no = approve_programme(visitors.bank, [DAY])
    visitors.bank.post(filing_no, roster([(WHO, DAY, 360)]))
    papers = f"/filings/{filing_no}/engineer-certificates"
    form = {
        "document_kind": "resident_id", "document_number": WHO.document.number,
        "person_name": WHO.name, "paper": "level", "number": "DJ-1", "issuer": "示例评价机构",
        "grade": "intermediate",
    }  # fmt: skip

    assert papers in provider.get(f"/filings/{filing_no}").text
    provider.get(papers).send(papers, **form)
    assert "发证日期" in provider.text
    provider.get(papers).send(papers, **form, issued_on=DAY.isoformat())
    assert "证书已登记。" in provider.text
    assert WHO.document.number not in provider.text
    own = person.get("/hours/certificates").text
    assert "DJ-1" in own
    assert "专业技术等级证书" in own
    [removal] = [each for each in provider.forms() if each.endswith("/removal")]
    provider.send(removal, reason="误登")
    assert "已收回。" in provider.text
    assert "DJ-1" not in person.get("/hours/certificates").text
