"""By which day a unit ends its review of a year, where a pack says so (评审截止日)."""

from dataclasses import dataclass
from datetime import date

from creditbank.rules.pack import PackChain, Value
from creditbank.rules.register_rules import ReviewBy


@dataclass(frozen=True, slots=True)
class ReviewTerm:
    """The next day by which reviews of a year end, and the rule that says so."""

    due_on: date
    value: Value


def review_term(series: str, day: date, chain: PackChain) -> ReviewTerm | None:
    """Return the first such day that is not before a day; None where no rule says."""
    value = chain.first_on((f"review_by.{series}", "review_by"), day)
    if value is None:
        return None
    rule = value.value
    assert isinstance(rule, ReviewBy), "the loader types review_by"
    due_on = date(day.year, rule.month, rule.day)
    if due_on < day:
        due_on = due_on.replace(year=day.year + 1)
    return ReviewTerm(due_on, value)
