"""Watching by the API: watched, told by the feed and delivered signed, retried, given up, delivered
again; what leads inside is never called."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from creditbank.clock import utc_now
from creditbank.house import EXTENSION
from creditbank.jobs import outbound
from creditbank.jobs.outbound import is_public, post, signed_headers
from creditbank.jobs.watching import run_deliveries, run_watches
from creditbank.verification.events import (
    DEAD,
    PAUSES,
    Sent,
    claim_url,
    settle_sending,
    take_sending,
)
from creditbank.verification.watch_models import EventDelivery
from tests.acts import seal_all
from tests.api.desk import DAYS, Desk, problem_of, roster_rows
from tests.api.test_registry_and_verdicts import PERSON, granted, question
from tests.bank import HOST, TestBank

STOP = threading.Event()


@dataclass(slots=True)
class Receiver:
    """A receiver on this machine: what it got, and what it answers."""

    url: str = ""
    status: int = 204
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that the library wants
            content = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, content))
            self.send_response(receiver.status)
            if receiver.status == 302:
                self.send_header("Location", receiver.url + "/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/events?of=titles"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def open_network(bank: TestBank) -> None:
    """Let the bank deliver to this machine."""
    settings = replace(bank.house.settings, webhook_open_network=1)
    bank.house = bank.app.extensions[EXTENSION] = replace(bank.house, settings=settings)


def attended(desk: Desk, day: int) -> None:
    filing = f"/api/v1/filings/{desk.approved_filing(days=[DAYS[day]])}"
    posted = desk.provider.post(f"{filing}/rosters", roster_rows([PERSON], [DAYS[day]]))
    assert posted.status_code == 201, posted.get_json()
    seal_all(desk.bank, now=utc_now())


def watched(desk: Desk) -> str:
    granted(desk)
    attended(desk, 0)
    asked = desk.title_system.post("/api/v1/verdicts", question()).get_json()
    watch = desk.title_system.post(f"/api/v1/verdicts/{asked['verdict_no']}/watch")
    assert watch.status_code == 200, watch.get_json()
    return str(asked["verdict_no"])


def changed(desk: Desk) -> None:
    attended(desk, 1)
    run_watches(STOP)


def test_a_verdict_is_watched_told_delivered_and_delivered_again(desk: Desk) -> None:
    open_network(desk.bank)
    unset = desk.title_system.get("/api/v1/webhook")
    with receiving() as receiver:
        body = {"url": receiver.url, "types": ["verdict.changed", "verdict.superseded"]}
        assert desk.title_system.post("/api/v1/webhook", body).status_code == 200
        verdict_no = watched(desk)
        changed(desk)
        receiver.status = 500
        failed = run_deliveries(STOP)
        [waiting] = desk.title_system.get("/api/v1/events").get_json()["events"]
        again = desk.title_system.post(f"/api/v1/events/{waiting['id']}/redelivery")
        receiver.status = 204
        taken = run_deliveries(STOP)
    page = desk.title_system.get("/api/v1/events").get_json()
    nothing = desk.title_system.get(f"/api/v1/events?after={page['next_after']}").get_json()
    read = desk.title_system.get(f"/api/v1/verdicts/{verdict_no}").get_json()
    [watch] = desk.title_system.get("/api/v1/watches").get_json()["watches"]
    desk.title_system.post("/api/v1/webhook/ending")
    homeless = desk.title_system.post(f"/api/v1/events/{waiting['id']}/redelivery")
    ended = desk.title_system.post(f"/api/v1/verdicts/{verdict_no}/watch-ending").get_json()

    assert problem_of(unset)["code"] == "webhook-unset"
    assert (failed, taken) == (0, 1)
    assert (waiting["delivery"], waiting["attempts"], waiting["status"]) == ("waiting", 1, 500)
    assert again.status_code == 200
    [event] = page["events"]
    assert (event["delivery"], event["status"]) == ("delivered", 204)
    assert nothing == {"events": [], "next_after": page["next_after"]}
    assert read["superseded_by"] == event["superseded_by"] == watch["current_no"]
    assert problem_of(homeless)["code"] == "webhook-unset"
    assert (ended["state"], ended["reason"]) == ("ended", "asker")
    (first, content), (second, same) = receiver.got
    assert content == same
    assert first["signature-input"] != second["signature-input"], "each attempt has its nonce"
    said = json.loads(content)
    assert said["id"] == event["id"]
    assert PERSON.name not in content.decode()
    assert PERSON.document.number not in content.decode()
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert first["content-digest"] == f"sha-256=:{digest}:"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_delivery_that_fails_waits_longer_each_time_and_is_dead_after_days(desk: Desk) -> None:
    desk.title_system.post("/api/v1/webhook", {"url": "https://titles.example/events"})
    watched(desk)
    changed(desk)
    now, waits = utc_now() + timedelta(seconds=1), []
    while True:
        with desk.bank.unit() as session:
            sending = take_sending(session, HOST, now=now)
            assert sending is not None
            settle_sending(session, sending, Sent(None, "no-answer"), now=now)
            row = session.get_one(EventDelivery, sending.event_no)
            if row.state == DEAD:
                break
            waits.append(row.next_at - now)
            now = row.next_at

    assert waits == list(PAUSES)
    assert sum(waits, timedelta()) > timedelta(days=3)
    [event] = desk.title_system.get("/api/v1/events").get_json()["events"]
    assert (event["delivery"], event["failure"]) == ("dead", "no-answer")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_cannot_be_watched_is_said(desk: Desk) -> None:
    granted(desk)
    nobody = desk.title_system.post("/api/v1/verdicts", question()).get_json()["verdict_no"]
    refused = [
        desk.title_system.post("/api/v1/webhook", {"url": url})
        for url in (
            "http://titles.example/", "https://user@titles.example/", "https://", "ftp://x/",
            "https://titles.example/#x", "https://titles.example:99999/", "javascript:1",
        )
    ]  # fmt: skip

    assert problem_of(desk.title_system.post(f"/api/v1/verdicts/{nobody}/watch"))["code"] == (
        "verdict-unwatchable"
    )
    assert {problem_of(each)["code"] for each in refused} == {"webhook-url"}


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "::1",
     "fe80::1", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1",
     "255.255.255.255", "::"],
)  # fmt: skip
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


def test_a_name_that_leads_inside_is_not_called_however_it_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with receiving() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        inside = [
            post(f"http://{host}:{port}/", b"{}", {}, open_network=False)
            for host in ("127.0.0.1", "localhost", "0", "2130706433", "[::ffff:127.0.0.1]")
        ]
        both = [(0, 0, 0, "", (each, int(port))) for each in ("93.184.216.34", "127.0.0.1")]
        monkeypatch.setattr(outbound.socket, "getaddrinfo", lambda *_, **__: both)
        rebinding = post(f"http://titles.example:{port}/", b"{}", {}, open_network=False)

    assert {each.status for each in [*inside, rebinding]} == {None}
    assert {each.failure for each in [*inside, rebinding]} <= {"address-inside", "host-unknown"}
    assert rebinding.failure == "address-inside"
    assert receiver.got == []


def test_a_redirect_is_not_followed_and_a_slow_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with receiving() as receiver:
        receiver.status = 302
        sent = post(receiver.url, b"{}", {}, open_network=True)
        gone = post("http://127.0.0.1:9/", b"{}", {}, open_network=True)

    assert (sent.status, sent.is_taken, len(receiver.got)) == (302, False, 1)
    assert (gone.status, gone.failure) == (None, "no-answer")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_is_signed_is_the_base_of_rfc_9421(bank: TestBank) -> None:
    now = utc_now()
    url, content = "https://titles.example/e?x=1", b'{"a":1}'
    headers = signed_headers(bank.house.keys, url, content, now=now, nonce="bm9uY2U=")
    parameters = headers["Signature-Input"].removeprefix("sig1=")
    base = (
        f'"@method": POST\n"@target-uri": {url}\n"content-type": application/json\n'
        f'"content-digest": {headers["Content-Digest"]}\n"@signature-params": {parameters}'
    )
    signature = base64.b64decode(headers["Signature"].removeprefix("sig1=:").removesuffix(":"))

    key = bank.house.keys.newest("verdict-ed25519").ed25519.public_key()
    key.verify(signature, base.encode())
    assert f"created={int(now.timestamp())}" in parameters
    assert 'nonce="bm9uY2U="' in parameters
    claim_url("http://127.0.0.1/x", open_network=True)
