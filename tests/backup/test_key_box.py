"""Keys leave the bank in a locked file, and come back to a place that has none."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from creditbank.config import Settings
from creditbank.keys import KEY_KINDS, KeyStore
from tests.cli.bench import Terminal, terminal_for

PASSPHRASE = "潮汐 山墙 罗盘 纸鸢 竹简 砚台 灯塔 麦田"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    settings = Settings(home=str(tmp_path / "bank"))
    KeyStore(settings.keys_path).ensure()
    KeyStore(settings.keys_path).rotate("vault")
    (tmp_path / "passphrase").write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    return terminal_for(settings)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Terminal:
    return terminal_for(Settings(home=str(tmp_path / "again")))


def keys_in(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (home / "keys").iterdir()}


def under_passphrase(terminal: Terminal, tmp_path: Path) -> Path:
    file = tmp_path / "keys.box"
    terminal.run("keys", "backup", str(file), "--passphrase-file", str(tmp_path / "passphrase"))
    return file


def under_shares(terminal: Terminal, tmp_path: Path) -> tuple[Path, list[str]]:
    file = tmp_path / "keys.box"
    said = terminal.run("keys", "backup", str(file), "--shares", "3", "--of", "5").output
    return file, re.findall(r"^  ((?:[a-z]+ ){32}[a-z]+)$", said, re.MULTILINE)


def test_a_passphrase_opens_what_it_locked(
    terminal: Terminal, elsewhere: Terminal, tmp_path: Path
) -> None:
    file = under_passphrase(terminal, tmp_path)

    elsewhere.run("keys", "restore", str(file), stdin=f"{PASSPHRASE}\n")

    assert keys_in(tmp_path / "again") == keys_in(tmp_path / "bank")
    assert len(keys_in(tmp_path / "again")) == len(KEY_KINDS) + 1
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "again/keys").iterdir()}
    assert (modes, file.stat().st_mode & 0o777) == ({0o600}, 0o600)


def test_any_three_of_five_shares_open_it_and_two_do_not(
    terminal: Terminal, elsewhere: Terminal, tmp_path: Path
) -> None:
    file, shares = under_shares(terminal, tmp_path)
    assert len(set(shares)) == 5
    lines = tmp_path / "shares"
    for too_few in (shares[:2], [shares[0]] * 3, [*shares[:2], shares[2].replace(" ", " x", 1)]):
        lines.write_text("\n".join(too_few), encoding="utf-8")
        order = ("keys", "restore", str(file), "--shares-file", str(lines))
        assert "(shares-wrong)" in elsewhere.run(*order, exit_code=1).output
    assert not (tmp_path / "again" / "keys").exists()

    elsewhere.run("keys", "restore", str(file), stdin="\n".join(shares[2:]) + "\n")

    assert keys_in(tmp_path / "again") == keys_in(tmp_path / "bank")


def test_more_shares_than_are_wanted_open_it_too(
    terminal: Terminal, elsewhere: Terminal, tmp_path: Path
) -> None:
    file, shares = under_shares(terminal, tmp_path)
    (tmp_path / "shares").write_text("\n".join(shares), encoding="utf-8")

    elsewhere.run("keys", "restore", str(file), "--shares-file", str(tmp_path / "shares"))

    assert keys_in(tmp_path / "again") == keys_in(tmp_path / "bank")


def test_shares_of_another_file_do_not_open_this_one(
    terminal: Terminal, elsewhere: Terminal, tmp_path: Path
) -> None:
    file, shares = under_shares(terminal, tmp_path)
    file.unlink()
    file, _ = under_shares(terminal, tmp_path)

    said = elsewhere.run(
        "keys", "restore", str(file), stdin="\n".join(shares[:3]) + "\n", exit_code=1
    ).output

    assert "(key-box-locked)" in said


def test_no_key_and_no_passphrase_stands_in_the_file(terminal: Terminal, tmp_path: Path) -> None:
    content = under_passphrase(terminal, tmp_path).read_text(encoding="utf-8")

    assert PASSPHRASE not in content
    assert "PRIVATE" not in content
    assert json.loads(content)["opener"]["kind"] == "argon2id"


def test_another_passphrase_opens_nothing(
    terminal: Terminal, elsewhere: Terminal, tmp_path: Path
) -> None:
    file = under_passphrase(terminal, tmp_path)

    said = elsewhere.run("keys", "restore", str(file), stdin=f"{PASSPHRASE}x\n", exit_code=1)

    assert "(key-box-locked)" in said.output
    assert not (tmp_path / "again" / "keys").exists()


def _set(part: str, name: str, value: object) -> Callable[[str], str]:
    def change(content: str) -> str:
        said = json.loads(content)
        (said[part] if part else said)[name] = value
        return json.dumps(said)

    return change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_set("", "statement", "creditbank/keys/v2"), "key-box-unreadable"),
        (_set("opener", "kind", "none"), "key-box-unreadable"),
        (_set("opener", "memory_kib", 2**40), "key-box-unreadable"),
        (_set("opener", "salt", "zz"), "key-box-unreadable"),
        (_set("opener", "iterations", 2), "key-box-locked"),
        (_set("", "nonce", "00" * 12), "key-box-locked"),
        (_set("", "sealed", "AAAA"), "key-box-locked"),
        (lambda content: content[: len(content) // 2], "key-box-unreadable"),
        (lambda _content: "[]", "key-box-unreadable"),
    ],
)
def test_an_altered_file_opens_nothing(
    terminal: Terminal,
    elsewhere: Terminal,
    tmp_path: Path,
    change: Callable[[str], str],
    code: str,
) -> None:
    file = under_passphrase(terminal, tmp_path)
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")

    said = elsewhere.run("keys", "restore", str(file), stdin=f"{PASSPHRASE}\n", exit_code=1)

    assert f"({code})" in said.output


def test_keys_are_never_put_over_keys_nor_a_file_over_a_file(
    terminal: Terminal, tmp_path: Path
) -> None:
    file = under_passphrase(terminal, tmp_path)
    before = keys_in(tmp_path / "bank")

    back = terminal.run("keys", "restore", str(file), stdin=f"{PASSPHRASE}\n", exit_code=1)
    again = terminal.run("keys", "backup", str(file), "--shares", "2", "--of", "3", exit_code=1)

    assert "(place-taken)" in back.output
    assert "(place-taken)" in again.output
    assert keys_in(tmp_path / "bank") == before


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (("--shares", "1", "--of", "5"), "shares-impossible"),
        (("--shares", "6", "--of", "5"), "shares-impossible"),
        (("--shares", "3", "--of", "17"), "shares-impossible"),
        ((), "passphrase-weak"),
    ],
)
def test_a_weak_lock_is_refused(
    terminal: Terminal, tmp_path: Path, more: tuple[str, ...], code: str
) -> None:
    file = tmp_path / "keys.box"

    said = terminal.run("keys", "backup", str(file), *more, stdin="short\nshort\n", exit_code=1)

    assert f"({code})" in said.output
    assert not file.exists()


def test_half_of_a_sharing_is_no_order(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("keys", "backup", str(tmp_path / "box"), "--shares", "3", exit_code=2)


def test_a_home_without_keys_has_nothing_to_lock(elsewhere: Terminal, tmp_path: Path) -> None:
    order = ("keys", "backup", str(tmp_path / "box"), "--shares", "2", "--of", "3")

    assert "(key-missing)" in elsewhere.run(*order, exit_code=1).output
