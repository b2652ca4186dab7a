"""Until when attendance may be posted after its session, where a pack says so (登记期限)."""

from dataclasses import dataclass
from datetime import date

from creditbank.rules.hour_rules import PostBy
from creditbank.rules.pack import PackChain, Value


@dataclass(frozen=True, slots=True)
class PostingTerm:
    """The last day on which attendance of a session is posted in time, by the rule of its day."""

    last_day: date
    value: Value


def posting_term(activity: str, day: date, chain: PackChain) -> PostingTerm | None:
    """Return until when attendance of an activity on a day is posted; None where no rule says."""
    value = chain.first_on((f"post_by.{activity}", "post_by"), day)
    if value is None:
        return None
    assert isinstance(value.value, PostBy), "the loader types post_by"
    return PostingTerm(value.value.last_day(day), value)
