"""“Am I ready?” by the page: asks only for what the rules turn on, answers as a verdict would."""

import re

import pytest
from sqlalchemy import func, select

from creditbank.crediting.imports import RecordRow
from creditbank.verification.models import Verdict
from tests.acts import seal_all
from tests.bank import TestBank
from tests.web.browser import Browser
from tests.web.visitors import Visitors, sign_in

TITLE = {"series": "engineering", "level": "associate_senior"}


@pytest.fixture
def seeker(visitors: Visitors, bank: TestBank) -> Browser:
    """Somebody with enough hours of two years and too few of a third."""
    person = visitors.professional()
    bank.imported(
        [
            RecordRow(person, year, subject, centihours)
            for year, professional in ((2023, 6000), (2024, 6000), (2025, 4800))
            for subject, centihours in (("professional", professional), ("public", 3000))
        ]
    )
    seal_all(bank)
    return sign_in(Browser(bank), person.document.number, "resident_id")


def begun(browser: Browser, day: str = "2026-12-01", **title: str) -> Browser:
    browser.get("/ready").send("/ready", scheme="cn-3710", application_day=day)
    return browser.send("/ready", **(TITLE | title))


def test_the_form_asks_step_by_step_and_only_for_what_the_requirement_turns_on(
    seeker: Browser,
) -> None:
    first = set(seeker.get("/ready").forms()["/ready"].names)
    second = set(seeker.send("/ready").forms()["/ready"].names) - first
    plain = set(seeker.send("/ready", **TITLE).forms()["/ready"].names) - first - second
    seeker.send("/ready", pathway="fast_track")
    by_pathway = set(seeker.forms()["/ready"].names) - first - second - plain

    assert first == {"form_token", "scheme", "application_day"}
    assert second == {"series", "level", "pathway"}
    assert plain == {"fact_current_title_on", "none_current_title_on"}
    assert by_pathway == {"fact_talent_status"}
    assert "威海英才卡" in seeker.text or "英才卡" in seeker.text


def test_the_answer_says_what_is_short_by_how_much_and_what_it_rests_on(seeker: Browser) -> None:
    begun(seeker).send("/ready", fact_current_title_on="2022-06-01")

    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", seeker.text))
    assert seeker.status == 200
    assert "学时还不够" in text
    assert "2025 专业科目 48.00 60.00 12.00" in text
    assert "2023 总学时 90.00 90.00 0.00" in text
    assert "不代替受理单位的核验" in text
    assert "第八条" in text
    assert "未见规定职称申报应考核哪些年度的通知" in text


def test_enough_hours_since_the_title_are_enough_and_nothing_is_kept(
    seeker: Browser, bank: TestBank
) -> None:
    begun(seeker, "2025-12-01").send("/ready", fact_current_title_on="2022-06-01")
    enough = "学时够了" in seeker.text
    seeker.send("/ready", fact_current_title_on="")
    unsaid = "尚不能确定" in seeker.text, "还缺什么才能确定" in seeker.text
    seeker.send("/ready", application_day="2026-12-01", none_current_title_on="yes")
    no_day = "尚不能确定" in seeker.text

    assert (enough, unsaid, no_day) == (True, (True, True), True)
    with bank.reading() as session:
        assert session.scalar(select(func.count()).select_from(Verdict)) == 0


def test_a_pathway_frees_and_says_which_papers_to_keep(seeker: Browser) -> None:
    begun(seeker, pathway="fast_track").send(
        "/ready", fact_current_title_on="2022-06-01", fact_talent_status="weihai_yingcai_card"
    )

    assert "不受学时限制" in seeker.text
    assert "直通车" in seeker.text


def test_another_scheme_forgets_what_it_does_not_offer(seeker: Browser) -> None:
    begun(seeker).send("/ready", scheme="cn", fact_current_title_on="2022-06-01")

    assert "逐项对照" not in seeker.text
    assert "fact_current_title_on" not in seeker.forms()["/ready"].names


@pytest.mark.parametrize(
    ("field", "text", "status"),
    [("application_day", "0001-01-01", 422), ("application_day", "soon", 422),
     ("fact_current_title_on", "2027-01-01", 422), ("fact_current_title_on", "x", 422)],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_the_form_still_there(
    seeker: Browser, field: str, text: str, status: int
) -> None:
    begun(seeker).send("/ready", **({"fact_current_title_on": "2022-06-01"} | {field: text}))

    assert seeker.status == status
    assert 'role="alert"' in seeker.text
    assert "/ready" in seeker.forms()


def test_whoever_has_no_record_is_told_so_and_not_that_it_is_too_little(
    visitors: Visitors, bank: TestBank
) -> None:
    person = visitors.professional(92)
    browser = sign_in(Browser(bank), person.document.number, "resident_id")

    begun(browser).send("/ready", fact_current_title_on="2022-06-01")

    assert "尚不能确定" in browser.text
    assert "学时还不够" not in browser.text
