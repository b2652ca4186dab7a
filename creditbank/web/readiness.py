"""“Am I ready?” (我能申报吗): professionals weigh their own hours as a title system would.

It is their own look: nobody asked, no mandate stands behind it, and it is not kept. A verdict is
kept because somebody relies on it, and supersedes the one before; a look must do neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank import catalogue
from creditbank.clock import civil_day
from creditbank.crediting.own import schemes_held
from creditbank.registry.lawbook import published_packs
from creditbank.rules.asking import Answer, AskedFact, Named, facts_asked, named_on
from creditbank.rules.explain import ground_text
from creditbank.rules.explain_answer import Explanation, explain_assessment
from creditbank.rules.pack import PackChain
from creditbank.rules.stated import NO_DAY, Question
from creditbank.verification.weighing import Weighed, weigh
from creditbank.web import forms
from creditbank.web.doors import Pages, Unit, Visit
from creditbank.web.forms import DayInvalidError
from creditbank.web.holding import (
    OWN,
    Scheme,
    law_if_any,
    namer,
    own_keys,
    scheme_called,
    shown,
)
from creditbank.web.pages import reader_language

#: Levels as they are commonly told apart; a rule for any level covers them all.
LEVELS = ("full_senior", "associate_senior", "intermediate", "assistant", "technician")
#: A series that no rule of the scheme names.
OTHER_SERIES = "other_series"

readiness = Pages("readiness", __name__)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the form offers so far, and what was chosen of it; empty where nothing was yet."""

    schemes: Sequence[Scheme]
    scheme: str
    law: PackChain | None
    application_day: date
    #: the scheme was chosen, and not only proposed
    is_begun: bool = False
    named: Named = field(default_factory=lambda: Named((), (), ()))
    series: str = ""
    specialty: str = ""
    level: str = ""
    pathway: str = ""
    facts: tuple[AskedFact, ...] = ()
    #: texts as they were stated, by fact
    stated: Mapping[str, str] = field(default_factory=dict)
    #: the facts were shown before, so that one left open was left open knowingly
    is_complete: bool = False

    @property
    def question(self) -> Question:
        """The question, as far as it was put."""
        return Question(
            self.series, self.level, self.application_day, self.stated, self.specialty, self.pathway
        )


@dataclass(frozen=True, slots=True)
class Look:
    """What one saw: the answer in words, and what it rests on."""

    weighed: Weighed
    outcome: str
    explained: Explanation
    grounds: tuple[str, ...]


@readiness.shown("/ready", OWN, menu="ready")
def ready(visit: Visit, session: Session) -> Response:
    """Ask which title, for which day, by which rules, and what the bank does not know."""
    return _page(_chosen(visit, session), None)


@readiness.sent("/ready", OWN, shows=ready, unit=Unit.READING)
def look(visit: Visit, session: Session) -> Response:
    """Show the next part of the form, or the answer once all was asked; nothing is kept."""
    _application_day(strict=True, today=civil_day(visit.now))
    chosen = _chosen(visit, session)
    if chosen.law is None or not chosen.is_complete:
        return _page(chosen, None)
    weighed = weigh(session, own_keys(visit, session), chosen.law, chosen.question)
    return _page(chosen, _seen(weighed))


def _page(chosen: Choices, seen: Look | None) -> Response:
    return shown(
        "ready.html", chosen=chosen, seen=seen, levels=LEVELS, other_series=OTHER_SERIES,
        answer=Answer, no_day=NO_DAY, named=namer(chosen.law),
    )  # fmt: skip


def _seen(weighed: Weighed) -> Look:
    language = reader_language()
    explained = explain_assessment(weighed.assessment, language, weighed.law)
    outcome = explained.outcome
    if not weighed.recorded:
        outcome = catalogue.text("verdict-no-record", language)
    grounds = dict.fromkeys(ground_text(value, language) for value in weighed.values)
    return Look(weighed, outcome, explained, tuple(grounds))


def _chosen(visit: Visit, session: Session) -> Choices:
    """Read what was chosen, as far as each part of it fits the part before."""
    laws = _laws(session)
    scheme = request.form.get("scheme", "") or _usual(visit, session, laws)
    schemes = [scheme_called(each, law) for each, law in laws.items()]
    law, day = laws.get(scheme), _application_day(strict=False, today=civil_day(visit.now))
    chosen = Choices(schemes, scheme, law, day, is_begun="scheme" in request.form)
    if law is None or not chosen.is_begun:
        return chosen
    named = named_on(law, day)
    titled = replace(
        chosen,
        named=named,
        series=_one_of("series", (*named.series, OTHER_SERIES)),
        specialty=_one_of("specialty", named.specialties),
        level=_one_of("level", LEVELS),
        pathway=_one_of("pathway", named.pathways),
    )
    if not titled.series or not titled.level:
        return titled
    facts = facts_asked(titled.question, law)
    known = all(f"fact_{fact.name}" in request.form for fact in facts)
    return replace(titled, facts=facts, stated=_stated(facts), is_complete=known)


def _laws(session: Session) -> dict[str, PackChain]:
    """Return the law of every scheme that decides."""
    found = {scheme: law_if_any(session, scheme) for scheme in sorted(published_packs(session))}
    return {scheme: law for scheme, law in found.items() if law is not None}


def _usual(visit: Visit, session: Session, laws: Mapping[str, PackChain]) -> str:
    """Return the scheme in which somebody has hours, or else that of their region."""
    held = schemes_held(session, own_keys(visit, session))
    usual = (*held, visit.client.jurisdiction, *laws, "")
    return next(scheme for scheme in usual if scheme in laws or not scheme)


def _application_day(*, strict: bool, today: date) -> date:
    """Return the day of the application, today where none was entered.

    Raises:
        DayInvalidError: only if `strict`: it is no day, or in no year that the ledger can hold.
    """
    try:
        return forms.day("application_day") or today
    except DayInvalidError:
        if strict:
            raise
        return today


def _one_of(name: str, offered: Sequence[str]) -> str:
    """Return what was chosen of what is offered now; another scheme may offer something else."""
    chosen = forms.typed(name)
    return chosen if chosen in offered else ""


def _stated(facts: Sequence[AskedFact]) -> dict[str, str]:
    stated = {fact.name: forms.typed(f"fact_{fact.name}") for fact in facts}
    for fact in facts:
        if fact.answer is Answer.DAY and forms.ticked(f"none_{fact.name}"):
            stated[fact.name] = NO_DAY
    return {name: text for name, text in stated.items() if text}
