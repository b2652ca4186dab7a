"""What the packs answer to the question of a case, in texts that a case can be held against."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import TypeVar

from creditbank.hours import HoursTextInvalidError, centihours_from_text, hours_text
from creditbank.rules.applying import quota_use_of, try_application
from creditbank.rules.caps import LiveFact, fold
from creditbank.rules.conversion import ActivityFact, Conversion, convert
from creditbank.rules.days import Days
from creditbank.rules.fields import SCHEME, SUBJECT, WORD, Fields
from creditbank.rules.items import ItemConversion, ItemFact, convert_item
from creditbank.rules.pack import Basis, PackChain, Value
from creditbank.rules.requirement import Closing, Credited, Question, RequirementLine, assess
from creditbank.rules.review_term import review_term
from creditbank.rules.transfer import TransferFact, Transferred, recognised_transfer

Answer = Mapping[str, object]
Read = TypeVar("Read")

_MINUTES_MAX = 24 * 60
_COUNT_MAX = 1_000_000_000
_YEAR_MIN, _YEAR_MAX = 1949, 2200
_KNOWN = rf"{WORD}(?:\.{WORD}){{0,2}}"
_FACT = '"2024-03-01 F1/1 professional course 8.00"'
_CREDITED = '"2025 professional 60.00"'


def converted(given: Fields, on: date, chain: PackChain) -> Conversion:
    """Convert the session that a case gives."""
    fact = ActivityFact(
        activity=given.text("activity", pattern=WORD),
        form=given.text("form", pattern=WORD),
        release=given.text("release", pattern=WORD),
        subject=_subject(given),
        day=on,
        planned_minutes=given.integer("planned", least=1, most=_MINUTES_MAX),
        planned_half_days=given.integer("half_days", least=1, most=2),
        attended_minutes=given.integer("attended", least=0, most=_MINUTES_MAX),
        approved_centihours=_approved(given),
        make_up_year=_make_up(given),
    )
    given.finish()
    return convert(fact, chain)


def converted_item(given: Fields, on: date, chain: PackChain) -> ItemConversion:
    """Convert the declared item that a case gives."""
    fact = ItemFact(
        activity=given.text("activity", pattern=WORD),
        form=given.text("form", pattern=WORD) if given.has("form") else "",
        subject=_subject(given),
        day=on,
        declared_on=_declared(given, on),
        measures=_counts(given.inner("measures")) if given.has("measures") else {},
        traits=_texts(given.inner("traits")) if given.has("traits") else {},
        rank=given.integer("rank", least=1, most=999) if given.has("rank") else None,
        approved_centihours=_approved(given),
        make_up_year=_make_up(given),
        spread_years=given.integer("spread", least=1, most=99) if given.has("spread") else 1,
        first_day=_first_day(given, on),
    )
    given.finish()
    return convert_item(fact, chain)


def _first_day(given: Fields, on: date) -> date | None:
    first_day = given.day("first_day") if given.has("first_day") else None
    if first_day is not None and first_day > on:
        raise given.refuse("first_day", expected=f"≤ {on}")
    return first_day


def live_fact(text: str) -> LiveFact:
    """Read "2024-03-01 F1/1 professional course 8.00", and what more is said of it.

    Further words: `form=video`, `work=W1`, `year=2023`, `item` (no day of presence), `migrated` (of
    records from before the bank), `days=2023-01-01..2023-03-31` (of a period).

    Raises:
        ValueError, HoursTextInvalidError: it is something else.
    """
    day, key, subject, activity, hours, *more = text.split()
    on = date.fromisoformat(day)
    said = dict(word.partition("=")[::2] for word in more)
    return LiveFact(
        occasion_key=key,
        day=on,
        credited_year=int(said.get("year", on.year)),
        subject=subject,
        activity=activity,
        centihours=centihours_from_text(hours),
        form=said.get("form", ""),
        group="" if "migrated" in said else key.partition("/")[0],
        work=said.get("work", ""),
        day_known=not said.keys() & {"item", "migrated"},
        days=_days(said.get("days", "")),
    )


def _days(text: str) -> Days | None:
    first, _, last = text.partition("..")
    return Days(date.fromisoformat(first), date.fromisoformat(last)) if text else None


def live_facts(given: Fields) -> list[LiveFact]:
    """Read the facts over which a case lets the caps fold."""
    facts = _read(given, "facts", live_fact, _FACT)
    if len({fact.occasion_key for fact in facts}) < len(facts):
        raise given.refuse("facts", expected=f"[{_FACT}, …F1/2…]")
    given.finish()
    return facts


def _conversion(given: Fields, on: date, chain: PackChain) -> Answer:
    conversion = converted(given, on, chain)
    return {
        "hours": hours_text(conversion.centihours),
        "year": conversion.credited_year,
        "subject": conversion.subject,
        **_rested_on(conversion.values),
    }


def _item(given: Fields, on: date, chain: PackChain) -> Answer:
    conversion = converted_item(given, on, chain)
    return {
        "hours": hours_text(conversion.centihours),
        "parts": [
            f"{part.credited_year} {subject}{hours_text(part.centihours)}"
            for part in conversion.parts
            for subject in [f"{part.subject} " if conversion.deemed else ""]
        ],
        "subject": conversion.subject,
        **_rested_on(conversion.values),
    }


def _rested_on(values: Iterable[Value]) -> Answer:
    rested = list(values)
    return {
        "rules": [value.key for value in rested],
        "assumed": [value.key for value in rested if value.basis is Basis.ASSUMPTION],
    }


def caps_answer(given: Fields, chain: PackChain) -> Answer:
    """Fold the facts that a case gives under the caps."""
    occasions = fold(live_facts(given), chain).occasions.values()
    return {
        "counted": [f"{o.occasion_key} {hours_text(o.counted_centihours)}" for o in occasions],
        "cuts": [
            f"{o.occasion_key} {cut.key} {cut.period} {hours_text(cut.centihours)}"
            for o in occasions
            for cut in o.cuts
        ],
    }


def transferred(given: Fields, on: date, chain: PackChain) -> Transferred:
    """Recognise the hours of another scheme that a case gives."""
    fact = TransferFact(
        scheme=given.text("scheme", pattern=SCHEME, example='"cn-33"'),
        activity=given.text("activity", pattern=WORD),
        subject=_subject(given),
        day=on,
        credited_year=_year(given, "year") if given.has("year") else on.year,
        centihours=given.centihours("hours"),
    )
    given.finish()
    return recognised_transfer(fact, chain)


def _transfer(given: Fields, on: date, chain: PackChain) -> Answer:
    done = transferred(given, on, chain)
    return {
        "hours": hours_text(done.centihours),
        "year": done.credited_year,
        "subject": done.subject,
        **_rested_on(done.values),
    }


def _requirement(given: Fields, on: date, chain: PackChain) -> Answer:
    assessment = assess(_question(given, on), _credited_rows(given), chain)
    lines = assessment.lines
    return {
        "outcome": assessment.outcome.value,
        "years": sorted({line.first_year for line in lines}),
        "short": [_line(line, line.short_centihours) for line in lines if not line.met],
        "migrated": [_line(line, line.migrated_centihours) for line in lines],
        "required": [_line(line, line.required_centihours) for line in lines],
        "carried": [_line(i, i.carried_centihours) for i in lines if i.carried_centihours],
        "capped": [_line(i, i.capped_centihours) for i in lines if i.capped_centihours],
        "case": dict(assessment.case),
        "pathway": assessment.pathway.key if assessment.pathway else "",
        "refused": [f"{each.code} {each.found}".strip() for each in assessment.refused],
        "make_up": [f"{each.year} {each.last_day} {each.value.key}" for each in assessment.make_up],
        "others": list(assessment.other_pathways),
        "cited": [each.id for value in assessment.values for each in value.references],
        "closing": [_line(item, item.centihours) for item in assessment.closing],
        "missing": [
            " ".join(
                str(part) for part in (m.code, m.key, m.year, m.decided_by) if part is not None
            )
            for m in assessment.missing
        ],
        "caveats": [value.key for value in assessment.caveats],
    }


def _exemption(given: Fields, on: date, chain: PackChain) -> Answer:
    known = given.words("known", pattern=_KNOWN)
    findings = given.words("findings") if given.has("findings") else ()
    asked = _question(given, on)
    question = replace(asked, used=asked.used or {}, findings=findings)
    tried = try_application(question, known, chain)
    use = quota_use_of(question.pathway, on, chain)
    return {
        "fits": tried.fits,
        "facts": [f"{fact} {text}" for fact, text in tried.question.stated.items()],
        "refused": [f"{each.code} {each.found}".strip() for each in tried.trial.refused],
        "missing": [f"{each.code} {each.key}" for each in tried.trial.missing],
        "places": tried.places.total if tried.places else 0,
        "year": str(use.year) if use else "",
        "free_again": [str(each) for each in use.free_again] if use else [],
    }


def _question(given: Fields, on: date) -> Question:
    named = {
        key: given.text(key, pattern=WORD) if given.has(key) else ""
        for key in ("specialty", "pathway")
    }
    question = Question(
        series=given.text("series", pattern=WORD),
        level=given.text("level", pattern=WORD),
        application_day=on,
        stated={},
        specialty=named["specialty"],
        pathway=named["pathway"],
        used=_counts(given.inner("used")) if given.has("used") else None,
    )
    stated = _texts(given.inner("stated")) if given.has("stated") else {}
    given.has("credited")
    return replace(question, stated=_texts(given) | stated)


def _credited_rows(given: Fields) -> list[Credited]:
    return _read(given, "credited", _credited_row, _CREDITED)


def _credited_row(text: str) -> Credited:
    """Read "2025 professional 60.00", then `migrated 10.00`, `capped 4.00` of it."""
    year, subject, hours, *more = text.split()
    figures = dict(zip(more[::2], map(centihours_from_text, more[1::2]), strict=True))
    counted, migrated = centihours_from_text(hours), figures.pop("migrated", 0)
    row = (int(year), subject, counted, migrated, figures.pop("capped", 0))
    if figures or migrated > counted:
        raise ValueError(text)
    return Credited(*row)


def _line(line: RequirementLine | Closing, centihours: int) -> str:
    one_year = line.first_year == line.last_year
    years = f"{line.first_year}" if one_year else f"{line.first_year}-{line.last_year}"
    return f"{years} {line.subject or 'total'} {hours_text(centihours)}"


def _read(given: Fields, key: str, read: Callable[[str], Read], example: str) -> list[Read]:
    """Read a list of texts, each by itself; an empty list is one."""
    rows = given.raw(key, expected=f"[{example}]")
    if not isinstance(rows, list) or not all(isinstance(row, str) for row in rows):
        raise given.refuse(key, expected=f"[{example}]")
    try:
        return [read(row) for row in rows]
    except (ValueError, HoursTextInvalidError) as error:
        raise given.refuse(key, expected=f"[{example}]") from error


def _declared(given: Fields, on: date) -> date:
    declared = given.day("declared") if given.has("declared") else on
    if declared < on:
        raise given.refuse("declared", expected=f"≥ {on}")
    return declared


def _subject(given: Fields) -> str:
    if not given.has("subject"):
        return "professional"
    return given.text("subject", pattern=rf"(?:{SUBJECT})?", example='"professional"')


def _approved(given: Fields) -> int | None:
    return given.centihours("approved") if given.has("approved") else None


def _make_up(given: Fields) -> int | None:
    return _year(given, "make_up") if given.has("make_up") else None


def _year(given: Fields, key: str) -> int:
    return given.integer(key, least=_YEAR_MIN, most=_YEAR_MAX)


def _counts(table: Fields) -> dict[str, int]:
    return {key: table.integer(key, least=0, most=_COUNT_MAX) for key in table.table}


def _texts(table: Fields) -> dict[str, str]:
    """Read every key that nobody has taken as a text."""
    return {key: table.text(key) for key in table.table if key not in table.taken}


def _review(given: Fields, on: date, chain: PackChain) -> Answer:
    series = given.text("series", pattern=WORD)
    given.finish()
    term = review_term(series, on, chain)
    if term is None:
        return {"due_on": "", "rule": ""}
    return {"due_on": term.due_on.isoformat(), "rule": term.value.key}


#: What a case may ask, by the name of the question.
ANSWERS: Mapping[str, Callable[[Fields, date, PackChain], Answer]] = {
    "conversion": _conversion,
    "item": _item,
    "transfer": _transfer,
    "requirement": _requirement,
    "exemption": _exemption,
    "review": _review,
}
