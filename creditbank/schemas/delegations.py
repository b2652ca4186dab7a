"""Shapes of delegations: who posts for whom, what, and until when."""

from enum import StrEnum
from typing import Any

from creditbank.registry.delegates import DelegationState
from creditbank.registry.delegations import Delegated
from creditbank.schemas.fields import Choice, Code, Day, Inner, Instant, Shape, Text, Whole
from creditbank.schemas.fields import public_number as number
from creditbank.schemas.registry import REASON_CHARACTERS_MAX

_USCC, _FILING_NO, _DELEGATION_NO = "91371000MA3TE5T011", "F7K2M9QXAB", "E7K2M9QXAB"


class DelegationMeasure(StrEnum):
    """What an official does with a delegation."""

    SUSPEND = "suspend"
    LIFT = "lift"


def _nothing() -> None:
    """Stand for what was left out; a function, so that the document shows no default."""


class DelegationBody(Shape):
    """What is delegated to whom, and for how long."""

    delegate = Text(18, required=True, metadata={"description": "Code of who is to post."})
    filing_no = Code(
        r"[0-9A-Z]{2,20}", _FILING_NO, load_default=str,
        metadata={"description": "Left out: every filing, those to come among them."},
    )  # fmt: skip
    valid_from = Day(load_default=_nothing, metadata={"description": "Left out: today."})
    valid_through = Day(required=True, metadata={"description": "The last day of posting."})


class DelegationEndingBody(Shape):
    """Why a delegation is ended, if anything is to be said."""

    reason = Text(REASON_CHARACTERS_MAX, low=0, load_default=str)


class DelegationMeasureBody(Shape):
    """What an official orders, and why."""

    step = Choice(DelegationMeasure, required=True)
    reason = Text(REASON_CHARACTERS_MAX, required=True)


class DelegationAnswer(Shape):
    """A delegation as it stands; whoever posts by it is within its days as well."""

    delegation_no = number(_DELEGATION_NO)
    holder = Code(r"[0-9A-Z]{18}", _USCC)
    holder_name = Text(120)
    delegate = Code(r"[0-9A-Z]{18}", _USCC)
    delegate_name = Text(120)
    filing_no = Text(20, low=0, metadata={"description": "Empty: every filing of the holder."})
    valid_from = Day()
    valid_through = Day()
    state = Choice(DelegationState)
    reason = Text(REASON_CHARACTERS_MAX, low=0)
    given_by = Text(60)
    given_at = Instant()
    state_at = Instant()


class DelegationsQuery(Shape):
    """Where the page begins."""

    limit = Whole(1, 1_000, as_text=True, load_default=50)
    cursor = Code(r"E[0-9A-Z]{9}", _DELEGATION_NO, load_default=str)


class DelegationsAnswer(Shape):
    """One page of delegations, by their numbers."""

    delegations = Inner(DelegationAnswer, many=True)
    next_cursor = Text(10, low=0, metadata={"description": "Empty on the last page."})


def shaped_delegation(told: Delegated) -> dict[str, Any]:
    """Shape a delegation with both sides of it."""
    row = told.delegation
    plain = ("delegation_no", "valid_from", "valid_through", "state", "reason", "given_by",
             "given_at", "state_at")  # fmt: skip
    return {
        **{name: getattr(row, name) for name in plain},
        "filing_no": row.filing_no or "",
        "holder": told.holder.uscc, "holder_name": told.holder.name,
        "delegate": told.delegate.uscc, "delegate_name": told.delegate.name,
    }  # fmt: skip
