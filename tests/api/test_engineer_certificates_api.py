"""Certificates of digital-engineer programmes over the API."""

from tests.acts import approve_programme
from tests.api.desk import DAYS, Desk, problem_of, roster_rows, stated
from tests.bank import invented_person

ONE = invented_person(21)


def test_a_provider_records_corrects_and_takes_back_a_certificate(desk: Desk) -> None:
    filing = f"/api/v1/filings/{approve_programme(desk.bank, DAYS[:1])}"
    papers = f"{filing}/engineer-certificates"
    paper = {
        **stated(ONE), "paper": "training", "number": "PX-1", "issuer": "示例大学",
        "grade": "junior", "issued_on": DAYS[0].isoformat(),
    }  # fmt: skip

    early = problem_of(desk.provider.post(papers, paper))
    desk.provider.post(f"{filing}/rosters", roster_rows([ONE], DAYS[:1]))
    made = desk.provider.post(papers, paper)
    again = problem_of(desk.provider.post(papers, paper))
    other = {"number": "PX-2", "supersedes": made.get_json()["record_no"], "reason": "抄错"}
    corrected = desk.provider.post(papers, {**paper, **other}).get_json()
    [seen] = desk.official.get(papers).get_json()["certificates"]
    gone = {"record_no": corrected["record_no"], "reason": "作废"}
    left = desk.provider.post(f"{papers}/removal", gone).get_json()

    assert early["code"] == "person-unknown"
    assert (made.status_code, again["code"]) == (201, "engineer-certificate-known")
    assert (seen["number"], seen["occupation"]) == ("PX-2", "大数据工程技术人员")
    assert ONE.name not in str(seen)
    assert left == {"certificates": []}


def test_another_filing_has_no_such_certificates(desk: Desk) -> None:
    papers = f"/api/v1/filings/{desk.approved_filing()}/engineer-certificates"

    assert problem_of(desk.provider.get(papers))["code"] == "engineer-programme-wanted"
