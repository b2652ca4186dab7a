"""What a title system may ask: schemes and titles within its mandates, and the facts they want."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from creditbank.catalogue import LANGUAGES, entries
from creditbank.ids import jurisdiction_contains
from creditbank.registry.lawbook import adoptions, published_packs
from creditbank.registry.mandates import ANY, mandates_of
from creditbank.registry.models import Mandate
from creditbank.rules.asking import Answer, AskedFact, facts_asked, named_on
from creditbank.rules.explain import name_of, slug
from creditbank.rules.loader import PackMissingError, chain_of
from creditbank.rules.pack import Pack, PackChain, PackDraftError
from creditbank.rules.pathways import try_pathway
from creditbank.rules.requirement import Question

_NAME = "rules-name-"


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose: its id, and what it is called in each language."""

    id: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What the mandates of an organisation let it ask about on a day; `any_…` where they name no
    bound, so that other ids may be asked about than those that are known."""

    schemes: tuple[Choice, ...]
    series: tuple[Choice, ...]
    specialties: tuple[Choice, ...]
    levels: tuple[Choice, ...]
    any_series: bool
    any_level: bool


@dataclass(frozen=True, slots=True)
class FactChoice:
    """A fact that may be stated: a day, one of some words, or a plain yes or no."""

    fact: Choice
    is_day: bool
    words: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What may be stated with a question: by its requirement, and only by its pathways."""

    required: tuple[FactChoice, ...]
    further: tuple[FactChoice, ...]
    pathways: tuple[Choice, ...]


def offer_of(session: Session, organisation_id: int | None, *, day: date) -> Offer:
    """Return what an organisation may ask about on a day."""
    return _offer(session, mandates_of(session, organisation_id, day), day)


def open_offer(session: Session, *, day: date) -> Offer:
    """Return what anybody may ask about on a day who presents a code of the person's."""
    return _offer(
        session, [Mandate(jurisdiction="cn", series=ANY, levels=ANY, specialties="")], day
    )


def _offer(session: Session, mandates: Sequence[Mandate], day: date) -> Offer:
    chains = _chains_within(session, mandates)
    named_there, call = [named_on(chain, day) for chain in chains], _caller(chains)
    series, any_series = _granted(
        (each.series for each in mandates), [each.series for each in named_there]
    )
    levels, any_level = _granted((each.levels for each in mandates), [])
    specialties = {word for each in mandates for word in each.specialties.split()}
    known = specialties or {word for each in named_there for word in each.specialties}
    return Offer(
        schemes=tuple(_scheme(chain) for chain in chains),
        series=tuple(
            call("series", each) for each in _with_known("series", series, is_any=any_series)
        ),
        specialties=tuple(call("specialty", each) for each in sorted(known)),
        levels=tuple(
            call("level", each) for each in _with_known("level", levels, is_any=any_level)
        ),
        any_series=any_series,
        any_level=any_level,
    )


def wanted_by(question: Question, law: PackChain) -> Wanted:
    """Return what may be stated with a question of this title and day."""
    required, call = facts_asked(question, law), _caller([law])
    pathways = [
        name
        for name in named_on(law, question.application_day).pathways
        # Of a question that states nothing, only the title can be outside.
        if not try_pathway(replace(question, pathway=name, stated={}), law).refused
    ]
    by_pathways = {
        fact.name: fact
        for name in pathways
        for fact in facts_asked(replace(question, pathway=name), law)
    }
    known = {fact.name for fact in required}
    further = [fact for name, fact in by_pathways.items() if name not in known]
    return Wanted(
        required=tuple(_fact(each, call) for each in required),
        further=tuple(_fact(each, call) for each in further),
        pathways=tuple(call("pathway", each) for each in pathways),
    )


def named(kind: str, identifier: str, law: PackChain | None) -> Choice:
    """Name an id of a kind in each language."""
    zh, en = (name_of(kind, identifier, language, law) for language in LANGUAGES)
    return Choice(identifier, zh, en)


_Call = Callable[[str, str], Choice]


def _caller(chains: Iterable[PackChain]) -> _Call:
    """Return how ids are called: by the first chain that names one, or else by the catalogue."""
    every = list(chains)

    def call(kind: str, identifier: str) -> Choice:
        naming = (chain for chain in every if chain.name_of(kind, identifier) is not None)
        return named(kind, identifier, next(naming, None))

    return call


def _chains_within(session: Session, mandates: Iterable[Mandate]) -> list[PackChain]:
    packs, regions = published_packs(session), {each.jurisdiction for each in mandates}
    adopted = adoptions(session)
    chains = []
    for scheme in sorted(packs):
        if not any(jurisdiction_contains(each, packs[scheme].jurisdiction) for each in regions):
            continue
        try:
            chains.append(chain_of(scheme, packs, adopted=adopted))
        except (PackDraftError, PackMissingError):
            continue  # nobody can be asked about by it
    return chains


def _scheme(chain: PackChain) -> Choice:
    pack: Pack = chain.packs[0]
    return Choice(chain.scheme, pack.title_zh, pack.title_en)


def _granted(grants: Iterable[str], known: Iterable[tuple[str, ...]]) -> tuple[set[str], bool]:
    """Return the ids that mandates name, those of the packs where one names none."""
    words = {word for grant in grants for word in grant.split()}
    if ANY not in words:
        return words, False
    return (words - {ANY}) | {word for each in known for word in each}, True


def _with_known(kind: str, words: set[str], *, is_any: bool) -> list[str]:
    """Add what the catalogue can name, and put all in its order: levels have one of their own."""
    prefix = f"{_NAME}{kind}-"
    known = [code.removeprefix(prefix).replace("-", "_") for code in entries()
             if code.startswith(prefix)]  # fmt: skip
    order: Mapping[str, int] = {slug(each): at for at, each in enumerate(known)}
    every = words | set(known) if is_any else words
    return sorted(every, key=lambda each: (order.get(slug(each), len(order)), each))


def _fact(asked: AskedFact, call: _Call) -> FactChoice:
    words = tuple(call("word", word) for word in asked.words)
    return FactChoice(call("fact", asked.name), asked.answer is Answer.DAY, words)
