"""A certificate's facts as people read them, in one language; paper and page show the same."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from creditbank.catalogue import Language, text
from creditbank.certificates.facts import Facts
from creditbank.clock import civil_day, instant_from_text
from creditbank.hours import centihours_from_text, hours_text
from creditbank.rules.explain import day_text


@dataclass(frozen=True, slots=True)
class Hours:
    """Years down, subjects across: names of the columns, rows of texts, the last row their sum."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a certificate says, in sentences and figures."""

    name: str = field(repr=False)
    document: str
    last_four: str
    years: str
    total: str
    hours: Hours
    #: of hours from before the bank, and of hours that caps did not let count
    notes: tuple[str, ...]
    rules: tuple[str, ...]
    clauses: tuple[str, ...]
    #: what no source states and was assumed
    caveats: tuple[str, ...]
    issuer: str
    issued_on: str
    #: empty where there is no end
    valid_through: str
    replaces: str


def show(facts: Facts, language: Language) -> Shown:
    """Read a certificate's facts out in a language."""
    told: Mapping[str, Any] = facts
    holder = told["holder"]
    issued_on = civil_day(instant_from_text(told["issued_at"]))
    through = told["valid_through"]
    return Shown(
        name=holder["name"],
        document=text(f"certificate-document-{_slug(holder['document_kind'])}", language),
        last_four=holder["last_four"],
        years=_years(told["years"], language),
        total=told["total"],
        hours=_hours(told, language),
        notes=_notes(told["hours"], language),
        rules=tuple(
            text(
                "certificate-rule", language, title=p[language], pack=p["id"], version=p["version"]
            )
            for p in told["packs"]
        ),
        clauses=tuple(f"{each['document']} {each['clause']}" for each in told["clauses"]),
        caveats=tuple(_reason(each, language) for each in told["assumptions"]),
        issuer=told["issuer"][language],
        issued_on=day_text(issued_on, language),
        valid_through=day_text(date.fromisoformat(through), language) if through else "",
        replaces=told["replaces"],
    )


def _hours(told: Mapping[str, Any], language: Language) -> Hours:
    counted: dict[tuple[int, str], int] = defaultdict(int)
    for row in told["hours"]:
        counted[row["year"], row["subject"]] += centihours_from_text(row["counted"])
    years, subjects = told["years"], [each["id"] for each in told["subjects"]]
    names = [each[language] for each in told["subjects"]]
    rows = [[counted[year, subject] for subject in subjects] for year in years]
    totals = [sum(column) for column in zip(*rows, strict=True)]
    sum_ = text("certificate-total", language)
    if len(subjects) == 1:
        labelled = [(str(year), row) for year, row in zip(years, rows, strict=True)]
        return Hours(tuple(names), _cells(labelled), _cells([(sum_, totals)])[0])
    labelled = [(str(year), [*row, sum(row)]) for year, row in zip(years, rows, strict=True)]
    return Hours(
        (*names, sum_), _cells(labelled), _cells([(sum_, [*totals, sum(totals)])])[0]
    )  # fmt: skip


def _cells(rows: Sequence[tuple[str, Sequence[int]]]) -> tuple[tuple[str, ...], ...]:
    return tuple((label, *map(hours_text, figures)) for label, figures in rows)


def _notes(rows: Sequence[Mapping[str, str]], language: Language) -> tuple[str, ...]:
    notes = []
    for kind in ("migrated", "capped"):
        centihours = sum(centihours_from_text(row[kind]) for row in rows)
        if centihours:
            notes.append(text(f"certificate-{kind}", language, hours=hours_text(centihours)))
    return tuple(notes)


def _years(years: Sequence[int], language: Language) -> str:
    """Name the years; a run of three and more by its ends."""
    runs: list[list[int]] = []
    for year in years:
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    said = []
    for run in runs:
        if len(run) > 2:  # noqa: PLR2004 # 2024年度至2026年度
            said.append(text("certificate-years-run", language, first=run[0], last=run[-1]))
        else:
            said += [text("certificate-years-one", language, year=year) for year in run]
    return text("certificate-years", language, years=said)


def _rule(pack: Mapping[str, Any], language: Language) -> str:
    title, version = pack[language], pack["version"]
    return text("certificate-rule", language, title=title, pack=pack["id"], version=version)


def _reason(assumed: Mapping[str, str], language: Language) -> str:
    return assumed["reason"] if language == "zh" else assumed["reason_en"]


def _slug(word: str) -> str:
    return word.replace("_", "-")
