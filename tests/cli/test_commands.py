"""Commands of operators: founding, guards, keys, law, refusals in words."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from creditbank.cli import main
from creditbank.cli import rosters as commands
from creditbank.cli.console import language_of, table, width
from creditbank.clock import utc_now
from creditbank.config import Settings
from creditbank.db import db, snapshot, unit_of_work
from creditbank.jobs.clock import forget_old, run_job, seal_all
from creditbank.registry.models import IdempotentWrite
from tests.attendance.rosters import HEADER, csv_bytes
from tests.bank import ENTERPRISE_USCC, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.certificates.counter import press_at_hand
from tests.cli.bench import Terminal, person_file, terminal_for
from tests.conftest import Database


@pytest.fixture
def terminal(bank: TestBank) -> Terminal:
    return terminal_for(bank.house.settings)


@pytest.fixture
def empty(tmp_path: Path) -> Terminal:
    return terminal_for(Settings(home=str(tmp_path / "bank")))


def test_a_bank_is_founded_with_a_code_shown_once(database: Database, tmp_path: Path) -> None:
    fresh = terminal_for(database.settings(tmp_path / "home"))

    first = fresh.run("init", "--host", "bank.example").output
    second = fresh.run("init", "--host", "bank.example").output
    third = fresh.run("init", "--host", "bank.example", "--new-code").output

    assert "一次性初始码" in first
    assert "一次性初始码" in third
    assert "一切照旧" in second
    assert sorted(path.name for path in (tmp_path / "home" / "keys").iterdir()) == [
        f"{kind}.0001.key"
        for kind in ("log", "lookup", "vault", "verdict-ed25519", "verdict-es256")
    ]


def test_another_host_is_refused_in_words(empty: Terminal) -> None:
    empty.run("init", "--host", "bank.example")

    said = empty.run("init", "--host", "other.example", exit_code=1).output

    assert "(bank-founded)" in said
    assert "bank.example" in said


def test_the_guards_are_checked_and_a_lost_one_is_named(bank: TestBank, terminal: Terminal) -> None:
    assert "防篡改触发器齐全" in terminal.run("db", "check").output
    if db.engine.dialect.name == "sqlite":
        drop = "DROP TRIGGER ledger_entry_no_delete"
    else:
        drop = "ALTER TABLE ledger_entry DISABLE TRIGGER ALL"
    _as_owner(bank, drop)

    assert "ledger_entry" in terminal.run("db", "check", exit_code=1).output


def test_an_upgrade_of_a_current_bank_changes_nothing(bank: TestBank, terminal: Terminal) -> None:
    bank.post(bank.approved_filing(), attendance([invented_person(1)]))

    terminal.run("db", "upgrade")
    terminal.run("db", "roles")

    assert bank.fsck() == []


def test_a_bank_that_was_never_set_up_is_told_from_a_broken_one(empty: Terminal) -> None:
    said = empty.run("ledger", "fsck", exit_code=1).output

    assert "(schema-not-current)" in said
    assert "creditbank init" in said


def test_a_database_that_does_not_answer_is_said_in_words(tmp_path: Path) -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    unreachable = terminal_for(Settings(home=str(tmp_path), database_url=url))

    said = unreachable.run("ledger", "head", exit_code=1).output

    assert "(database-unreachable)" in said


def test_a_setting_out_of_bounds_is_said_in_words(empty: Terminal) -> None:
    wrong = Terminal({**empty.environment, "CREDITBANK_LISTEN_PORT": "70000"})

    assert "(setting-invalid)" in wrong.run("keys", "list", exit_code=1).output


def test_a_rotated_key_is_listed_first_and_the_old_one_stays(empty: Terminal) -> None:
    empty.run("init", "--host", "bank.example")

    empty.run("keys", "rotate", "verdict-ed25519")

    said = empty.run("keys", "list").output
    assert re.search(r"verdict-ed25519 +0002 +在用 +\S{43}\nverdict-ed25519 +0001 +\S{43}", said)


def test_a_pack_takes_two_people(terminal: Terminal, tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "seeds" / "packs" / "cn-3710.toml"
    newer = re.sub(r"(?m)^version( +)= 1$", r"version\1= 2", shipped.read_text(encoding="utf-8"))
    path = tmp_path / "cn-3710.toml"
    path.write_text(newer, encoding="utf-8")
    terminal.run("rules", "propose", str(path))

    alone = terminal.run("rules", "review", "cn-3710", "2", exit_code=1).output
    terminal.run("rules", "review", "cn-3710", "2", "--actor", "zhao")
    terminal.run("rules", "publish", "cn-3710", "2", "--actor", "zhao")

    assert "(second-person-wanted)" in alone


def test_the_shipped_packs_check_out_and_a_changed_quote_does_not(
    empty: Terminal, tmp_path: Path
) -> None:
    shipped = Path(__file__).parents[2] / "seeds" / "packs" / "cn-3710.toml"
    assert re.search(r"cn-3710@1 +9 +0 +20", empty.run("rules", "check").output)
    source = tmp_path / "notice.txt"
    source.write_text(
        "参加培育项目取得的相应学时可记入我市专业技术人员继续教育学时管理", encoding="utf-8"
    )

    said = empty.run("rules", "check", str(shipped), "--sources", str(tmp_path), exit_code=1).output

    assert "weihai-2022-32-6 找到了，但原文的摘要与所记不同" in said


def test_a_pack_that_leaves_days_open_does_not_check_out(empty: Terminal, tmp_path: Path) -> None:
    shipped = (Path(__file__).parents[2] / "seeds" / "packs" / "cn.toml").read_text("utf-8")
    later = '[[rule]]\nkey = "yearly_minimum.total"\nfrom = 2030-01-02\nvalue = "100"\n'
    ground = 'basis = "notice"\nreference = "mohrss-order-25-8"\n'
    ends = shipped.replace('value     = "90"\n', 'value     = "90"\nuntil     = 2030-01-01\n')
    path = tmp_path / "cn.toml"
    path.write_text(f"{ends}\n{later}{ground}", encoding="utf-8")

    said = empty.run("rules", "check", str(path), exit_code=1).output

    assert "✘ cn yearly_minimum.total：2030-01-01 至 2030-01-01 没有任何值" in said
    assert "✘" not in empty.run("rules", "check").output


def test_cases_are_run_and_days_without_one_are_named(empty: Terminal, tmp_path: Path) -> None:
    (tmp_path / "hours.toml").write_text(
        'question = "conversion"\nscheme = "cn-3710"\n[[case]]\nname = "a day"\n'
        'clause = "第9项"\non = 2024-02-04\ngiven = { activity = "enterprise_course", '
        'form = "seminar", release = "full", half_days = 2, planned = 420, attended = 420 }\n'
        'expect = { hours = "6.00" }\n',
        encoding="utf-8",
    )
    shipped = Path(__file__).parents[2] / "seeds" / "packs" / "cn-3710.toml"

    said = empty.run("rules", "check", str(shipped), "--cases", str(tmp_path), exit_code=1).output

    assert 'hours.toml“a day”（第9项）：hours 应为 "6.00"，规则给出 "8.00"' in said
    assert "cn-3710 recognise.enterprise_course：没有以 2024-02-03 为准的案例" in said
    assert "recognise.enterprise_course：没有以 2024-02-04 为准的案例" not in said
    assert "案例 1 个，与规则不符 1 个" in said


def test_the_shipped_cases_prove_every_day_of_the_shipped_packs(empty: Terminal) -> None:
    cases = Path(__file__).parents[1] / "packs"

    said = empty.run("rules", "check", "--cases", str(cases)).output

    assert "与规则不符 0 个" in said


def test_a_conversion_is_explained_with_its_ground(terminal: Terminal) -> None:
    said = terminal.run(
        "rules", "explain", "cn-3710", "--activity", "enterprise_course", "--day", "2026-11-10"
    ).output

    assert "8.00" in said
    assert "均未规定每天折算多少学时" in said


def test_fsck_names_what_was_changed_by_force(bank: TestBank, terminal: Terminal) -> None:
    bank.post(bank.approved_filing(), attendance([invented_person(1)]))
    terminal.run("ledger", "seal")
    assert "全部相符" in terminal.run("ledger", "fsck").output
    if db.engine.dialect.name == "sqlite":
        _as_owner(bank, "DROP TRIGGER ledger_entry_no_update")
    else:
        _as_owner(bank, "ALTER TABLE ledger_entry DISABLE TRIGGER ALL")
    _as_owner(bank, "UPDATE ledger_entry SET centihours = centihours + 1")

    said = terminal.run("ledger", "fsck", exit_code=3).output

    assert "ledger_entry" in said
    assert "处不符" in said


def test_heads_are_printed_with_their_signed_notes(bank: TestBank, terminal: Terminal) -> None:
    bank.post(bank.approved_filing(), attendance([invented_person(1)]))
    terminal.run("ledger", "seal")

    said = terminal.run("ledger", "head", "--notes").output

    assert "bank.example/ledger/cn-3710/" in said
    assert "\n— bank.example/ledger/" in said


@pytest.mark.parametrize(
    "content",
    ["", "[", "[1]", '{"kind": "resident_id"}', '{"document_kind": 1}', "[" * 3_000, "9" * 5_000],
)
def test_a_file_that_names_nobody_is_refused_in_words(
    empty: Terminal, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "person.json"
    path.write_text(content, encoding="utf-8")

    empty.run("balances", "show", "--scheme", "cn-3710", "--person", str(path), exit_code=1)


def test_a_wrong_number_is_refused_without_being_repeated(empty: Terminal, tmp_path: Path) -> None:
    number = invented_person(1).document.number
    wrong = number[:16] + str((int(number[16]) + 1) % 10) + number[17]
    path = tmp_path / "person.json"
    path.write_text(json.dumps({"kind": "resident_id", "number": wrong, "name": "赵一"}))

    said = empty.run(
        "balances", "show", "--scheme", "cn-3710", "--person", str(path), exit_code=1
    ).output

    assert "/document_number" in said
    assert wrong not in said


def test_a_statement_is_shown_and_written_and_balances_know_two_times(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    person = invented_person(77)
    bank.post(bank.approved_filing(), attendance([person]))
    path, out = person_file(tmp_path, person), tmp_path / "statement.csv"
    of = ("--scheme", "cn-3710", "--person", path)

    shown = terminal.run("balances", "statement", *of, "--from", "2026-11-11").output
    terminal.run("balances", "statement", *of, "--out", str(out))
    terminal.run("balances", "statement", *of, "--out", str(tmp_path / "x.doc"), exit_code=2)
    early = terminal.run("balances", "show", *of, "--as-of", "2026-11-10").output
    unknown = terminal.run("balances", "show", *of, "--known-at", "2026-11-20T00:00:00Z").output
    wrong = terminal.run("balances", "show", *of, "--as-of", "10.11.2026", exit_code=1).output
    as_json = tmp_path / "statement.json"
    terminal.run("balances", "statement", *of, "--out", str(as_json), "--year", "2026")
    terminal.run("balances", "statement", *of, "--out", str(tmp_path / "statement.xlsx"))
    terminal.run("balances", "statement", *of, "--out", str(tmp_path / "statement.jws"))

    assert "期初余额 8.00，期末余额 24.00" in shown
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    assert ("8.00" in early, "24.00" in early) == (True, False)
    assert "没有学时记录" in unknown
    assert "/as_of" in wrong
    assert json.loads(as_json.read_text())["closing_hours"] == "24.00"
    assert (tmp_path / "statement.xlsx").read_bytes().startswith(b"PK")
    assert (tmp_path / "statement.jws").read_bytes().count(b".") == 2


def test_a_providers_statement_is_shown_and_printed(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    press_at_hand()
    person = invented_person(78)
    filing_no = bank.approved_filing()
    bank.post(filing_no, attendance([person]))
    outs = {ending: tmp_path / f"s.{ending}" for ending in ("csv", "xlsx", "json", "pdf")}

    shown = terminal.run("balances", "provider", ENTERPRISE_USCC, "--from", "2026-11-11").output
    for out in outs.values():
        terminal.run("balances", "provider", ENTERPRISE_USCC, "--out", str(out))
    own = tmp_path / "own.pdf"
    of = ("--scheme", "cn-3710", "--person", person_file(tmp_path, person), "--out", str(own))
    terminal.run("balances", "statement", *of)
    terminal.run("balances", "provider", ENTERPRISE_USCC, "--out", "s.jws", exit_code=2)

    assert filing_no in shown
    assert "期初余额 8.00，期末余额 24.00" in shown
    assert json.loads(outs["json"].read_text())["filings"][0]["closing_hours"] == "24.00"
    assert [outs[each].read_bytes()[:2] for each in ("csv", "xlsx", "pdf")] == [
        b"\xef\xbb", b"PK", b"%P",
    ]  # fmt: skip
    assert own.read_bytes()[:5] == b"%PDF-"


def test_earlier_records_are_rehearsed_proposed_and_their_differences_accepted(
    terminal: Terminal, tmp_path: Path
) -> None:
    person = invented_person(79)
    number = person.document.number
    rows, totals, template = (tmp_path / name for name in ("r.csv", "t.csv", "empty.xlsx"))
    rows.write_text(f"姓名,证件号码,年度,科目,学时\n{person.name},{number},2024,专业科目,60\n")
    totals.write_text(f"姓名,证件号码,年度,学时\n{person.name},{number},2024,70\n")
    bad = tmp_path / "bad.csv"
    bad.write_text(rows.read_text() + f"{person.name},{number},2999,专业科目,60\n")
    region = ("--jurisdiction", "cn-3710", "--origin", "原系统")
    of = (str(rows), "--totals", str(totals), *region)

    terminal.run("imports", "template", str(template))
    rehearsed = terminal.run("imports", "rehearse", *of).output
    refused = terminal.run("imports", "rehearse", str(bad), *region, exit_code=1).output
    terminal.run("imports", "propose", str(bad), *region, exit_code=1)
    terminal.run("imports", "rehearse", str(rows), exit_code=2)
    wrong = terminal.run("imports", "propose", *of).output
    [wrong_no] = set(re.findall(r"\bI[0-9A-Z]{9}\b", wrong))
    withdrawn = terminal.run("imports", "withdraw", wrong_no, "--reason", "导出有误").output
    proposed = terminal.run("imports", "propose", *of).output
    [import_no] = set(re.findall(r"\bI[0-9A-Z]{9}\b", proposed))
    again = terminal.run("imports", "propose", *of).output
    terminal.run("imports", "approve", import_no, "--actor", "zhao", exit_code=1)
    accepted = ("--accept-differences", "补录未计")
    approved = terminal.run("imports", "approve", import_no, "--actor", "zhao", *accepted).output

    assert template.read_bytes().startswith(b"PK")
    difference = f"末四位 {number[-4:]}，2024 年：原系统合计 70.00，明细之和 60.00"
    assert difference in rehearsed
    assert "什么也没有写入" in rehearsed
    assert "第 3 行 · 年度" in refused
    assert f"先前已作为 {import_no} 提交" in again
    assert difference in approved
    assert "已核准入账" in approved
    assert f"{wrong_no} 已撤回" in withdrawn
    assert import_no != wrong_no
    assert number not in rehearsed + refused + proposed + approved


def test_a_stranger_has_no_balance(terminal: Terminal, tmp_path: Path) -> None:
    path = person_file(tmp_path, invented_person(900))

    said = terminal.run("balances", "show", "--scheme", "cn-3710", "--person", path, exit_code=1)

    assert "(person-unknown)" in said.output


def test_a_photo_named_as_a_roster_is_refused_in_words(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    photo = tmp_path / "roster.xlsx"
    photo.write_bytes(b"\xff\xd8\xff\xe0" + b"\x00" * 64)

    said = terminal.run("rosters", "post", bank.approved_filing(), str(photo), exit_code=1).output

    assert "(roster-unreadable)" in said


def test_a_terminal_is_shown_each_step_of_a_roster_and_nobody_else_is(
    bank: TestBank, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "roster.csv"
    who = invented_person(901)
    rows = ([who.name, "身份证", who.document.number, f"{day}", 360] for day in SEMINAR_DAYS[:2])
    file.write_bytes(csv_bytes([HEADER, *rows]))
    filing_no = bank.approved_filing()

    piped = terminal.run("rosters", "post", filing_no, str(file), "--rehearse")
    monkeypatch.setattr(commands, "_is_terminal", lambda: True)
    shown = terminal.run("rosters", "post", filing_no, str(file))

    assert (piped.stderr, piped.exit_code) == ("", 0)
    steps = [step.removeprefix("\x1b[K") for step in shown.stderr.split("\r")[1:]]
    assert steps == [
        "读取文件", "核对人员 0 / 2", "逐行折算学时（行） 0 / 2", "记入学时（行） 0 / 2",
        "核对年度上限（人） 0 / 1", "",
    ]  # fmt: skip
    assert "2 行入账" in shown.stdout


def test_a_file_that_cannot_be_written_is_said_in_words(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    nowhere = tmp_path / "none" / "empty.xlsx"

    said = terminal.run(
        "rosters", "template", bank.approved_filing(), "--out", str(nowhere), exit_code=1
    ).output

    assert "(file-unusable)" in said
    assert str(nowhere) in said


def test_an_argument_that_is_no_utf8_is_refused(empty: Terminal) -> None:
    empty.run("organisations", "register", "--name", "\udcff", exit_code=2)


def test_the_language_is_chinese_unless_english_is_wanted() -> None:
    assert language_of({}) == "zh"
    assert language_of({"LANG": "C.UTF-8"}) == "zh"
    assert language_of({"LANG": "en_US.UTF-8"}) == "en"
    assert language_of({"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}) == "zh"


def test_the_language_can_be_chosen_for_one_command(empty: Terminal) -> None:
    result = CliRunner().invoke(
        main, ["--language", "en", "ledger", "fsck"], env=dict(empty.environment)
    )

    assert "The database is not migrated" in result.output


def test_an_actor_must_be_named_and_cannot_pass_for_a_client(empty: Terminal) -> None:
    environment = {**empty.environment, "CREDITBANK_ACTOR": "official-abcd1234; DROP"}

    result = CliRunner().invoke(main, ["clients", "revoke", "x"], env=environment)

    assert result.exit_code == 2


def test_columns_line_up_where_chinese_stands_in_them() -> None:
    laid = table(["年", "科目"], [["2026", "专业"], ["1", "x"]]).split("\n")

    assert {width(line[: line.rindex("  ") + 2]) for line in laid} == {6}


def test_sealing_all_seals_what_waits_and_then_nothing(bank: TestBank) -> None:
    bank.post(bank.approved_filing(), attendance([invented_person(1)]))

    assert seal_all() > 0
    assert seal_all() == 0


def test_answers_are_forgotten_the_day_after_their_time_and_not_before(bank: TestBank) -> None:
    kept_days = bank.house.settings.idempotency_days
    for key, age in (
        ("young", timedelta(days=kept_days - 1)),
        ("old", timedelta(days=kept_days + 1)),
    ):
        with bank.unit() as session:
            session.add(
                IdempotentWrite(
                    client_id="provider-test", idempotency_key=key, content_digest=bytes(32),
                    status=201, answer="{}", recorded_at=utc_now() - age,
                )
            )  # fmt: skip

    assert forget_old() == 1

    with snapshot() as session:
        assert session.get(IdempotentWrite, ("provider-test", "young")) is not None
        assert session.get(IdempotentWrite, ("provider-test", "old")) is None


def test_a_job_that_fails_is_logged_and_the_clock_goes_on(
    bank: TestBank, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> int:
        with unit_of_work() as session:
            session.execute(text("SELECT * FROM no_such_table"))
        return 0

    run_job(bank.app, "broken", broken)
    run_job(bank.app, "seal", seal_all)

    said = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert re.search(r"job-failed .*job=broken", said)
    assert re.search(r"job-done .*job=seal", said)


def _as_owner(bank: TestBank, statement: str) -> None:
    from creditbank.db import make_engine
    from creditbank.ddl_guard import migration_window

    settings = bank.house.settings
    owner = make_engine(settings.owner_url, settings, owner=True)
    with owner.begin() as connection, migration_window(connection):
        connection.execute(text(statement))
    owner.dispose()
