"""Organisations, rules, mandates and questions over the API."""

from importlib.resources import files
from typing import Any

from creditbank.registry.clients import Role
from tests.api.desk import TITLE_SYSTEM_USCC, YEAR, Desk, problem_of, roster_rows, stated
from tests.bank import ENTERPRISE_USCC, invented_person

PERSON = invented_person(41)
ENTERPRISE = {
    "uscc": ENTERPRISE_USCC,
    "name": "威海示例复合材料有限公司",
    "kind": "enterprise",
    "jurisdiction": "cn-3710",
}


def question(**changed: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {
        **stated(PERSON), "scheme": "cn-3710", "series": "engineering", "level": "associate_senior",
        "application_day": f"{YEAR + 1}-03-15", "purpose": "职称评审", "legal_basis": "第25号令",
        "stated": {"current_title_on": f"{YEAR - 8}-06-30"},
    }  # fmt: skip
    return asked | changed


def granted(desk: Desk, **changed: Any) -> str:
    body: dict[str, Any] = {
        "organisation": TITLE_SYSTEM_USCC, "jurisdiction": "cn-3710", "series": ["engineering"],
        "levels": ["*"], "valid_from": f"{YEAR}-01-01", "valid_through": f"{YEAR + 2}-12-31",
    }  # fmt: skip
    return str(desk.official.post("/api/v1/mandates", body | changed).get_json()["mandate_no"])


def on_record(desk: Desk) -> None:
    filing_no = desk.approved_filing()
    desk.provider.post(f"/api/v1/filings/{filing_no}/rosters", roster_rows([PERSON]))


def test_an_organisation_is_registered_once(desk: Desk) -> None:
    again = desk.official.post("/api/v1/organisations", ENTERPRISE)
    renamed = desk.official.post("/api/v1/organisations", {**ENTERPRISE, "name": "乙"})
    read = desk.official.get(f"/api/v1/organisations/{ENTERPRISE_USCC}")

    assert again.get_json() == ENTERPRISE
    assert read.get_json().items() >= ENTERPRISE.items()
    assert problem_of(renamed)["code"] == "organisation-known"


def test_a_code_whose_check_character_fails_is_refused(desk: Desk) -> None:
    wrong = ENTERPRISE_USCC[:-1] + ("0" if ENTERPRISE_USCC[-1] != "0" else "1")

    response = desk.official.post("/api/v1/organisations", {**ENTERPRISE, "uscc": wrong})

    assert problem_of(response)["code"] == "uscc-check-character-wrong"


def test_a_published_pack_is_read_byte_for_byte_by_anybody(desk: Desk) -> None:
    [listed] = [
        each
        for each in desk.nobody.get("/api/v1/packs").get_json()["packs"]
        if each["id"] == "cn-3710"
    ]

    read = desk.nobody.get(f"/api/v1/packs/cn-3710/{listed['version']}")

    assert read.data == (files("creditbank_seeds") / "packs" / "cn-3710.toml").read_bytes()
    assert read.content_type == "text/plain; charset=utf-8"


def test_a_pack_is_published_by_two_people_and_read_by_the_second_first(desk: Desk) -> None:
    content = (files("creditbank_seeds") / "packs" / "cn-3710.toml").read_bytes()
    newer = content.replace(b"version      = 1\n", b"version      = 2\n")
    assert newer != content
    path = "/api/v1/packs/cn-3710/2"

    proposed = desk.official.post("/api/v1/packs", data=newer)
    hidden = desk.nobody.get(path)
    by_the_same = desk.official.post(f"{path}/review")
    read = desk.second_official.get(f"{path}/proposal")
    too_soon = desk.second_official.post(f"{path}/publication")
    desk.second_official.post(f"{path}/review")
    published = desk.second_official.post(f"{path}/publication")

    assert (proposed.status_code, published.status_code) == (201, 200)
    assert problem_of(hidden)["code"] == "pack-not-proposed"
    assert problem_of(by_the_same)["code"] == "second-person-wanted"
    assert problem_of(too_soon)["code"] == "pack-not-reviewed"
    assert read.data == newer
    assert desk.nobody.get(path).data == newer


def test_a_pack_of_another_region_is_not_proposed_here(desk: Desk) -> None:
    content = (files("creditbank_seeds") / "packs" / "cn-37.toml").read_bytes()

    response = desk.official.post("/api/v1/packs", data=content)

    assert problem_of(response)["code"] == "region-foreign"


def test_without_a_mandate_nothing_is_answered_and_nothing_written(desk: Desk) -> None:
    on_record(desk)
    before = desk.row_counts()

    response = desk.title_system.post("/api/v1/verdicts", question())

    assert problem_of(response)["code"] == "mandate-missing"
    assert desk.row_counts() == before | {"refused_question": 1}, "but that it was refused"


def test_a_suspended_mandate_holds_from_the_next_question_on_no_more(desk: Desk) -> None:
    on_record(desk)
    mandate = f"/api/v1/mandates/{granted(desk)}/state"

    first = desk.title_system.post("/api/v1/verdicts", question())
    desk.official.post(mandate, {"state": "suspended"})
    second = desk.title_system.post("/api/v1/verdicts", question())

    assert first.status_code == 201
    assert problem_of(second)["code"] == "mandate-missing"


def test_a_committee_of_one_specialty_asks_in_no_other(desk: Desk) -> None:
    on_record(desk)
    mandate_no = granted(desk, specialties=["composites"])

    own = desk.title_system.post("/api/v1/verdicts", question(specialty="composites"))
    other = desk.title_system.post("/api/v1/verdicts", question(specialty="textiles"))
    stopped = desk.official.post(f"/api/v1/mandates/{mandate_no}/state", {"state": "suspended"})

    assert own.get_json()["statement"]["question"]["specialty"] == "composites"
    assert problem_of(other)["code"] == "mandate-missing"
    assert stopped.get_json()["specialties"] == ["composites"]


def test_a_pathway_is_asked_for_by_name_and_frees_whom_it_names(desk: Desk) -> None:
    on_record(desk)
    granted(desk)
    facts = {"current_title_on": f"{YEAR - 8}-06-30", "talent_status": "shandong_huicai_card"}

    plain = desk.title_system.post("/api/v1/verdicts", question(stated=facts)).get_json()
    freed = desk.title_system.post(
        "/api/v1/verdicts", question(stated=facts, pathway="fast_track")
    ).get_json()
    read = desk.title_system.get(f"/api/v1/verdicts/{freed['verdict_no']}").get_json()

    assert (plain["outcome"], freed["outcome"]) == ("not_met", "exempt")
    assert plain["statement"]["other_pathways"] == ["fast_track"]
    assert freed["statement"]["question"]["pathway"] == "fast_track"
    assert freed["statement"]["supersedes"] == plain["verdict_no"]
    assert read == freed


def test_a_word_that_the_pack_does_not_know_of_a_fact_is_refused(desk: Desk) -> None:
    granted(desk)

    response = desk.title_system.post(
        "/api/v1/verdicts",
        question(stated={"talent_status": "a card"} | question()["stated"], pathway="fast_track"),
    )

    document = desk.nobody.get("/api/v1/openapi.json").get_json()
    refused = document["paths"]["/api/v1/verdicts"]["post"]["responses"]["422"]
    assert problem_of(response)["code"] == "stated-word-unknown"
    assert "stated-word-unknown" in refused["content"]["application/problem+json"]["examples"]


def test_the_signed_answer_alone_is_given_on_request(desk: Desk) -> None:
    on_record(desk)
    granted(desk)

    asked = desk.title_system.post(
        "/api/v1/verdicts", question(), headers={"Accept": "application/jose"}
    )

    assert asked.content_type == "application/jose"
    assert asked.get_data(as_text=True).count(".") == 2


def test_a_verdict_asked_twice_with_one_key_is_one_verdict(desk: Desk) -> None:
    on_record(desk)
    granted(desk)

    first = desk.title_system.post("/api/v1/verdicts", question(), retry="once")
    again = desk.title_system.post("/api/v1/verdicts", question(), retry="once")
    as_jose = desk.title_system.post(
        "/api/v1/verdicts", question(), retry="once", headers={"Accept": "application/jose"}
    )

    assert again.get_json() == first.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert as_jose.get_data(as_text=True) == first.get_json()["jws"]
    assert desk.row_counts()["verdict"] == 1


def test_a_verdict_is_read_again_by_its_asker_only(desk: Desk) -> None:
    on_record(desk)
    granted(desk)
    asked = desk.title_system.post("/api/v1/verdicts", question()).get_json()
    path = f"/api/v1/verdicts/{asked['verdict_no']}"
    another = desk.caller(Role.TITLE_SYSTEM, organisation_id=1)

    assert desk.title_system.get(path).get_json() == asked
    assert problem_of(another.get(path))["code"] == "verdict-unknown"


def test_a_question_about_what_waits_for_its_place_counts_it(desk: Desk) -> None:
    granted(desk)
    on_record(desk)

    answer = desk.title_system.post("/api/v1/verdicts", question()).get_json()

    assert answer["statement"]["pending"] == {"entries": 0}
    assert answer["statement"]["record"]["entries"] == 3


def test_nobody_on_record_is_undetermined_and_not_unmet(desk: Desk) -> None:
    granted(desk)

    answer = desk.title_system.post("/api/v1/verdicts", question()).get_json()

    assert answer["outcome"] == "undetermined"


def test_another_name_gets_nobodys_answer(desk: Desk) -> None:
    granted(desk)
    on_record(desk)

    response = desk.title_system.post("/api/v1/verdicts", question(name="张三"))

    assert problem_of(response)["code"] == "identity-mismatch"
