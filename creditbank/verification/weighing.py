"""Weighing what is sealed of a person against what a title asks for: the one way, whoever asks."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from creditbank.crediting.balances import ANY_TIME, Times
from creditbank.ledger.logs import last_seal
from creditbank.ledger.models import Seal
from creditbank.rules.pack import PackChain, Value, distinct
from creditbank.rules.requirement import Assessment, Outcome, Question, assess
from creditbank.verification.gathering import Gathered, gather


@dataclass(frozen=True, slots=True)
class Weighed:
    """An assessment with all that it was made from.

    `outcome` is the assessment's, except that no record at all is `undetermined` and not `not_met`,
    unless no hours are asked for.
    """

    law: PackChain
    seal: Seal | None
    gathered: Gathered
    assessment: Assessment
    outcome: Outcome
    recorded: bool

    @property
    def values(self) -> tuple[Value, ...]:
        """Every rule value that the answer rests on: of the title, of the hours, of the caps."""
        cut_by = (cut.value for cut in self.gathered.cuts if cut.value is not None)
        return distinct([*self.assessment.values, *self.gathered.values, *cut_by])


def weigh(
    session: Session,
    people: Sequence[int],
    law: PackChain,
    question: Question,
    times: Times = ANY_TIME,
) -> Weighed:
    """Weigh what was sealed of one person, over all linked keys, in one snapshot.

    Raises:
        StatedFactInvalidError: a stated fact that a rule needs is not usable.
    """
    seal = last_seal(session, times.known_at)
    return weigh_gathered(gather(session, people, law, seal, times.as_of), law, question, seal)


def weigh_gathered(
    gathered: Gathered, law: PackChain, question: Question, seal: Seal | None
) -> Weighed:
    """Weigh what was gathered of one person as of a round of the sealer.

    Raises:
        StatedFactInvalidError: a stated fact that a rule needs is not usable.
    """
    assessment = assess(question, gathered.to_weigh(), law)
    # No record is not the same as too few hours; where no hours are asked for, it does not matter.
    recorded = bool(gathered.entries) or assessment.outcome in {Outcome.WAIVED, Outcome.EXEMPT}
    outcome = assessment.outcome if recorded else Outcome.UNDETERMINED
    return Weighed(law, seal, gathered, assessment, outcome, recorded)
