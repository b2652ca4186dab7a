"""Who is ready, as words of a row: on the page, in a workbook, as CSV."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from creditbank import catalogue
from creditbank.attendance.roster_forms import inert, new_workbook
from creditbank.catalogue import Language, text
from creditbank.rules.explain import name_of
from creditbank.rules.pack import PackChain
from creditbank.verification.batch_paper import short_of
from creditbank.verification.batch_sheets import csv_line
from creditbank.verification.readiness import ReadyLine

_COLUMNS = (
    ("list-row", 8), ("field-person-name", 16), ("list-last-four", 12), ("readiness-state", 16),
    ("readiness-asked", 48), ("readiness-missing", 60), ("answer-number", 28),
)  # fmt: skip


def readiness_cells(line: ReadyLine, law: PackChain | None, language: Language) -> Sequence[str]:
    """Return the texts of a row: who, how they stand, what is asked and missing, the answer."""
    said = line.line
    return (
        str(said.row_no), said.name, said.last_four,
        text(f"readiness-stands-{line.ready}", language), asked_words(line, law, language),
        missing_words(line, law, language), said.verdict_no,
    )  # fmt: skip


def asked_words(line: ReadyLine, law: PackChain | None, language: Language) -> str:
    """Say what the title asks for and what is credited of it, year by year and subject."""
    if line.statement is None:
        return ""
    called = partial(name_of, language=language, chain=law)
    return " ".join(_asked(each, language, called) for each in line.statement["requirement"])


def missing_words(line: ReadyLine, law: PackChain | None, language: Language) -> str:
    """Say what is missing, why it cannot be told, or why there is no answer."""
    if line.statement is not None:
        enough = line.ready == "ready"
        called = partial(name_of, language=language, chain=law)
        return "" if enough else short_of(line.statement, language, called)
    problems = (catalogue.problem(each, language) for each in line.line.problems)
    return " ".join(f"{each.title} {each.found} {each.next}".strip() for each in problems)


def readiness_workbook(
    lines: Iterable[ReadyLine], law: PackChain | None, language: Language
) -> bytes:
    """Write rows as XLSX; no cell is a formula."""
    with new_workbook() as (book, written):
        sheet = book.add_worksheet(text("readiness-sheet", language))
        bold = book.add_format({"bold": True})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        for place, (code, width) in enumerate(_COLUMNS):
            sheet.set_column(place, place, width, wrapped)
            sheet.write_string(0, place, text(code, language), bold)
        sheet.freeze_panes(1, 0)
        for at, line in enumerate(lines, start=1):
            for place, said in enumerate(readiness_cells(line, law, language)):
                sheet.write_string(at, place, inert(said))
    return written.getvalue()


def readiness_csv(lines: Iterable[ReadyLine], law: PackChain | None, language: Language) -> str:
    """Write rows as CSV, with the mark by which spreadsheets know UTF-8; no cell is a formula."""
    head = csv_line(text(code, language) for code, _ in _COLUMNS)
    return "\ufeff" + head + "".join(csv_line(readiness_cells(e, law, language)) for e in lines)


def _asked(line: Mapping[str, Any], language: Language, called: Callable[[str, str], str]) -> str:
    years = "–".join(dict.fromkeys(str(line[end]) for end in ("year", "through")))
    return text(
        "readiness-asked-line", language, years=years, subject=called("subject", line["subject"]),
        required=line["required"], credited=line["credited"],
    )  # fmt: skip
