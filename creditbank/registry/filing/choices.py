"""What may be filed somewhere on a day: activities with their forms and releases, and subjects."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from creditbank.registry.lawbook import law_at
from creditbank.rules.conversion import (
    ActivityFact,
    FactMissingError,
    NotRecognisedError,
    RuleMissingError,
    convert,
)
from creditbank.rules.hour_rules import Recognition
from creditbank.rules.kinds import TOTAL
from creditbank.rules.pack import PackChain

FORMS = ("advanced_study", "seminar", "special_lecture", "other")
RELEASES = ("full", "half", "none")
_DAY_MINUTES = 360
_HALF_DAYS = 2
#: What only whoever approves can state; an activity that wants no more than this may be filed.
_APPROVED = "approved_centihours"


@dataclass(frozen=True, slots=True)
class FilingChoices:
    """What a provider may choose; `law` has the names of it all."""

    activities: tuple[str, ...]
    forms: tuple[str, ...]
    releases: tuple[str, ...]
    subjects: tuple[str, ...]
    law: PackChain


def filing_choices(session: Session, jurisdiction: str, day: date) -> FilingChoices:
    """Return what the rules in force would credit by sessions on a day.

    Raises:
        PackMissingError: no rules are published for the jurisdiction.
    """
    law = law_at(session, jurisdiction)
    fitting = [
        (activity, form, release)
        for activity, forms, releases in _recognised(law, day)
        for form in forms
        for release in releases
        if _converts(ActivityFact(
            activity=activity, form=form, release=release, subject="professional", day=day,
            planned_minutes=_DAY_MINUTES, planned_half_days=_HALF_DAYS,
            attended_minutes=_DAY_MINUTES,
        ), law)
    ]  # fmt: skip
    prefix = "yearly_minimum."
    named = {key.removeprefix(prefix) for key in law.keys("yearly_minimum")} - {TOTAL}
    return FilingChoices(
        activities=tuple(dict.fromkeys(activity for activity, _, _ in fitting)),
        forms=tuple(form for form in FORMS if any(form == each for _, each, _ in fitting)),
        releases=tuple(each for each in RELEASES if any(each == last for *_, last in fitting)),
        subjects=tuple(sorted(named)),
        law=law,
    )


def _recognised(law: PackChain, day: date) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    found = []
    for key in law.keys("recognise"):
        value = law.value_on(key, day)
        rule = value.value if value is not None else None
        if isinstance(rule, Recognition) and rule.recognised:
            activity = key.removeprefix("recognise.")
            found.append((activity, rule.forms or FORMS, rule.releases or RELEASES))
    return found


def _converts(fact: ActivityFact, law: PackChain) -> bool:
    try:
        convert(fact, law)
    except FactMissingError as error:
        return error.facts["fact"] == _APPROVED
    except (NotRecognisedError, RuleMissingError):
        return False
    return True
