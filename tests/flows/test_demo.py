"""The demo: walked once, found again, refused by a production bank, served as it says."""

import base64
import json
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from creditbank.attendance.roster import read_roster
from creditbank.cli.demo_city import City, read_city, seminar_days
from creditbank.cli.demo_show import folded
from creditbank.config import Settings
from creditbank.people.documents import DocumentKind, is_demo_number, read_document
from creditbank.registry.uscc import read_uscc
from tests.cli.bench import DEADLINE_SECONDS, free_port, listens, terminal_for, wait_until

TOOL = Path(__file__).parents[2] / "tools" / "check_verdict.py"


@dataclass(slots=True)
class Demo:
    """A demo bank in a directory of its own."""

    home: Path

    def run(self, *arguments: str, exit_code: int = 0) -> str:
        settings = Settings(home=str(self.home))
        command = ("demo", "--home", str(self.home), "--no-serve", *arguments)
        return terminal_for(settings).run(*command, exit_code=exit_code).output

    def statement(self, when: str) -> dict[str, Any]:
        payload = self.paper(f"verdict-{when}.jws").read_bytes().split(b".")[1]
        said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + b"==="))
        return said

    def paper(self, name: str) -> Path:
        return self.home / "demo" / name

    def counts(self) -> dict[str, int]:
        engine = create_engine(f"sqlite:///{self.home / 'bank.sqlite3'}")
        tables = ("ledger_entry", "filing", "roster_batch", "record_import", "api_client", "person",
                  "verdict", "mandate", "organisation")  # fmt: skip
        with engine.connect() as connection:
            found = {
                table: int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)
                for table in tables
            }
        engine.dispose()
        return found


@contextmanager
def served(demo: Demo, port: int) -> Iterator[list[str]]:
    """Serve a demo for as long as the block runs; give the lines to try that it printed."""
    printed = demo.home / "printed.txt"
    command = [sys.executable, "-c", "from creditbank.cli import main; main()", "demo",
               "--home", str(demo.home), "--port", str(port)]  # fmt: skip
    with printed.open("wb") as out:
        parent = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: b"openapi.json" in printed.read_bytes(), "the lines are printed")
            said = printed.read_text(encoding="utf-8")
            yield [line for line in said.splitlines() if line.startswith(("curl ", "TOKEN="))]
        finally:
            parent.send_signal(signal.SIGTERM)
            assert parent.wait(DEADLINE_SECONDS) == 0


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Demo, str]:
    demo = Demo(tmp_path_factory.mktemp("demo") / "bank")
    return demo, demo.run()


@pytest.fixture
def city() -> City:
    return read_city(seminar_days(date(2026, 11, 21)))


def test_three_days_turn_the_answer_and_a_withdrawal_turns_it_back(
    walked: tuple[Demo, str],
) -> None:
    demo, _said = walked

    outcomes = [demo.statement(when)["outcome"] for when in ("before", "met", "withdrawn")]

    assert outcomes == ["not_met", "met", "not_met"]


def test_before_the_seminar_exactly_its_hours_are_missing(walked: tuple[Demo, str]) -> None:
    demo, _said = walked

    short = {
        (line["year"], line["subject"]): line["short"]
        for line in demo.statement("before")["requirement"]
        if not line["met"]
    }

    year = demo.statement("before")["requirement"][-1]["year"]
    assert short == {(year, ""): "24.00", (year, "professional"): "24.00"}


def test_the_terminal_shows_what_went_in_what_came_out_and_why(walked: tuple[Demo, str]) -> None:
    _demo, said = walked

    for shown in (
        "POST /api/v1/organisations", "32 行入账，12 人，共 252.00 学时；5 处退回",
        "末位应为按 GB 11643-1999 由前 17 位算出的校验码", "证件号码应以文本保存",
        "36.00 / 60.00 缺 24.00",
        "第八条", "假定", "tree size", "verdict-met.jws", "[通过] 核验结论签名", "全部相符",
    ):  # fmt: skip
        assert shown in said, shown


def test_no_whole_identity_number_is_printed(walked: tuple[Demo, str]) -> None:
    _demo, said = walked

    assert re.findall(r"9999[0-9]{13}[0-9Xx]", said) == []


@pytest.mark.parametrize("when", ["before", "met", "withdrawn"])
def test_every_verdict_checks_with_the_tool_alone(walked: tuple[Demo, str], when: str) -> None:
    demo, _said = walked
    command = [
        sys.executable, "-I", str(TOOL), str(demo.paper(f"verdict-{when}.jws")),
        "--jwks", str(demo.paper("jwks.json")), "--subject", str(demo.paper("subject.json")),
    ]  # fmt: skip

    done = subprocess.run(command, capture_output=True, check=False)

    assert done.returncode == 0, done.stdout.decode()


def test_a_second_run_repeats_nothing(walked: tuple[Demo, str]) -> None:
    demo, _said = walked
    before = demo.counts()

    said = demo.run()

    assert demo.counts() == before
    assert "什么也没有重做" in said
    assert "460.50" in said


def test_a_walk_that_was_interrupted_goes_on_without_repeating(tmp_path: Path) -> None:
    demo = Demo(tmp_path / "bank")
    demo.run()
    before = demo.counts()
    state = json.loads(demo.paper("state.json").read_text(encoding="utf-8"))
    demo.paper("state.json").write_text(json.dumps({"days": state["days"]}), encoding="utf-8")

    demo.run()

    assert demo.counts() == before
    assert demo.statement("met")["outcome"] == "met"


def test_a_production_bank_refuses_the_demo_and_stays_as_it_was(tmp_path: Path) -> None:
    home = tmp_path / "bank"
    terminal_for(Settings(home=str(home))).run("init", "--host", "bank.example")
    before = Demo(home).counts()

    said = Demo(home).run(exit_code=1)

    assert "bank-founded" in said
    assert Demo(home).counts() == before
    assert not (home / "demo").exists()


def test_the_demo_does_not_sign_with_the_keys_of_a_bank_whose_database_is_elsewhere(
    tmp_path: Path,
) -> None:
    home = tmp_path / "bank"
    elsewhere = f"sqlite:///{tmp_path / 'elsewhere.sqlite3'}"
    terminal_for(Settings(home=str(home), database_url=elsewhere)).run(
        "init", "--host", "bank.example"
    )

    said = Demo(home).run(exit_code=1)

    assert "home-taken" in said
    assert not (home / "bank.sqlite3").exists()


def test_the_demo_takes_its_own_database_whatever_the_environment_names(tmp_path: Path) -> None:
    other = tmp_path / "other"
    settings = Settings(home=str(other), database_url=f"sqlite:///{other / 'bank.sqlite3'}")
    terminal = terminal_for(settings)
    terminal.run("init", "--host", "bank.example")

    terminal.run("demo", "--home", str(tmp_path / "demo"), "--no-serve")

    assert Demo(other).counts()["person"] == 0
    assert Demo(tmp_path / "demo").counts()["person"] > 0


def test_the_lines_to_try_work_as_they_are_printed(walked: tuple[Demo, str]) -> None:
    demo, _said = walked
    port = free_port()
    with served(demo, port) as lines:
        answers = pasted(lines)

    assert [status for status, _body in answers] == [200, 200, 200, 200, 201, 200, 200, 200, 200]
    assert json.loads(answers[2][1])["live_hours"] == "460.50"
    assert json.loads(answers[4][1])["outcome"] == "not_met"
    assert not listens(port)


def test_everybody_in_the_city_is_invented_and_has_a_right_number(city: City) -> None:
    people = [city.person(each["id"]) for each in city.seeds["person"]]

    documents = [read_document(DocumentKind(each.kind), each.number) for each in people]

    kinds = {document.kind for document in documents}
    assert kinds == {DocumentKind.RESIDENT_ID, DocumentKind.PASSPORT}
    assert all(map(is_demo_number, documents))
    assert len({document.number for document in documents}) == 12
    for organisation in city.seeds["organisation"]:
        assert read_uscc(organisation["uscc"]) == organisation["uscc"]


def test_the_roster_is_messy_and_mostly_good(city: City) -> None:
    roster = read_roster(city.roster())

    assert len(roster.rows) == 34
    assert [problem.code for problem in roster.problems] == [
        "roster-number-check", "roster-number-lost-digits", "roster-row-duplicate",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("today", "last"),
    [
        (date(2026, 12, 31), date(2026, 12, 30)),
        (date(2027, 1, 1), date(2026, 12, 31)),
        (date(2027, 1, 2), date(2026, 12, 31)),
        (date(2027, 1, 3), date(2026, 12, 31)),
        (date(2027, 1, 4), date(2027, 1, 3)),
        (date(2028, 3, 1), date(2028, 2, 29)),
    ],
)
def test_the_seminar_is_the_last_three_days_of_one_year(today: date, last: date) -> None:
    days = seminar_days(today)

    assert days == tuple(last - timedelta(days=back) for back in (2, 1, 0))
    assert len({day.year for day in days}) == 1


def test_a_line_breaks_between_chinese_characters_but_not_before_a_full_stop() -> None:
    assert folded("学时银行。abc def", 8) == ["学时银行。", "abc def"]


def pasted(lines: list[str]) -> list[tuple[int, bytes]]:
    """Do what a shell does with these lines: a token is kept, and stands in what follows."""
    answers, token = [], ""
    for line in lines:
        status, body = Request.read(line.replace("$TOKEN", token)).send()
        answers.append((status, body))
        if line.startswith("TOKEN="):
            token = re.findall(re.findall(r"grep -o '(.+)'", line)[0], body.decode())[0]
    return answers


@dataclass(frozen=True, slots=True)
class Request:
    """One curl line, taken apart as a shell would."""

    url: str
    headers: dict[str, str]
    body: bytes | None

    @classmethod
    def read(cls, line: str) -> "Request":
        whole = re.sub(r"\$\(cat ([^)]+)\)", lambda found: Path(found[1]).read_text(), line)
        whole = re.sub(r"\$\(date [^)]+\)", "1", whole.removeprefix("TOKEN=$("))
        words = shlex.split(whole.removesuffix("; echo").split(" | ")[0])
        options = list(pairwise(words))
        headers = dict(value.split(": ", 1) for option, value in options if option == "-H")
        for option, value in options:
            if option == "-u":
                headers["Authorization"] = f"Basic {base64.b64encode(value.encode()).decode()}"
        sent = [value for option, value in options if option in ("-d", "--data-binary")]
        body = sent[0].encode() if sent else None
        if body is not None and body.startswith(b"@"):
            body = Path(body[1:].decode()).read_bytes()
        return cls(next(word for word in words if word.startswith("http")), headers, body)

    def send(self) -> tuple[int, bytes]:
        request = urllib.request.Request(self.url, data=self.body, headers=self.headers)
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
            return answer.status, answer.read()
