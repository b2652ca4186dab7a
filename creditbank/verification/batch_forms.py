"""Spreadsheets of lists: the empty template for a title, and the results as a table."""

from collections.abc import Iterable, Sequence

from creditbank import catalogue
from creditbank.attendance.people_list import FactColumn, plain_header
from creditbank.attendance.roster import HEADERS, Column
from creditbank.attendance.roster_forms import TEXT_FORMAT, inert, new_workbook
from creditbank.catalogue import Language
from creditbank.verification.batches import Line
from creditbank.verification.offers import FactChoice, Wanted

_PERSON = (Column.NAME, Column.KIND, Column.NUMBER)
_KINDS = ["居民身份证", "护照"]
_YES_NO = {"是": "yes", "否": "no", "yes": "yes", "no": "no"}
_WIDTH = 24
_HEADER_HEIGHT = 48
_LIST_CHARACTERS_MAX = 255
_RESULT_COLUMNS = (
    ("list-row", 8), ("field-person-name", 16), ("list-last-four", 12), ("answer-outcome", 18),
    ("answer-number", 28), ("list-why", 60), ("list-next", 60),
)  # fmt: skip


def fact_columns(wanted: Wanted, pathway: str = "") -> tuple[FactColumn, ...]:
    """Return the columns of facts that a list may have: the pathways' only where one is asked."""
    facts = (*wanted.required, *(wanted.further if pathway else ()))
    return tuple(
        FactColumn(each.fact.id, each.fact.zh, each.fact.en, {} if each.is_day else _words(each))
        for each in facts
    )


def template(columns: Sequence[FactColumn], rows: int) -> bytes:
    """Write an empty list as XLSX; every cell is text, so that no digit of a number is lost."""
    with new_workbook() as (book, written):
        sheet = book.add_worksheet("名单")
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter"})
        text = book.add_format({"num_format": TEXT_FORMAT})
        heads = [HEADERS[column] for column in _PERSON]
        heads += [(each.zh, each.name) for each in columns]
        for place, head in enumerate(heads):
            sheet.set_column(place, place, _WIDTH, text)
            sheet.write_string(0, place, "\n".join(head), bold)
        sheet.set_row(0, _HEADER_HEIGHT)
        sheet.freeze_panes(1, 0)
        offered = {_PERSON.index(Column.KIND): _KINDS}
        for place, each in enumerate(columns, start=len(_PERSON)):
            offered[place] = list({word: said for said, word in each.words.items()}.values())
        for place, words in offered.items():
            if words and len(",".join(words)) <= _LIST_CHARACTERS_MAX:
                rule = {"validate": "list", "source": words}
                sheet.data_validation(1, place, max(rows, 1), place, rule)
    return written.getvalue()


def results(lines: Iterable[Line], language: Language) -> bytes:
    """Write the rows of a list with what became of each."""
    with new_workbook() as (book, written):
        sheet = book.add_worksheet(catalogue.text("list-results-sheet", language))
        bold = book.add_format({"bold": True})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        for place, (code, width) in enumerate(_RESULT_COLUMNS):
            sheet.set_column(place, place, width, wrapped)
            sheet.write_string(0, place, catalogue.text(code, language), bold)
        sheet.freeze_panes(1, 0)
        for at, line in enumerate(lines, start=1):
            sheet.write_number(at, 0, line.row_no)
            for place, said in enumerate(_result(line, language), start=1):
                sheet.write_string(at, place, inert(said))
    return written.getvalue()


def _result(line: Line, language: Language) -> Sequence[str]:
    """Return the texts of a row: who, the outcome in words, the number, and why there is none."""
    problems = [catalogue.problem(each, language) for each in line.problems]
    said = f"answer-outcome-{line.outcome.replace('_', '-')}" if line.outcome else ""
    outcome = said or f"row-state-{line.state}"
    return (
        line.name, line.last_four, catalogue.text(outcome, language), line.verdict_no,
        " ".join(f"{each.title} {each.found} {each.wanted}".strip() for each in problems),
        " ".join(each.next for each in problems),
    )  # fmt: skip


def _words(choice: FactChoice) -> dict[str, str]:
    """Return what a cell may say, with what is stated then; names last, to be offered."""
    if not choice.words:
        return _YES_NO
    said = {plain_header(each.id): each.id for each in choice.words}
    said |= {plain_header(each.en): each.id for each in choice.words}
    return said | {plain_header(each.zh): each.id for each in choice.words}
