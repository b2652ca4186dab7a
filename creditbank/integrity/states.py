"""Which step of a dispute leads where: one table, which every act and fsck itself go by."""

from collections.abc import Mapping
from enum import StrEnum

from creditbank.errors import CreditBankError


class About(StrEnum):
    """What a professional says of their hours."""

    MISSING = "missing"
    WRONG = "wrong"


class DisputeState(StrEnum):
    """How a dispute stands."""

    #: the provider is to answer
    WITH_PROVIDER = "with-provider"
    DECLINED = "declined"
    CORRECTED = "corrected"
    #: an official is to decide
    WITH_OFFICIAL = "with-official"
    #: decided for the person; the provider is to put it right
    UPHELD = "upheld"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    """What is done about a dispute."""

    STATE = "state"
    #: stated where nobody answers for the provider any more
    STATE_TO_OFFICIAL = "state-to-official"
    CORRECT = "correct"
    DECLINE = "decline"
    APPEAL = "appeal"
    WITHDRAW = "withdraw"
    #: by the clock: the provider did not answer in time
    OVERDUE = "overdue"
    UPHOLD = "uphold"
    DISMISS = "dismiss"


#: Somebody still has to do something.
WAITING = frozenset({DisputeState.WITH_PROVIDER, DisputeState.WITH_OFFICIAL, DisputeState.UPHELD})
#: The acts of those steps that are acts.
ACTS: Mapping[Step, str] = {
    Step.OVERDUE: "dispute.overdue", Step.UPHOLD: "dispute.upheld",
    Step.DISMISS: "dispute.dismissed",
}  # fmt: skip
_FIRST = ""
_NEXT: Mapping[str, Mapping[Step, DisputeState]] = {
    _FIRST: {
        Step.STATE: DisputeState.WITH_PROVIDER,
        Step.STATE_TO_OFFICIAL: DisputeState.WITH_OFFICIAL,
    },
    DisputeState.WITH_PROVIDER: {
        Step.CORRECT: DisputeState.CORRECTED, Step.DECLINE: DisputeState.DECLINED,
        Step.OVERDUE: DisputeState.WITH_OFFICIAL, Step.WITHDRAW: DisputeState.WITHDRAWN,
    },
    DisputeState.DECLINED: {
        Step.CORRECT: DisputeState.CORRECTED, Step.APPEAL: DisputeState.WITH_OFFICIAL,
        Step.WITHDRAW: DisputeState.WITHDRAWN,
    },
    DisputeState.CORRECTED: {Step.APPEAL: DisputeState.WITH_OFFICIAL},
    # A late word of the provider's is heard; it takes nothing out of the official's hands.
    DisputeState.WITH_OFFICIAL: {
        Step.CORRECT: DisputeState.CORRECTED, Step.DECLINE: DisputeState.WITH_OFFICIAL,
        Step.UPHOLD: DisputeState.UPHELD, Step.DISMISS: DisputeState.DISMISSED,
        Step.WITHDRAW: DisputeState.WITHDRAWN,
    },
    DisputeState.UPHELD: {Step.CORRECT: DisputeState.CORRECTED},
    DisputeState.DISMISSED: {},
    DisputeState.WITHDRAWN: {},
}  # fmt: skip


class DisputeUnfitError(CreditBankError):
    """As the dispute stands, this cannot be done."""

    code = "dispute-unfit"
    status = 409


def after(state: str, step: Step) -> DisputeState:
    """Return how a dispute stands after a step; the first one is from an empty state.

    Raises:
        DisputeUnfitError: it leads nowhere from there.
    """
    found = _NEXT[state].get(step)
    if found is None:
        raise DisputeUnfitError(state_words=f"dispute-state-{state}")
    return found


def possible(state: str) -> frozenset[Step]:
    """Return the steps that lead on from a state."""
    return frozenset(_NEXT[state])
