"""Shapes of daily reconciliations: what a provider says of a day, and what is missing where."""

from typing import Any

from creditbank.crediting.models import Reconciliation
from creditbank.crediting.reconciling import ROWS_MAX, Compared, missing_of
from creditbank.schemas.fields import (
    Code,
    Day,
    Inner,
    Instant,
    Several,
    Shape,
    Text,
    Whole,
    public_number,
)

_DIGEST, _EXAMPLE = r"[0-9a-f]{64}", "5d" * 32


def _nothing() -> None:
    """Stand for what was left out; a function, so that the document shows no default."""


class ReconciliationBody(Shape):
    """How many rows a provider has of a day, and their digest; the rows' own where they differ."""

    day = Day(required=True)
    filing_no = public_number(
        "F7K2M9QXAB", load_default=str,
        metadata={"description": "Of this filing alone; left out: of all of the day."},
    )  # fmt: skip
    count = Whole(0, ROWS_MAX, required=True)
    digest = Code(
        _DIGEST, _EXAMPLE, required=True,
        metadata={"description": "Of the rows of the day (formats.md §14), hex."},
    )  # fmt: skip
    rows = Several(
        Code(_DIGEST, _EXAMPLE), high=ROWS_MAX, load_default=_nothing,
        metadata={"description": "The digest of each row, hex: then it is told which are missing."},
    )  # fmt: skip


class FilingCountAnswer(Shape):
    """How many attendances stand under one filing."""

    filing_no = public_number("F7K2M9QXAB")
    count = Whole(0, ROWS_MAX)


class MissingAnswer(Shape):
    """An attendance that stands in the bank and that the provider did not send."""

    filing_no = public_number("F7K2M9QXAB")
    roster_no = public_number("R7K2M9QXAB")
    row_no = Whole(1, 2**31)


class ReconciliationAnswer(Shape):
    """Whether both sides have the same of a day; else what is missing where."""

    reconciliation_no = public_number("Q7K2M9QXAB")
    day = Day()
    outcome = Text(10, metadata={"enum": ["agreed", "differs"]})
    bank_count = Whole(0, ROWS_MAX)
    bank_digest = Text(64)
    filings = Inner(FilingCountAnswer, many=True)
    missing_at_bank = Several(
        Whole(1, ROWS_MAX), high=ROWS_MAX,
        metadata={"description": "Places in the rows that were sent, from 1."},
    )  # fmt: skip
    missing_at_provider = Inner(MissingAnswer, many=True)


class RecordedReconciliationAnswer(Shape):
    """A reconciliation as it was recorded."""

    reconciliation_no = public_number("Q7K2M9QXAB")
    day = Day()
    filing_no = Text(20, low=0)
    sent_at = Instant()
    outcome = Text(10, metadata={"enum": ["agreed", "differs"]})
    count = Whole(0, ROWS_MAX)
    bank_count = Whole(0, ROWS_MAX)
    missing_at_bank = Several(Whole(1, ROWS_MAX), high=ROWS_MAX)
    missing_at_provider = Several(
        Text(40), high=ROWS_MAX, metadata={"description": "Roster and row: `R7K2M9QXAB-12`."}
    )


class ReconciliationsAnswer(Shape):
    """What a provider compared, the newest first."""

    reconciliations = Inner(RecordedReconciliationAnswer, many=True)


def shaped_comparison(made: Compared, **said: Any) -> dict[str, Any]:
    """Return the members of a comparison, to be dumped; `said` is its `day`."""
    return {
        "reconciliation_no": made.reconciliation_no, "day": said["day"],
        "outcome": "agreed" if made.agreed else "differs", "bank_count": made.bank_count,
        "bank_digest": made.bank_digest.hex(),
        "filings": [
            {"filing_no": number, "count": count} for number, count in sorted(made.counts.items())
        ],
        "missing_at_bank": list(made.only_said), "missing_at_provider": made.only_here,
    }  # fmt: skip


def shaped_record(row: Reconciliation) -> dict[str, Any]:
    """Return the members of a recorded one, to be dumped."""
    at_bank, at_provider = missing_of(row)
    names = ("reconciliation_no", "day", "filing_no", "sent_at", "outcome", "bank_count")
    return {
        **{name: getattr(row, name) for name in names}, "count": row.stated_count,
        "missing_at_bank": at_bank, "missing_at_provider": at_provider,
    }  # fmt: skip
