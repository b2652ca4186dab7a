"""What an answer says of the hours and the law, as members of its statement (docs/formats.md §7).

Reasons, clauses and pathways stand in every answer and tell nothing of the record; figures stand in
the summary only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass

from creditbank.canonical import Canonical
from creditbank.catalogue import LANGUAGES
from creditbank.catalogue import text as message
from creditbank.hours import hours_text
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

_NO_RECORD = "verdict-no-record"


def reasons_of(assessment: Assessment, law: PackChain, *, recorded: bool) -> list[Canonical]:
    """Say why in both languages, without figures: the decision alone must not tell the record."""
    zh, en = (explain_assessment(assessment, language, law) for language in LANGUAGES)
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


def grounds_of(weighed: Weighed) -> dict[str, Canonical]:
    """Tell what an answer rests on: clauses, assumptions, packs, and pathways if there are any."""
    return {
        "clauses": _clauses(weighed.values),
        "assumptions": _assumptions(weighed.values),
        "packs": [list(pin) for pin in weighed.law.pins()],
        **_adoptions(weighed.law),
        **_pathways(weighed.assessment),
    }


def summary_of(assessment: Assessment, gathered: Gathered, law: PackChain) -> dict[str, Canonical]:
    """Give the figures: what was asked for and credited, what was cut, what would close it."""
    cuts = zip(*(explain_cuts(gathered.cuts, language, law) for language in LANGUAGES), strict=True)
    return {
        "requirement": [_line(line) for line in assessment.lines],
        "credited": [
            {
                "year": row.year,
                "subject": row.subject,
                "counted": hours_text(row.counted_centihours),
                "capped": hours_text(row.capped_centihours),
                "migrated": hours_text(row.migrated_centihours),
                **_frozen(row),
            }
            for row in gathered.credited
        ],
        "cuts": [
            {
                "key": cut.key,
                "period": cut.period,
                "hours": hours_text(cut.centihours),
                "zh": zh.text,
                "en": en.text,
            }
            for cut, (zh, en) in zip(gathered.cuts, cuts, strict=True)
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


def _frozen(row: CreditedYear) -> dict[str, Canonical]:
    """Tell hours that do not count while they are looked into; no member where there are none."""
    return {"frozen": hours_text(row.frozen_centihours)} if row.frozen_centihours else {}


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
