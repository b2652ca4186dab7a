"""Held rows over the API: the provider is told that they wait, an official sees both names."""

from creditbank.people.register import Identity
from tests.api.desk import DAYS, Desk, problem_of, roster_rows
from tests.bank import invented_person

PERSON, OTHER = invented_person(61), invented_person(62)
WRONG = Identity(PERSON.document, "不同名")
CHECKS = "/api/v1/name-checks"


def posted(desk: Desk, people: list[Identity], mode: str = "post") -> dict[str, object]:
    """Post a day under a filing of its own, of people who are on record; return the answer."""
    known = desk.approved_filing()
    desk.provider.post(f"/api/v1/filings/{known}/rosters", roster_rows([PERSON], DAYS[:1]))
    filing_no = desk.approved_filing()
    sent = desk.provider.post(
        f"/api/v1/filings/{filing_no}/rosters?mode={mode}", roster_rows(people, DAYS[:1])
    )
    answer: dict[str, object] = sent.get_json()
    assert PERSON.name not in sent.text
    return answer


def test_a_held_row_from_its_posting_to_its_credit(desk: Desk) -> None:
    answer = posted(desk, [WRONG, OTHER])
    listed = desk.provider.get(f"{CHECKS}?state=open")
    [line] = listed.get_json()["name_checks"]
    address = f"{CHECKS}/{line['check_no']}"

    asked = desk.provider.post(f"{address}/request", {"note": "户口簿曾用名页已送科室"})
    shut = desk.provider.get(address)
    shown = desk.official.get(address).get_json()
    decided = desk.official.post(
        f"{address}/decision", {"finding": "renamed", "case_no": "威人社核〔2026〕8号"}
    )
    twice = desk.official.post(f"{address}/decision", {"finding": "misspelt", "case_no": "9"})
    told = desk.provider.get(CHECKS)

    [problem] = answer["problems"]  # type: ignore[misc]
    assert (answer["rows_credited"], problem["code"]) == (1, "roster-name-held")
    assert (line["roster_no"], line["row_no"]) == (answer["roster_no"], 1)
    assert asked.get_json()["asked_at"] != ""
    assert problem_of(shut)["code"] == "scope-missing"
    assert (shown["name_stated"], shown["names_on_record"]) == (WRONG.name, [PERSON.name])
    assert shown["note"] == "户口簿曾用名页已送科室"
    assert (decided.get_json()["state"], decided.get_json()["names_on_record"]) == ("credited", [])
    assert problem_of(twice)["code"] == "name-check-closed"
    assert told.get_json()["name_checks"][0]["finding"] == "renamed"
    assert PERSON.name not in listed.text + asked.text + told.text
    assert desk.bank.fsck() == []


def test_what_is_only_tried_counts_as_a_try_and_holds_nothing(desk: Desk) -> None:
    names = ("甲乙", "丙丁", "戊己")
    tried = [posted(desk, [Identity(PERSON.document, name)], "validate") for name in names]

    right = posted(desk, [PERSON])  # and another filing's row before it

    codes = [each["problems"][0]["code"] for each in (*tried, right)]  # type: ignore[index]
    assert codes == ["roster-name-held"] * 4
    assert len(desk.provider.get(CHECKS).get_json()["name_checks"]) == 2


def test_pages_of_held_rows_follow_one_another(desk: Desk) -> None:
    posted(desk, [WRONG])
    posted(desk, [WRONG])

    first = desk.official.get(f"{CHECKS}?limit=1").get_json()
    second = desk.official.get(f"{CHECKS}?limit=1&cursor={first['next_cursor']}").get_json()

    numbers = {each["name_checks"][0]["check_no"] for each in (first, second)}
    assert (len(numbers), second["next_cursor"]) == (2, "")
    assert desk.far_official.get(CHECKS).get_json()["name_checks"] == []
