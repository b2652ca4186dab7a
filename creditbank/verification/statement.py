"""What an answer says of the hours and the law, as members of its statement (docs/formats.md §7).

Reasons, clauses and pathways stand in every answer and tell nothing of the record; figures stand in
the summary only.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import partial

import msgspec

from creditbank.canonical import Canonical, canonical_bytes
from creditbank.catalogue import LANGUAGES
from creditbank.catalogue import text as message
from creditbank.hours import hours_text
from creditbank.ledger.logs import Head
from creditbank.ledger.models import Movement
from creditbank.rules.explain import Sentence, explain_cuts
from creditbank.rules.explain_answer import explain_assessment
from creditbank.rules.pack import Basis, PackChain, Value
from creditbank.rules.pathways import pathway_of
from creditbank.rules.requirement import Assessment
from creditbank.rules.shortfall import RequirementLine
from creditbank.rules.windows import MONTHS
from creditbank.verification.gathering import CreditedYear, Gathered
from creditbank.verification.weighing import Weighed

#: Sayings that are remembered; a law has a few dozen, and each log a new head every few seconds.
_REMEMBERED_MAX = 1_000
_BOOKS_MAX = 16
_NO_RECORD = "verdict-no-record"


class Phrasebook:
    """What answers by one law say alike, put into words and canonical JSON once.

    Members that it gives out are shared between answers, and are never to be changed.
    """

    def __init__(self, law: PackChain) -> None:
        self.law = law
        self._said: dict[object, tuple[object, Canonical, bytes]] = {}
        self._bytes: dict[int, tuple[Canonical, bytes]] = {}

    def reasons(self, weighed: Weighed) -> Canonical:
        """Say why, as `reasons_of` does."""
        told = weighed.assessment
        say = partial(reasons_of, told, self.law, recorded=weighed.recorded)
        if told.refused or told.pathway is not None:
            return say()
        asked = (
            told.outcome, weighed.recorded, tuple(told.case.items()), told.missing,
            told.other_pathways,
        )  # fmt: skip
        return self._once(asked, told, say)

    def grounds(self, weighed: Weighed) -> dict[str, Canonical]:
        """Tell what an answer rests on: clauses, assumptions, packs, and pathways if there are."""
        values = weighed.values
        # The values are held with what is said of them, so that no other can have its identity.
        asked = tuple(map(id, values))
        return {
            "clauses": self._once(("clauses", asked), values, partial(_clauses, values)),
            "assumptions": self._once(("assumed", asked), values, partial(_assumptions, values)),
            "packs": self._once("packs", None, lambda: [list(pin) for pin in self.law.pins()]),
            **_adoptions(self.law),
            **_pathways(weighed.assessment),
        }

    def heads(self, heads: Sequence[Head]) -> Canonical:
        """Show the heads of logs."""
        return self._once(
            tuple(head.note for head in heads), None, lambda: [_head(head) for head in heads]
        )

    def encoded(self, statement: Mapping[str, Canonical]) -> bytes:
        """Write a statement as canonical JSON; what was written before is not written anew."""
        members = (
            f'"{name}":'.encode("ascii") + self._written(statement[name])
            for name in sorted(statement)
        )
        return b"{" + b",".join(members) + b"}"

    def _written(self, member: Canonical) -> bytes:
        known = self._bytes.get(id(member))
        if known is not None and known[0] is member:
            return known[1]
        # Figures are plain signs, of which there is one spelling; words may need their normal form.
        plain = msgspec.json.encode(member, order="sorted")
        return plain if plain.isascii() and b"\\" not in plain else canonical_bytes(member)

    def _once(self, asked: object, held: object, say: Callable[[], Canonical]) -> Canonical:
        known = self._said.get(asked)
        if known is not None:
            return known[1]
        member = say()
        if len(self._said) >= _REMEMBERED_MAX:
            self._said.clear()
            self._bytes.clear()
        written = canonical_bytes(member)
        self._said[asked] = (held, member, written)
        self._bytes[id(member)] = (member, written)
        return member


#: By the chain's identity: the lawbook keeps chains alike.
_phrasebooks: dict[int, Phrasebook] = {}


def phrasebook_of(law: PackChain) -> Phrasebook:
    """Return the phrasebook of a chain of packs, of this process."""
    book = _phrasebooks.get(id(law))
    if book is None or book.law is not law:
        if len(_phrasebooks) >= _BOOKS_MAX:
            _phrasebooks.clear()
        book = _phrasebooks[id(law)] = Phrasebook(law)
    return book


def reasons_of(assessment: Assessment, law: PackChain, *, recorded: bool) -> list[Canonical]:
    """Say why in both languages, without figures: the decision alone must not tell the record."""
    # What only the figures' words would tell is not put into words here.
    bare = replace(assessment, lines=(), caveats=(), make_up=())
    zh, en = (explain_assessment(bare, language, law) for language in LANGUAGES)
    outcome: Canonical = {
        "code": f"rules-outcome-{str(assessment.outcome).replace('_', '-')}",
        "zh": zh.outcome,
        "en": en.outcome,
    }
    nobody: Canonical = {
        "code": _NO_RECORD, "zh": message(_NO_RECORD, "zh"), "en": message(_NO_RECORD, "en"),
    }  # fmt: skip
    chosen = _in_both(zh.chosen, en.chosen)
    first = [outcome, *chosen] if recorded else [nobody]
    open_ = _in_both(zh.missing + zh.refused + zh.others, en.missing + en.refused + en.others)
    return [*first, *open_]


def summary_of(assessment: Assessment, gathered: Gathered, law: PackChain) -> dict[str, Canonical]:
    """Give the figures: what was asked for and credited, what was cut, what would close it."""
    held_back = gathered.cuts
    cuts = zip(*(explain_cuts(held_back, language, law) for language in LANGUAGES), strict=True)
    return {
        "requirement": [_line(line) for line in assessment.lines],
        "credited": [_credited(row) for row in gathered.credited],
        "cuts": [
            {
                "key": cut.key,
                "period": cut.period,
                "hours": hours_text(cut.centihours),
                "zh": zh.text,
                "en": en.text,
            }
            for cut, (zh, en) in zip(held_back, cuts, strict=True)
        ],
        "advice": [
            {
                "year": closing.first_year,
                "through": closing.last_year,
                "subject": closing.subject,
                "short": hours_text(closing.centihours),
            }
            for closing in assessment.closing
        ],
        **_make_up(assessment),
    }


def worked_out_of(gathered: Gathered, *, with_credits: bool) -> list[Canonical]:
    """Tell where caps over the hours earned by a day hold otherwise than was posted.

    Which credit each line is on is told together with the entries only.
    """
    return [
        {
            **({"credit": each.credit.leaf.hex()} if with_credits else {}),
            "year": each.credit.credited_year,
            "subject": each.credit.subject,
            "movement": str(Movement.CAP if each.more_centihours > 0 else Movement.UNCAP),
            "hours": hours_text(abs(each.more_centihours)),
            "cuts": [
                {"key": cut.key, "period": cut.period, "hours": hours_text(cut.centihours)}
                for cut in each.cuts
            ],
        }
        for each in gathered.worked_out
    ]


def _credited(row: CreditedYear) -> Canonical:
    year, subject, counted, capped, migrated, frozen = row
    told: dict[str, Canonical] = {
        "year": year,
        "subject": subject,
        "counted": hours_text(counted),
        "capped": hours_text(capped),
        "migrated": hours_text(migrated),
    }
    if frozen:  # it does not count while it is looked into
        told["frozen"] = hours_text(frozen)
    return told


def _clauses(values: Iterable[Value]) -> list[Canonical]:
    cited: dict[tuple[str, str], Canonical] = {}
    for value in values:
        for reference in value.references:
            cited[value.scheme, reference.id] = {
                "scheme": value.scheme,
                "reference": reference.id,
                "document": reference.document,
                "clause": reference.clause,
                "quote": reference.quote,
                "basis": str(value.basis),
            }
    return list(cited.values())


def _assumptions(values: Iterable[Value]) -> list[Canonical]:
    assumed: dict[tuple[str, str], Canonical] = {}
    for value in values:
        if value.basis == Basis.ASSUMPTION:
            assumed[value.scheme, value.key] = {
                "scheme": value.scheme,
                "key": value.key,
                "value": _plain(value.value),
                "reason": value.reason,
                "reason_en": value.reason_en,
            }
    return list(assumed.values())


def _adoptions(law: PackChain) -> dict[str, Canonical]:
    """Name what made a draft of the chain law; there is no such member where there is no draft."""
    terms: list[Canonical] = [
        {
            "pack": pack_id,
            "from": term.from_.isoformat(),
            "until": term.until.isoformat() if term.until else "",
            "document": term.document,
            "title": term.title,
        }
        for pack_id, pack_terms in sorted(law.adopted.items())
        for term in pack_terms
    ]
    return {"adoptions": terms} if terms else {}


def _pathways(assessment: Assessment) -> dict[str, Canonical]:
    """Tell which pathway frees, why one does not, and which others fit; only what there is."""
    members: dict[str, Canonical] = {}
    if assessment.pathway is not None:
        rule = pathway_of(assessment.pathway)
        members["pathway"] = {
            "name": _name_of(assessment.pathway),
            "scheme": assessment.pathway.scheme,
            "effect": str(rule.effect),
            "stated": [condition.fact for condition in rule.when],
            "evidence": list(rule.evidence),
        }
    if assessment.refused:
        members["refused"] = [
            {"pathway": each.pathway, "code": each.code, "found": each.found}
            for each in assessment.refused
        ]
    if assessment.other_pathways:
        members["other_pathways"] = list(assessment.other_pathways)
    return members


def _head(head: Head) -> Canonical:
    return {
        "origin": head.checkpoint.origin,
        "size": head.checkpoint.size,
        "root": head.checkpoint.root.hex(),
        "vkey": head.vkey,
        "checkpoint": head.note,
    }


def _line(line: RequirementLine) -> Canonical:
    held: dict[str, Canonical] = {
        "year": line.first_year,
        "through": line.last_year,
        "subject": line.subject,
        "required": hours_text(line.required_centihours),
        "credited": hours_text(line.credited_centihours),
        "short": hours_text(line.short_centihours),
        "met": line.met,
        "key": line.value.key,
        "scheme": line.value.scheme,
    }
    if line.capped_centihours:
        held["capped"] = hours_text(line.capped_centihours)
    if line.carried_centihours:
        held["carried"] = hours_text(line.carried_centihours)
    if line.months < MONTHS:
        held["months"] = line.months
    return held


def _make_up(assessment: Assessment) -> dict[str, Canonical]:
    chances: list[Canonical] = [
        {
            "year": chance.year,
            "last_day": chance.last_day.isoformat(),
            "activities": list(chance.activities),
            "key": chance.value.key,
            "scheme": chance.value.scheme,
        }
        for chance in assessment.make_up
    ]
    return {"make_up": chances} if chances else {}


def _in_both(zh: Iterable[Sentence], en: Iterable[Sentence]) -> list[Canonical]:
    return [
        {"code": one.code, "zh": one.text, "en": other.text}
        for one, other in zip(zh, en, strict=True)
    ]


def _name_of(value: Value) -> str:
    return value.key.partition(".")[2]


def _plain(parameter: object) -> Canonical:
    """Return a typed rule value as plain data; what a rule leaves out is absent."""
    if is_dataclass(parameter):
        held = {each.name: getattr(parameter, each.name) for each in fields(parameter)}
        return {name: _plain(each) for name, each in held.items() if each is not None}
    if isinstance(parameter, Mapping):
        return {str(key): _plain(each) for key, each in parameter.items()}
    if isinstance(parameter, tuple):
        return [_plain(each) for each in parameter]
    return parameter if isinstance(parameter, bool | int) else str(parameter)
