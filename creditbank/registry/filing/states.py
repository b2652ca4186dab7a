"""How a filing may stand, and which step leads from one state to another: one table.

Rosters are posted while a filing is approved: approved is open. Hours that were posted stay,
whatever becomes of the filing; only a reversal takes them back.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from creditbank.errors import CreditBankError
from creditbank.registry.models import Filing


class FilingState(StrEnum):
    """How a filing stands."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    REVOKED = "revoked"


class FilingStep(StrEnum):
    """What may be done with a filing once it is submitted."""

    RESUBMIT = "resubmit"
    RETURN = "return"
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    CLOSE = "close"
    REOPEN = "reopen"
    SUSPEND = "suspend"
    LIFT = "lift"
    REVOKE = "revoke"
    AMEND = "amend"


TRANSITIONS: Mapping[tuple[FilingState, FilingStep], FilingState] = {
    (FilingState.SUBMITTED, FilingStep.RETURN): FilingState.RETURNED,
    (FilingState.SUBMITTED, FilingStep.APPROVE): FilingState.APPROVED,
    (FilingState.SUBMITTED, FilingStep.REFUSE): FilingState.REFUSED,
    (FilingState.SUBMITTED, FilingStep.WITHDRAW): FilingState.WITHDRAWN,
    (FilingState.RETURNED, FilingStep.RESUBMIT): FilingState.SUBMITTED,
    (FilingState.RETURNED, FilingStep.WITHDRAW): FilingState.WITHDRAWN,
    # Only while nothing was ever posted under it.
    (FilingState.APPROVED, FilingStep.WITHDRAW): FilingState.WITHDRAWN,
    (FilingState.APPROVED, FilingStep.CLOSE): FilingState.CLOSED,
    (FilingState.APPROVED, FilingStep.SUSPEND): FilingState.SUSPENDED,
    (FilingState.APPROVED, FilingStep.REVOKE): FilingState.REVOKED,
    (FilingState.APPROVED, FilingStep.AMEND): FilingState.APPROVED,
    (FilingState.CLOSED, FilingStep.REOPEN): FilingState.APPROVED,
    (FilingState.CLOSED, FilingStep.REVOKE): FilingState.REVOKED,
    (FilingState.SUSPENDED, FilingStep.LIFT): FilingState.APPROVED,
    (FilingState.SUSPENDED, FilingStep.REVOKE): FilingState.REVOKED,
}
#: As these no official act has granted anything.
NEVER_OPEN = frozenset({FilingState.SUBMITTED, FilingState.RETURNED, FilingState.REFUSED})


class FilingStepUnfitError(CreditBankError):
    """As the filing stands, this cannot be done with it."""

    code = "filing-step-unfit"
    status = 409


class FilingNotApprovedError(CreditBankError):
    """Nothing is credited under a filing that no official approved."""

    code = "filing-not-approved"
    status = 409


class FilingNotOpenError(CreditBankError):
    """The filing was withdrawn, closed, suspended or revoked: nothing is posted under it."""

    code = "filing-not-open"
    status = 409


def possible_steps(state: FilingState) -> tuple[FilingStep, ...]:
    """Return what may be done with a filing that stands so."""
    return tuple(step for found, step in TRANSITIONS if found is state)


def require_step(
    filing: Filing, step: FilingStep, refusal: type[CreditBankError] = FilingStepUnfitError
) -> FilingState:
    """Return the state to which a step leads from where the filing stands.

    Raises:
        FilingStepUnfitError, or the refusal given: it leads nowhere; what was found, and what is
            possible.
    """
    state = FilingState(filing.state)
    found = TRANSITIONS.get((state, step))
    if found is None:
        possible = [f"filing-step-{each}" for each in possible_steps(state)]
        raise refusal(
            filing_no=filing.filing_no, state=state, state_words=f"filing-state-{state}",
            possible_words=possible or ["filing-step-none"],
        )  # fmt: skip
    return found


def enter(
    filing: Filing, step: FilingStep, *, reason: str = "", from_day: date | None = None,
    now: datetime,
) -> None:  # fmt: skip
    """Take a step that `require_step` allows, on a filing that this transaction has locked."""
    filing.state, filing.reason = str(require_step(filing, step)), reason
    filing.state_at, filing.suspended_from = now, from_day


def takes_rosters(filing: Filing, day: date, *, corrects: bool = False) -> bool:
    """Tell whether anything is posted under a filing.

    Args:
        filing: as it stands once its source is locked.
        day: on which it is posted; a suspension may begin later.
        corrects: whether it puts right what was posted before, as is done after closing too.
    """
    if filing.suspended_from is not None:
        return day < filing.suspended_from
    return filing.state == FilingState.APPROVED or (corrects and filing.state == FilingState.CLOSED)


def require_open(filing: Filing, day: date, *, corrects: bool = False) -> None:
    """Refuse a posting where the filing takes none, as `takes_rosters` says.

    Raises:
        FilingNotApprovedError: no official has approved it.
        FilingNotOpenError: it takes nothing any more, or not now.
    """
    state = FilingState(filing.state)
    if state in NEVER_OPEN:
        raise FilingNotApprovedError(filing_no=filing.filing_no, state=state)
    if not takes_rosters(filing, day, corrects=corrects):
        raise FilingNotOpenError(
            filing_no=filing.filing_no, state=state, state_words=f"filing-state-{state}"
        )
