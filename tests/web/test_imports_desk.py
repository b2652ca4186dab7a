"""Earlier records by the pages: proposed whole, shown exactly, approved by a second official."""

import re

import pytest

from creditbank.attendance.earlier import HEADERS, TOTALS_HEADERS
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


def proposed(browser: Browser, content: bytes, **typed: str | bytes) -> Browser:
    given = {
        "jurisdiction": "cn-3710", "origin": "原继续教育登记系统 2026-11-01 导出",
        "step": "propose",
    } | typed  # fmt: skip
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
    assert "先前已提交，编号如下" in again
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
        "/desk/imports/new",
        **({"origin": "原系统", "file": GOOD, "step": "propose"} | typed),
    )

    assert first.status == status, words(first)
    assert 'role="alert"' in first.text


def test_the_empty_file_is_handed_out(first: Browser) -> None:
    first.get("/desk/imports/template")

    assert first.page is not None
    assert first.page.data.startswith(b"PK")
    assert "attachment" in first.page.headers["Content-Disposition"]


TOTALS = "\n".join(
    ",".join(row)
    for row in (
        TOTALS_HEADERS, (ONE.name, "", ONE.document.number, "2024", "60"),
        (ONE.name, "", ONE.document.number, "2025", "80"),
        (OTHER.name, "", OTHER.document.number, "2024", "30"),
    )
).encode()  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_rehearsal_is_shown_and_differences_are_accepted_with_a_reason(
    first: Browser, visitors: Visitors
) -> None:
    rehearsed = words(proposed(first, GOOD, step="rehearse", totals=TOTALS))
    nothing = "还没有导入" in first.get("/desk/imports").text
    shown = words(proposed(first, GOOD, totals=TOTALS))
    import_no = first.path.rpartition("/")[2]
    again = words(proposed(first, GOOD, step="rehearse", totals=TOTALS))
    second = visitors.seated(Role.OFFICIAL, name="fuhe").get(f"/desk/imports/{import_no}")
    second.send(f"/desk/imports/{import_no}/approval", compared="yes")
    refused = second.status, words(second)
    second.send(f"/desk/imports/{import_no}/approval", compared="yes", accepted="原系统含补录")

    four = ONE.document.number[-4:]
    assert "可以提交" in rehearsed
    assert "新的人 2" in rehearsed
    assert nothing
    for page in (rehearsed, shown):
        assert "有 1 处明细之和与原系统合计不符" in page
        assert f"居民身份证 ****{four} 2025 80.00 72.50" in page
    assert f"已作为 {import_no} 提交" in again
    assert refused[0] == 409
    assert "与原系统合计不符" in refused[1]
    assert "接受差异的理由 原系统含补录" in words(second)
    assert ONE.document.number not in second.text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_wrong_file_is_withdrawn_with_a_reason_and_may_come_again(first: Browser) -> None:
    proposed(first, GOOD)
    import_no = first.path.rpartition("/")[2]
    withdrawal = f"/desk/imports/{import_no}/withdrawal"

    silent = words(first.send(withdrawal))
    done = words(first.send(withdrawal, reason="导出有误"))
    shown = first.text
    proposed(first, GOOD)

    assert "请填写" in silent
    assert "已撤回；这批记录可以重新提交" in done
    assert "导出有误" in done
    assert withdrawal not in shown
    assert first.path != f"/desk/imports/{import_no}"
    assert words(first.get("/desk/imports")).count("已撤回") == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_rows_of_another_file_are_left_out_and_named(first: Browser) -> None:
    proposed(first, GOOD)
    more = (
        GOOD
        + b"\n"
        + ",".join((OTHER.name, "", OTHER.document.number, "2023", "专业科目", "9")).encode()
    )
    rehearsed = words(proposed(first, more, step="rehearse"))
    shown = words(proposed(first, more))

    assert re.search(r"第 2 行与 I\w+ 中的一行相同（60.00 学时），不会重复登记", rehearsed)
    assert "相同记录没有重复列入" in shown
    assert "合计 1 9.00" in shown


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_file_of_an_import_is_downloaded_with_a_reason_and_it_is_shown_who_did(
    visitors: Visitors, first: Browser
) -> None:
    proposed(first, GOOD)
    import_no = first.path.rpartition("/")[2]
    form = f"/desk/imports/{import_no}/file"

    first.send(form, part="rows")
    silent = first.status, "没有选择取用原始文件的事由" in first.text
    first.get(f"/desk/imports/{import_no}").send(form, part="rows", reason="inspection")
    assert first.page is not None
    content, kind = first.page.get_data(), first.page.headers["Content-Disposition"]
    shown = words(visitors.seated(Role.OFFICIAL, name="fuhe").get(f"/desk/imports/{import_no}"))

    assert silent == (422, True)
    assert content == GOOD
    assert f"import-{import_no}.csv" in kind
    assert f"CSV，{len(GOOD)} 字节" in shown
    assert "抽查" in shown
