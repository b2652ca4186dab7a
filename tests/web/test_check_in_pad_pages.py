"""The teacher's page without network, as it is served: a shell, its policy, its answers."""

import json
import re

import pytest

from creditbank.accounts.seats import SeatDraft
from creditbank.clock import utc_now
from creditbank.registry.clients import Role
from creditbank.schemas.check_in_pads import base64url
from tests.acts import register_enterprise
from tests.bank import invented_person
from tests.pads import Device, told, upload_of
from tests.web.browser import Browser
from tests.web.test_check_in_pages import Teacher, scans
from tests.web.visitors import Visitors

LI = invented_person(1)
FAR_USCC = "91371000MA3TE5T024"
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def teacher(visitors: Visitors) -> Teacher:
    return Teacher(visitors)


def posted(browser: Browser, path: str, body: object) -> tuple[int, str]:
    """Send what the page's script would; return the status and the text."""
    token = browser.get("/").forms()["/sign-out"].values["form_token"]
    answer = browser.http.post(
        path, base_url=browser.base, data={"form_token": token, "body": json.dumps(body)}
    )
    return answer.status_code, answer.get_data(as_text=True)


def test_this_page_alone_has_a_script_and_it_is_a_file_of_ours(teacher: Teacher) -> None:
    pad = teacher.browser.http.get(f"/pads/{teacher.no}", base_url=teacher.browser.base)
    board = teacher.browser.http.get(teacher.path, base_url=teacher.browser.base)
    keeper = Browser(teacher.bank).http.get("/pads/keeper.js")

    for answer in (pad, keeper):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'; connect-src 'self'; worker-src 'self'" in policy
        assert "unsafe" not in policy
    assert "script-src" not in board.headers["Content-Security-Policy"]
    text = pad.get_data(as_text=True)
    assert re.findall(r"<script[^>]*>", text) == re.findall(
        r'<script type="module" src="/static/pad\.js\?v=\w+">', text
    )
    assert len(re.findall("<script", text)) == 1
    assert "<script" not in board.get_data(as_text=True)
    assert keeper.headers["Content-Type"].startswith("text/javascript")
    assert keeper.headers["Cache-Control"] == "no-cache"


def test_the_page_that_a_browser_keeps_has_nobody_in_it(teacher: Teacher) -> None:
    device = Device(teacher.bank, teacher.no, opened_at=utc_now())
    device.scan(LI, "in", 0)
    status, _ = posted(teacher.browser, f"/pads/{teacher.no}/1/scans", upload_of(device))
    assert (status, scans(teacher.bank)) == (200, 1)

    text = teacher.browser.get(f"/pads/{teacher.no}").text

    assert LI.name not in text
    assert LI.document.number[-4:] not in text
    assert "navigation" not in text


def test_an_opening_without_a_key_or_a_body_is_refused(teacher: Teacher) -> None:
    device = Device(teacher.bank, teacher.no, opened_at=utc_now())
    path = f"/pads/{teacher.no}/opening"
    bodies = (
        "x", [], {}, {"public_key": "AA", "mark": told(device.mark(0))},
        {"public_key": base64url(bytes(65)) + "=", "mark": told(device.mark(0))},
    )  # fmt: skip
    assert [posted(teacher.browser, path, each)[0] for each in bodies] == [400] * 5
    off_the_curve = {"public_key": base64url(bytes(65)), "mark": told(device.mark(0))}
    assert posted(teacher.browser, path, off_the_curve)[0] == 422


def test_a_refused_scan_comes_with_its_words_and_a_refused_upload_with_a_page(
    teacher: Teacher,
) -> None:
    device = Device(teacher.bank, teacher.no, opened_at=utc_now())
    device.scan_sealed(b"x", "in", 0)
    path = f"/pads/{teacher.no}/1/scans"

    status, text = posted(teacher.browser, path, upload_of(device))
    [fate] = json.loads(text)["scans"]
    body = upload_of(device) | {"scans": [{"body": "[]", "signature": base64url(bytes(64))}]}
    refused = posted(teacher.browser, path, body)

    assert (status, fate["outcome"], fate["words"]) == (200, "refused", "读不出是谁")
    assert refused[0] == 422
    assert "签名不符" in refused[1]


def test_a_strangers_session_sends_nothing_even_what_the_device_signed(
    teacher: Teacher, visitors: Visitors
) -> None:
    device = Device(teacher.bank, teacher.no, opened_at=utc_now())
    device.scan(LI, "in", 0)
    far = visitors.bank.enterprise(register_enterprise(visitors.bank, FAR_USCC)).organisation_id
    visitors.staff("far-provider", SeatDraft(Role.PROVIDER, "cn-3710", far))
    stranger = visitors.signed_in("far-provider")

    for path in (f"/pads/{teacher.no}/1/scans", f"/pads/{teacher.no}/opening"):
        body = upload_of(device) if path.endswith("scans") else {}
        assert posted(stranger, path, body)[0] == 404
    for path in ("X0000000/1", f"{teacher.no}/7", f"{teacher.no}/x"):
        assert posted(teacher.browser, f"/pads/{path}/scans", upload_of(device))[0] == 404
    assert scans(teacher.bank) == 0
