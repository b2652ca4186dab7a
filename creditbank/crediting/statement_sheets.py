"""Statements as tables: CSV and XLSX. Nothing in them can act as a formula."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from creditbank.attendance.roster_forms import TEXT_FORMAT, inert, new_workbook
from creditbank.catalogue import Language, text
from creditbank.clock import CIVIL_ZONE
from creditbank.crediting.carried import carried_said
from creditbank.crediting.fold import MIGRATED_KIND
from creditbank.crediting.statements import SourceTotal, Statement
from creditbank.crediting.telling import Line
from creditbank.hours import hours_text
from creditbank.rules.explain import name_of

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: By the leaf of the credit: name and last four of whose it is; empty where all is one person's.
People = Mapping[str, tuple[str, str]]
_PERSON_COLUMNS = (("field-person-name", 16), ("list-last-four", 10))
_COLUMNS = (
    ("statement-recorded", 20), ("own-day", 12), ("statement-source-kind", 12),
    ("statement-source-number", 16), ("statement-title", 36), ("statement-provider", 28),
    ("own-scheme", 12), ("own-credited-year", 10), ("own-subject", 16),
    ("statement-movement", 12), ("statement-reason", 20), ("statement-in", 10),
    ("statement-out", 10), ("statement-counted", 12), ("statement-why", 60),
    ("statement-leaf", 66), ("statement-log", 40), ("statement-index", 10),
)  # fmt: skip


def as_csv(
    statement: Statement, language: Language, people: People | None = None,
    totals: Sequence[SourceTotal] = (),
) -> bytes:  # fmt: skip
    """Write a statement as CSV, marked as UTF-8 for spreadsheets; `totals` come after it."""
    written = io.StringIO(newline="")
    lines = csv.writer(written)
    rows = _rows(statement, language, people)
    for row in (_heads(language, people), *rows, *_totals(totals, language, people)):
        lines.writerow([inert(cell) for cell in row])
    return written.getvalue().encode("utf-8-sig")


def as_xlsx(
    statement: Statement, language: Language, people: People | None = None,
    totals: Sequence[SourceTotal] = (),
) -> bytes:  # fmt: skip
    """Write a statement as XLSX; every cell is text, so that 12.50 stays 12.50."""
    rows = _rows(statement, language, people)
    with new_workbook() as (book, written):
        sheet = book.add_worksheet(text("statement-title-page", language))
        bold = book.add_format({"bold": True, "num_format": TEXT_FORMAT})
        plain = book.add_format({"num_format": TEXT_FORMAT, "valign": "top"})
        for place, (_, width) in enumerate(_columns(people)):
            sheet.set_column(place, place, width, plain)
        for place, head in enumerate(_heads(language, people)):
            sheet.write_string(0, place, head, bold)
        sheet.freeze_panes(1, 0)
        for at, row in enumerate((*rows, *_totals(totals, language, people)), start=1):
            for place, cell in enumerate(row):
                sheet.write_string(at, place, inert(cell))
    return written.getvalue()


def title_of(line: Line, language: Language) -> str:
    """Say what hours are for, also where their record bears no title."""
    source = line.source
    if source.title:
        return source.title
    if source.kind == MIGRATED_KIND:
        return text("own-migrated", language)
    if not source.activity:
        return text("own-kind-recognised", language)
    return name_of("activity", source.activity, language, line.chain)


def recorded_text(line: Line) -> str:
    """Write when a movement was recorded, in civil time; empty for what was worked out."""
    if line.recorded_at is None:
        return ""
    return line.recorded_at.astimezone(CIVIL_ZONE).strftime("%Y-%m-%d %H:%M:%S")


def _columns(people: People | None) -> Sequence[tuple[str, int]]:
    return _COLUMNS if people is None else (*_PERSON_COLUMNS, *_COLUMNS)


def _heads(language: Language, people: People | None) -> list[str]:
    return [text(code, language) for code, _ in _columns(people)]


def _rows(
    statement: Statement, language: Language, people: People | None
) -> Iterator[Sequence[str]]:
    yield _balance("statement-opening", statement.opening_centihours, language, people)
    for line in statement.lines:
        whose = () if people is None else people[line.credit_leaf]
        yield (*whose, *_cells(line, language))
    yield _balance("statement-closing", statement.closing_centihours, language, people)
    for sentence in carried_said(statement.carried, language):
        cells = {"statement-title": text("carried-title", language), "statement-why": sentence}
        yield [cells.get(column, "") for column, _ in _columns(people)]


def _totals(
    totals: Sequence[SourceTotal], language: Language, people: People | None
) -> Iterator[Sequence[str]]:
    """Write the total of each source under the columns of the lines."""
    for total in totals:
        cells = {
            "statement-source-kind": text(f"statement-kind-{total.source.kind}", language),
            "statement-source-number": total.source.number,
            "statement-title": text("statement-total-of", language, title=total.source.title),
            "own-scheme": total.scheme,
            "statement-in": hours_text(total.in_centihours),
            "statement-out": hours_text(total.out_centihours),
            "statement-counted": hours_text(total.closing_centihours),
        }
        yield [cells.get(column, "") for column, _ in _columns(people)]


def _balance(code: str, centihours: int, language: Language, people: People | None) -> list[str]:
    cells = {"statement-title": text(code, language), "statement-counted": hours_text(centihours)}
    return [cells.get(column, "") for column, _ in _columns(people)]


def _cells(line: Line, language: Language) -> Sequence[str]:
    source = line.source
    return (
        recorded_text(line), line.earned_on.isoformat(),
        text(f"statement-kind-{source.kind}", language), source.number, title_of(line, language),
        source.given_by, line.scheme, str(line.year),
        name_of("subject", line.subject, language, line.chain),
        text(f"movement-{line.movement}", language), line.reason, _some(line.in_centihours),
        _some(line.out_centihours), hours_text(line.counted_centihours), line.said(language),
        line.leaf, text("statement-pending", language) if line.is_pending else line.origin,
        "" if line.index is None else str(line.index),
    )  # fmt: skip


def _some(centihours: int) -> str:
    return hours_text(centihours) if centihours else ""
