"""What became of a list as lines of CSV: for programs, with codes and figures in place of words."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.attendance.roster_forms import inert
from creditbank.verification.batches import ItemState
from creditbank.verification.kept import shown_statement
from creditbank.verification.models import Verdict, VerdictBatch, VerdictBatchItem

RESULT_COLUMNS = ("row_no", "outcome", "verdict_no", "reasons", "shortfall")


def results_in(
    session: Session, batch: VerdictBatch, *, after: int = 0, limit: int
) -> list[Sequence[str]]:
    """Return the cells of settled rows of a list behind a row, in their order."""
    query = (
        select(VerdictBatchItem, Verdict)
        .outerjoin(Verdict, Verdict.verdict_no == VerdictBatchItem.verdict_no)
        .where(
            VerdictBatchItem.batch_no == batch.batch_no,
            VerdictBatchItem.row_no > after,
            VerdictBatchItem.state != str(ItemState.WAITING),
        )
        .order_by(VerdictBatchItem.row_no)
    )
    return [_cells(row[0], row[1]) for row in session.execute(query.limit(limit))]


def csv_line(cells: Iterable[str]) -> str:
    """Write a line of CSV in which no cell is a formula."""
    written = io.StringIO(newline="")
    csv.writer(written).writerow([inert(cell) for cell in cells])
    return written.getvalue()


def _cells(item: VerdictBatchItem, verdict: Verdict | None) -> Sequence[str]:
    if verdict is None:
        problems = json.loads(item.problems) if item.problems else []
        codes = " ".join(each["code"] for each in problems)
        return str(item.row_no), str(ItemState.REFUSED), "", codes, ""
    statement = shown_statement(verdict)
    reasons = " ".join(each["code"] for each in statement["reasons"])
    shortfall = " ".join(map(_short, statement["advice"]))
    return str(item.row_no), verdict.outcome, verdict.verdict_no, reasons, shortfall


def _short(advice: Mapping[str, Any]) -> str:
    """Write what is missing as `2024:professional:6.00`; of several years, their first and last."""
    years = "-".join(dict.fromkeys(str(advice[end]) for end in ("year", "through")))
    return f"{years}:{advice['subject'] or 'total'}:{advice['short']}"
