"""Filings and rosters by pages: filed, returned, mended, approved; previewed, posted, withdrawn."""

import io
import re
from collections.abc import Sequence
from datetime import date

import pytest
import python_calamine

from creditbank.clock import utc_now
from creditbank.people.register import Identity
from creditbank.registry.clients import Role
from tests.acts import make_base
from tests.api.desk import DAYS
from tests.attendance.rosters import HEADER, csv_bytes, xlsx
from tests.bank import TestBank, attendance, invented_person
from tests.web.browser import Browser
from tests.web.visitors import Visitors

SEMINAR = {
    "title": "碳纤维复合材料成型工艺研修", "activity": "enterprise_course", "form": "seminar",
    "release": "full", "subject": "professional", "seats": "2",
}  # fmt: skip


def days_of(days: Sequence[date] = DAYS) -> dict[str, str]:
    return {
        f"{name}_{number}": value
        for number, day in enumerate(days)
        for name, value in (("day", day.isoformat()), ("minutes", "360"))
    }


def file_seminar(provider: Browser) -> str:
    """File a seminar; return its address."""
    provider.get("/filings/new").send("/filings/new", step="submit", **SEMINAR, **days_of())
    assert provider.status == 200, provider.text
    return provider.path


def approve(official: Browser, filing: str) -> None:
    official.get(filing).send(f"{filing}/approval", reason="活动因台风改期，补办备案")
    assert "已同意备案" in official.text


def lines(*rows: tuple[Identity, date, int]) -> list[list[object]]:
    return [
        HEADER,
        *([who.name, "居民身份证", who.document.number, day.isoformat(), minutes]
          for who, day, minutes in rows),
    ]  # fmt: skip


def upload(provider: Browser, filing: str, content: bytes) -> str:
    """Upload a roster; return the address of its preview."""
    provider.get(filing).send(f"{filing}/rosters", file=content)
    assert provider.path.startswith("/held-rosters/H"), provider.text
    return provider.path


@pytest.fixture
def provider(visitors: Visitors) -> Browser:
    return visitors.seated(Role.PROVIDER)


@pytest.fixture
def official(visitors: Visitors) -> Browser:
    return visitors.seated(Role.OFFICIAL)


def test_a_filing_goes_back_once_and_is_approved_as_its_second_version(
    provider: Browser, official: Browser
) -> None:
    assert "还没有备案" in provider.get("/filings").text
    provider.get("/filings/new").send("/filings/new", step="more", **SEMINAR, **days_of())
    assert "day_7" in provider.forms()["/filings/new"].names
    provider.send("/filings/new", step="estimate")
    assert "全勤每人 24.00 学时" in provider.text
    provider.send("/filings/new", step="submit")
    filing = provider.path

    official.get("/filings?state=submitted")
    assert SEMINAR["title"] in official.text
    official.get(filing)
    assert "2 人 × 24.00 学时 = 48.00 学时" in official.text
    first_version = official.forms()[f"{filing}/approval"]
    official.send(f"{filing}/return", reason="第三天不属于专业科目，请删去")

    assert "退回原因：第三天不属于专业科目" in provider.get("/filings").text
    assert "第三天不属于专业科目" in provider.get(f"{filing}/resubmission").text
    provider.send(f"{filing}/resubmission", step="submit", seats="5", day_2="")
    assert provider.path == filing
    stale = official.http.post(
        f"{filing}/approval",
        data={**first_version.values, "reason": "补办"},
        base_url=official.base,
    )
    assert stale.status_code == 409
    assert "备案内容已更新" in stale.text
    approve(official, filing)

    history = official.text.split('<ol class="history">')[1]
    assert re.findall(r"<strong>(.+?)</strong>", history) == [
        "提交", "退回", "修改后重新提交", "同意备案",
    ]  # fmt: skip
    assert re.search(r"与上一版不同：名额（人）、\s*日期", history)


def test_a_refused_form_keeps_what_was_typed_and_says_what_is_wanted(provider: Browser) -> None:
    provider.get("/filings/new")
    provider.send("/filings/new", step="submit", **SEMINAR, **days_of() | {"minutes_1": "六小时"})

    assert provider.status == 422
    assert "第 2 行日期的分钟填的是“六小时”" in provider.text
    assert provider.forms()["/filings/new"].values["title"] == SEMINAR["title"]
    provider.send("/filings/new", step="submit", minutes_1="360", day_1=DAYS[0].isoformat())
    assert "同一天安排了两次" in provider.text
    faults = {
        "没有填写活动名称": {"title": ""},
        "学时填写不正确": {"asked_hours": "多"},
        "没有填写日期": {"day_0": "", "day_1": "", "day_2": ""},
    }
    for said, wrong in faults.items():
        provider.get("/filings/new").send(
            "/filings/new", step="submit", **{**SEMINAR, **days_of(), **wrong}
        )
        assert said in provider.text


def test_a_preview_shows_each_rows_fate_and_is_posted_once(
    provider: Browser, official: Browser
) -> None:
    good, misspelt, third = (invented_person(number) for number in (1, 2, 3))
    filing = file_seminar(provider)
    approve(official, filing)
    wrong = Identity(misspelt.document, misspelt.name)
    rows = lines((good, DAYS[0], 360), (good, DAYS[1], 180), (wrong, DAYS[0], 360),
                 (third, DAYS[0], 360), (good, date(2020, 1, 1), 360))  # fmt: skip
    rows.append(["王五", "居民身份证", "99999919850115001", DAYS[0].isoformat(), 360])

    held = upload(provider, filing, xlsx(rows))
    text = provider.text

    assert "3 行，2 人，20.00 学时" in text
    assert "名额已满" in text
    assert "备案的日期：" in text
    assert f"尾号 {good.document.number[-4:]}" in text
    assert good.document.number not in text
    assert "实到 180 分钟：4.00 学时" in text
    assert "99999919850115001" not in text
    assert "该行未能读出" in provider.get(f"{held}?rows=refused").text
    assert "还没有名单" in official.get(filing).text or "没有提交名单" in official.text

    provider.get(held)
    form = provider.forms()[f"{held}/posting"].values
    answers = [
        provider.http.post(f"{held}/posting", data=form, base_url=provider.base) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    provider.get(answers[0].headers["Location"])
    assert "3 行，2 人，20.00 学时" in provider.text
    assert "3 行</dd>" in provider.text
    result = provider.path
    assert provider.get(held).path == result

    book = provider.http.get(f"{result}/refused.xlsx", base_url=provider.base).data
    sheet = python_calamine.load_workbook(io.BytesIO(book)).get_sheet_by_index(0)
    assert [row[0] for row in sheet.to_python()] == ["行号", 5, 6, 7]
    listed = provider.http.get(f"{result}/refused.csv", base_url=provider.base).data
    assert listed.decode("utf-8-sig").count("\r\n") == 4


def test_no_page_of_many_bad_rows_or_days_is_heavier_than_a_phone_likes(
    provider: Browser, bank: TestBank
) -> None:
    days = [DAYS[0].replace(year=2025, month=1 + number // 20, day=1 + number % 20)
            for number in range(120)]  # fmt: skip
    filing = f"/filings/{bank.approved_filing(days=days)}"
    bad = [[f"张{number}", "军官证", "12", "昨天", "多"] for number in range(60)]
    good = [[who.name, "居民身份证", who.document.number, days[0].isoformat(), 100 + number]
            for number, who in enumerate(map(invented_person, range(30)))]  # fmt: skip

    pages = [provider.get(filing).text]
    for rows in (bad, good):
        held = upload(provider, filing, csv_bytes([HEADER, *rows]))
        pages.append(provider.get(held).text)

    assert max(len(text.encode()) for text in pages) < 100_000
    assert "第 1 页，共 3 页" in pages[1]
    assert "第 1 页，共 2 页" in pages[2]


def test_a_roster_that_cannot_be_read_or_was_discarded_leaves_nothing(
    provider: Browser, official: Browser
) -> None:
    filing = file_seminar(provider)
    assert f"{filing}/rosters" not in provider.get(filing).forms()
    approve(official, filing)

    provider.get(filing).send(f"{filing}/rosters", file=b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old")
    assert "旧版表格格式" in provider.text
    provider.http.post(f"{filing}/rosters", data=provider.forms()[f"{filing}/rosters"].values)
    held = upload(provider, filing, csv_bytes(lines((invented_person(1), DAYS[0], 360))))
    assert "有一份上传的名单尚未入账" in provider.get(filing).text
    provider.get(held).send(f"{held}/discarding")
    assert "名单已放弃" in provider.text
    assert provider.get(held).status == 404
    assert "这份名单已不在系统中" in provider.text
    template = provider.http.get(f"{filing}/roster-template", base_url=provider.base)
    assert template.data.startswith(b"PK")


def test_who_has_no_minutes_is_counted_as_absent_in_the_preview_and_the_result(
    provider: Browser, official: Browser, bank: TestBank
) -> None:
    filing = file_seminar(provider)
    approve(official, filing)
    came, absent = invented_person(1), invented_person(2)
    rows = lines((came, DAYS[0], 360), (absent, DAYS[0], 0))
    rows[2][4] = ""

    held = upload(provider, filing, xlsx(rows))
    assert "略过" in provider.text
    assert "未填实到分钟" in provider.text
    assert "该行未能读出" not in provider.text
    provider.get(f"{held}?rows=refused")
    assert "未填实到分钟" not in provider.text
    provider.get(held).send(f"{held}/posting")

    assert "有 1 行未填实到分钟，按未到场处理" in provider.text
    assert "名单各行全部入账" not in provider.text
    assert f"{provider.path}/refused.csv" not in provider.text
    assert "共 1 人" in provider.get(f"{filing}/attendance").text
    assert bank.fsck() == []


def test_an_attendance_is_found_by_name_and_taken_back_with_a_reason(
    provider: Browser, official: Browser, bank: TestBank
) -> None:
    filing = file_seminar(provider)
    approve(official, filing)
    good, other = invented_person(1), invented_person(2)
    bank.post(filing.rpartition("/")[2], attendance([good, other], DAYS), now=utc_now())

    provider.get(f"{filing}/attendance")
    assert "共 2 人" in provider.text
    provider.send(f"{filing}/attendance", who=other.document.number[-4:])
    assert (provider.path, "共 1 人" in provider.text) == (f"{filing}/attendance", True)
    provider.send(f"{filing}/attendance", who=good.name)
    [person] = re.findall(r'href="(/attendances/[^"]+)"><strong>', provider.text)
    provider.get(person)
    assert good.document.number not in provider.text
    provider.send(f"{person}/withdrawal", reason="wrong-minutes")
    assert "没有选择日期" in provider.text
    provider.send(f"{person}/withdrawal", reason="wrong-minutes", day=DAYS[0].isoformat())
    assert "确认撤回出勤" in provider.text
    assert "8.00 学时" in provider.text
    assert "现有 24.00 学时" in Browser.get(official, person).text
    twice = provider.forms()[f"{person}/withdrawal"].values
    provider.send(f"{person}/withdrawal")
    assert "出勤已撤回" in provider.text
    assert "现有 16.00 学时" in provider.text
    assert "分钟数有误" in provider.text
    again = provider.http.post(f"{person}/withdrawal", data=twice, base_url=provider.base)
    assert (again.status_code, "没有可撤回的学时" in again.text) == (409, True)
    assert bank.fsck() == []


def test_the_minutes_of_a_day_are_corrected_after_a_look_at_both(
    provider: Browser, official: Browser, bank: TestBank
) -> None:
    filing = file_seminar(provider)
    approve(official, filing)
    posted = bank.post(
        filing.rpartition("/")[2], attendance([invented_person(1)], DAYS), now=utc_now()
    )
    person = f"/attendances/{posted.roster_no}-1"
    asked = {"day": DAYS[0].isoformat(), "reason": "wrong-minutes"}

    provider.get(person).send(f"{person}/correction", **asked, attended_minutes="九十")
    assert "分钟数" in provider.text
    assert provider.status == 422
    provider.send(f"{person}/correction", **asked, attended_minutes="360")
    assert "与原记录相同" in provider.text
    provider.send(f"{person}/correction", **asked, attended_minutes="180")
    assert "360 分钟 · 8.00 学时" in provider.text
    assert "180 分钟 · 4.00 学时" in provider.text
    assert "现有 24.00 学时" in Browser.get(official, person).text
    provider.send(f"{person}/correction")

    assert "已更正" in provider.text
    assert "现有 20.00 学时" in provider.text
    assert bank.fsck() == []


def test_an_attendance_of_the_wrong_person_on_the_wrong_day_is_put_right(
    provider: Browser, official: Browser, bank: TestBank
) -> None:
    filing = file_seminar(provider)
    approve(official, filing)
    wrong, right = invented_person(1), invented_person(2)
    posted = bank.post(filing.rpartition("/")[2], attendance([wrong], DAYS[:1]), now=utc_now())
    person = f"/attendances/{posted.roster_no}-1"
    asked = {"day": DAYS[0].isoformat(), "reason": "wrong-person"}

    provider.get(person).send(f"{person}/correction", **asked)
    nobody_named = provider.status, "实际到场的人" in provider.text
    provider.send(
        f"{person}/correction", **asked, attended_on=DAYS[1].isoformat(),
        document_number=right.document.number, person_name=right.name,
    )  # fmt: skip
    foreseen = right.name in provider.text, DAYS[1].isoformat() in provider.text
    provider.send(f"{person}/correction")

    assert nobody_named == (422, True)
    assert foreseen == (True, True)
    assert "已更正" in provider.text
    assert "现有 0.00 学时" in provider.text
    assert right.name in provider.get(f"{filing}/attendance").text
    assert bank.fsck() == []


def test_nobody_comes_to_another_providers_filing_or_another_regions(
    visitors: Visitors, provider: Browser, official: Browser, bank: TestBank
) -> None:
    filing = file_seminar(provider)
    approve(official, filing)
    held = upload(provider, filing, xlsx(lines((invented_person(1), DAYS[0], 360))))
    provider.get(held).send(f"{held}/posting")
    result = provider.path
    person = f"/attendances/{result.rpartition('/')[2]}-2"
    second = upload(provider, filing, xlsx(lines((invented_person(2), DAYS[0], 360))))
    stranger = elsewhere(visitors, bank)
    visitors.staff("jinan", visitors.seat(Role.OFFICIAL, region="cn-3701"))
    foreign = visitors.signed_in("jinan", factor=True)

    for path in (filing, f"{filing}/roster-template", second, held, result, f"{filing}/attendance",
                 f"{result}/refused.xlsx", f"{result}/refused.csv", person,
                 f"{filing}/resubmission"):  # fmt: skip
        assert stranger.get(path).status == 404, path
        assert SEMINAR["title"] not in stranger.text
    for path in (filing, result, f"{filing}/attendance", f"{result}/refused.xlsx", person):
        assert foreign.get(path).status == 403, path
    assert SEMINAR["title"] not in stranger.get("/filings").text + foreign.get("/filings").text
    assert provider.get(person).status == 200
    for browser, status in ((stranger, 404), (foreign, 403)):
        token = next(iter(browser.get("/account").forms().values())).values["form_token"]
        for act in ("approval", "return", "refusal", "rosters", "resubmission", "attendance"):
            answer = browser.http.post(
                f"{filing}/{act}", data={"form_token": token, "version": "1", "step": "submit",
                                         "reason": "x"}, base_url=browser.base,
            )  # fmt: skip
            assert answer.status_code in (status, 403), act
        for path in (f"{second}/posting", f"{second}/discarding", f"{person}/withdrawal"):
            answer = browser.http.post(path, data={"form_token": token}, base_url=browser.base)
            assert answer.status_code in (status, 403), path
    assert "3 行" not in provider.get(second).text
    assert provider.status == 200


def elsewhere(visitors: Visitors, bank: TestBank) -> Browser:
    """Seat somebody for another enterprise."""
    from creditbank.accounts.seats import SeatDraft
    from tests.acts import register_enterprise

    uscc = register_enterprise(bank, "91371000MA3TE5T024")
    seat = SeatDraft(Role.PROVIDER, "cn-3710", bank.enterprise(uscc).organisation_id)
    visitors.staff("stranger", seat)
    return visitors.signed_in("stranger")


def test_a_long_list_is_searched_and_paged(provider: Browser, bank: TestBank) -> None:
    for _ in range(21):
        bank.approved_filing()
    filing = file_seminar(provider)

    provider.get("/filings")
    newest = re.findall(r'<a href="(/filings/F[^"]+)"><strong>', provider.text)
    [older] = re.findall(r'rel="next" href="([^"]+)"', provider.text)
    provider.get(older.replace("&amp;", "&"))
    oldest = re.findall(r'<a href="(/filings/F[^"]+)"><strong>', provider.text)

    assert (len(newest), len(oldest), newest[0]) == (20, 2, filing)
    assert not set(newest) & set(oldest)
    by_number = provider.get(f"/filings?q={filing.rpartition('/')[2].lower()}").text
    assert by_number.count("<strong>") == 1
    assert "没有符合条件的备案" in provider.get("/filings?q=%25&state=returned").text


def test_a_form_asks_for_the_facts_of_the_chosen_kind(
    bank: TestBank, provider: Browser, official: Browser
) -> None:
    make_base(bank, "municipal", date(2025, 1, 10))
    further = {"begins_at_0": "09:00", "ends_at_0": "17:00", "place_0": "一号会议室"}
    typed = {**SEMINAR, **days_of(DAYS[:1]), **further, "kind": "base_course"}

    provider.get("/filings/new").send("/filings/new", step="submit", **typed)
    assert "“继续教育基地培训”的“基地级别”没有填写" in provider.text
    provider.send("/filings/new", step="kind", kind="enterprise_run")
    assert "fact_open_to_chain" in provider.forms()["/filings/new"].names
    provider.send("/filings/new", step="kind", kind="base_course")
    provider.send("/filings/new", step="submit", fact_base_level="municipal", policy_teaching="yes")
    official.get(provider.path)

    for said in ("继续教育基地培训", "市级", "包含职称政策课程", "09:00–17:00", "一号会议室"):
        assert said in official.text
