"""The main job of Weihai by command line, on both databases: the same rooms as behind the API."""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from creditbank.keys import KeyStore, public_jwk
from creditbank.people.register import Identity
from tests.bank import TestBank, invented_person
from tests.cli.bench import Terminal, person_file, terminal_for

TOOL = Path(__file__).parents[2] / "tools" / "check_verdict.py"
USCC = "91371000MA3DEM0C45"
PLATFORM = "12371000MB2DEM0B2Y"
DAYS = ("2025-11-10", "2025-11-11", "2025-11-12")
ENGINEER = invented_person(1)
COLLEAGUE = invented_person(2)


@pytest.fixture
def terminal(bank: TestBank) -> Terminal:
    return terminal_for(bank.house.settings)


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, text
    return match[0]


def earlier(folder: Path) -> str:
    """Write records that leave the engineer short by 24 professional hours in 2025."""
    rows = [
        {
            "document_kind": str(ENGINEER.document.kind),
            "document_number": ENGINEER.document.number,
            "name": ENGINEER.name,
            "year": year,
            "subject": subject,
            "hours": hours,
        }
        for year in range(2021, 2026)
        for subject, hours in (
            ("public.general", "30.00"),
            ("professional", "36.00" if year == 2025 else "60.00"),
        )
    ]
    path = folder / "earlier.json"
    said = {"jurisdiction": "cn-3710", "origin": "an earlier system", "rows": rows}
    path.write_text(json.dumps(said), encoding="utf-8")
    return str(path)


def roster(folder: Path) -> str:
    """Write a roster on which one number is mistyped."""
    lines = ["姓名,身份证号码,日期,实到分钟"]
    lines += [
        f"{person.name},{person.document.number},{day},360"
        for day in DAYS
        for person in (ENGINEER, COLLEAGUE)
    ]
    number = COLLEAGUE.document.number
    lines[2] = (
        f"{COLLEAGUE.name},{number[:15]}{(int(number[15]) + 1) % 10}{number[16:]},{DAYS[0]},360"
    )
    path = folder / "roster.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


SEMINAR = (
    "--activity", "enterprise_course", "--form", "seminar", "--release", "full", "--title", "研修",
    "--subject", "professional", "--seats", "40", "--planned-minutes", "360",
    *(word for day in DAYS for word in ("--day", day)),
)  # fmt: skip


def filed(terminal: Terminal) -> str:
    """Register an enterprise, file its seminar, have it approved; return the filing's number."""
    terminal.run("organisations", "register", "--uscc", USCC, "--name", "示例公司", "--kind",
                 "enterprise", "--jurisdiction", "cn-3710")  # fmt: skip
    said = terminal.run("filings", "submit", "--uscc", USCC, *SEMINAR).output
    filing_no = found(r"\bF[0-9A-Z]{9}\b", said)
    terminal.run("filings", "approve", filing_no, exit_code=1)
    terminal.run("filings", "approve", filing_no, "--reason", "补办")
    return filing_no


def asks(
    terminal: Terminal, folder: Path, asker: tuple[str, str], name: str, *more: str
) -> dict[str, Any]:
    """Ask as the title system; return the statement of the answer that was written."""
    client_id, secret = asker
    environment = {**terminal.environment, "CREDITBANK_CLIENT_SECRET": secret}
    Terminal(environment).run(
        "verdicts", "ask", "--client", client_id, "--person", person_file(folder, ENGINEER),
        "--scheme", "cn-3710", "--series", "engineering", "--level", "associate_senior",
        "--application-day", "2026-03-15",
        "--current-title-on", "2019-07-01", "--purpose", "申报", "--legal-basis", "通知",
        "--disclose", "record", "--out", str(folder / name), *more,
    )  # fmt: skip
    payload = (folder / name).read_bytes().split(b".")[1]
    statement: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + b"==="))
    return statement


def title_system(terminal: Terminal, *more: str) -> tuple[str, str]:
    """Make a title system with a mandate; return its id and its secret."""
    terminal.run("organisations", "register", "--uscc", PLATFORM, "--name", "示例平台", "--kind",
                 "title_system", "--jurisdiction", "cn-3710")  # fmt: skip
    terminal.run("mandates", "grant", "--uscc", PLATFORM, "--jurisdiction", "cn-3710", "--series",
                 "engineering", "--level", "*", "--from", "2020-01-01", "--through",
                 "2090-12-31", *more)  # fmt: skip
    said = terminal.run("clients", "create", "--name", "平台", "--role", "title_system",
                        "--jurisdiction", "cn-3710", "--uscc", PLATFORM).output  # fmt: skip
    return found(r"title_system-\w+", said), found(r"cbs_[\w-]+", said)


def checks_offline(terminal: Terminal, bank: TestBank, folder: Path, name: str) -> None:
    keys = KeyStore(bank.house.settings.keys_path)
    jwks = {"keys": [public_jwk(key) for key in keys.every("verdict-ed25519")]}
    (folder / "jwks.json").write_text(json.dumps(jwks))
    command = [sys.executable, "-I", str(TOOL), str(folder / name), "--jwks",
               str(folder / "jwks.json"), "--subject", person_file(folder, ENGINEER)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()


def test_from_an_enterprise_to_two_verdicts(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    filing_no, asker = filed(terminal), title_system(terminal)
    proposed = terminal.run("imports", "propose", earlier(tmp_path)).output
    import_no = found(r"\bI[0-9A-Z]{9}\b", proposed)
    terminal.run("imports", "approve", import_no, exit_code=1)
    terminal.run("imports", "approve", import_no, "--actor", "zhao")
    before = asks(terminal, tmp_path, asker, "before.jws")

    posted = terminal.run(
        "rosters", "post", filing_no, roster(tmp_path), "--report", str(tmp_path / "bad.xlsx")
    ).output
    met = asks(terminal, tmp_path, asker, "met.jws")
    terminal.run("attendance", "withdraw", filing_no, "--person", person_file(tmp_path, ENGINEER),
                 "--day", DAYS[2], "--reason", "not-present")  # fmt: skip
    withdrawn = asks(terminal, tmp_path, asker, "withdrawn.jws")
    then = asks(terminal, tmp_path, asker, "then.jws", "--known-at", met["known_at"])

    assert then["known_at"] == met["known_at"]
    assert (then["outcome"], then["record"]["entries"]) == ("met", met["record"]["entries"])
    assert [each["outcome"] for each in (before, met, withdrawn)] == ["not_met", "met", "not_met"]
    assert "5 行入账，2 人，40.00 学时" in posted
    assert "末位应为按 GB 11643-1999 由前 17 位算出的校验码" in posted
    assert (tmp_path / "bad.xlsx").read_bytes().startswith(b"PK")
    for name in ("met.jws", "withdrawn.jws", "then.jws"):
        checks_offline(terminal, bank, tmp_path, name)
    assert "全部相符" in terminal.run("ledger", "fsck").output


def test_a_committee_of_one_specialty_asks_for_a_pathway(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    asker = title_system(terminal, "--specialty", "composites")
    card = ("--stated", "talent_status", "weihai_yingcai_card")

    freed = asks(
        terminal, tmp_path, asker, "freed.jws", "--specialty", "composites",
        "--pathway", "fast_track", "--as-of", "2025-12-31", *card,
    )  # fmt: skip

    assert freed["outcome"] == "exempt"
    assert freed["question"]["specialty"] == "composites"
    assert (freed["question"]["as_of"], freed["worked_out"]) == ("2025-12-31", [])
    assert freed["pathway"]["name"] == "fast_track"
    checks_offline(terminal, bank, tmp_path, "freed.jws")
    client_id, secret = asker
    refused = Terminal({**terminal.environment, "CREDITBANK_CLIENT_SECRET": secret}).run(
        "verdicts", "ask", "--client", client_id, "--person", person_file(tmp_path, ENGINEER),
        "--scheme", "cn-3710",
        "--series", "engineering", "--specialty", "textiles", "--level", "associate_senior",
        "--application-day", "2026-03-15", "--purpose", "申报", "--legal-basis", "通知",
        "--out", str(tmp_path / "refused.jws"), exit_code=1,
    )  # fmt: skip
    assert "engineering.textiles" in refused.output
    of_when = Terminal({**terminal.environment, "CREDITBANK_CLIENT_SECRET": secret}).run(
        "verdicts", "ask", "--client", client_id, "--person", person_file(tmp_path, ENGINEER),
        "--scheme", "cn-3710", "--series", "engineering", "--level", "associate_senior",
        "--application-day", "2026-03-15", "--purpose", "申报", "--legal-basis", "通知",
        "--known-at", "2026-03-15", "--out", str(tmp_path / "when.jws"), exit_code=1,
    )  # fmt: skip
    assert "/known_at" in of_when.output


def test_balances_are_shown_by_year_and_subject(terminal: Terminal, tmp_path: Path) -> None:
    proposed = terminal.run("imports", "propose", earlier(tmp_path)).output
    terminal.run("imports", "approve", found(r"\bI[0-9A-Z]{9}\b", proposed), "--actor", "zhao")

    said = terminal.run(
        "balances", "show", "--scheme", "cn-3710", "--person", person_file(tmp_path, ENGINEER)
    ).output

    assert re.search(r"2024 +专业科目 +60\.00 +0\.00 +0\.00", said)


def test_a_person_is_asked_for_where_no_file_is_given(terminal: Terminal, tmp_path: Path) -> None:
    proposed = terminal.run("imports", "propose", earlier(tmp_path)).output
    terminal.run("imports", "approve", found(r"\bI[0-9A-Z]{9}\b", proposed), "--actor", "zhao")
    typed = f"\n{ENGINEER.document.number}\n{ENGINEER.name}\n"

    said = terminal.run("balances", "show", "--scheme", "cn-3710", stdin=typed).output

    assert "36.00" in said
    assert ENGINEER.document.number not in said


def test_a_template_offers_the_filings_days_and_reads_back(
    terminal: Terminal, tmp_path: Path
) -> None:
    filing_no, out = filed(terminal), tmp_path / "empty.xlsx"

    terminal.run("rosters", "template", filing_no, "--out", str(out))

    assert out.read_bytes().startswith(b"PK")


def test_a_roster_is_shown_again_with_its_bad_rows(terminal: Terminal, tmp_path: Path) -> None:
    posted = terminal.run("rosters", "post", filed(terminal), roster(tmp_path)).output
    roster_no = found(r"\bR[0-9A-Z]{9}\b", posted)

    said = terminal.run("rosters", "show", roster_no).output

    assert "校验码" in said
    assert COLLEAGUE.document.number not in said


def test_who_was_absent_is_told_apart_from_the_bad_rows(terminal: Terminal, tmp_path: Path) -> None:
    path = Path(roster(tmp_path))
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if ",360" in line]
    row = kept[0].replace(",360", ",")
    path.write_text("\n".join(["姓名,身份证号码,日期,实到分钟", *kept[1:], row]), encoding="utf-8")

    said = terminal.run("rosters", "post", filed(terminal), str(path)).output

    assert "以下 1 处有问题" in said
    assert "以下 1 处已略过" in said
    assert "视为当天未到场" in said


def test_a_filing_is_returned_and_submitted_again(terminal: Terminal) -> None:
    filed(terminal)
    filing_no = found(
        r"\bF[0-9A-Z]{9}\b", terminal.run("filings", "submit", "--uscc", USCC, *SEMINAR).output
    )

    terminal.run("filings", "return", filing_no, "--reason", "请写明授课单位")
    listed = terminal.run("filings", "list", "--state", "returned").output
    terminal.run("filings", "approve", filing_no, "--reason", "补办", exit_code=1)
    again = terminal.run("filings", "resubmit", filing_no, *SEMINAR).output
    twice = terminal.run("filings", "resubmit", filing_no, *SEMINAR, exit_code=1).output

    assert re.search(rf"{filing_no} +已退回", listed)
    assert "第 2 版" in again
    assert "(filing-not-returned)" in twice


def test_a_rehearsed_roster_says_what_posting_would_and_posts_nothing(
    terminal: Terminal, tmp_path: Path
) -> None:
    filing_no = filed(terminal)

    tried = terminal.run("rosters", "post", filing_no, roster(tmp_path), "--rehearse").output
    posted = terminal.run("rosters", "post", filing_no, roster(tmp_path)).output

    assert "试算，未入账" in tried
    assert "校验码" in tried
    figures = re.compile(r"(\d+) 行入账，(\d+) 人，([\d.]+) 学时")
    assert figures.findall(tried) == figures.findall(posted)


def test_filings_are_listed_with_their_state(terminal: Terminal) -> None:
    filing_no = filed(terminal)

    said = terminal.run("filings", "list", "--state", "approved").output

    assert re.search(rf"{filing_no} +已同意 +cn-3710 +2025-11-10 +40 +研修", said)


def test_two_documents_are_linked_and_parted(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("rosters", "post", filed(terminal), only(tmp_path, ENGINEER, DAYS[0]))
    terminal.run("rosters", "post", last_filing(terminal), only(tmp_path, COLLEAGUE, DAYS[1]))
    files = (
        person_file(tmp_path, ENGINEER, "one.json"),
        person_file(tmp_path, COLLEAGUE, "other.json"),
    )

    terminal.run("people", "link", *files, "--jurisdiction", "cn-3710")
    together = terminal.run("balances", "show", "--scheme", "cn-3710", "--person", files[1]).output
    terminal.run("people", "unlink", *files, "--jurisdiction", "cn-3710")
    apart = terminal.run("balances", "show", "--scheme", "cn-3710", "--person", files[1]).output

    assert "16.00" in together
    assert "8.00" in apart
    assert "16.00" not in apart


def last_filing(terminal: Terminal) -> str:
    return found(r"\bF[0-9A-Z]{9}\b", terminal.run("filings", "list").output)


def only(folder: Path, person: Identity, day: str) -> str:
    """Write a roster of one row."""
    path = folder / f"{day}.csv"
    row = f"{person.name},{person.document.number},{day},360"
    path.write_text(f"姓名,身份证号码,日期,实到分钟\n{row}", encoding="utf-8")
    return str(path)
