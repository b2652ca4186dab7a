"""Recognising hours that another scheme credited, under the rules of the one that receives them.

That hours are deposited under a scheme recognises them nowhere else: without a rule of the
receiving scheme for the day on which they were earned, they are not recognised.
"""

from dataclasses import dataclass
from datetime import date

from creditbank.errors import CreditBankError
from creditbank.hours import whole_centihours
from creditbank.rules.amounts import part
from creditbank.rules.hour_rules import Transfer
from creditbank.rules.kinds import ANY
from creditbank.rules.pack import PackChain, Value
from creditbank.rules.trace import Step, values_of

_PERCENT = 100


class TransferNotRecognisedError(CreditBankError):
    """The receiving scheme does not recognise these hours of another.

    Facts: `bound` is `transfer`, `activity` or `subject`; what was `found`, and what is `wanted`.
    """

    code = "transfer-not-recognised"
    status = 422


@dataclass(frozen=True, slots=True)
class TransferFact:
    """Hours as the other `scheme` credited them: `day` is the one on which they were earned."""

    scheme: str
    activity: str
    subject: str
    day: date
    credited_year: int
    centihours: int


@dataclass(frozen=True, slots=True)
class Transferred:
    """What the receiving scheme recognises of them, the account, and how that came about."""

    centihours: int
    subject: str
    credited_year: int
    steps: tuple[Step, ...]
    values: tuple[Value, ...]


def recognised_transfer(fact: TransferFact, chain: PackChain) -> Transferred:
    """Recognise hours of another scheme; they stay in the year to which they were credited.

    Raises:
        TransferNotRecognisedError: no rule of the chain does, or not of this activity or subject.
    """
    key = f"transfer.{fact.scheme}"
    value = chain.first_on((key, f"transfer.{ANY}"), fact.day)
    if value is None:
        raise _refusal(fact, chain, "transfer", fact.scheme, [key])
    rule = value.value
    assert isinstance(rule, Transfer), "the loader types transfer.*"
    if rule.activities and fact.activity not in rule.activities:
        raise _refusal(fact, chain, "activity", fact.activity, [*rule.activities])
    subject = rule.subject_of(fact.subject)
    if subject is None:
        raise _refusal(fact, chain, "subject", fact.subject, [*rule.subjects])
    centihours = whole_centihours(part(fact.centihours, rule.percent, _PERCENT))
    steps = (
        Step(
            "rules-step-transferred",
            {
                "origin": fact.scheme,
                "day": fact.day.isoformat(),
                "credited_centihours": fact.centihours,
                "percent": rule.percent,
            },
            value,
        ),
        Step(
            "rules-step-result",
            {
                "centihours": centihours,
                "subject": subject,
                "credited_year": fact.credited_year,
            },
            None,
        ),
    )
    return Transferred(centihours, subject, fact.credited_year, steps, values_of(steps))


def _refusal(
    fact: TransferFact, chain: PackChain, bound: str, found: str, wanted: list[str]
) -> TransferNotRecognisedError:
    return TransferNotRecognisedError(
        origin=fact.scheme,
        day=fact.day.isoformat(),
        scheme=chain.scheme,
        bound=bound,
        found=found,
        wanted=wanted,
    )
