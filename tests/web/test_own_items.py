"""Works and achievements by the pages: declared for oneself, decided by an official."""

import hashlib
import re
from datetime import timedelta

import pytest

from creditbank.clock import civil_day, utc_now
from creditbank.registry.clients import Role
from tests.achievements import WORKS, publish_works
from tests.bank import TestBank, invented_person
from tests.web.browser import Browser
from tests.web.visitors import Visitors

#: Recent for ever: papers are declared within 90 days.
DAY = (civil_day(utc_now()) - timedelta(days=10)).isoformat()
PATENT = {"title": "一种碳纤维铺放装置", "subject": "professional", "evidence_1": "专利证书"}


@pytest.fixture
def author(visitors: Visitors, bank: TestBank) -> Browser:
    """A professional of a city whose rules know works."""
    publish_works(bank)
    return visitors.seated(Role.PROFESSIONAL)


@pytest.fixture
def official(visitors: Visitors) -> Browser:
    return visitors.seated(Role.OFFICIAL)


def begun(author: Browser, activity: str, day: str = DAY) -> Browser:
    author.get("/hours/items/new").send("/hours/items/new", scheme=WORKS)
    return author.send("/hours/items/new", activity=activity, day=day)


def declared(author: Browser, activity: str = "patent", **typed: str | bytes) -> str:
    """Declare an item by the form; return its number."""
    begun(author, activity).send("/hours/items", **(PATENT | typed))
    assert author.status == 200, author.text
    assert "已提交，等经办人审核" in author.text
    return author.path.rpartition("/")[2]


def words(browser: Browser) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.text))


def test_a_declaration_asks_only_what_the_rules_of_the_day_turn_on(author: Browser) -> None:
    first = author.get("/hours/items/new").forms()["/hours/items/new"].names
    second = author.send("/hours/items/new", scheme=WORKS).forms()["/hours/items/new"].names
    begun(author, "book")
    book = author.forms()["/hours/items"].names
    begun(author, "study")
    study = author.forms()["/hours/items"].names

    asked = {"measure_characters", "trait_role", "asked_hours", "spread_years", "rank"}
    assert "activity" not in first
    assert {"activity", "day"} <= second
    assert asked & book == {"measure_characters", "trait_role"}
    assert asked & study == {"asked_hours", "spread_years"}


def test_a_paper_is_declared_looked_at_recognised_and_credited(
    author: Browser, official: Browser
) -> None:
    item_no = declared(author, "paper", rank="2", work="10.1000/example.7", file_1=b"cover")
    mine = words(author)
    waiting = official.get("/desk/items").text
    desk = words(official.get(f"/desk/items/{item_no}"))
    official.send(f"/desk/items/{item_no}/recognition")
    done = words(official)
    author.get(f"/hours/items/{item_no}")
    [leaf] = re.findall(r"/hours/entries/([0-9a-f]{64})", author.text)

    assert "待认定" in mine
    assert hashlib.sha256(b"cover").hexdigest() in mine
    assert item_no in waiting
    assert "12.00 学时" in desk
    assert "本人排名 2" in desk
    assert "已认定，学时已登记" in done
    assert "已认定" in author.text
    assert "一种碳纤维铺放装置" in author.get(f"/hours/entries/{leaf}").text


def test_a_period_is_declared_with_its_first_day_and_the_desk_sees_what_each_year_gets(
    author: Browser, official: Browser
) -> None:
    begun(author, "sick_leave", "2026-01-31")
    asked = author.forms()["/hours/items"].names
    backwards = author.send("/hours/items", **PATENT, first_day="2026-02-01")
    refused = words(backwards)
    author.send("/hours/items", first_day="2025-12-01")
    item_no = author.path.rpartition("/")[2]
    mine = words(author)
    desk = words(official.get(f"/desk/items/{item_no}"))
    official.send(f"/desk/items/{item_no}/recognition")

    assert "first_day" in asked
    assert "measure_items" not in asked
    assert "开始日期晚于结束日期" in refused
    assert "开始日期 2025-12-01" in mine
    assert "开始日期 2025-12-01" in desk
    assert "2025 年内为 2025年12月1日 至 2025年12月31日，共 31 天" in desk
    assert words(official).count("5.09") == 2


def test_hours_that_the_rules_leave_open_are_granted_and_spread(
    author: Browser, official: Browser
) -> None:
    item_no = declared(author, "study", asked_hours="60", spread_years="2")

    official.get(f"/desk/items/{item_no}")
    official.send(f"/desk/items/{item_no}/recognition", approved_hours="40")

    assert "核定学时 40.00" in words(official)
    assert words(official).count("20.00") == 2


def test_what_is_returned_is_corrected_and_what_is_refused_says_why(
    author: Browser, official: Browser
) -> None:
    item_no = declared(author, file_1=b"first")
    official.get(f"/desk/items/{item_no}")
    official.send(f"/desk/items/{item_no}/decision", decision="return", reason="")
    unsaid = official.status, "没有填写" in official.text
    official.send(f"/desk/items/{item_no}/decision", decision="return", reason="请补专利号")

    author.get("/hours/items")
    listed = "请补专利号" in author.text
    author.get(f"/hours/items/{item_no}/correction")
    author.send(f"/hours/items/{item_no}/correction", work="ZL202610000001.X")
    corrected = words(author)
    official.get(f"/desk/items/{item_no}")
    official.send(f"/desk/items/{item_no}/decision", decision="refuse", reason="未见授权公告")

    assert unsaid == (422, True)
    assert listed
    assert "ZL202610000001.X" in corrected
    assert hashlib.sha256(b"first").hexdigest() in corrected
    assert "待认定" in corrected
    author.get(f"/hours/items/{item_no}")
    assert "不予认定" in author.text
    assert "未见授权公告" in author.text


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ({"title": ""}, 422, "“名称”没有填写"),
        ({"title": "长" * 201}, 422, "最多 200 个字符"),
        ({"rank": "0"}, 422, "应为 1 到 999 的整数"),
        ({"rank": "３"}, 422, "应为 1 到 999 的整数"),
        ({"rank": "3"}, 409, "规则没有规定"),
        ({"evidence_1": ""}, 422, "“证明材料”没有填写"),
        ({"day": "2199-01-01"}, 422, "日期不对"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_cannot_be_declared_so_is_refused_and_what_was_typed_stands(
    author: Browser, typed: dict[str, str], status: int, said: str
) -> None:
    begun(author, "paper").send("/hours/items", **(PATENT | {"rank": "1"} | typed))

    assert author.status == status, words(author)
    assert 'role="alert"' in author.text
    if "day" not in typed:
        assert f'value="{PATENT["evidence_1"]}"' in author.text or "evidence_1" in typed
    assert said in author.text or status == 409


def test_one_work_is_declared_once_and_what_is_not_known_is_not_declared(author: Browser) -> None:
    declared(author, work="ZL202610000001.X")
    begun(author, "patent").send("/hours/items", **PATENT, work="zl 202610000001.x")
    twice = author.status, "该成果已申报过" in author.text
    begun(author, "paper", "2019-01-01")

    assert twice == (409, True)
    assert "规则不认可这类成果" in author.text


def test_a_recognition_is_taken_back_and_its_hours_with_it(
    author: Browser, official: Browser
) -> None:
    item_no = declared(author)
    official.get(f"/desk/items/{item_no}").send(f"/desk/items/{item_no}/recognition")
    official.send(f"/desk/items/{item_no}/withdrawal", withdrawal_reason="not-genuine")

    assert "认定已撤销" in official.text
    author.get(f"/hours/items/{item_no}")
    assert "材料不实" in author.text
    assert "已撤回" in author.text
    assert "没有这样的申报" in official.get("/desk/items").text
    assert item_no in official.get("/desk/items?state=withdrawn").text
    assert item_no in official.get("/desk/items?state=every&before=x").text
    assert invented_person(91).name in official.get(f"/desk/items/{item_no}").text
