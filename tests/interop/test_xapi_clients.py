"""A learning platform's own xAPI client, which speaks 1.0, posts, reads back, lists and voids."""

from requests import get
from tincan import (
    Activity,
    Agent,
    AgentAccount,
    RemoteLRS,
    Result,
    Statement,
    StatementRef,
    Verb,
)

from tests.api.desk import DAYS, Desk
from tests.api.test_xapi import VERBS, balance
from tests.bank import HOST, invented_person

WANG = invented_person(2)


def attended(filing_no: str) -> Statement:
    account = AgentAccount(
        home_page=f"https://{HOST}/documents/{WANG.document.kind}", name=WANG.document.number
    )
    return Statement(
        actor=Agent(name=WANG.name, account=account),
        verb=Verb(id=f"{VERBS}attended", display={"zh-CN": "出勤"}),
        object=Activity(id=f"https://{HOST}/filings/{filing_no}/sessions/1"),
        result=Result(duration="PT6H"),
        timestamp=f"{DAYS[0].isoformat()}T17:00:00+08:00",
    )


def test_a_platform_that_speaks_an_earlier_version_posts_without_glue(
    served: tuple[Desk, str],
) -> None:
    desk, address = served
    platform = RemoteLRS(
        endpoint=f"{address}/xapi/", version="1.0.3",
        username=desk.provider.client_id, password=desk.provider.secret,
    )  # fmt: skip

    saved = platform.save_statement(attended(desk.approved_filing()))
    assert saved.success, saved.data
    assert balance(desk, WANG) == "8.00"

    posted = saved.content
    again = platform.save_statement(posted)
    kept = platform.retrieve_statement(posted.id)
    listed = platform.query_statements({"verb": posted.verb, "limit": 10})
    assert (again.success, kept.success, listed.success) == (True, True, True)
    assert kept.content.actor.name == WANG.name
    assert [each.id for each in listed.content.statements] == [posted.id]
    assert kept.response.getheader("X-Experience-API-Version") == "1.0.3"

    voided = platform.save_statements([
        Statement(
            actor=Agent(mbox="mailto:lms@example.com"),
            verb=Verb(id=f"{VERBS}voided"),
            object=StatementRef(id=posted.id),
        )
    ])  # fmt: skip
    assert voided.success, voided.data
    assert platform.retrieve_voided_statement(posted.id).success
    assert balance(desk, WANG) == "0.00"


def test_what_speaks_yet_another_version_is_refused(served: tuple[Desk, str]) -> None:
    desk, address = served

    refused = get(
        f"{address}/xapi/statements", auth=(desk.provider.client_id, desk.provider.secret),
        headers={"X-Experience-API-Version": "0.95"}, timeout=60,
    )  # fmt: skip

    assert (refused.status_code, refused.json()["code"]) == (400, "xapi-version")
