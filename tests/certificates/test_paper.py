"""The printed certificate: one page, always the same bytes, every fact on it, a legible QR code."""

import json
import re
from dataclasses import replace
from random import Random
from typing import Any

import cv2
import numpy
import pypdfium2
import pytest
import zxingcpp

from creditbank.certificates import fonts
from creditbank.certificates.fonts import CharacterUnprintableError, FontMissingError
from creditbank.certificates.numbers import (
    CODE_BYTES,
    code_of_text,
    code_text,
    grouped,
    spaced,
)
from creditbank.certificates.opening import Opened
from creditbank.certificates.press import Press
from creditbank.certificates.qr import page_address, qr_drawing
from creditbank.people.register import Identity
from tests.bank import TestBank, invented_person
from tests.certificates.counter import issue, opened, press_at_hand, with_hours

#: What a phone's camera or an office scanner makes of the page.
DPI = 150

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def press() -> Press:
    return press_at_hand()


@pytest.fixture
def certified(bank: TestBank) -> Opened:
    with_hours(bank)
    return opened(bank, issue(bank).certificate.number)


def pages(pdf: bytes) -> list[str]:
    """Return the text of each page as a reader would copy it, without spaces."""
    with pypdfium2.PdfDocument(pdf) as document:
        texts = []
        for page in document:
            text = page.get_textpage()
            texts.append(re.sub(r"\s", "", text.get_text_range()))
            text.close()
            page.close()
    return texts


def picture(pdf: bytes) -> "numpy.ndarray[Any, Any]":
    """Render the page as it looks at 150 dots an inch."""
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0]
        bitmap = page.render(scale=DPI / 72)
        made = bitmap.to_numpy().copy()
        bitmap.close()
        page.close()
    return made


def read_by_zxing(image: "numpy.ndarray[Any, Any]") -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(image)]


def read_by_opencv(image: "numpy.ndarray[Any, Any]") -> str:
    text, _corners, _straight = cv2.QRCodeDetector().detectAndDecode(image)
    return text


def test_the_paper_is_one_page_that_says_the_facts(press: Press, certified: Opened) -> None:
    [text] = pages(press.print(certified))

    number, code = certified.certificate.number, code_text(certified.code)
    for said in (
        "专业技术人员继续教育学时证明", "欧阳示例", "居民身份证", "尾号0010", "2024年度至2026年度",
        "196.50", "60.00", "82.50", "24.00", "威人社字〔2024〕2号第9项", "山东省威海市",
        "威海市专业技术人员继续教育学时规则", "每天8学时是其他地方的通行做法", "2026年11月20日",
        "其中172.50学时由建行前的记录转入",
        spaced(number).replace(" ", ""), grouped(code), certified.act.leaf.hex(),
        certified.certificate.facts_digest.hex(), "bank.example/ledger/cn-3710/2026",
    ):  # fmt: skip
        assert said in text, said


def test_the_paper_shows_no_more_of_the_number_than_its_last_four(
    press: Press, certified: Opened
) -> None:
    [text] = pages(press.print(certified))

    assert invented_person(1).document.number[:14] not in text
    assert not re.search(r"\d{17}[\dX]\b", text.replace(certified.certificate.number, ""))


def test_the_same_facts_give_the_same_bytes(press: Press, certified: Opened) -> None:
    first = press.print(certified)

    assert press.print(certified) == first
    assert press_at_hand().print(certified) == first


def test_another_figure_gives_other_bytes(press: Press, certified: Opened) -> None:
    changed = json.loads(json.dumps(certified.facts))
    changed["hours"][0]["counted"] = "61.00"

    assert press.print(replace(certified, facts=changed)) != press.print(certified)


def test_two_decoders_read_the_qr_code_off_the_page(press: Press, certified: Opened) -> None:
    certified = replace(certified, code=bytes(range(CODE_BYTES)))  # the same drawing each time
    image = picture(press.print(certified))

    wanted = f"HTTPS://BANK.EXAMPLE/C/{code_text(certified.code)}"
    assert read_by_zxing(image) == [wanted]
    assert read_by_opencv(image) == wanted


def drawn(address: str, pixels: int = 6) -> "numpy.ndarray[Any, Any]":
    """Draw what the SVG says: each run a rectangle, with a quiet zone of four modules."""
    drawing = qr_drawing(address)
    [size] = map(int, re.findall(r'viewBox="0 0 (\d+) \1"', drawing))
    image = numpy.full(((size + 8) * pixels, (size + 8) * pixels), 255, numpy.uint8)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1H\1z", drawing):
        top, left = (int(y) + 4) * pixels, (int(x) + 4) * pixels
        image[top : top + pixels, left : left + int(width) * pixels] = 0
    return image


@pytest.mark.parametrize("host", ["bank.example", "jxjy.hrss.example.gov.cn:8443"])
def test_two_decoders_read_code_after_code(database: object, host: str) -> None:
    """OpenCV misses one symbol in some hundred, whatever its mask: these are always the same."""
    chance = Random(8)
    missed = []
    for _ in range(40):
        address = page_address(host, code_text(chance.randbytes(CODE_BYTES)))
        image = drawn(address)
        missed += [address] if read_by_opencv(image) != address else []

        assert read_by_zxing(image) == [address]
        assert code_of_text(address.rpartition("/")[2]) is not None
    assert len(missed) <= 2


def many_grounds(certified: Opened, count: int) -> Opened:
    facts = json.loads(json.dumps(certified.facts))
    facts["assumptions"] = [
        {**facts["assumptions"][0], "reason": f"第{nth}项：" + facts["assumptions"][0]["reason"]}
        for nth in range(count)
    ]
    return replace(certified, facts=facts)


@pytest.mark.parametrize(("count", "all_said"), [(1, True), (10, True), (30, True), (80, False)])
def test_however_many_caveats_there_are_it_stays_one_page(
    press: Press, certified: Opened, count: int, all_said: bool
) -> None:
    [text] = pages(press.print(many_grounds(certified, count)))

    assert "第0项" in text
    assert (f"第{count - 1}项" in text) is all_said
    assert certified.act.leaf.hex() in text


def test_ten_years_of_many_subjects_fit_the_page(press: Press, certified: Opened) -> None:
    facts = json.loads(json.dumps(certified.facts))
    subjects = [
        "professional",
        "professional.results",
        "public.general",
        "public.industry",
        "public",
    ]
    facts["years"] = list(range(2017, 2027))
    facts["subjects"] = [
        {"id": each, "zh": f"科目{at}（较长的名称）", "en": each}
        for at, each in enumerate(subjects)
    ]
    facts["hours"] = [
        {"year": year, "subject": each, "counted": "123.45", "capped": "1.00", "migrated": "0.00"}
        for year in facts["years"]
        for each in subjects
    ]

    [text] = pages(press.print(replace(certified, facts=facts)))

    assert "6172.50" in text
    assert "2017年度至2026年度" in text
    assert "另有50.00学时超出上限，未计入" in text


@pytest.mark.parametrize(
    "name", ["䶮㭎", "𬭊𬍛", "阿卜杜热西提·买买提", "Jean-Pierre O’Neill", "王" * 60]
)
def test_names_of_every_kind_are_printed(press: Press, certified: Opened, name: str) -> None:
    facts = json.loads(json.dumps(certified.facts))
    facts["holder"]["name"] = name

    [text] = pages(press.print(replace(certified, facts=facts)))

    assert name.replace(" ", "") in text


def test_a_character_that_no_font_has_refuses_the_paper_and_is_named(
    press: Press, certified: Opened
) -> None:
    facts = json.loads(json.dumps(certified.facts))
    facts["holder"]["name"] = "王\U00031350"

    with pytest.raises(CharacterUnprintableError) as refused:
        press.print(replace(certified, facts=facts))

    assert refused.value.facts == {"characters": ["\U00031350 U+31350"]}


def test_such_a_name_is_refused_before_a_certificate_is_issued(
    press: Press, bank: TestBank
) -> None:
    with_hours(bank, Identity(invented_person(3).document, "王\U00031350"))

    with pytest.raises(CharacterUnprintableError):
        issue(bank, person=Identity(invented_person(3).document, "王\U00031350"), check=press.check)


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> Press:
    """A press on a machine whose fonts are all of another kind."""
    monkeypatch.setattr(fonts, "SERIF", ("No Such Serif",))
    return Press("")


def test_without_chinese_type_printing_is_refused_and_issuing_goes_on(
    bare_machine: Press, bank: TestBank
) -> None:
    with_hours(bank)
    issued = issue(bank, check=bare_machine.check)

    with pytest.raises(FontMissingError):
        bare_machine.print(opened(bank, issued.certificate.number))
