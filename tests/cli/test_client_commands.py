"""Commands for clients: made, rotated, listed, stopped."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc.jwk import OKPKey

from creditbank.clock import utc_now
from creditbank.registry.clients import Scope
from creditbank.registry.credentials import credentials_of
from creditbank.registry.tokens import (
    ClientRefusedError,
    client_proved,
    prove_by_secret,
)
from tests.bank import TestBank
from tests.cli.bench import Terminal, terminal_for


@pytest.fixture
def terminal(bank: TestBank) -> Terminal:
    return terminal_for(bank.house.settings)


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, text
    return match[0]


def made(terminal: Terminal, *options: str) -> tuple[str, str]:
    """Make an official's client; return its id and what was said."""
    said = terminal.run("clients", "create", "--name", "审计", "--role", "official",
                        "--jurisdiction", "cn-37", *options).output  # fmt: skip
    return found(r"official-\w{8}", said), said


def holds(bank: TestBank, client_id: str, secret: str) -> bool:
    try:
        with bank.reading() as session:
            prove_by_secret(session, client_id, secret, now=utc_now())
    except ClientRefusedError:
        return False
    return True


def test_a_client_is_made_with_its_secret_in_a_private_file_and_revoked(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "auditor.secret"
    client_id, said = made(terminal, "--scope", "balance:read", "--secret-file", str(file))
    secret = file.read_text()
    with bank.reading() as session:
        credential = prove_by_secret(session, client_id, secret, now=utc_now())
        client = client_proved(session, credential)
    assert client.scopes == {Scope.BALANCE_READ}
    assert file.stat().st_mode & 0o077 == 0
    assert secret not in said

    terminal.run("clients", "revoke", client_id)

    assert not holds(bank, client_id, secret)


def test_a_rotated_secret_ends_when_the_overlap_is_over(bank: TestBank, terminal: Terminal) -> None:
    client_id, said = made(terminal)
    old = found(r"cbs_[\w-]+", said)

    said = terminal.run("clients", "rotate", client_id, "--overlap-hours", "1").output

    new = found(r"cbs_[\w-]+", said)
    assert holds(bank, client_id, old)
    assert holds(bank, client_id, new)
    with bank.reading() as session:
        newest, oldest = credentials_of(session, client_id)
        later = utc_now() + timedelta(minutes=61)
        prove_by_secret(session, client_id, new, now=later)
        with pytest.raises(ClientRefusedError):
            prove_by_secret(session, client_id, old, now=later)
    assert oldest.credential_no in said
    assert newest.expires_at is None


def test_a_public_key_is_registered_from_a_file_and_a_private_one_refused(
    bank: TestBank, terminal: Terminal, tmp_path: Path
) -> None:
    client_id, _said = made(terminal)
    key, file = OKPKey.generate_key("Ed25519"), tmp_path / "key.json"

    file.write_text(json.dumps(key.as_dict(private=True)))
    refused = terminal.run("clients", "rotate", client_id, "--public-key", str(file), exit_code=1)
    file.write_text(json.dumps(key.as_dict(private=False)))
    said = terminal.run("clients", "rotate", client_id, "--public-key", str(file)).output

    assert "只要公开部分" in refused.output
    assert str(key.as_dict(private=True)["d"]) not in refused.output
    assert re.search(r"公钥 K\w{9} 已登记", said)
    with bank.reading() as session:
        assert [each.kind for each in credentials_of(session, client_id)] == [
            "public_key", "secret",
        ]  # fmt: skip


def test_credentials_are_listed_without_a_secret_and_stopped_one_by_one(
    bank: TestBank, terminal: Terminal
) -> None:
    client_id, said = made(terminal)
    old = found(r"cbs_[\w-]+", said)
    first = found(r"K[0-9A-Z]{9}", said)
    terminal.run("clients", "rotate", client_id)

    terminal.run("clients", "revoke", client_id, "--credential", first)

    listed = terminal.run("clients", "credentials", client_id).output
    assert listed.count("密钥") == 2
    assert old not in listed
    assert not holds(bank, client_id, old)


def test_a_client_that_is_not_there_is_said_so(terminal: Terminal) -> None:
    for words in (("credentials",), ("rotate",), ("revoke",)):
        said = terminal.run("clients", *words, "official-00000000", exit_code=1).output
        assert "client-unknown" in said
