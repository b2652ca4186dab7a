"""Earlier records by the pages: proposed whole, shown exactly, approved by a second official."""

import re

import pytest

from creditbank.attendance.earlier import HEADERS
from creditbank.registry.clients import Role
from tests.bank import TestBank, attendance, invented_person
from tests.web.browser import Browser
from tests.web.visitors import Visitors

ONE, OTHER = invented_person(91), invented_person(92)


def file_of(*rows: tuple[str, ...]) -> bytes:
    return "\n".join(",".join(row) for row in (tuple(HEADERS.values()), *rows)).encode()


GOOD = file_of(
    (ONE.name, "", ONE.document.number, "2024", "专业科目", "60"),
    (ONE.name, "", ONE.document.number, "2025", "专业科目", "72.5"),
    (OTHER.name, "", OTHER.document.number, "2024", "公需科目", "30"),
)


@pytest.fixture
def first(visitors: Visitors) -> Browser:
    return visitors.seated(Role.OFFICIAL)


def proposed(browser: Browser, content: bytes, **typed: str) -> Browser:
    given = {"jurisdiction": "cn-3710", "origin": "原继续教育登记系统 2026-11-01 导出"} | typed
    return browser.get("/desk/imports/new").send("/desk/imports/new", **given, file=content)


def words(browser: Browser) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.text))


def test_two_officials_bring_earlier_records_over_and_their_owner_sees_them(
    visitors: Visitors, bank: TestBank, first: Browser
) -> None:
    empty = "还没有导入" in first.get("/desk/imports").text
    shown = words(proposed(first, GOOD))
    import_no = first.path.rpartition("/")[2]
    may_approve = f"/desk/imports/{import_no}/approval" in first.forms()
    second = visitors.seated(Role.OFFICIAL, name="fuhe")
    second.get("/desk/imports").get(f"/desk/imports/{import_no}")
    second.send(f"/desk/imports/{import_no}/approval")
    unticked = second.status, "没有确认已核对" in second.text
    second.send(f"/desk/imports/{import_no}/approval", compared="yes")
    again = words(proposed(first, GOOD))

    assert (empty, may_approve, unticked) == (True, False, (422, True))
    assert "须由另一名经办人核准" in shown
    assert "2024 专业科目 1 60.00" in shown
    assert "合计 3 162.50" in shown
    assert f"3 {OTHER.name} 居民身份证 ****{OTHER.document.number[-4:]} 2024" in shown
    assert "已核准，学时已登记" in second.text
    assert "这批记录已提交过" in again
    assert ONE.document.number not in first.text
    owner = visitors.seated(Role.PROFESSIONAL)
    assert "其中 72.50 由原系统迁入" in owner.get("/hours").text


def test_whoever_proposed_it_is_not_the_second_official(first: Browser, visitors: Visitors) -> None:
    proposed(first, GOOD)
    import_no = first.path.rpartition("/")[2]
    token = first.get("/").forms()["/sign-out"].values

    answer = first.http.post(
        f"/desk/imports/{import_no}/approval", data={**token, "compared": "yes"},
        base_url=first.base,
    )  # fmt: skip

    assert answer.status_code == 403
    assert "待第二人核准" in answer.text


def test_every_bad_row_is_named_and_nothing_is_proposed(first: Browser, bank: TestBank) -> None:
    bank.post(bank.approved_filing(), attendance([ONE]))
    content = file_of(
        (OTHER.name, "", ONE.document.number, "2024", "专业科目", "60"),
        (OTHER.name, "", OTHER.document.number[:-1], "2024", "专业科目", "60"),
        (OTHER.name, "", OTHER.document.number, "2099", "体育", "-1"),
    )

    said = words(proposed(first, content))

    assert first.status == 422
    assert "有 5 处需要更正，整批没有提交" in said
    assert "第 2 行 · 姓名 姓名与证件号码不符" in said
    assert "第 3 行 · 证件号码" in said
    assert [f"第 4 行 · {column}" in said for column in ("年度", "科目", "学时")] == [True] * 3
    assert ONE.document.number not in first.text
    assert OTHER.name not in first.text
    assert 'value="原继续教育登记系统 2026-11-01 导出"' in first.text
    assert "还没有导入" in first.get("/desk/imports").text


@pytest.mark.parametrize(
    ("typed", "status"),
    [({"jurisdiction": "cn-33"}, 403), ({"jurisdiction": "Weihai"}, 422), ({"origin": ""}, 422),
     ({"file": b""}, 422), ({"file": b"%PDF-1.7"}, 422)],
)  # fmt: skip
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_cannot_be_proposed_is_refused_in_the_form(
    first: Browser, typed: dict[str, str | bytes], status: int
) -> None:
    first.get("/desk/imports/new").send(
        "/desk/imports/new", **({"origin": "原系统", "file": GOOD} | typed)
    )

    assert first.status == status, words(first)
    assert 'role="alert"' in first.text


def test_the_empty_file_is_handed_out(first: Browser) -> None:
    first.get("/desk/imports/template")

    assert first.page is not None
    assert first.page.data.startswith(b"PK")
    assert "attachment" in first.page.headers["Content-Disposition"]
