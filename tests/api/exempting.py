"""An enterprise that recommends its people, for tests of the register of exemptions."""

from typing import Any

from creditbank.people.register import Identity
from creditbank.registry.clients import Role
from tests.api.desk import TITLE_SYSTEM_USCC, YEAR, Desk, stated
from tests.api.test_organisation_facts import said, state
from tests.bank import ENTERPRISE_USCC, invented_person

PERSON, OTHER, THIRD = (invented_person(number) for number in (61, 62, 63))
DAY = f"{YEAR}-06-30"
PATH = "/api/v1/exemptions"
DOCUMENT = {"document_no": "示例〔2026〕9号", "document_day": "2026-01-08", "reason": "核查属实"}
PAPER = {"description": "署名举荐书", "sha256": "ab" * 32}


def application(person: Identity = PERSON, **told: Any) -> dict[str, Any]:
    """Return a recommendation for an associate senior title in engineering."""
    return {
        **stated(person), "scheme": "cn-3710", "series": "engineering",
        "level": "associate_senior", "pathway": "enterprise_recommendation",
        "application_day": DAY,
        "stated": {"recommendation_signed_by": "chairman", "achievements_stated": "yes"},
        "evidence": {"signed_recommendation": PAPER, "statement_of_achievements": PAPER},
        "valid_from": f"{YEAR}-06-01", "employed_from": "2019-07-01", **told,
    }  # fmt: skip


def card(person: Identity = PERSON, **told: Any) -> dict[str, Any]:
    """Return an application by a talent card, in which no enterprise comes into it."""
    return application(
        person, pathway="fast_track", stated={"talent_status": "weihai_yingcai_card"},
        evidence={"proof_of_talent_status": PAPER}, valid_from="2025-01-01",
        valid_through=f"{YEAR}-11-30", **told,
    )  # fmt: skip


class Register:
    """A desk with an employer's client; its enterprise is a national little giant, if `listed`."""

    def __init__(self, desk: Desk, *, listed: str = "little_giant national") -> None:
        self.desk = desk
        enterprise = desk.bank.enterprise().organisation_id
        self.employer = desk.caller(Role.EMPLOYER, organisation_id=enterprise)
        if listed:
            value, level = listed.split()
            self.list(value, level)

    def list(self, value: str, level: str, uscc: str = ENTERPRISE_USCC) -> None:
        """State that an enterprise is of a class."""
        state(self.desk.official, said("class", value, level, valid_from="2024-01-01"), uscc)

    def filed(self, body: dict[str, Any] | None = None) -> str:
        """File an application; return its number."""
        answer = self.employer.post(PATH, body or application())
        assert answer.status_code == 201, answer.get_json()
        return str(answer.get_json()["exemption_no"])

    def decide(self, number: str, decision: str = "approve", **told: Any) -> Any:
        """Decide an application as an official."""
        body = {"decision": decision, "reason": "经审核", **told}
        return self.desk.official.post(f"{PATH}/{number}/decision", body)

    def approved(self, body: dict[str, Any] | None = None) -> str:
        """File and approve an application; return its number."""
        number = self.filed(body)
        answer = self.decide(number)
        assert answer.status_code == 200, answer.get_json()
        return number

    def may_ask(self) -> None:
        """Grant the title system a mandate."""
        body = {
            "organisation": TITLE_SYSTEM_USCC, "jurisdiction": "cn-3710",
            "series": ["engineering"], "levels": ["associate_senior", "full_senior"],
            "valid_from": "2026-01-01", "valid_through": "2199-12-31",
        }  # fmt: skip
        assert self.desk.official.post("/api/v1/mandates", body).status_code == 201

    def ask(self, person: Identity = PERSON, **told: Any) -> dict[str, Any]:
        """Ask about a person by the pathway; return the answer."""
        body = {
            **stated(person), "scheme": "cn-3710", "series": "engineering",
            "level": "associate_senior", "application_day": DAY, "purpose": "职称申报",
            "legal_basis": "人社部令第25号", "pathway": "enterprise_recommendation",
            "stated": {"current_title_on": "2021-03-01"}, "disclose": "decision", **told,
        }  # fmt: skip
        answer = self.desk.title_system.post("/api/v1/verdicts", body)
        assert answer.status_code == 201, answer.get_json()
        told_back: dict[str, Any] = answer.get_json()
        return told_back
