"""Small packs for tests: a head that is right, and rules in one line each."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from creditbank.rules.loader import chain_of, load_pack
from creditbank.rules.pack import Pack, PackChain

# How long an example takes on a busy machine says nothing about the law.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

SEEDS = Path(__file__).parents[2] / "seeds" / "packs"
HEAD = {
    "id": '"cn-99"',
    "version": "3",
    "title_zh": '"测试规则"',
    "title_en": '"A pack for tests"',
    "jurisdiction": '"cn-99"',
    "zone": '"Asia/Shanghai"',
    "status": '"in_force"',
    "verified_on": "2026-11-21",
}
ASSUMED = {"basis": '"assumption"', "reason": '"仅用于测试。"', "reason_en": '"For tests only."'}

PackText = Callable[..., str]
ChainFrom = Callable[..., PackChain]


def lines_of(table: dict[str, str]) -> str:
    return "".join(f"{key} = {value}\n" for key, value in table.items() if value)


def text_of_pack(*rules: dict[str, str], **head: str) -> str:
    """Write a pack; a rule's or a head's key is left out where its text is empty."""
    return lines_of(HEAD | head) + "".join(f"\n[[rule]]\n{lines_of(rule)}" for rule in rules)


def assumed_rule(key: str, value: str, from_: str = "2020-01-01", **more: str) -> dict[str, str]:
    return {"key": f'"{key}"', "from": from_, "value": value, **ASSUMED, **more}


@pytest.fixture(scope="session")
def pack_text() -> PackText:
    return text_of_pack


@pytest.fixture(scope="session")
def rule() -> Callable[..., dict[str, str]]:
    return assumed_rule


@pytest.fixture(scope="session")
def chain_from() -> ChainFrom:
    """Make a chain of one pack from key = value pairs of rules that hold from 2020-01-01."""

    def build(**values: str) -> PackChain:
        rules = [assumed_rule(key.replace("__", "."), value) for key, value in values.items()]
        pack = load_pack(text_of_pack(*rules).encode(), file="test.toml")
        return PackChain((pack,))

    return build


@pytest.fixture(scope="session")
def shipped() -> dict[str, Pack]:
    packs = [load_pack(path.read_bytes(), file=path.name) for path in SEEDS.glob("*.toml")]
    return {pack.id: pack for pack in packs}


@pytest.fixture(scope="session")
def weihai(shipped: dict[str, Pack]) -> PackChain:
    return chain_of("cn-3710", shipped)
