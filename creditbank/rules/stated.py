"""Facts that the bank does not own, as whoever asks states them: days, and yes or no.

A fact that a rule needs and nobody stated is named, never guessed; one that was stated in a form
that cannot be used is refused.
"""

import re
from collections.abc import Mapping
from datetime import date

from creditbank.errors import CreditBankError
from creditbank.rules.title_rules import CountFrom

#: Stated of a day that the person does not have: never moved in, no title yet.
NO_DAY = "none"
#: Where each start of counting is stated.
START_FACTS: Mapping[CountFrom, str] = {
    CountFrom.TITLE: "current_title_on",
    CountFrom.HIRE: "hired_on",
    CountFrom.MOVE_IN: "moved_in_on",
    CountFrom.QUALIFICATION: "qualified_on",
    CountFrom.CERTIFICATE: "certified_on",
}
_ANSWERS: Mapping[str, bool] = {"yes": True, "no": False}
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_FOUND_MAX = 20


class StatedFactInvalidError(CreditBankError):
    """A stated day is no day, or lies after the application."""

    code = "stated-fact-invalid"
    status = 422


class StatedAnswerInvalidError(StatedFactInvalidError):
    """A stated fact that is either so or not says neither."""

    code = "stated-answer-invalid"


def stated_day(text: str, key: str, *, latest: date) -> date | None:
    """Read a stated day; None if it was stated that there is none.

    Raises:
        StatedFactInvalidError: it is no day, or lies after `latest`, the day of the application.
    """
    if text == NO_DAY:
        return None
    refusal = StatedFactInvalidError(key=key, found=text[:_FOUND_MAX], latest=latest.isoformat())
    if _DAY.fullmatch(text) is None:
        raise refusal
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise refusal from error
    if day > latest:
        raise refusal
    return day


def stated_answer(text: str, key: str) -> bool:
    """Read a stated yes or no.

    Raises:
        StatedAnswerInvalidError: it is neither.
    """
    if text not in _ANSWERS:
        raise StatedAnswerInvalidError(key=key, found=text[:_FOUND_MAX])
    return _ANSWERS[text]
