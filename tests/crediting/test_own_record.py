"""What somebody sees of their own hours: how each stands, what a year holds, and the proof."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from creditbank.crediting.balances import Times
from creditbank.crediting.explanations import EntryUnknownError
from creditbank.crediting.own import (
    OwnCredit,
    Standing,
    amounts_behind,
    held_by_year,
    keys_of,
    own_credits,
    schemes_held,
)
from creditbank.crediting.proofs import own_credit, proof_file, proof_of
from creditbank.ledger.logs import NotSealedError
from creditbank.ledger.posting import PersonErasedError
from creditbank.ledger.proving import listed_logs
from creditbank.people.register import erase_secret
from creditbank.registry.lawbook import law_of
from tests.achievements import PAPER, WORKS, publish_works, recognised
from tests.acts import key_of, seal_all
from tests.bank import NOW, SEMINAR_DAYS, TestBank, attendance, invented_person
from tests.crediting.ledgers import varied_record
from tools import check_verdict

PERSON, OTHER = invented_person(1), invented_person(2)
SCHEME = "cn-3710"


tool: Any = check_verdict


@pytest.fixture
def varied(bank: TestBank) -> TestBank:
    """A bank in which somebody has an hour of every standing."""
    varied_record(bank, PERSON)
    return bank


def credits(bank: TestBank, scheme: str = SCHEME, **options: Any) -> list[OwnCredit]:
    with bank.reading() as session:
        return own_credits(session, keys_of(session, key_of(bank, PERSON)), scheme, **options)


def proof(bank: TestBank, leaf: bytes) -> dict[str, Any]:
    with bank.reading() as session:
        credit = own_credit(session, [key_of(bank, PERSON)], leaf)
        proved = proof_of(session, bank.house.vault, credit)
        return json.loads(json.dumps(proof_file(session, proved, now=NOW)))


def logs(bank: TestBank) -> dict[str, Any]:
    with bank.reading() as session:
        listed = [{"origin": each.origin, "vkey": each.vkey} for each in listed_logs(session)]
    return {"logs": listed}


def failed(given: dict[str, Any], listed: dict[str, Any] | None = None) -> set[str]:
    raw = None if listed is None else json.dumps(listed).encode()
    return set(tool.examine_proof(json.dumps(given).encode(), logs=raw).failed)


def test_every_credit_says_how_it_stands_from_whom_and_for_what(varied: TestBank) -> None:
    found = credits(varied)

    assert [
        (each.credit.earned_on.day, each.counted_centihours, each.capped_centihours)
        for each in found
        if each.standing not in (Standing.LIVE, Standing.CAPPED)
    ] == [(13, 800, 0), (10, 0, 0)]
    assert sorted(
        (each.credit.earned_on.day, str(each.standing), each.counted_centihours)
        for each in found
        if not each.is_migrated
    ) == [
        (10, "reversed", 0), (11, "live", 800), (12, "capped", 0), (12, "live", 800),
        (13, "pending", 800),
    ]  # fmt: skip
    assert {(each.title, each.given_by) for each in found} == {
        ("碳纤维复合材料成型工艺研修", "威海示例复合材料有限公司"),
        ("", "an earlier system"),
    }


def test_a_year_holds_its_subjects_against_what_it_asks_for(varied: TestBank) -> None:
    with varied.reading() as session:
        law = law_of(session, SCHEME)
    years = held_by_year(credits(varied), law, 2026)

    this_year, between, first = years
    professional = next(each for each in this_year.subjects if each.subject == "professional")
    public = next(each for each in this_year.subjects if each.subject == "public")
    assert [year.year for year in years] == [2026, 2025, 2024]
    assert (this_year.total.counted_centihours, this_year.total.capped_centihours) == (2400, 800)
    assert this_year.total.pending_centihours == 800
    assert this_year.has_hidden
    assert professional.counted_centihours == 2400
    assert (public.counted_centihours, public.short_centihours > 0) == (0, True)
    assert between.total.counted_centihours == 0
    assert between.total.short_centihours > 0
    assert (first.total.migrated_centihours, first.has_hidden) == (2000, False)
    assert {value.key for value in amounts_behind(years)} >= {"yearly_minimum.total"}


def test_without_law_and_without_hours_nothing_is_asked_for(varied: TestBank) -> None:
    (total, *_), *_ = [year.subjects for year in held_by_year(credits(varied), None, 2026)]

    assert (total.required, total.short_centihours) == (None, 0)
    assert held_by_year([], None, 2026) == ()


def test_what_was_known_then_knows_nothing_that_was_recorded_since(varied: TestBank) -> None:
    late = varied.approved_filing(days=SEMINAR_DAYS[:1], now=NOW + timedelta(days=1))
    varied.post(late, attendance([PERSON], SEMINAR_DAYS[:1]), now=NOW + timedelta(days=1))

    then = credits(varied, times=Times(known_at=NOW + timedelta(hours=1)))

    # What waited for its place then had none at the checkpoint either.
    assert {each.standing for each in credits(varied)} - {each.standing for each in then} == {
        Standing.PENDING
    }
    assert len(credits(varied)) == len(then) + 2
    assert credits(varied, times=Times(known_at=NOW - timedelta(days=1))) == []


def test_a_recognised_item_bears_its_own_title_and_its_own_scheme(bank: TestBank) -> None:
    publish_works(bank)
    recognised(bank, PERSON)
    with bank.reading() as session:
        schemes = schemes_held(session, keys_of(session, key_of(bank, PERSON)))

    [paper] = credits(bank, WORKS)

    assert schemes == [WORKS]
    assert (paper.title, paper.given_by, paper.activity) == (PAPER.title, "", "paper")


def test_a_proof_of_each_sealed_credit_holds_offline(varied: TestBank) -> None:
    listed = logs(varied)
    proofs = [
        proof(varied, each.credit.leaf)
        for each in credits(varied)
        if each.standing is not Standing.PENDING
    ]

    assert [failed(each, listed) for each in proofs] == [set()] * 5
    assert sorted(len(each["entries"]) for each in proofs) == [1, 1, 1, 2, 2]
    report = tool.examine_proof(json.dumps(proofs[0]).encode())
    assert "no-logs-given" in {finding.code for finding in report.findings}
    assert PERSON.name not in json.dumps(proofs, ensure_ascii=False)
    assert PERSON.document.number not in json.dumps(proofs)


Lie = Callable[[dict[str, Any]], Any]
LIES: dict[str, tuple[set[str], Lie]] = {
    "more hours": ({"leaves", "movements"}, lambda p: p["entries"][0]["body"].__setitem__(6, 9900)),
    "other minutes": ({"facts"}, lambda p: p["entries"][0]["facts"].update(attended_minutes=1)),
    "another place": ({"inclusion"}, lambda p: p["entries"][0].update(index=0)),
    "no reversal": (set(), lambda p: p["entries"].pop()),
    "only the reversal": ({"one-credit", "movements"}, lambda p: p["entries"].pop(0)),
    "a larger log": ({"head-content", "inclusion"}, lambda p: p["heads"][0].update(size=10**6)),
    "another root": ({"head-content", "inclusion"}, lambda p: p["heads"][0].update(root="00" * 32)),
    "a member more": ({"members"}, lambda p: p.update(holder="somebody")),
    "no heads": ({"heads", "inclusion"}, lambda p: p.update(heads=[])),
}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_proof_that_says_something_else_fails(varied: TestBank) -> None:
    [reversed_] = [each for each in credits(varied) if each.standing is Standing.REVERSED]
    honest = proof(varied, reversed_.credit.leaf)

    found = {}
    for lie, (_, tell) in LIES.items():
        told = json.loads(json.dumps(honest))
        tell(told)
        found[lie] = failed(told, logs(varied))

    assert found == {lie: wanted for lie, (wanted, _) in LIES.items()}
    stranger = {"logs": [{"origin": honest["heads"][0]["origin"], "vkey": "x"}]}
    assert failed(honest, stranger) == {"published-keys"}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_command_checks_a_proof_and_says_what_it_does_not_show(
    varied: TestBank, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [reversed_] = [each for each in credits(varied) if each.standing is Standing.REVERSED]
    file, listed = tmp_path / "proof.json", tmp_path / "logs.json"
    file.write_text(json.dumps(proof(varied, reversed_.credit.leaf)))
    listed.write_text(json.dumps(logs(varied)))

    good = tool.main([str(file), "--logs", str(listed)])
    shown = capsys.readouterr().out
    file.write_text(file.read_text().replace('"centihours"', '"hours"').replace("800,", "900,"))
    bad = tool.main([str(file), "--language", "en"])

    assert (good, bad) == (0, 1)
    assert "credit 8.00 学时，2026 年，professional" in shown
    assert "reverse 8.00 学时" in shown
    assert "[通过] 日志公钥与学时银行公布的一致 (published-keys)" in shown
    assert "不能说明是谁的学时" in shown
    assert "Do not rely on it" in capsys.readouterr().out
    assert tool.main([str(tmp_path / "proof.json"), "--logs", str(file)]) == 2
    file.write_text('{"statement": "creditbank/proof/v2"}')
    assert tool.main([str(file)]) == 2
    file.write_text("a.b.c")
    assert tool.main([str(file)]) == 2
    assert "--jwks" in capsys.readouterr().err


def test_what_waits_for_its_place_has_no_proof_yet(varied: TestBank) -> None:
    [waiting] = [each for each in credits(varied) if each.standing is Standing.PENDING]

    with pytest.raises(NotSealedError):
        proof(varied, waiting.credit.leaf)

    seal_all(varied)
    assert failed(proof(varied, waiting.credit.leaf)) == set()


def test_nobody_gets_the_proof_of_anothers_hours_or_of_an_erased_ones(varied: TestBank) -> None:
    bank, leaf = varied, credits(varied)[-1].credit.leaf
    bank.post(bank.approved_filing(), attendance([OTHER]))
    with bank.reading() as session, pytest.raises(EntryUnknownError):
        own_credit(session, [key_of(bank, OTHER)], leaf)
    with bank.unit() as session:
        erase_secret(session, key_of(bank, PERSON), now=NOW)

    with pytest.raises(PersonErasedError):
        proof(bank, leaf)
