"""What a unit's reviews relied on, as a workbook, as CSV, and as JSON with its signature."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from creditbank.attendance.roster_forms import inert, new_workbook
from creditbank.catalogue import Language, text
from creditbank.verification.batch_sheets import csv_line
from creditbank.verification.review_exports import COLUMNS, ReviewExport

_WIDTH, _NOTE_WIDTH = 20, 100
#: Members of a row that are words of the bank, by the catalogue's code of each.
_WORDS: Mapping[str, str] = {"outcome": "answer-outcome-", "result": "applied-result-"}

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_workbook(export: ReviewExport, language: Language) -> bytes:
    """Write it as XLSX: the rows, and a sheet on whose they are, the signature, what is assumed."""
    with new_workbook() as (book, written):
        rows = book.add_worksheet(text("review-export-sheet", language))
        bold = book.add_format({"bold": True})
        rows.set_column(0, len(COLUMNS) - 1, _WIDTH)
        for place, head in enumerate(_heads(language)):
            rows.write_string(0, place, head, bold)
        rows.freeze_panes(1, 0)
        for at, row in enumerate(export.rows, start=1):
            for place, said in enumerate(_cells(row, language)):
                rows.write_string(at, place, inert(said))
        notes = book.add_worksheet(text("review-export-notes", language))
        notes.set_column(0, 0, _NOTE_WIDTH, book.add_format({"text_wrap": True}))
        for at, note in enumerate(_notes(export, language)):
            notes.write_string(at, 0, inert(note))
    return written.getvalue()


def as_csv(export: ReviewExport, language: Language) -> bytes:
    """Write its rows as CSV, with the mark by which spreadsheets know UTF-8."""
    lines = [csv_line(_heads(language)), *(csv_line(_cells(e, language)) for e in export.rows)]
    return ("\ufeff" + "".join(lines)).encode("utf-8")


def as_json(export: ReviewExport, _language: Language) -> bytes:
    """Write it for programs: ids, and the JWS over the digest of `rows` (docs/formats.md)."""
    return (json.dumps(export_shaped(export), ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def export_shaped(export: ReviewExport) -> dict[str, Any]:
    """Return it as plain data."""
    return {
        "uscc": export.uscc, "organisation": export.organisation, "year": export.year,
        "named": export.named, "columns_are": "assumption", "rows": [dict(e) for e in export.rows],
        "sha256": export.sha256, "jws": export.jws,
    }  # fmt: skip


#: How it may be taken away: the writer and the media type, by the file's ending.
WRITERS: Mapping[str, tuple[Callable[[ReviewExport, Language], bytes], str]] = {
    "xlsx": (as_workbook, XLSX_TYPE),
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "json": (as_json, "application/json"),
}


def _heads(language: Language) -> list[str]:
    return [text(f"review-export-{each.replace('_', '-')}", language) for each in COLUMNS]


def _cells(row: Mapping[str, str], language: Language) -> Sequence[str]:
    return [_said(name, row[name], language) for name in COLUMNS]


def _said(name: str, said: str, language: Language) -> str:
    known = _WORDS.get(name)
    return text(known + said.replace("_", "-"), language) if known else said


def _notes(export: ReviewExport, language: Language) -> list[str]:
    return [
        text(
            "review-export-of",
            language,
            organisation=export.organisation,
            uscc=export.uscc,
            year=export.year,
            count=len(export.rows),
        ),
        text("review-export-assumed", language),
        text("review-export-signed", language, sha256=export.sha256),
        export.jws,
    ]
