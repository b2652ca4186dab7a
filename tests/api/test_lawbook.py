"""How law gets into force by the API: steps, refusals, retries, and two officials at once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from creditbank.clock import utc_now
from creditbank.crediting.imports import RecordRow
from creditbank.jobs.impact import run_waiting
from creditbank.ledger.models import Act
from creditbank.ledger.sources import pins_id_of
from creditbank.registry.clients import Role
from creditbank.registry.lawbook import law_of
from tests.acts import import_rows
from tests.api.desk import Caller, Desk, problem_of
from tests.bank import invented_person
from tests.lawtexts import COUNTY, REQUIREMENT, hours, law, rule

PACKS = "/api/v1/packs"
ONE, TWO = f"{PACKS}/{COUNTY}/1", f"{PACKS}/{COUNTY}/2"
BEGUN_WITH = ("cn@1", "cn-37@1", "cn-3710@1")
LAST_YEAR = utc_now().year - 1
ADOPTION = {
    "day": "2026-03-01",
    "document": "示例〔2026〕1号",
    "title": "关于示例的通知",
    "reason": "正式印发",
}


class Office:
    """Three officials of the province, of whom each has one part."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.first, self.second, self.third = (
            desk.caller(Role.OFFICIAL, "cn-37") for _ in range(3)
        )

    def enact(self, content: bytes, version: int = 1) -> None:
        path = f"{PACKS}/{COUNTY}/{version}"
        for response in (
            self.first.post(PACKS, data=content),
            self.second.post(f"{path}/review"),
            self.third.post(f"{path}/publication"),
        ):
            assert response.status_code in (200, 201), response.get_json()

    def at_once(self, *sends: Callable[[Caller], TestResponse]) -> list[TestResponse]:
        """Send as the second and the third official in turn, all released at the same moment."""
        answers: list[TestResponse] = []
        gate = threading.Barrier(len(sends))

        def run(number: int, send: Callable[[Caller], TestResponse]) -> None:
            token = (self.second, self.third)[number % 2].token
            caller = Caller(self.desk.bank.app.test_client(), token)
            gate.wait()
            answers.append(send(caller))

        threads = [threading.Thread(target=run, args=each) for each in enumerate(sends)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers


@pytest.fixture
def office(desk: Desk) -> Office:
    return Office(desk)


def acts_of(desk: Desk, kind: str) -> int:
    """Count the acts of a kind that are not on the packs that the bank began with."""
    counting = select(func.count()).where(Act.kind == kind, Act.subject.not_in(BEGUN_WITH))
    with desk.bank.reading() as session:
        return session.scalar(counting) or 0


def test_a_version_goes_from_hand_to_hand(office: Office) -> None:
    proposed = office.first.post(PACKS, data=law(hours("40"))).get_json()
    waiting = office.second.get(f"{PACKS}/proposals").get_json()["packs"]
    reviewed = office.second.post(f"{ONE}/review").get_json()
    published = office.third.post(f"{ONE}/publication").get_json()

    states = [each["state"] for each in (proposed, *waiting, reviewed, published)]
    assert states == ["proposed", "proposed", "reviewed", "published"]
    assert office.second.get(f"{PACKS}/proposals").get_json()["packs"] == []
    assert office.desk.nobody.get(ONE).data == law(hours("40"))


@pytest.mark.parametrize("step", ["review", "publication"])
def test_whoever_proposed_takes_no_further_step(office: Office, step: str) -> None:
    office.first.post(PACKS, data=law(hours("40")))

    refused = office.first.post(f"{ONE}/{step}")

    assert problem_of(refused)["code"] == "second-person-wanted"
    assert refused.status_code == 403


def test_a_version_is_returned_with_its_reason(office: Office) -> None:
    office.first.post(PACKS, data=law(hours("40")))

    returned = office.second.post(f"{ONE}/return", {"reason": "引文与原文不符"})

    assert (returned.get_json()["state"], returned.get_json()["reason"]) == (
        "returned", "引文与原文不符",
    )  # fmt: skip
    assert problem_of(office.third.post(f"{ONE}/review"))["code"] == "pack-closed"


def test_a_version_is_withdrawn_by_its_proposer(office: Office) -> None:
    office.first.post(PACKS, data=law(hours("40")))
    reason = {"reason": "另行提交"}

    by_another = office.second.post(f"{ONE}/withdrawal", reason)
    withdrawn = office.first.post(f"{ONE}/withdrawal", reason)

    assert problem_of(by_another)["code"] == "proposer-wanted"
    assert withdrawn.get_json()["state"] == "withdrawn"


def test_an_edit_is_refused_naming_the_value_and_published_as_a_corrigendum(
    office: Office,
) -> None:
    office.enact(law(hours("40")))
    office.first.post(PACKS, data=law(hours("45"), version=2))
    office.second.post(f"{TWO}/review")

    refused = office.third.post(f"{TWO}/publication")
    three = f"{PACKS}/{COUNTY}/3"
    office.first.post(f"{PACKS}?corrigendum=抄录有误", data=law(hours("45"), version=3))
    office.second.post(f"{three}/review")
    mended = office.third.post(f"{three}/publication")

    problem = problem_of(refused)
    assert (problem["code"], refused.status_code) == ("pack-edited", 409)
    assert REQUIREMENT in problem["detail"]
    assert "2020-01-01" in problem["detail"]
    assert mended.get_json()["corrigendum"] == "抄录有误"
    assert acts_of(office.desk, "rules.corrigendum") == 1


def test_the_changes_of_a_version_are_told_value_by_value(office: Office) -> None:
    office.enact(law(hours("40"), rule("part_day", '"pro_rata"')))
    later = hours("50", "2027-01-01", replaces="2020-01-01")
    content = law(hours("40"), later, rule("part_day", '"full_only"'), version=2)
    office.first.post(PACKS, data=content)

    told: dict[str, Any] = office.second.get(f"{TWO}/changes").get_json()

    assert [value["key"] for value in told["added"]] == [REQUIREMENT]
    assert [(value["from"], value["until"]) for value in told["ended"]] == [
        ("2020-01-01", "2027-01-01")
    ]
    assert told["edited"] == [{"key": "part_day", "from": "2020-01-01", "parts": ["value"]}]
    assert told["mends"] == ["part_day 2020-01-01"]
    assert (told["base_version"], told["removed"], told["header"]) == (1, [], [])


def test_a_first_version_has_no_base(office: Office) -> None:
    office.first.post(PACKS, data=law(hours("40")))

    told = office.second.get(f"{ONE}/changes").get_json()

    assert (told["base_version"], told["base_sha256"]) == (0, "")
    assert [value["key"] for value in told["added"]] == [REQUIREMENT]


def test_a_draft_is_adopted_by_two_and_listed_with_its_term(office: Office) -> None:
    office.enact(law(hours("40"), status="draft"))
    proposed = office.first.post(f"{PACKS}/{COUNTY}/adoptions", ADOPTION).get_json()
    approval = f"/api/v1/adoptions/{proposed['adoption_no']}/approval"
    shown = office.desk.nobody.get(f"{PACKS}/{COUNTY}/adoptions").get_json()

    by_the_same = office.first.post(approval)
    waiting = office.second.get(approval.removesuffix("/approval")).get_json()
    approved = office.second.post(approval).get_json()

    assert shown == {"adoptions": []}
    assert problem_of(by_the_same)["code"] == "second-person-wanted"
    assert (waiting["approved"], approved["approved"]) == (False, True)
    listed = office.desk.nobody.get(PACKS).get_json()["packs"]
    [draft] = [pack for pack in listed if pack["id"] == COUNTY]
    assert draft["adopted"] == [
        {"from": "2026-03-01", "until": None, "document": ADOPTION["document"],
         "title": ADOPTION["title"]}
    ]  # fmt: skip
    [said] = office.desk.nobody.get(f"{PACKS}/{COUNTY}/adoptions").get_json()["adoptions"]
    assert (said["kind"], said["day"]) == ("adopted", "2026-03-01")


def test_an_adoption_ends_by_a_record_of_its_own(office: Office) -> None:
    office.enact(law(hours("40"), status="draft"))
    for body in (ADOPTION, ADOPTION | {"kind": "ended", "day": "2026-09-01"}):
        proposed = office.first.post(f"{PACKS}/{COUNTY}/adoptions", body).get_json()
        office.second.post(f"/api/v1/adoptions/{proposed['adoption_no']}/approval")

    said = office.desk.nobody.get(f"{PACKS}/{COUNTY}/adoptions").get_json()["adoptions"]

    assert [each["kind"] for each in said] == ["adopted", "ended"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        ADOPTION | {"day": "2026-13-01"},
        ADOPTION | {"kind": "forgotten"},
        ADOPTION | {"document": ""},
        ADOPTION | {"more": 1},
    ],
)
def test_a_bad_adoption_is_refused_whole(office: Office, body: dict[str, Any]) -> None:
    office.enact(law(hours("40"), status="draft"))
    before = office.desk.row_counts()

    refused = office.first.post(f"{PACKS}/{COUNTY}/adoptions", body)

    assert problem_of(refused)["code"] == "request-invalid"
    assert office.desk.row_counts() == before


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"{PACKS}/cn-3799/adoptions", "pack-unpublished"),
        (f"{PACKS}/cn-37/adoptions", "pack-not-draft"),
        ("/api/v1/adoptions/A000000000/approval", "adoption-unknown"),
    ],
)
def test_an_adoption_of_nothing_is_refused(office: Office, path: str, code: str) -> None:
    body = ADOPTION if path.endswith("adoptions") else None

    assert problem_of(office.first.post(path, body))["code"] == code


@pytest.mark.parametrize("step", ["review", "publication", "return", "withdrawal", "changes"])
def test_a_version_of_another_region_takes_no_step_here(office: Office, step: str) -> None:
    office.first.post(PACKS, data=law(hours("40")))
    stranger = office.desk.far_official
    reason = {"reason": "越权"} if step in ("return", "withdrawal") else None

    path = f"{ONE}/{step}"
    refused = stranger.get(path) if step == "changes" else stranger.post(path, reason)

    assert problem_of(refused)["code"] == "region-foreign"


def test_a_pack_is_not_taken_from_its_region_by_a_version_that_claims_another(
    office: Office,
) -> None:
    office.enact(law(hours("40")))
    claimed = law(hours("40"), version=2, inherits="cn").replace(
        b'jurisdiction = "cn-3711"', b'jurisdiction = "cn-33"'
    )

    refused = office.desk.far_official.post(PACKS, data=claimed)

    assert problem_of(refused)["code"] == "region-foreign"


@pytest.mark.parametrize("step", ["review", "publication"])
def test_a_step_that_comes_twice_is_done_once(office: Office, step: str) -> None:
    office.first.post(PACKS, data=law(hours("40")))
    if step == "publication":
        office.second.post(f"{ONE}/review")

    first, again = (office.second.post(f"{ONE}/{step}", retry="once") for _ in range(2))

    assert again.get_json() == first.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert acts_of(office.desk, "rules.reviewed") == 1
    assert acts_of(office.desk, "rules.published") == int(step == "publication")


def test_the_same_bytes_as_a_corrigendum_are_another_content(office: Office) -> None:
    office.enact(law(hours("40")))
    content = law(hours("45"), version=2)

    office.first.post(PACKS, data=content, retry="once")
    other = office.first.post(f"{PACKS}?corrigendum=抄录有误", data=content, retry="once")

    assert problem_of(other)["code"] == "idempotency-key-reused"


def test_two_officials_who_publish_at_once_publish_once(office: Office) -> None:
    office.first.post(PACKS, data=law(hours("40")))
    office.second.post(f"{ONE}/review")

    answers = office.at_once(*[lambda caller: caller.post(f"{ONE}/publication")] * 4)

    assert [each.status_code for each in answers] == [200] * 4
    assert acts_of(office.desk, "rules.published") == 1
    assert office.desk.bank.seal().rows > 0
    assert office.desk.bank.fsck() == []


def test_of_two_versions_published_at_once_neither_loses_what_the_other_adds(
    office: Office,
) -> None:
    office.enact(law(hours("40")))
    for version, key in ((2, "part_day"), (3, "part_day.enterprise_course")):
        content = law(hours("40"), rule(key, '"pro_rata"'), version=version)
        office.first.post(PACKS, data=content)
        office.second.post(f"{PACKS}/{COUNTY}/{version}/review")

    def publishing(version: int) -> Callable[[Caller], TestResponse]:
        return lambda caller: caller.post(f"{PACKS}/{COUNTY}/{version}/publication")

    answers = office.at_once(publishing(3), publishing(2))

    # Version 2 is older than 3: put in force after it, it is kept and changes nothing.
    codes = sorted(each.status_code for each in answers)
    assert codes in ([200, 200], [200, 409])
    assert office.desk.bank.fsck() == []


def test_a_parent_and_a_child_published_at_once_leave_a_chain_that_can_credit(
    office: Office,
) -> None:
    office.enact(law(hours("40")))
    child = "cn-371101"
    contents = {
        COUNTY: law(hours("40"), rule("part_day", '"pro_rata"'), version=2),
        child: law(id=child, inherits=COUNTY),
    }
    paths = {COUNTY: TWO, child: f"{PACKS}/{child}/1"}
    for pack_id, content in contents.items():
        office.first.post(PACKS, data=content)
        office.second.post(f"{paths[pack_id]}/review")

    office.at_once(
        *[lambda caller, path=path: caller.post(f"{path}/publication") for path in paths.values()]
    )

    with office.desk.bank.reading() as session:
        chain = law_of(session, child)
        assert [pin[1] for pin in chain.pins()][:2] == [1, 2]
        assert pins_id_of(session, chain.pins())


def test_two_officials_who_approve_at_once_adopt_once(office: Office) -> None:
    office.enact(law(hours("40"), status="draft"))
    numbers = [
        office.first.post(f"{PACKS}/{COUNTY}/adoptions", body).get_json()["adoption_no"]
        for body in (ADOPTION, ADOPTION | {"day": "2026-04-01"})
    ]

    def approving(adoption_no: str) -> Callable[[Caller], TestResponse]:
        return lambda caller: caller.post(f"/api/v1/adoptions/{adoption_no}/approval")

    answers = office.at_once(*(approving(number) for number in numbers * 2))

    codes = sorted(each.status_code for each in answers)
    assert codes == [200, 200, 409, 409]
    assert acts_of(office.desk, "rules.adopted") == 1


def test_an_impact_is_started_watched_and_shown_to_the_reviewer(office: Office) -> None:
    office.enact(law(hours("40")))
    import_rows(
        office.desk.bank, COUNTY, [RecordRow(invented_person(1), LAST_YEAR, "professional", 4500)]
    )
    later = hours("50", "2026-01-01", replaces="2020-01-01")
    office.first.post(PACKS, data=law(hours("40"), later, version=2))

    started = office.second.post(f"{TWO}/impacts")
    run = f"/api/v1/impacts/{started.get_json()['run_no']}"
    waiting = office.second.get(run).get_json()
    assert run_waiting(threading.Event()) == 1
    done = office.second.get(run).get_json()

    assert (started.status_code, waiting["state"], waiting["result"]) == (202, "waiting", None)
    assert (done["state"], done["people_done"], done["people_total"]) == ("done", 1, 1)
    [flip] = done["result"]["flips"]
    assert (flip["before"], flip["after"], flip["people"]) == ("met", "not_met", "<5")
    assert (flip["district"], flip["supposed"]) == (COUNTY, True)
    assert office.second.get(f"{TWO}/changes").get_json()["impact"] == done


def test_an_impact_asked_for_twice_is_one_run(office: Office) -> None:
    office.first.post(PACKS, data=law(hours("40")))

    first, again = (office.second.post(f"{ONE}/impacts", retry="once") for _ in range(2))
    other = office.third.post(f"{ONE}/impacts")

    assert again.headers["Idempotency-Replayed"] == "true"
    numbers = {each.get_json()["run_no"] for each in (first, again, other)}
    assert len(numbers) == 1


def test_an_impact_of_another_region_is_neither_started_nor_read(office: Office) -> None:
    office.first.post(PACKS, data=law(hours("40")))
    run_no = office.second.post(f"{ONE}/impacts").get_json()["run_no"]
    stranger = office.desk.far_official

    for refused in (stranger.post(f"{ONE}/impacts"), stranger.get(f"/api/v1/impacts/{run_no}")):
        assert problem_of(refused)["code"] == "region-foreign"


def test_an_impact_of_nothing_is_refused(office: Office) -> None:
    assert problem_of(office.second.post(f"{ONE}/impacts"))["code"] == "pack-not-proposed"
    unknown = office.second.get("/api/v1/impacts/P000000000")
    assert problem_of(unknown)["code"] == "impact-unknown"
