"""What a unit's reviews of a year relied on: gathered, masked or named, signed, and recorded."""

import csv
import hashlib
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import python_calamine
from joserfc import jws
from joserfc.jwk import KeySet
from sqlalchemy import select

from creditbank.answering import answered
from creditbank.canonical import canonical_bytes
from creditbank.catalogue import LANGUAGES
from creditbank.clock import utc_now
from creditbank.crediting.imports import RecordRow
from creditbank.keys import public_jwk
from creditbank.ledger.journal import details_of
from creditbank.ledger.models import Act
from creditbank.people.register import Identity
from creditbank.registry.clients import SCOPES_OF, Client, RegionForeignError, Role
from creditbank.registry.mandates import change_mandate
from creditbank.registry.models import Mandate
from creditbank.verification.models import Verdict
from creditbank.verification.questions import Ask
from creditbank.verification.results import ResultDraft, report_result
from creditbank.verification.review_export_sheets import WRITERS
from creditbank.verification.review_exports import (
    COLUMNS,
    TAKEN,
    ExportWanted,
    ReviewExport,
    ReviewExportNamesError,
    take_export,
)
from creditbank.verification.review_reports import Result
from tests.bank import NOW, TestBank, invented_person
from tests.verification.askers import asker

KNOWN, STRANGER, OTHER = invented_person(7), invented_person(8), invented_person(9)
YEAR = 2025
VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "review_export.json").read_text(encoding="utf-8")
)


def asked(bank: TestBank, client: Client, who: Identity) -> str:
    ask = Ask(who, "cn-3710", "engineering", "associate_senior", date(2026, 12, 1), "评审", "令")
    return answered(ask, client, now=NOW).verdict_no


def report(bank: TestBank, client: Client, number: str, result: Result, year: int = YEAR) -> None:
    with bank.unit() as session:
        draft = ResultDraft(result, date(year, 9, 15))
        report_result(session, bank.house.vault, number, draft, client, now=utc_now())


def taken(bank: TestBank, client: Client, organisation_id: int, **wanted: Any) -> ReviewExport:
    with bank.unit() as session:
        return take_export(
            session, bank.house.vault, ExportWanted(organisation_id, YEAR, **wanted), client,
            bank.house.keys, "Ed25519", now=NOW,
        )  # fmt: skip


def unit_of(client: Client) -> int:
    assert client.organisation_id is not None
    return client.organisation_id


def official(region: str) -> Client:
    return Client("official-test", Role.OFFICIAL, SCOPES_OF[Role.OFFICIAL], region, None)


def test_the_answers_whose_result_stands_in_the_year_are_listed_signed_and_recorded(
    bank: TestBank,
) -> None:
    client = asker(bank)
    bank.imported([RecordRow(KNOWN, 2025, "professional", 6000)])
    known, stranger, late, taken_back, silent = (
        asked(bank, client, who) for who in (KNOWN, STRANGER, OTHER, invented_person(10), OTHER)
    )
    report(bank, client, known, Result.PASSED)
    report(bank, client, stranger, Result.FAILED)
    report(bank, client, late, Result.PASSED, YEAR - 1)
    report(bank, client, taken_back, Result.PASSED)
    report(bank, client, taken_back, Result.RETRACTED)

    export = taken(bank, client, unit_of(client))

    assert silent
    assert {row["verdict_no"]: row["result"] for row in export.rows} == {
        known: "passed", stranger: "failed",
    }  # fmt: skip
    first, second = sorted(export.rows, key=lambda row: row["verdict_no"] != known)
    assert tuple(first) == COLUMNS
    assert (first["name"], second["name"]) == (f"{KNOWN.name[0]}＊", "")
    assert first["last_four"] == KNOWN.document.number[-4:]
    keys = KeySet.import_key_set(
        {"keys": [public_jwk(key) for key in bank.house.keys.every("verdict-ed25519")]}
    )
    payload = json.loads(jws.deserialize_compact(export.jws, keys, algorithms=["Ed25519"]).payload)
    rows = [dict(row) for row in export.rows]
    assert payload["sha256"] == hashlib.sha256(canonical_bytes(rows)).hexdigest()
    assert (payload["uscc"], payload["year"], payload["rows"]) == (export.uscc, YEAR, 2)
    assert payload.keys() == VECTOR["payload"].keys()
    with bank.reading() as session:
        [act] = session.scalars(select(Act).where(Act.kind == TAKEN))
        kept = session.get_one(Verdict, known)
        assert (act.actor, act.subject) == (client.client_id, export.uscc)
        assert details_of(act) == {
            "year": YEAR, "rows": 2, "sha256": export.sha256, "named": False,
        }  # fmt: skip
        assert first["answer_sha256"] == hashlib.sha256(kept.jws.encode()).hexdigest()


def test_names_are_for_a_unit_whose_mandate_is_in_force_alone(bank: TestBank) -> None:
    client = asker(bank)
    bank.imported([RecordRow(KNOWN, 2025, "professional", 6000)])
    report(bank, client, asked(bank, client, KNOWN), Result.PASSED)
    unit = unit_of(client)

    named = taken(bank, client, unit, named=True)
    by_official = taken(bank, official("cn"), unit)
    with pytest.raises(ReviewExportNamesError):
        taken(bank, official("cn"), unit, named=True)
    with pytest.raises(RegionForeignError):
        taken(bank, official("cn-3710"), unit)
    with bank.unit() as session:
        mandate_no = session.scalars(select(Mandate.mandate_no)).one()
        change_mandate(session, mandate_no, "suspended", actor="official-test", now=NOW)
    with pytest.raises(ReviewExportNamesError):
        taken(bank, client, unit, named=True)

    assert named.rows[0]["name"] == KNOWN.name
    assert by_official.rows[0]["name"] == f"{KNOWN.name[0]}＊"
    assert [row["name"] for row in taken(bank, client, unit).rows] == [f"{KNOWN.name[0]}＊"]


def test_each_form_of_the_file_has_every_row_and_no_formula(bank: TestBank) -> None:
    rows = [*VECTOR["rows"], {**VECTOR["rows"][0], "name": "=1+1"}]
    export = ReviewExport("9137", "+单位", YEAR, True, rows, "ab", "ey.ey.Ab")

    for language in LANGUAGES:
        written = {kind: write(export, language) for kind, (write, _) in WRITERS.items()}
        book = python_calamine.load_workbook(io.BytesIO(written["xlsx"]))
        table = book.get_sheet_by_index(0).to_python()
        lines = list(csv.reader(io.StringIO(written["csv"].decode("utf-8-sig"))))
        said = json.loads(written["json"])

        assert lines == [[str(cell) for cell in row] for row in table]
        assert (len(lines), lines[2][2]) == (3, "'=1+1")
        assert "ey.ey.Ab" in str(book.get_sheet_by_index(1).to_python())
        assert (said["rows"], said["columns_are"]) == (rows, "assumption")


def test_the_golden_export_is_digested_as_the_bank_digests() -> None:
    digest = hashlib.sha256(canonical_bytes(VECTOR["rows"])).hexdigest()
    keys = KeySet.import_key_set(VECTOR["jwks"])

    payload = jws.deserialize_compact(VECTOR["jws"], keys, algorithms=["Ed25519"]).payload

    assert tuple(VECTOR["rows"][0]) == tuple(sorted(COLUMNS))
    assert json.loads(payload)["sha256"] == digest
    assert canonical_bytes(VECTOR["payload"]) == payload
