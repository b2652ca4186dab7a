"""A professional's hours: what each year holds, each hour with its trace, and its proof to keep."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import Response
from sqlalchemy.orm import Session

from creditbank.clock import civil_day
from creditbank.crediting.balances import Times
from creditbank.crediting.carried import CarriedOver, carried_over
from creditbank.crediting.explanations import ExplainedCredit, explain_credit
from creditbank.crediting.news import unread_of
from creditbank.crediting.own import (
    OwnCredit,
    Standing,
    YearHeld,
    amounts_behind,
    held_by_year,
    own_credits,
    schemes_held,
)
from creditbank.crediting.proofs import ProvedEntry, own_credit, proof_file, proof_of
from creditbank.house import current_house
from creditbank.ledger.models import SourceKind
from creditbank.ledger.posting import PersonErasedError
from creditbank.people.documents import last_characters
from creditbank.people.register import identity_of
from creditbank.registry.bank import the_bank
from creditbank.registry.filing.filings import filing_numbered
from creditbank.registry.lookups import organisation_of
from creditbank.registry.successions import holder_of
from creditbank.rules.explain import Sentence, explain_step, ground_text
from creditbank.rules.pack import PackChain
from creditbank.web.doors import Pages, Visit
from creditbank.web.holding import (
    OWN,
    Scheme,
    Slice,
    asked,
    asked_day,
    asked_number,
    end_of,
    law_if_any,
    namer,
    own_keys,
    own_person,
    scheme_called,
    shown,
)
from creditbank.web.pages import reader_language

ENTRIES_SHOWN = 20
#: The parts of an explanation, by how the codes of their steps begin; the first that fits.
_PARTS = (
    ("counted", ("explain-counted",)),
    ("later", ("explain-reverse", "explain-cap", "explain-uncap", "explain-freeze",
               "explain-release", "explain-once")),
    ("fact", ("explain-",)),
    ("worth", ("",)),
)  # fmt: skip

own_hours = Pages("own_hours", __name__)


@dataclass(frozen=True, slots=True)
class HeldScheme:
    """What somebody holds in one scheme; `grounds` say what the yearly amounts rest on."""

    scheme: Scheme
    law: PackChain | None
    years: tuple[YearHeld, ...]
    grounds: tuple[str, ...]
    carried: CarriedOver


@own_hours.shown("/hours", OWN, menu="own-hours")
def balance(visit: Visit, session: Session) -> Response:
    """Show what one holds, by scheme, year and subject, now or of the times asked for."""
    people, known_on, as_of = own_keys(visit, session), asked_day("known_on"), asked_day("as_of")
    times = Times(as_of, end_of(known_on) if known_on else None)
    today = civil_day(visit.now)
    schemes = schemes_held(session, people)
    holder = identity_of(session, current_house().vault, own_person(visit))
    held = [_held(session, people, scheme, times, today) for scheme in schemes]
    return shown(
        "own_hours.html", held=[each for each in held if each.years], any=bool(schemes),
        known_on=known_on, until=as_of, today=today, namer=namer, holder=holder,
        language=reader_language(),
        last_four=last_characters(holder.document), unread=unread_of(session, people),
    )  # fmt: skip


@own_hours.shown("/hours/entries", OWN)
def entries(visit: Visit, session: Session) -> Response:
    """List one's credits, searched and page by page."""
    people = own_keys(visit, session)
    laws = {scheme: law_if_any(session, scheme) for scheme in schemes_held(session, people)}
    every = [each for scheme in laws for each in own_credits(session, people, scheme)]
    every.sort(key=lambda each: each.credit.earned_on, reverse=True)
    found = [each for each in every if _wanted(each, laws[each.credit.scheme])]
    chosen = Slice.of(len(found), asked_number("page", 1), ENTRIES_SHOWN)
    first = (chosen.number - 1) * ENTRIES_SHOWN
    wanted = {name: asked(name) for name in ("q", "scheme", "year", "standing")}
    return shown(
        "own_entries.html", found=found[first : first + ENTRIES_SHOWN], slice=chosen,
        wanted=wanted, any=bool(every), standings=list(Standing), laws=laws, namer=namer,
        schemes=[scheme_called(scheme, law) for scheme, law in laws.items()],
        years=sorted({each.credit.credited_year for each in every}, reverse=True),
    )  # fmt: skip


@own_hours.shown("/hours/entries/<leaf:leaf>", OWN)
def entry(visit: Visit, session: Session, leaf: str) -> Response:
    """Explain one credit, from the fact to what counts, and show its proof."""
    people = own_keys(visit, session)
    credit = own_credit(session, people, bytes.fromhex(leaf))
    explained = explain_credit(session, credit.leaf)
    [own] = [
        each
        for each in own_credits(session, people, credit.scheme)
        if each.credit.leaf == credit.leaf
    ]
    of_filing = credit.occasion.partition("/")[0] if own.kind == SourceKind.FILING else ""
    return shown(
        "own_entry.html", own=own, told=_parts(explained),
        scheme=scheme_called(credit.scheme, explained.chain), named=namer(explained.chain),
        proved=_proved(session, visit, leaf), host=the_bank(session).host,
        of_filing=of_filing, answers=_answers_now(session, of_filing) if of_filing else "",
    )  # fmt: skip


@own_hours.shown("/hours/entries/<leaf:leaf>/proof", OWN)
def proof(visit: Visit, session: Session, leaf: str) -> Response:
    """Hand out the proof of one credit as a file that anybody can check."""
    credit = own_credit(session, own_keys(visit, session), bytes.fromhex(leaf))
    proved = proof_of(session, current_house().vault, credit)
    content = json.dumps(
        proof_file(session, proved, now=visit.now), ensure_ascii=False, sort_keys=True, indent=1
    )
    response = Response(content + "\n", content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="proof-{leaf[:12]}.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _held(
    session: Session, people: Sequence[int], scheme: str, times: Times, today: date
) -> HeldScheme:
    through = min(times.as_of or today, civil_day(times.known_at) if times.known_at else today).year
    law = law_if_any(session, scheme, times.known_at)
    years = held_by_year(own_credits(session, people, scheme, times), law, through)
    language = reader_language()
    grounds = dict.fromkeys(ground_text(value, language) for value in amounts_behind(years))
    carried = carried_over(session, people, scheme, times, today)
    return HeldScheme(scheme_called(scheme, law), law, years, tuple(grounds), carried)


def _answers_now(session: Session, filing_no: str) -> str:
    """Name the organisation that answers for a filing now; empty for nobody."""
    answers = holder_of(session, filing_numbered(session, filing_no))
    return organisation_of(session, answers).name if answers else ""


def _wanted(own: OwnCredit, law: PackChain | None) -> bool:
    """Tell whether a credit is one of those that the address asks for."""
    credit, words = own.credit, asked("q").casefold().split()
    activity = namer(law)("activity", own.activity) if own.activity else ""
    said = f"{own.title} {own.given_by} {credit.occasion} {activity}".casefold()
    return (
        asked("scheme") in ("", credit.scheme)
        and asked("year") in ("", str(credit.credited_year))
        and asked("standing") in ("", own.standing)
        and all(word in said for word in words)
    )


def _parts(explained: ExplainedCredit) -> dict[str, list[Sentence]]:
    """Sort the sentences of an explanation into its parts, in the order in which they are told."""
    parts: dict[str, list[Sentence]] = {"fact": [], "worth": [], "later": [], "counted": []}
    for step in explained.steps:
        name = next(name for name, begins in _PARTS if step.code.startswith(begins))
        parts[name].append(explain_step(step, reader_language(), explained.chain))
    return parts


def _proved(session: Session, visit: Visit, leaf: str) -> list[ProvedEntry]:
    """Return the entries with their places; none once the secret behind them was erased."""
    credit = own_credit(session, own_keys(visit, session), bytes.fromhex(leaf))
    try:
        return proof_of(session, current_house().vault, credit)
    except PersonErasedError:
        return []
