"""A list as it is printed: the words and figures that its template takes, in one language.

A name with a character that the fonts lack must not lose a list of two thousand: a sign stands for
it, and a note names the row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from creditbank.catalogue import Language, problem, text
from creditbank.clock import CIVIL_ZONE
from creditbank.errors import RowProblem
from creditbank.people.vault import Vault
from creditbank.registry.models import Organisation
from creditbank.rules.explain import name_of
from creditbank.rules.pack import PackChain
from creditbank.verification.batches import (
    BatchQuestion,
    Line,
    answers_in,
    counts_of,
    lines_of,
    question_of,
)
from creditbank.verification.kept import shown_statement
from creditbank.verification.models import VerdictBatch

Page = Mapping[str, Any]
LIST_TEMPLATE: Final = Path(__file__).with_name("batch.typ")
#: What Chinese printers set where a sort is missing (geta); every Chinese font has it.
REPLACEMENT: Final = "〓"
#: Signed answers that are in memory at a time.
_CHUNK_ANSWERS = 50
_WORDS = ("list-heading", "list-counts", "answer-check-title", "answer-check", "list-print-foot")
_COLUMNS = (
    "list-row", "field-person-name", "list-last-four", "answer-outcome", "list-missing",
    "answer-number",
)  # fmt: skip
_OUTCOMES = ("met", "not_met", "exempt", "waived", "undetermined")
_NOTHING = "—"


def list_page(
    session: Session, vault: Vault, batch: VerdictBatch, law: PackChain | None, language: Language
) -> Page:
    """Return all that the printed list says, in the order of its rows."""
    short = _short_answers(session, batch, law, language)
    lines = lines_of(session, vault, batch, limit=batch.rows_total)
    return {
        "words": {code.replace("-", "_"): text(code, language) for code in _WORDS},
        "language": language,
        "bank": text("certificate-bank", language),
        "number": batch.batch_no,
        "facts": _asked(session, batch, law, language),
        "counts": _counted(counts_of(session, batch), language),
        "note": "",
        "columns": [text(code, language) for code in _COLUMNS],
        "rows": [_row(line, short.get(line.row_no, ""), language) for line in lines],
    }


def printable(page: Page, lacking: Callable[[str], Sequence[str]], language: Language) -> Page:
    """Return the page with a sign for each character that cannot be printed, and a note of them."""
    heading = "".join(said for pair in page["facts"] for said in pair)
    rows = ["".join(row) for row in page["rows"]]
    lacked = set(lacking(heading + "".join(rows)))
    if not lacked:
        return page
    places = [text("list-unprintable-heading", language, points=_points(heading, lacked))]
    places = places if lacked & set(heading) else []
    for said, row in zip(rows, page["rows"], strict=True):
        if lacked & set(said):
            points = _points(said, lacked)
            places.append(text("list-unprintable-row", language, row=row[0], points=points))
    between = "；" if language == "zh" else "; "
    return {
        **page,
        "facts": _replaced(page["facts"], lacked),
        "rows": _replaced(page["rows"], lacked),
        "note": text("list-unprintable", language, places=between.join(places)),
    }


def _points(said: str, lacked: set[str]) -> str:
    return " ".join(f"U+{ord(each):04X}" for each in dict.fromkeys(said) if each in lacked)


def _replaced(rows: Iterable[Sequence[str]], lacked: set[str]) -> list[list[str]]:
    table = dict.fromkeys(map(ord, lacked), REPLACEMENT)
    return [[cell.translate(table) for cell in row] for row in rows]


def _asked(
    session: Session, batch: VerdictBatch, law: PackChain | None, language: Language
) -> list[tuple[str, str]]:
    """Name what was asked, for whom, and how far the list is."""
    question = question_of(batch)
    state = text(f"list-state-{batch.state}", language)
    done = text("list-progress", language, done=batch.rows_done, total=batch.rows_total)
    said = {
        "list-number": batch.batch_no,
        "list-asked-by": _asker(session, batch),
        "answer-title-asked": _title(question, law, language),
        "field-scheme": question.scheme,
        "field-application-day": question.application_day.isoformat(),
        "field-as-of": question.as_of.isoformat() if question.as_of else "",
        "answer-known-at": _moment(question.known_at) if question.known_at else "",
        "field-pathway": name_of("pathway", question.pathway, language, law),
        "field-purpose": question.purpose,
        "field-legal-basis": question.legal_basis,
        "field-disclose": text(f"disclosure-{question.disclose}", language),
        "field-signing": text(f"signing-{question.signing}", language),
        "list-sent-at": _moment(batch.requested_at),
        "list-state": f"{state} · {done}",
    }
    return [(text(code, language), each) for code, each in said.items() if each]


def _moment(instant: datetime) -> str:
    return instant.astimezone(CIVIL_ZONE).strftime("%Y-%m-%d %H:%M")


def _asker(session: Session, batch: VerdictBatch) -> str:
    if batch.organisation_id is None:
        return batch.client_id
    return session.get_one(Organisation, batch.organisation_id).name


def _title(question: BatchQuestion, law: PackChain | None, language: Language) -> str:
    named = {
        "series": question.series, "specialty": question.specialty, "level": question.level,
    }  # fmt: skip
    return " · ".join(name_of(kind, each, language, law) for kind, each in named.items() if each)


def _counted(counts: Mapping[str, int], language: Language) -> list[tuple[str, str]]:
    found = [each for each in (*_OUTCOMES, "refused", "waiting") if counts.get(each)]
    return [(_fate(each, language), str(counts[each])) for each in found]


def _row(line: Line, short: str, language: Language) -> list[str]:
    """Return the cells of a row: who, how it ended, what is missing, and the answer's number."""
    why = " ".join(_why(each, language) for each in line.problems)
    return [
        str(line.row_no), line.name or _NOTHING, line.last_four or _NOTHING,
        _fate(line.outcome or line.state, language), why or short,
        line.verdict_no or _NOTHING,
    ]  # fmt: skip


def _why(fault: RowProblem, language: Language) -> str:
    """Say in short why a row has no answer: its column, what is wrong, and what was found."""
    said, (colon, stop) = (
        problem(fault, language),
        ("：", "。") if language == "zh" else (": ", ". "),
    )
    column = f"{fault.column}{colon}" if fault.column else ""
    return f"{column}{said.title}{stop}{said.found}"


def _fate(fate: str, language: Language) -> str:
    """Name an outcome, or the state of a row without one."""
    code = f"answer-outcome-{fate.replace('_', '-')}"
    return text(code if fate in _OUTCOMES else f"row-state-{fate}", language)


def _short_answers(
    session: Session, batch: VerdictBatch, law: PackChain | None, language: Language
) -> dict[int, str]:
    """Return, by row, what each answer says is missing."""
    called, short = partial(name_of, language=language, chain=law), dict[int, str]()
    after = 0
    while found := answers_in(session, batch, after=after, limit=_CHUNK_ANSWERS):
        for after, verdict in found:
            short[after] = short_of(shown_statement(verdict), language, called)
    return short


def short_of(
    statement: Mapping[str, Any], language: Language, called: Callable[[str, str], str]
) -> str:
    """Say what an answer asks for; an answer without figures gives its reasons."""
    reasons = statement["reasons"]
    if reasons[0]["code"] == "verdict-no-record":
        return text("answer-no-record", language)
    said = []
    for each in statement["advice"]:
        years = "–".join(dict.fromkeys(str(each[end]) for end in ("year", "through")))
        subject, hours = called("subject", each["subject"]), each["short"]
        said.append(text("answer-advice", language, years=years, subject=subject, hours=hours))
    said += [
        text("answer-make-up", language, year=each["year"], day=each["last_day"])
        for each in statement["make_up"]
    ]
    if statement["outcome"] == "undetermined" or not said:
        said += [each[language] for each in reasons[1:]]
    return " ".join(said)
