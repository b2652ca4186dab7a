"""The registry by the pages: officials state what is true, its people and anybody look it up."""

import re
import sys

import pytest

from creditbank.accounts.seats import SeatDraft
from creditbank.registry.clients import Role
from tests.acts import register_enterprise
from tests.bank import ENTERPRISE_USCC, TestBank
from tests.web.browser import Browser
from tests.web.visitors import Visitors

DESK, ONE = "/desk/organisations", f"/desk/organisations/{ENTERPRISE_USCC}"
DOCUMENT = {"document_no": "示例〔2025〕1号", "document_day": "2025-01-10", "reason": ""}
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def official(visitors: Visitors) -> Browser:
    return visitors.seated(Role.OFFICIAL)


def words(browser: Browser) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", browser.text))


def state(browser: Browser, attribute: str, value: str, **said: str) -> Browser:
    """Fill in the form for a fact and send it."""
    form = {
        "attribute": attribute, "value": value, "valid_from": "2025-03-01", "valid_through": "",
        "instead_of": "", **DOCUMENT, **said,
    }  # fmt: skip
    return browser.get(ONE).send(f"{ONE}/facts", **form)


def number_of(browser: Browser, action: str) -> str:
    """Return the number of the newest fact for which the page has such a form."""
    return re.findall(rf'action="{ONE}/facts/(O[0-9A-Z]{{9}})/{action}"', browser.text)[0]


def test_an_official_states_ends_and_takes_back_by_the_page(
    bank: TestBank, official: Browser, visitors: Visitors
) -> None:
    named = words(state(official, "name", "威海新名复合材料有限公司"))
    official.get(ONE)
    classed = words(state(official, "class", "specialised_innovative:provincial"))
    number = number_of(official, "ending")
    official.send(f"{ONE}/facts/{number}/ending", valid_through="2025-08-31", **DOCUMENT)
    ended = words(official)
    on_a_day = words(official.get(f"{ONE}?on=2025-04-01"))
    before = words(official.get(f"{ONE}?on=2025-02-28"))
    official.get(ONE).send(
        f"{ONE}/facts/{number}/taking-back", **{**DOCUMENT, "reason": "属另一企业"}
    )
    back = words(official)
    own = words(visitors.seated(Role.PROVIDER).get("/organisation"))
    anybody = Browser(bank)
    told = words(anybody.get("/organisations?q=新名复合"))

    assert "已记入" in named
    assert re.search("威海示例复合材料有限公司 登记时 [^成]* 当日不适用", named)
    assert 'href="/organisations"' in anybody.get("/").text
    assert "类别 专精特新 · 省级 2025-03-01 起" in classed
    assert "类别 无" in ended
    assert "专精特新 · 省级 2025-03-01 至 2025-08-31" in on_a_day
    assert "威海新名复合材料有限公司" in on_a_day.split("的情况")[0]
    assert "威海新名复合材料有限公司" not in before.split("登记情况")[0]
    assert "属另一企业" in back
    assert "已撤回" in back
    assert "威海新名复合材料有限公司" in own
    assert "记入" not in own.split("全部记录")[0]
    assert ENTERPRISE_USCC in told
    assert bank.fsck() == []


@ON_SQLITE
def test_what_contradicts_is_refused_in_the_form_which_keeps_what_was_typed(
    official: Browser,
) -> None:
    state(official, "class", "sme:")

    state(official, "class", "large:", document_no="示例〔2025〕2号")

    assert official.status == 409
    assert 'role="alert"' in official.text
    assert "中小微" in words(official)
    assert 'value="示例〔2025〕2号"' in official.text
    assert re.search(r'<option value="large:" selected>', official.text)


@ON_SQLITE
@pytest.mark.parametrize(
    ("said", "why"),
    [({"document_no": ""}, "文件编号"), ({"document_day": ""}, "文件日期"),
     ({"valid_from": ""}, "起始日期"), ({"valid_from": "2025-13-01"}, "2025-13-01")],
)  # fmt: skip
def test_a_fact_without_its_document_or_day_is_refused(
    official: Browser, said: dict[str, str], why: str
) -> None:
    state(official, "class", "sme:", **said)

    assert official.status == 422
    assert why in words(official).split("登记情况")[0]


@ON_SQLITE
def test_an_end_without_a_day_is_refused(official: Browser) -> None:
    state(official, "class", "sme:")
    number = number_of(official, "ending")

    official.send(f"{ONE}/facts/{number}/ending", valid_through="", **DOCUMENT)

    assert (official.status, "最后一天" in words(official)) == (422, True)


@ON_SQLITE
def test_the_list_finds_by_name_class_and_base_and_a_new_one_is_registered(
    official: Browser,
) -> None:
    state(official, "base", ":municipal")
    found = words(official.get(f"{DESK}?base=municipal"))
    none = words(official.get(f"{DESK}?base=national"))
    form = {"uscc": "91371000MA3DEM0K07", "name": "荣成示例学院", "kind": "university",
            "jurisdiction": "cn-371082", "uscc_confirmed": "yes"}  # fmt: skip
    official.get(f"{DESK}/new").send(f"{DESK}/new", **form)
    made = words(official)
    official.get(f"{DESK}/new").send(f"{DESK}/new", **{**form, "jurisdiction": "cn-33"})
    refused = official.status
    listed = words(official.get(f"{DESK}?q=荣成示例"))

    assert ENTERPRISE_USCC in found
    assert "没有找到单位" in none
    assert "荣成示例学院" in made
    assert refused == 403
    assert "91371000MA3DEM0K07" in listed
    assert ENTERPRISE_USCC not in listed


@ON_SQLITE
def test_the_list_goes_on_on_the_next_page(
    official: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["creditbank.web.organisations_desk"], "ORGANISATIONS_SHOWN", 1)
    form = {"uscc": "91371000MA3DEM0K07", "name": "荣成示例学院", "kind": "university",
            "jurisdiction": "cn-3710", "uscc_confirmed": "yes"}  # fmt: skip
    official.get(f"{DESK}/new").send(f"{DESK}/new", **form)

    first = official.get(DESK).text
    [later] = re.findall(r'href="(/desk/organisations\?after=[^"]+)"', first)
    second = official.get(later.replace("&amp;", "&")).text

    shown = [re.findall(r'<span class="code">([0-9A-Z]{18})<', each) for each in (first, second)]
    assert shown == [["91371000MA3DEM0K07"], [ENTERPRISE_USCC]]


def test_an_organisation_is_merged_by_the_page_and_its_people_stand_without_a_seat(
    bank: TestBank, official: Browser, visitors: Visitors
) -> None:
    filing_no = bank.approved_filing()
    other = register_enterprise(bank, "91371000MA3TE5T024")
    worker = visitors.seated(Role.PROVIDER)
    heir = bank.enterprise(other).organisation_id
    visitors.staff("heir", SeatDraft(Role.PROVIDER, "cn-3710", heir))
    successor = visitors.signed_in("heir")
    before = worker.get("/filings").status, successor.get(f"/filings/{filing_no}").status
    form = {"how": "merged", "day": "2026-01-05", "successor_1": other, **DOCUMENT}

    unfit = official.get(ONE).send(f"{ONE}/successions", **{**form, "successor_1": ""})
    refused, kept = unfit.status, 'value="2026-01-05"' in unfit.text
    stated = words(official.get(ONE).send(f"{ONE}/successions", **form))
    worker.get("/filings")
    standing, why = worker.path, words(worker)
    taken = words(successor.get(f"/filings/{filing_no}"))
    number = re.findall(rf"{ONE}/successions/(N[0-9A-Z]{{9}})/taking-back", official.text)[0]
    public = words(Browser(bank).get(f"/organisations?q={ENTERPRISE_USCC}"))
    official.send(f"{ONE}/successions/{number}/taking-back", reason="属另一企业")
    back = words(official)

    assert before == (200, 404)
    assert (refused, kept) == (422, True)
    assert "合并 · 2026-01-05" in stated
    assert "由 示例企业（91371000MA3TE5T024）承继" in stated
    assert standing == "/seats"
    assert "2026-01-05 起不再存在，您在该单位的席位已停用" in why
    assert "现由 示例企业" in taken
    assert "2026-01-05 起不再存在" in public
    assert "属另一企业" in back
    assert worker.get("/filings").status == 200
    assert bank.fsck() == []
