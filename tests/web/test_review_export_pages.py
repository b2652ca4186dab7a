"""What a unit's reviews relied on, taken away by the pages: by the unit, and by an official."""

import json

import pytest
from sqlalchemy import select

from creditbank.clock import civil_day, utc_now
from creditbank.ledger.models import Act
from creditbank.registry.clients import Role
from creditbank.registry.models import Organisation
from creditbank.verification.review_exports import TAKEN
from tests.web.test_verdict_pages import PERSON, Seat, give_hours
from tests.web.visitors import Visitors

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_a_unit_takes_its_year_with_names_and_an_official_without(visitors: Visitors) -> None:
    seat, today = Seat(visitors), civil_day(utc_now())
    give_hours(seat.bank)
    page = seat.ask()
    number = page.path.rpartition("/")[2]
    page.send(f"/verdicts/{number}/results", result="passed", day=today.isoformat())
    official = visitors.seated(Role.OFFICIAL)

    form = page.get("/review-exports").text
    wrong = page.send("/review-exports", year="twenty", kind="json").text
    page.get("/review-exports").send(
        "/review-exports", year=str(today.year), kind="json", named="yes"
    )
    file = page.page
    assert file is not None
    own = json.loads(file.data)
    official.get("/desk/review-exports").send(
        "/desk/review-exports", uscc=own["uscc"], year=str(today.year), kind="json"
    )
    taken = official.page
    assert taken is not None
    masked = json.loads(taken.data)

    assert "各列是本系统的假定" in form
    assert "结果所在的年度" in wrong
    assert [row["verdict_no"] for row in own["rows"]] == [number]
    assert own["rows"][0]["name"] == PERSON.name
    assert masked["rows"][0]["name"] == f"{PERSON.name[0]}＊"
    assert file.headers["Content-Disposition"].endswith(f'{own["uscc"]}-{today.year}.json"')
    with seat.bank.reading() as session:
        acts = session.scalars(select(Act).where(Act.kind == TAKEN)).all()
        [unit] = session.scalars(select(Organisation).where(Organisation.uscc == own["uscc"]))
        assert [act.subject for act in acts] == [unit.uscc] * 2
