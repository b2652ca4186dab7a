"""A bank comes back from its backup as it was, or not at all."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from creditbank.app import create_app
from creditbank.backup import making, on_postgresql, restoring
from creditbank.certificates.states import State
from creditbank.config import Settings
from creditbank.crediting.kept_files import ROSTERS, Download, take_file
from creditbank.crediting.rosters import RosterPosting, post_roster
from creditbank.ledger.checkpoint import Checkpoint, sign_note
from creditbank.ledger.models import Act, Entry, Epoch
from creditbank.registry.filing.filings import filing_numbered
from creditbank.verification.answers import prepare, sign
from creditbank.verification.questions import Ask, Disclosure
from tests.acts import seal_all
from tests.backup.conftest import COLLEAGUE, FILE, Scene
from tests.backup.places import nothing_stands
from tests.bank import HOST, NOW, TestBank, attendance, invented_person
from tests.certificates.counter import HOLDER, opened
from tests.cli.bench import Terminal, person_file, terminal_for
from tests.faults.audit import missed, violations
from tests.verification.askers import failures
from tools import check_verdict

HERE, NEXT = f"{HOST}/ledger/cn-3710/2026", f"{HOST}/ledger/cn-3710/2027"


@contextmanager
def opened_bank(settings: Settings) -> Iterator[TestBank]:
    bank = TestBank(create_app(settings))
    try:
        yield bank
    finally:
        bank.close()


def heads_of(terminal: Terminal) -> dict[str, str]:
    """Return the size and the root of each log, as it is shown."""
    lines = terminal.run("ledger", "head").output.splitlines()[2:]
    return {origin: f"{size} {root}" for origin, size, root in (line.split() for line in lines)}


def answer_checks(bank: TestBank, scene: Scene) -> list[str]:
    """Have a verdict signed, and return what the offline checker objects to."""
    ask = Ask(
        HOLDER, "cn-3710", "engineering", "associate_senior", date(2026, 11, 20),
        "title_application", "令第25号", {"current_title_on": "2024-06-30"}, Disclosure.RECORD,
    )  # fmt: skip
    with bank.reading() as session:
        prepared = prepare(session, bank.house.vault, ask, scene.client, now=NOW)
    signed = sign(prepared, bank.house.keys, "Ed25519")
    assert signed.statement["record"]
    return failures(bank, check_verdict, signed)


def test_a_restored_bank_replays_to_the_same_roots_opens_a_name_signs_and_goes_on(
    scene: Scene, tmp_path: Path
) -> None:
    settings = scene.elsewhere(tmp_path / "home")
    terminal = terminal_for(settings)
    assert "schema-not-current" in terminal.run("ledger", "head", exit_code=1).output
    assert nothing_stands(settings), "whoever only looks makes no bank"
    if scene.kind == "sqlite":
        (settings.home_path / "bank.sqlite3").touch()

    said = terminal.run("restore", str(scene.backup), "--published", str(scene.then)).output

    assert "各日志根相符" in said
    assert heads_of(terminal) == {log.origin: f"{log.size} {log.root}" for log in scene.heads}
    assert "防篡改触发器齐全" in terminal.run("db", "check").output
    assert "全部相符" in terminal.run("ledger", "fsck").output
    with opened_bank(settings) as again:
        assert missed(again) == (3, 0)
        with again.reading() as session:
            epochs = session.scalars(select(Epoch.reason).order_by(Epoch.epoch)).all()
        assert epochs == ["created", "restored"][: 1 if scene.kind == "sqlite" else 2]
        certificate = opened(again, scene.certificate_no)
        assert certificate.standing.state is State.VALID
        assert HOLDER.name in str(certificate.facts)
        wanted = Download(scene.roster_no, "provider-test", is_official=False)
        with again.unit() as session:
            assert take_file(session, again.house.vault, ROSTERS, wanted, now=NOW).content == FILE
        seal_all(again)
        again.post(scene.filing_no, attendance([invented_person(4)]))
        seal_all(again)
        assert answer_checks(again, scene) == []
        assert missed(again) == (0, 0)
        assert violations(again) == []
    person = person_file(tmp_path, HOLDER)
    assert (
        "24.00"
        in terminal.run("balances", "show", "--person", person, "--scheme", "cn-3710").output
    )


def test_a_backup_made_while_a_poster_is_at_work_is_of_one_moment(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The poster begins before the backup, and ends when the first file of it is written."""
    people = attendance([invented_person(5)])
    poster = ExitStack()
    session = poster.enter_context(scene.bank.unit())
    posting = RosterPosting(filing_numbered(session, scene.filing_no), people, "provider-test")
    assert post_roster(session, scene.bank.house.vault, posting, now=NOW).rows_credited == 3
    for module, name in ((making, "copy_file"), (on_postgresql, "_copy_out")):
        monkeypatch.setattr(module, name, _then(getattr(module, name), poster.close))

    scene.terminal.run("backup", str(tmp_path / "busy"))
    settings = scene.elsewhere(tmp_path / "home")
    terminal_for(settings).run("restore", str(tmp_path / "busy"), "--published", str(scene.later))

    all_leaves = leaves_of(scene.bank)
    with opened_bank(settings) as again:
        leaves = leaves_of(again)
        assert (len(all_leaves - leaves), len(leaves - all_leaves)) == (3, 0)
        assert again.post(scene.filing_no, people).rows_credited == 3
        seal_all(again)
        assert violations(again) == []


def leaves_of(bank: TestBank) -> set[bytes]:
    with bank.reading() as session:
        return set(session.scalars(select(Entry.leaf)))


def _then(copy: Callable[..., object], done: Callable[[], None]) -> Callable[..., object]:
    def copied(*given: object) -> object:
        made = copy(*given)
        done()
        return made

    return copied


def test_a_restore_that_would_roll_a_log_back_says_so_and_refuses(
    scene: Scene, tmp_path: Path
) -> None:
    settings = scene.elsewhere(tmp_path / "home")

    said = (
        terminal_for(settings)
        .run("restore", str(scene.backup), "--published", str(scene.later), exit_code=1)
        .output
    )

    size = {log.origin: log.size for log in scene.heads}[HERE]
    assert "(restore-rolls-back)" in said
    assert f"{HERE}: {size} < {size + 6} (−6)" in said
    assert nothing_stands(settings)


def test_a_forced_restore_closes_the_log_and_never_signs_in_it_again(
    scene: Scene, tmp_path: Path
) -> None:
    settings = scene.elsewhere(tmp_path / "home")
    terminal = terminal_for(settings)
    kept = {log.origin: f"{log.size} {log.root}" for log in scene.heads}

    said = terminal.run(
        "restore", str(scene.backup), "--published", str(scene.later), "--force", "磁盘损坏"
    ).output
    with opened_bank(settings) as again:
        seal_all(again)
        again.post(scene.filing_no, attendance([invented_person(4)]))
        seal_all(again)
        with again.reading() as session:
            act = session.scalars(select(Act).where(Act.kind == "log.closed")).one()
        assert answer_checks(again, scene) == []
        assert violations(again) == []

    heads = heads_of(terminal)
    assert f"已封闭 {HERE}" in said
    assert heads[HERE] == kept[HERE]
    assert heads[NEXT].split()[0] == str(3 + 1 + 3)
    assert (act.actor, act.subject, act.reason) == ("cli:wang", HERE, "rolled-back")
    details = json.loads(act.details)
    assert details["words"] == "磁盘损坏"
    assert details["published"]["size"] == details["kept"] + 6


def test_a_log_that_only_others_know_is_never_begun_again(scene: Scene, tmp_path: Path) -> None:
    settings = scene.elsewhere(tmp_path / "home")
    terminal, published = terminal_for(settings), tmp_path / "published"
    published.mkdir()
    shutil.copy(scene.then, published)
    body = Checkpoint(NEXT, 9, bytes(32)).body()
    note = sign_note(body, NEXT, scene.bank.house.log_key(None))
    (published / "checkpoint").write_text(note, encoding="utf-8")

    order = ["restore", str(scene.backup), "--published", str(published)]
    assert f"{NEXT}: 0 < 9" in terminal.run(*order, exit_code=1).output
    terminal.run(*order, "--force", "无更新的备份")

    with opened_bank(settings) as again:
        again.post(scene.filing_no, attendance([invented_person(4)]))
        seal_all(again)
        assert violations(again) == []
    assert heads_of(terminal)[NEXT].split()[0] == "0"


def test_what_was_published_and_is_another_tree_is_refused_by_force_too(
    scene: Scene, tmp_path: Path
) -> None:
    settings = scene.elsewhere(tmp_path / "home")
    size = {log.origin: log.size for log in scene.heads}[HERE]
    note = sign_note(
        Checkpoint(HERE, size - 1, bytes(32)).body(), HERE, scene.bank.house.log_key(None)
    )
    forged = tmp_path / "forged"
    forged.write_text(note, encoding="utf-8")

    said = (
        terminal_for(settings)
        .run("restore", str(scene.backup), "--published", str(forged), "--force", "x", exit_code=1)
        .output
    )

    assert "(restore-forks)" in said
    assert nothing_stands(settings)


@pytest.mark.parametrize("what", ["nothing", "torn", "another signer's"])
def test_a_restore_has_something_to_compare_with(scene: Scene, tmp_path: Path, what: str) -> None:
    settings, published = scene.elsewhere(tmp_path / "home"), tmp_path / "published"
    text = scene.then.read_text(encoding="utf-8")
    published.write_text(
        {
            "nothing": "no checkpoint\n",
            "torn": text.replace(f"{HERE}\n", f"{HERE}\n\n", 1),
            "another signer's": text.replace("— bank", "— tank"),
        }[what],
        encoding="utf-8",
    )

    said = (
        terminal_for(settings)
        .run("restore", str(scene.backup), "--published", str(published), exit_code=1)
        .output
    )

    assert "(published-unreadable)" in said
    assert nothing_stands(settings)


@contextmanager
def served(bank: TestBank) -> Iterator[str]:
    """Serve a bank, as it does while somebody restores a copy of it elsewhere."""
    server = make_server("127.0.0.1", 0, bank.app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_bank_that_still_serves_tells_itself_how_far_it_was_published(
    scene: Scene, tmp_path: Path
) -> None:
    settings = scene.elsewhere(tmp_path / "home")
    with served(scene.bank) as address:
        order = ["restore", str(scene.backup), "--published", address]
        said = terminal_for(settings).run(*order, exit_code=1).output
    gone = terminal_for(settings).run(*order, exit_code=1).output

    assert "(restore-rolls-back)" in said
    assert HERE in said
    assert "(published-unreadable)" in gone
    assert nothing_stands(settings)


def refused(scene: Scene, settings: Settings, folder: Path) -> str:
    said = (
        terminal_for(settings)
        .run("restore", str(folder), "--published", str(scene.then), exit_code=1)
        .output
    )
    assert nothing_stands(settings)
    return said


def test_no_byte_of_a_backup_can_be_changed(scene: Scene, tmp_path: Path) -> None:
    settings = scene.elsewhere(tmp_path / "home")
    folder = tmp_path / "altered"
    shutil.copytree(scene.backup, folder)
    names = sorted(path.name for path in folder.iterdir() if path.stat().st_size)
    said = {}
    for name in names if scene.kind == "sqlite" else [*names[:2], "ledger_entry.copy", *names[-1:],
                                                     "manifest.json", "manifest.note"]:  # fmt: skip
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)
        said[name] = refused(scene, settings, folder)
        shutil.copy(scene.backup / name, folder / name)
    (folder / names[0]).unlink()

    assert "(backup-altered)" in refused(scene, settings, folder)
    codes = {"manifest.json": "backup-", "manifest.note": "(backup-foreign)"}
    assert {n: s for n, s in said.items() if codes.get(n, "(backup-altered)") not in s} == {}


def test_without_the_keys_or_with_others_nothing_is_restored(scene: Scene, tmp_path: Path) -> None:
    settings = scene.elsewhere(tmp_path / "home")
    keys = settings.keys_path
    (keys / "lookup.0001.key").rename(tmp_path / "lookup")
    assert "lookup.0001" in refused(scene, settings, scene.backup)

    (keys / "lookup.0001.key").write_bytes(bytes(32))
    assert "(key-missing)" in refused(scene, settings, scene.backup)

    for path in keys.iterdir():
        path.unlink()
    assert "(backup-foreign)" in refused(scene, settings, scene.backup)
    assert list(keys.iterdir()) == []


def test_nothing_is_put_over_what_stands(scene: Scene, tmp_path: Path) -> None:
    assert "(place-taken)" in scene.terminal.run(
        "restore", str(scene.backup), "--published", str(scene.later), "--force", "x", exit_code=1
    ).output  # fmt: skip
    assert "(place-taken)" in scene.terminal.run("backup", str(scene.backup), exit_code=1).output
    assert scene.bank.fsck() == []


def test_a_backup_of_the_other_database_or_of_a_newer_program_is_refused(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = scene.elsewhere(tmp_path / "home")
    with monkeypatch.context() as patched:
        patched.setattr(restoring, "knows_revision", lambda _revision: False)
        assert "(backup-newer)" in refused(scene, settings, scene.backup)
    other = f"sqlite:///{tmp_path / 'x.sqlite3'}" if scene.kind == "postgresql" else "postgresql://"
    wrong = Terminal({**terminal_for(settings).environment, "CREDITBANK_OWNER_DATABASE_URL": other})
    said = wrong.run("restore", str(scene.backup), "--published", str(scene.then), exit_code=1)

    assert "(backup-other-database)" in said.output


def test_a_backup_whose_rows_do_not_lead_to_its_roots_is_not_restored(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed all the same: by a bank that was rewritten before it was backed up."""
    copy_file, copy_in = making.copy_file, on_postgresql._copy_in

    def rewritten(url: str, folder: Path) -> Path:
        path = copy_file(url, folder)
        connection = sqlite3.connect(path)
        [trigger] = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'ledger_entry_no_update'"
        ).fetchone()
        connection.executescript(
            "DROP TRIGGER ledger_entry_no_update;"
            "UPDATE ledger_entry SET centihours = centihours + 1 WHERE entry_id = 1;" + trigger
        )
        connection.close()
        return path

    def other_rows(connection, folder, each) -> None:  # type: ignore[no-untyped-def]
        copy_in(connection, folder, each)
        if each.table == "ledger_entry":
            connection.exec_driver_sql("UPDATE ledger_entry SET centihours = centihours + 1")

    monkeypatch.setattr(making, "copy_file", rewritten)
    monkeypatch.setattr(on_postgresql, "_copy_in", other_rows)
    scene.terminal.run("backup", str(tmp_path / "rewritten"))

    said = refused(scene, scene.elsewhere(tmp_path / "home"), tmp_path / "rewritten")

    assert "(restore-disagrees)" in said
    assert "ledger_entry" in said


def test_a_backup_of_a_bank_that_had_lost_a_guard_is_not_restored(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's guards lie in its file; on PostgreSQL migrations alone make them."""
    copy_file = making.copy_file

    def unguarded(url: str, folder: Path) -> Path:
        path = copy_file(url, folder)
        connection = sqlite3.connect(path)
        connection.execute("DROP TRIGGER ledger_entry_no_update")
        connection.close()
        return path

    monkeypatch.setattr(making, "copy_file", unguarded)
    scene.terminal.run("backup", str(tmp_path / "unguarded"))
    settings = scene.elsewhere(tmp_path / "home")
    order = ("restore", str(tmp_path / "unguarded"), "--published", str(scene.later))

    if scene.kind == "sqlite":
        said = terminal_for(settings).run(*order, exit_code=1).output
        assert "(restore-guards-differ)" in said
        assert nothing_stands(settings)
    else:
        terminal_for(settings).run(*order)
        assert "防篡改触发器齐全" in terminal_for(settings).run("db", "check").output


def test_no_key_is_in_a_backup(scene: Scene) -> None:
    keys = scene.bank.house.settings.keys_path
    secrets = [path.read_bytes() for path in keys.iterdir()]
    found = [
        path.name
        for path in scene.backup.iterdir()
        for secret in secrets
        if secret in path.read_bytes() or secret.hex().encode() in path.read_bytes()
    ]

    assert len(secrets) == 5
    assert found == []
    assert COLLEAGUE.name.encode() not in (scene.backup / "manifest.json").read_bytes()


def test_numbers_go_on_behind_the_highest_that_were_given(scene: Scene, tmp_path: Path) -> None:
    settings = scene.elsewhere(tmp_path / "home")
    terminal_for(settings).run("restore", str(scene.backup), "--published", str(scene.then))

    with opened_bank(settings) as again:
        with again.reading() as session:
            before = [max(session.scalars(select(c))) for c in (Entry.entry_id, Act.act_id)]
        again.post(again.approved_filing(), attendance([invented_person(9)]))
        with again.reading() as session:
            after = [max(session.scalars(select(c))) for c in (Entry.entry_id, Act.act_id)]

    assert after[0] == before[0] + 3
    assert after[1] > before[1]
