"""A statement as it is printed: the words and figures that its template takes, in one language.

Whose it is stands there by name and the last four characters of the number, and nothing more.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from creditbank.catalogue import Language, text
from creditbank.clock import CIVIL_ZONE
from creditbank.crediting.carried import carried_said
from creditbank.crediting.statement_sheets import recorded_text, title_of
from creditbank.crediting.statements import Holders, SourceTotal, Statement
from creditbank.crediting.telling import Line
from creditbank.errors import CreditBankError
from creditbank.hours import hours_text
from creditbank.rules.explain import name_of

Page = Mapping[str, Any]
STATEMENT_TEMPLATE: Final = Path(__file__).with_name("statement.typ")
#: Lines that are printed; more would keep the typesetter for minutes.
PAPER_LINES_MAX: Final = 2_000
#: What Chinese printers set where a sort is missing (geta); every Chinese font has it.
_REPLACEMENT: Final = "〓"
_COLUMNS = (
    "statement-recorded", "own-day", "statement-what", "statement-movement", "statement-in",
    "statement-out", "statement-counted",
)  # fmt: skip


class StatementTooLongError(CreditBankError):
    """There are more movements than are printed; a table holds them all."""

    code = "statement-too-long"
    status = 422


@dataclass(frozen=True, slots=True)
class Heading:
    """Whose statement is printed, under which rules, and when; empty is what is not said."""

    name: str = field(repr=False)
    last_four: str
    scheme_title: str
    printed_at: datetime
    provider: str = ""


def paper_of_holders(holders: Holders, heading: Heading, language: Language) -> Page:
    """Return all that a provider's printed statement says: each line's person, and the totals.

    Raises:
        StatementTooLongError: there are more lines than were told.
    """
    statement = holders.statement
    if statement.count > len(statement.lines):
        raise StatementTooLongError(found=statement.count, wanted=len(statement.lines))
    page = paper_of(statement, heading, language)
    whose = [holders.people[line.credit_leaf] for line in statement.lines]
    rows = [
        {**row, "about": f"{name} {last_four} · {row['about']}"}
        for row, (name, last_four) in zip(page["rows"], whose, strict=True)
    ]
    return {**page, "rows": rows, "totals": [_total(each, language) for each in holders.totals]}


def paper_of(statement: Statement, heading: Heading, language: Language) -> Page:
    """Return all that the printed statement says."""
    opening, closing = statement.opening_centihours, statement.closing_centihours
    return {
        "language": language,
        "bank": text("certificate-bank", language),
        "title": text("statement-title-page", language),
        "facts": _facts(statement, heading, language),
        "columns": [text(code, language) for code in _COLUMNS],
        "opening": [text("statement-opening", language), hours_text(opening)],
        "rows": [_row(line, language) for line in statement.lines],
        "closing": [text("statement-closing", language), hours_text(closing)],
        "totals": [],
        "totals_title": text("statement-totals", language),
        "carried": carried_said(statement.carried, language),
        "carried_title": text("carried-title", language),
        "foot": text("statement-foot", language),
        "note": "",
    }


def printable(page: Page, lacking: Callable[[str], Sequence[str]], language: Language) -> Page:
    """Return the page with a sign for each character that the fonts lack, and a note of it."""
    lacked = lacking(json.dumps(page, ensure_ascii=False))
    if not lacked:
        return page
    points = " ".join(f"U+{ord(each):04X}" for each in lacked)
    replaced = json.dumps(page, ensure_ascii=False)
    for each in lacked:
        replaced = replaced.replace(each, _REPLACEMENT)
    return {**json.loads(replaced), "note": text("statement-unprintable", language, points=points)}


def _facts(statement: Statement, heading: Heading, language: Language) -> list[tuple[str, str]]:
    ask = statement.ask
    said = {
        "field-person-name": heading.name,
        "list-last-four": heading.last_four,
        "statement-provider": heading.provider,
        "own-scheme": heading.scheme_title,
        "statement-from": ask.from_.isoformat() if ask.from_ else "",
        "own-then-as-of": ask.times.as_of.isoformat() if ask.times.as_of else "",
        "own-then-day": _moment(statement.known_at),
        "own-credited-year": str(ask.year or ""),
        "statement-source-number": ask.source_no,
        "statement-printed": _moment(heading.printed_at),
    }
    return [(text(code, language), each) for code, each in said.items() if each]


def _total(total: SourceTotal, language: Language) -> dict[str, Any]:
    return {
        "title": total.source.title,
        "about": f"{total.source.number} · "
        + text("statement-total-size", language, count=total.count, people=total.people),
        "figures": [
            hours_text(total.in_centihours),
            hours_text(total.out_centihours),
            hours_text(total.closing_centihours),
        ],
    }


def _moment(instant: datetime | None) -> str:
    return instant.astimezone(CIVIL_ZONE).strftime("%Y-%m-%d %H:%M") if instant else ""


def _row(line: Line, language: Language) -> dict[str, Any]:
    place = f"{line.origin} #{line.index}" if line.origin else ""
    if line.is_pending:
        place = text("statement-pending", language)
    subject = name_of("subject", line.subject, language, line.chain)
    source = line.source
    return {
        "cells": [recorded_text(line), line.earned_on.isoformat()],
        "title": title_of(line, language),
        "about": " · ".join(
            each for each in (source.given_by, source.number, str(line.year), subject) if each
        ),
        "figures": [
            text(f"movement-{line.movement}", language),
            hours_text(line.in_centihours) if line.in_centihours else "",
            hours_text(line.out_centihours) if line.out_centihours else "",
            hours_text(line.counted_centihours),
        ],
        "why": line.said(language),
        "proof": " · ".join(each for each in (place, line.leaf) if each),
    }
