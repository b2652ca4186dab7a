"""Cases that a lawyer can read: what is given, on which day, and what the packs are to say of it.

A case file is TOML: a scheme, a question, packs of its own if it needs any, and `[[case]]` tables
(docs/rules.md, Cases). Nothing here reads files: the caller brings the bytes and the packs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from creditbank.errors import CreditBankError
from creditbank.rules.boundaries import Asked, WatchedChain
from creditbank.rules.case_answers import ANSWERS, Answer, caps_answer, live_facts
from creditbank.rules.fields import SCHEME, Fields, Lines, PackInvalidError, Place
from creditbank.rules.hour_rules import Cap, ItemsCap
from creditbank.rules.loader import chain_of, load_pack, parse_toml
from creditbank.rules.pack import Pack, PackChain

#: The one question whose facts have days of their own.
CAPS = "caps"


@dataclass(frozen=True, slots=True)
class Case:
    """One case; `clause` is what it rests on, or says that nothing was found.

    `on` is the day of the session, of the item or of the application; None for caps. `expect` holds
    those parts of the answer that the case is about.
    """

    name: str
    clause: str
    question: str
    on: date | None
    expect: Mapping[str, object]
    chain: PackChain
    _given: Fields

    @property
    def given(self) -> Fields:
        """What is given, to be read anew."""
        return Fields(self._given.table, self._given.place)


@dataclass(frozen=True, slots=True)
class CaseRun:
    """What the packs say of a case, and what they were asked on the way."""

    case: Case
    answer: Answer
    asked: frozenset[Asked]

    @property
    def differing(self) -> dict[str, object]:
        """What the answer says where the case expects something else."""
        return {
            key: self.answer.get(key)
            for key, expected in self.case.expect.items()
            if self.answer.get(key) != expected
        }


def load_cases(data: bytes, packs: Mapping[str, Pack], *, file: str) -> list[Case]:
    """Read one case file.

    Args:
        data: the file's bytes, UTF-8 TOML.
        packs: the packs at hand by id; those that the file brings itself go before them.
        file: what to call the file when something is wrong with it.

    Raises:
        PackInvalidError: naming the file, the line, the key, and what was expected there.
        PackMissingError, PackChainError, PackDraftError: its scheme has no chain.
    """
    text, table = parse_toml(data, file)
    lines = Lines(text)
    fields = Fields(table, Place(file, lines))
    own = [load_pack(each.encode(), file=file) for each in _texts(fields, "packs")]
    chain = chain_of(
        fields.text("scheme", pattern=SCHEME, example='"cn-3710"'),
        {**packs, **{pack.id: pack for pack in own}},
        simulation=fields.flag("simulation") if fields.has("simulation") else False,
    )
    question = _question(fields) if fields.has("question") else None
    cases: dict[str, Case] = {}
    for table_fields in fields.sections("case"):
        case = _case(table_fields, question, chain)
        if case.name in cases:
            raise table_fields.refuse("name", expected=f"≠ {case.name}")
        cases[case.name] = case
    fields.finish()
    return list(cases.values())


def run_case(case: Case) -> CaseRun:
    """Put a case to its packs; a refusal is an answer too, with its code under `error`.

    Raises:
        PackInvalidError: what the case gives is not what its question asks for.
    """
    chain = WatchedChain(case.chain.packs, case.chain.simulation)
    try:
        answer = _answer(case, chain)
    except PackInvalidError:
        raise
    except CreditBankError as error:
        facts = dict(error.facts)
        answer = {"error": error.code, "missing": facts.get("key"), **facts}
    return CaseRun(case, answer, frozenset(each for each in chain.asked if _touched(case, each)))


def _answer(case: Case, chain: PackChain) -> Answer:
    if case.question == CAPS:
        return caps_answer(case.given, chain)
    assert case.on is not None, "the loader asks for the day of every other question"
    return ANSWERS[case.question](case.given, case.on, chain)


def _touched(case: Case, asked: Asked) -> bool:
    """Tell whether a cap that was looked up is one of a fact's of that day; other rules are."""
    if not asked.key.startswith("cap."):
        return True
    (pack,) = (each for each in case.chain.packs if each.id == asked.pack)
    caps = [value.value for value in pack.values.get(asked.key, ())]
    return any(
        isinstance(cap, Cap | ItemsCap) and cap.covers(fact.activity, fact.form, fact.subject)
        for cap in caps
        for fact in live_facts(case.given)
        if fact.day == asked.day
    )


def _case(fields: Fields, question: str | None, chain: PackChain) -> Case:
    asked = _question(fields) if question is None or fields.has("question") else question
    case = Case(
        name=fields.text("name"),
        clause=fields.text("clause"),
        question=asked,
        on=None if asked == CAPS else fields.day("on"),
        expect=fields.inner("expect").table,
        chain=chain,
        _given=fields.inner("given"),
    )
    if not case.expect:
        raise fields.refuse("expect", expected='{ hours = "8.00" }')
    fields.finish()
    return case


def _question(fields: Fields) -> str:
    known = (*ANSWERS, CAPS)
    found = fields.text("question", example=" | ".join(known))
    if found not in known:
        raise fields.refuse("question", expected=" | ".join(known))
    return found


def _texts(fields: Fields, key: str) -> list[str]:
    found = fields.raw(key, expected='["…"]') if fields.has(key) else []
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise fields.refuse(key, expected='["…"]')
    return found
