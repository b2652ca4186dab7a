"""Check-in by pages: the room's screen, the telephones, and what the provider posts at the end."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from creditbank.attendance.check_in_codes import code_of
from creditbank.attendance.check_in_models import CheckInScan
from creditbank.attendance.check_ins import check_in_numbered, secret_of
from creditbank.clock import civil_day, utc_now
from creditbank.ledger.models import Entry
from creditbank.people.models import Person
from creditbank.people.register import Identity
from creditbank.registry.clients import Role
from tests.accounts.lobby import PASSWORD
from tests.bank import TestBank, attendance, invented_person
from tests.web.browser import Browser
from tests.web.visitors import Visitors, sign_in

LI, WANG, ZHAO = map(invented_person, (1, 2, 3))
#: The rooms behind these pages are tested on both.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Teacher:
    """The provider's browser, at the check-in of a session of today."""

    def __init__(self, visitors: Visitors) -> None:
        self.bank, self.browser = visitors.bank, visitors.seated(Role.PROVIDER)
        filing_no = self.bank.approved_filing(days=[civil_day(utc_now())])
        self.filing = f"/filings/{filing_no}"
        self.browser.get(f"{self.filing}/check-ins").send(f"{self.filing}/check-ins")
        self.path = self.browser.path
        self.no = self.path.rpartition("/")[2]

    def shown(self) -> str:
        """Return where the code on the screen leads."""
        text = self.browser.get(self.path).text
        [address] = re.findall(r"https://bank\.example(/check-in/\S+?)<", text)
        return str(address)

    def code(self, *, seconds: int = 0) -> str:
        """Return where a code led, or will."""
        with self.bank.reading() as session:
            secret = secret_of(self.bank.house.vault, check_in_numbered(session, self.no))
        code = code_of(secret, self.no, now=utc_now() + timedelta(seconds=seconds))
        return f"/check-in/{self.no}/{code}"

    def rows(self) -> list[str]:
        """Return the lines of the list, without markup."""
        found = re.findall(r"(?s)<tr>(.*?)</tr>", self.browser.get(self.path).text)[1:]
        return [" ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in found]


@pytest.fixture
def teacher(visitors: Visitors) -> Teacher:
    return Teacher(visitors)


def guest(telephone: Browser, teacher: Teacher, who: Identity, direction: str) -> Browser:
    """Scan what the screen shows, and type who one is."""
    telephone.get(teacher.shown())
    return telephone.send(
        f"/check-in/{teacher.no}/guest", document_kind=str(who.document.kind),
        document_number=who.document.number, person_name=who.name, direction=direction,
    )  # fmt: skip


def refused_with(browser: Browser, chinese: str, english: str) -> None:
    """See the same refusal in both languages; it has no code in its address."""
    assert chinese in browser.text
    assert english in browser.get(browser.path, headers={"Accept-Language": "en"}).text


def test_from_the_screen_to_the_roster(teacher: Teacher, visitors: Visitors) -> None:
    person = visitors.professional()
    telephone = sign_in(Browser(teacher.bank), person.document.number, "resident_id")

    telephone.get(teacher.shown())
    assert telephone.path == f"/check-in/{teacher.no}"
    telephone.send(f"/check-in/{teacher.no}/own", direction="in")
    assert "签到成功" in telephone.text
    [line] = teacher.rows()
    assert re.search(r"^1 .＊ 尾号 \w{4} \d\d:\d\d– 在场 0$", line), line
    assert person.name not in teacher.browser.text
    telephone.get(teacher.shown()).send(f"/check-in/{teacher.no}/own", direction="out")
    assert "签退成功" in telephone.text

    browser = teacher.browser.get(teacher.path).send(f"{teacher.path}/closing")
    assert person.name in browser.text
    browser.send(f"{teacher.path}/review", **{"minutes-1": "360"})
    assert "1 行，1 人，8.00 学时" in browser.text, browser.text
    assert entries(teacher.bank) == []
    browser.send(f"{teacher.path}/posting")

    assert browser.path.startswith("/rosters/R")
    assert "现场扫码签到" in browser.text
    assert entries(teacher.bank) == [800]
    assert browser.path.rpartition("/")[2] in browser.get(teacher.path).text
    leaf = telephone.get("/hours/entries").text.split("/hours/entries/")[1][:64]
    assert "出勤由现场扫码签到、签退记录" in telephone.get(f"/hours/entries/{leaf}").text


def test_a_guest_types_who_they_are_and_leaves_by_one_tap(teacher: Teacher) -> None:
    telephone = Browser(teacher.bank)

    guest(telephone, teacher, LI, "in")
    assert "签到成功" in telephone.text
    telephone.get(teacher.shown())
    assert LI.document.number not in telephone.text
    telephone.send(f"/check-in/{teacher.no}/known", direction="out")

    assert "签退成功" in telephone.text
    [line] = teacher.rows()
    assert "自填" in line


def test_the_telephone_tells_nobody_whether_a_number_is_known(teacher: Teacher) -> None:
    teacher.bank.post(teacher.bank.approved_filing(), attendance([LI]))
    said = []
    for who in (LI, Identity(LI.document, "王别名"), WANG):
        telephone = guest(Browser(teacher.bank), teacher, who, "in")
        text = re.sub(r'value="[^"]*"', "", telephone.text)
        tail = who.document.number[-4:]
        said.append(text.replace(tail, "0000").replace(f"{who.name[0]}＊", "·"))

    assert len({re.sub(r"\d\d:\d\d", "", each) for each in said}) == 1
    with teacher.bank.reading() as session:
        assert len(session.scalars(select(Person)).all()) == 1


@pytest.mark.parametrize("number", ["99999919850115001X", "12345", ""])
def test_a_number_that_cannot_be_is_refused_as_in_a_roster(teacher: Teacher, number: str) -> None:
    telephone = Browser(teacher.bank).get(teacher.shown())

    telephone.send(
        f"/check-in/{teacher.no}/guest", document_kind="resident_id", document_number=number,
        person_name="李示例", direction="in",
    )  # fmt: skip

    assert telephone.status == 422
    assert scans(teacher.bank) == 0


def test_an_old_code_and_that_of_another_session_are_refused_in_both_languages(
    teacher: Teacher, visitors: Visitors
) -> None:
    telephone = Browser(teacher.bank)
    old = telephone.get(teacher.code(seconds=-300))
    assert old.status == 403
    assert "签到码已过期" in old.text
    english = {"Accept-Language": "en"}
    assert "about 5 minutes ago" in telephone.get(teacher.code(seconds=-300), headers=english).text

    foreign = f"/check-in/{teacher.no}/{'0' * 16}"
    assert "不是这一场的签到码" in telephone.get(foreign).text
    assert "Not a code of this session" in telephone.get(foreign, headers=english).text
    assert telephone.get(f"/check-in/{teacher.no}").status == 403
    assert "请先扫码" in telephone.text


def test_a_server_whose_clock_is_ahead_shows_codes_that_hold(teacher: Teacher) -> None:
    telephone = Browser(teacher.bank)

    assert telephone.get(teacher.code(seconds=30)).status == 200
    assert telephone.get(teacher.code(seconds=120)).status == 403


def test_a_link_that_was_forwarded_after_it_was_read_opens_nothing(teacher: Teacher) -> None:
    telephone, other = Browser(teacher.bank), Browser(teacher.bank)
    telephone.get(teacher.shown())

    assert other.get(telephone.path).status == 403


@pytest.mark.parametrize(
    ("steps", "chinese", "english"),
    [
        (["in", "in"], "您已经签到", "You are checked in already"),
        (["out"], "没有您的签到记录", "You have not checked in"),
        (["in", "out", "out"], "您已经签退", "You are checked out already"),
    ],
)
def test_what_cannot_be_is_said_plainly(
    teacher: Teacher, steps: list[str], chinese: str, english: str
) -> None:
    telephone = Browser(teacher.bank)
    for step in steps:
        guest(telephone, teacher, LI, step)

    assert telephone.status == 409
    assert chinese in telephone.text
    telephone.get(f"/check-in/{teacher.no}?lang=en")
    guest(telephone, teacher, LI, steps[-1])
    assert english in telephone.text


def test_one_reading_is_not_both_in_and_out(teacher: Teacher) -> None:
    telephone = guest(Browser(teacher.bank), teacher, LI, "in")

    telephone.send(f"/check-in/{teacher.no}/known", direction="out")

    assert telephone.status == 409
    assert "请重新扫码" in telephone.text


def test_one_telephone_for_many_is_shown_to_the_teacher(teacher: Teacher) -> None:
    telephone = Browser(teacher.bank)
    for who in (LI, WANG):
        guest(telephone, teacher, who, "in")
    assert "同一手机" not in " ".join(teacher.rows())

    guest(telephone, teacher, ZHAO, "in")

    assert [("同一手机 3 人" in line) for line in teacher.rows()] == [True] * 3


def test_a_name_for_the_device_that_the_bank_did_not_give_is_not_taken(teacher: Teacher) -> None:
    telephone = Browser(teacher.bank)
    for value in ("x", "a" * 43 + "." + "0" * 64):
        telephone.http.set_cookie("creditbank-device", value, path="/check-in")
        telephone.get(teacher.shown())
        cookie = telephone.http.get_cookie("creditbank-device", path="/check-in")
        assert cookie is not None
        assert cookie.value.partition(".")[0] != value.partition(".")[0]
        assert cookie.http_only


def test_whoever_signs_in_at_the_scan_comes_back_to_it(
    teacher: Teacher, visitors: Visitors
) -> None:
    person = visitors.professional()
    telephone = Browser(teacher.bank).get(teacher.shown())
    [link] = re.findall(r'href="(/sign-in[^"]*)"', telephone.text)

    telephone.get(link).send(
        "/sign-in", login_kind="resident_id", login=person.document.number, password=PASSWORD
    )

    assert telephone.path == f"/check-in/{teacher.no}"
    telephone.send(f"/check-in/{teacher.no}/own", direction="in")
    assert "签到成功" in telephone.text


def test_who_is_not_signed_in_records_nobody_as_themselves(teacher: Teacher) -> None:
    telephone = Browser(teacher.bank).get(teacher.shown())
    token = telephone.forms()[f"/check-in/{teacher.no}/guest"].values["form_token"]
    for way, form in (("own", {}), ("known", {"person_no": "1"})):
        answer = telephone.http.post(
            f"/check-in/{teacher.no}/{way}", base_url=telephone.base,
            data={"form_token": token, "direction": "in", **form},
        )  # fmt: skip
        assert answer.status_code == 400

    assert scans(teacher.bank) == 0


def test_the_screen_comes_again_by_itself_until_it_is_told_not_to(teacher: Teacher) -> None:
    assert 'http-equiv="refresh"' in teacher.browser.get(teacher.path).text
    quiet = teacher.browser.get(f"{teacher.path}?watch=no").text
    assert 'http-equiv="refresh"' not in quiet
    assert "bank.example/check-in" not in quiet


def test_a_closed_check_in_says_so_on_the_telephone(teacher: Teacher) -> None:
    code = teacher.shown()
    teacher.browser.send(f"{teacher.path}/closing")

    telephone = Browser(teacher.bank).get(code)

    assert telephone.status == 409
    assert "签到已结束" in telephone.text


def test_the_filings_page_leads_there_and_a_day_to_come_waits(
    teacher: Teacher, bank: TestBank
) -> None:
    assert f'href="{teacher.filing}/check-ins"' in teacher.browser.get(teacher.filing).text
    later = bank.approved_filing(days=[civil_day(utc_now()) + timedelta(days=1)])
    page = teacher.browser.get(f"/filings/{later}/check-ins")
    assert "当天开启" in page.text
    assert f"/filings/{later}/check-ins" not in page.forms()


def test_minutes_that_are_none_are_refused(teacher: Teacher) -> None:
    guest(Browser(teacher.bank), teacher, LI, "in")
    teacher.browser.get(teacher.path).send(f"{teacher.path}/closing")

    teacher.browser.send(f"{teacher.path}/review", **{"minutes-1": "all day"})

    assert teacher.browser.status == 422
    assert "实到分钟" in teacher.browser.text


def test_a_roster_of_the_same_person_is_known_when_the_check_in_is_tried(teacher: Teacher) -> None:
    guest(Browser(teacher.bank), teacher, LI, "in")
    browser = teacher.browser.get(teacher.path).send(f"{teacher.path}/closing")
    day = civil_day(utc_now())
    teacher.bank.post(teacher.filing.rpartition("/")[2], attendance([LI], [day]), now=utc_now())

    browser.send(f"{teacher.path}/review", **{"minutes-1": "300"})

    assert "该日学时已登记" in browser.text
    assert f"{teacher.path}/posting" not in browser.forms()


def entries(bank: TestBank) -> list[int]:
    with bank.reading() as session:
        return list(session.scalars(select(Entry.centihours)))


def scans(bank: TestBank) -> int:
    with bank.reading() as session:
        return len(session.scalars(select(CheckInScan)).all())
