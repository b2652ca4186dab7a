"""Certificates by the API: issued once, read, printed, revoked, listed; each in its own region."""

import re
from typing import Any

import pytest

from tests.api.desk import DAYS, YEAR, Desk, problem_of, roster_rows, stated
from tests.bank import TestBank, invented_person
from tests.certificates.counter import press_at_hand

HOLDER = invented_person(1)


def ordered(years: tuple[int, ...] = (YEAR,), scheme: str = "cn-3710") -> dict[str, Any]:
    return {**stated(HOLDER), "scheme": scheme, "years": list(years)}


@pytest.fixture
def desk(bank: TestBank) -> Desk:
    """A desk at which one person has a seminar's hours, not sealed yet."""
    made = Desk(bank)
    filing_no = made.approved_filing()
    posted = made.provider.post(f"/api/v1/filings/{filing_no}/rosters", roster_rows([HOLDER]))
    assert posted.status_code == 201, posted.get_json()
    return made


def issued(desk: Desk) -> dict[str, Any]:
    answer = desk.official.post("/api/v1/certificates", ordered())
    assert answer.status_code == 201, answer.get_json()
    members: dict[str, Any] = answer.get_json()
    return members


def test_an_official_certifies_what_was_just_posted(desk: Desk) -> None:
    certificate = issued(desk)

    assert certificate["state"] == "valid"
    assert certificate["issued_before"] is False
    assert certificate["years"] == [YEAR]
    assert certificate["facts"]["total"] == "24.00"
    assert certificate["facts"]["holder"]["name"] == HOLDER.name
    assert re.fullmatch(r"HTTPS://BANK\.EXAMPLE/C/[0-9A-Z]{26}", certificate["address"])
    assert certificate["act"]["body"][0] == "certificate.issued"
    assert certificate["act"]["details"]["facts"] == certificate["facts_digest"]
    assert len(DAYS) == 3


def test_a_retry_gets_the_first_answer_and_another_order_the_same_certificate(desk: Desk) -> None:
    first = desk.official.post("/api/v1/certificates", ordered(), retry="once")
    retry = desk.official.post("/api/v1/certificates", ordered(), retry="once")
    another = desk.second_official.post("/api/v1/certificates", ordered())

    assert retry.headers["Idempotency-Replayed"] == "true"
    assert retry.status_code == 201
    assert retry.get_json() == first.get_json()
    assert another.get_json()["number"] == first.get_json()["number"]
    assert another.get_json()["issued_before"] is True


def test_the_same_key_for_another_order_is_refused(desk: Desk) -> None:
    desk.official.post("/api/v1/certificates", ordered(), retry="once")

    answer = desk.official.post("/api/v1/certificates", ordered((YEAR, YEAR - 1)), retry="once")

    assert problem_of(answer)["code"] == "idempotency-key-reused"


def test_what_is_kept_for_retries_names_nobody(desk: Desk) -> None:
    from sqlalchemy import select

    from creditbank.registry.models import IdempotentWrite

    issued(desk)

    with desk.bank.reading() as session:
        answers = session.scalars(select(IdempotentWrite.answer)).all()
    assert not any(HOLDER.name in each for each in answers if each)


def test_a_certificate_is_read_with_its_proof_once_it_is_sealed(desk: Desk) -> None:
    number = issued(desk)["number"]
    before = desk.official.get(f"/api/v1/certificates/{number}").get_json()
    desk.official.post("/api/v1/seals", retry="")
    after = desk.official.get(f"/api/v1/certificates/{number}").get_json()

    assert before["proof"] is None
    assert after["proof"]["leaf"] == after["act"]["leaf"]
    query = {"origin": after["proof"]["origin"], "index": after["proof"]["index"]}
    public = desk.nobody.get("/api/v1/proofs", query_string=query).get_json()
    assert {name: after["proof"][name] for name in public} == public


def test_the_paper_is_printed_as_pdf_and_is_the_same_each_time(desk: Desk) -> None:
    press_at_hand()
    number = issued(desk)["number"]

    first, second = (desk.official.get(f"/api/v1/certificates/{number}.pdf") for _ in range(2))

    assert first.content_type == "application/pdf"
    assert first.data.startswith(b"%PDF-")
    assert first.data == second.data
    assert first.headers["Content-Disposition"] == f'inline; filename="{number}.pdf"'
    assert first.headers["Cache-Control"] == "no-store"


def test_a_revoked_certificate_is_told_so_and_printed_no_more(desk: Desk) -> None:
    number = issued(desk)["number"]
    body = {"reason": "code-exposed", "case_no": "2026-17"}

    done = desk.official.post(f"/api/v1/certificates/{number}/revocation", body, retry="end")
    retry = desk.official.post(f"/api/v1/certificates/{number}/revocation", body, retry="end")
    again = desk.official.post(f"/api/v1/certificates/{number}/revocation", body)
    printed = desk.official.get(f"/api/v1/certificates/{number}.pdf")

    assert done.status_code == retry.status_code == 200
    assert done.get_json()["state"] == "revoked"
    assert done.get_json()["revocation"]["reason"] == "code-exposed"
    assert retry.get_json() == done.get_json()
    assert problem_of(again)["code"] == "certificate-revoked"
    assert problem_of(printed)["code"] == "certificate-revoked"


def test_certificates_are_listed_newest_first_without_a_name_page_by_page(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    people = [invented_person(number) for number in range(2, 5)]
    desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", roster_rows(people))
    numbers = [
        desk.official.post("/api/v1/certificates", {**ordered(), **stated(person)}).get_json()[
            "number"
        ]
        for person in [HOLDER, *people]
    ]

    first = desk.official.get("/api/v1/certificates?limit=3").get_json()
    second = desk.official.get(
        f"/api/v1/certificates?limit=3&cursor={first['next_cursor']}"
    ).get_json()

    listed = [each["number"] for each in first["certificates"] + second["certificates"]]
    assert listed == numbers[::-1]
    assert second["next_cursor"] == ""
    assert {each["state"] for each in first["certificates"]} == {"valid"}
    assert not any(person.name in str(first) for person in people)


def test_a_list_may_be_of_one_scheme(desk: Desk) -> None:
    issued(desk)

    found = [
        len(desk.official.get(f"/api/v1/certificates?scheme={scheme}").get_json()["certificates"])
        for scheme in ("cn-3710", "cn-33")
    ]

    assert found == [1, 0]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/api/v1/certificates/{number}"),
        ("get", "/api/v1/certificates/{number}.pdf"),
        ("post", "/api/v1/certificates/{number}/revocation"),
    ],
)
def test_an_official_of_another_region_sees_and_ends_none(
    desk: Desk, method: str, path: str
) -> None:
    number = issued(desk)["number"]
    body = {"json": {"reason": "finding"}} if method == "post" else {}

    answer = getattr(desk.far_official, method)(path.format(number=number), **body)

    assert problem_of(answer)["code"] == "region-foreign"
    assert desk.far_official.get("/api/v1/certificates").get_json()["certificates"] == []


def test_an_official_certifies_under_the_rules_of_the_own_region_alone(desk: Desk) -> None:
    answer = desk.far_official.post("/api/v1/certificates", ordered())

    assert problem_of(answer)["code"] == "region-foreign"


@pytest.mark.parametrize("caller", ["provider", "title_system", "administrator"])
def test_others_may_neither_issue_nor_read(desk: Desk, caller: str) -> None:
    number = issued(desk)["number"]
    other = getattr(desk, caller)

    answers = [
        other.post("/api/v1/certificates", ordered()),
        other.get("/api/v1/certificates"),
        other.get(f"/api/v1/certificates/{number}"),
        other.get(f"/api/v1/certificates/{number}.pdf"),
        other.post(f"/api/v1/certificates/{number}/revocation", {"reason": "finding"}),
    ]

    assert {problem_of(each)["code"] for each in answers} == {"scope-missing"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"years": []}, "request-invalid"),
        ({"years": [1989]}, "request-invalid"),
        ({"years": list(range(2000, 2011))}, "request-invalid"),
        ({"years": [YEAR - 9]}, "certificate-empty"),
        ({"scheme": "cn-99"}, "pack-missing"),
        ({"name": "别人"}, "identity-mismatch"),
        (stated(invented_person(77)), "person-unknown"),
    ],
)
def test_an_order_that_cannot_be_filled_says_why(
    desk: Desk, change: dict[str, Any], code: str
) -> None:
    answer = desk.official.post("/api/v1/certificates", {**ordered(), **change})

    assert problem_of(answer)["code"] == code
    assert desk.row_counts()["certificate"] == 0


@pytest.mark.parametrize("number", ["371000202600000000007", "371000202600000000008"])
def test_a_number_that_was_never_given_is_unknown(desk: Desk, number: str) -> None:
    answer = desk.official.get(f"/api/v1/certificates/{number}")

    assert problem_of(answer)["code"] == "certificate-unknown"


def test_looks_at_the_public_page_are_counted(desk: Desk) -> None:
    certificate = issued(desk)
    path = certificate["address"].removeprefix("HTTPS://BANK.EXAMPLE")
    for _ in range(3):
        desk.http.get(path)

    found = desk.official.get(f"/api/v1/certificates/{certificate['number']}").get_json()

    assert found["views"] == 3
