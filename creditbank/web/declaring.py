"""The form of a declared item: what the rules of its scheme, activity and day ask, and no more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from flask import request
from sqlalchemy.orm import Session

from creditbank.crediting.items import Evidence, ItemDraft
from creditbank.crediting.models import DeclaredItem
from creditbank.hours import hours_text
from creditbank.registry.clients import Client
from creditbank.registry.lawbook import published_packs
from creditbank.rules.declaring import AskedOfItem, asked_of_item, declarable, subjects_named
from creditbank.rules.items import ItemFact
from creditbank.rules.pack import PackChain
from creditbank.web import fields, forms
from creditbank.web.failures import PageRequestError
from creditbank.web.forms import DayInvalidError
from creditbank.web.holding import DAY_MIN, Scheme, law_if_any, scheme_called

TITLE_CHARACTERS_MAX = 200
WORK_CHARACTERS_MAX = 120
EVIDENCE_ROWS = 3
_MEASURE_BOUNDS = (0, 1_000_000)
_RANK_BOUNDS = (1, 999)


@dataclass(frozen=True, slots=True)
class ItemForm:
    """What the form shows so far; `asked` is None until activity and day are known."""

    schemes: Sequence[Scheme]
    scheme: str
    law: PackChain | None
    today: date
    activities: Sequence[str] = ()
    activity: str = ""
    day: date | None = None
    asked: AskedOfItem | None = None
    subjects: Sequence[str] = ()
    #: what stands in the fields, by their names
    values: Mapping[str, str] = field(default_factory=dict)


def item_form(session: Session, client: Client, today: date, values: Mapping[str, str]) -> ItemForm:
    """Return the form as far as scheme, activity and day were chosen in `values`."""
    laws = {
        scheme: law
        for scheme in sorted(published_packs(session))
        if (law := law_if_any(session, scheme)) is not None and client.reaches(law.jurisdiction)
    }
    schemes = [scheme_called(scheme, law) for scheme, law in laws.items()]
    chosen = values.get("scheme", client.jurisdiction)
    scheme = chosen if chosen in laws else next(iter(laws), "")
    law, day = laws.get(scheme), _day(values.get("day", ""), today)
    if law is None:
        return ItemForm(schemes, scheme, law, today, values=values)
    activity = values.get("activity", "")
    asked = asked_of_item(activity, law, day) if activity and day else None
    return ItemForm(
        schemes, scheme, law, today, declarable(law, day or today), activity, day, asked,
        subjects_named(law), values,
    )  # fmt: skip


def values_sent() -> dict[str, str]:
    """Return what stands in the form that was sent; files are chosen anew."""
    return {name: text for name, text in request.form.items() if name != "form_token"}


def values_of(item: DeclaredItem, fact: ItemFact, evidence: Sequence[Evidence]) -> dict[str, str]:
    """Return an item as it would stand in the form."""
    values = {
        "scheme": item.scheme, "activity": item.activity, "form": item.form,
        "subject": item.subject, "title": item.title, "day": item.day.isoformat(),
        "work": item.work, "spread_years": str(fact.spread_years),
        "rank": str(fact.rank or ""), "make_up_year": str(fact.make_up_year or ""),
    }  # fmt: skip
    if fact.first_day is not None:
        values["first_day"] = fact.first_day.isoformat()
    if item.asked_centihours is not None:
        values["asked_hours"] = hours_text(item.asked_centihours)
    values |= {f"measure_{name}": str(count) for name, count in fact.measures.items()}
    values |= {f"trait_{name}": word for name, word in fact.traits.items()}
    for number, each in enumerate(evidence[:EVIDENCE_ROWS], start=1):
        values |= {f"evidence_{number}": each.description, f"sha256_{number}": each.sha256}
    return values


def draft_sent(form: ItemForm) -> ItemDraft:
    """Read the declaration that was sent.

    Raises:
        PageRequestError: it names an activity or a day under which nothing may be declared.
        FormFieldEmptyError, FormFieldLongError, FormNumberError, FormHoursError: naming the field.
        DayInvalidError: the day is none, or has not come.
    """
    asked = form.asked
    if form.day is None:
        raise DayInvalidError(found=forms.typed("day")[:20])
    if asked is None:
        raise PageRequestError
    measures = {
        name: fields.whole(f"measure_{name}", "item-measure", _MEASURE_BOUNDS)
        for name in asked.measures
    }
    traits = {name: _one_of(f"trait_{name}", words) for name, words in asked.traits.items()}
    return ItemDraft(
        scheme=form.scheme,
        activity=form.activity,
        form=_one_of("form", asked.forms),
        subject=_one_of("subject", form.subjects),
        title=fields.text("title", "item-title", TITLE_CHARACTERS_MAX),
        day=form.day,
        work=fields.text("work", "item-work", WORK_CHARACTERS_MAX, wanted=False),
        measures={name: count for name, count in measures.items() if count is not None},
        traits={name: word for name, word in traits.items() if word},
        rank=fields.whole("rank", "item-rank", _RANK_BOUNDS) if asked.needs_rank else None,
        make_up_year=int(_one_of("make_up_year", [str(y) for y in asked.make_up_years]) or 0)
        or None,
        spread_years=fields.whole("spread_years", "item-spread", (1, asked.spread_years_max)) or 1,
        asked_centihours=fields.centihours("asked_hours", "item-asked-hours"),
        evidence=_evidence(),
        first_day=forms.day("first_day") if asked.asks_first_day else None,
    )


def _evidence() -> tuple[Evidence, ...]:
    """Return what proves it, in words, with the digest of each file that was chosen now or kept.

    Raises:
        FormFieldEmptyError: nothing proves it.
    """
    found = []
    for number in range(1, EVIDENCE_ROWS + 1):
        wanted = number == 1
        said = fields.text(
            f"evidence_{number}", "item-evidence", TITLE_CHARACTERS_MAX, wanted=wanted
        )
        if said:
            digest = forms.digest_of_file(f"file_{number}") or _kept_digest(number)
            found.append(Evidence(said, digest))
    return tuple(found)


def _kept_digest(number: int) -> str:
    kept = forms.typed(f"sha256_{number}")
    is_digest = len(kept) == 64 and not set(kept) - set("0123456789abcdef")  # noqa: PLR2004 # SHA-256
    return kept if is_digest else ""


def _one_of(name: str, offered: Sequence[str]) -> str:
    chosen = forms.typed(name)
    return chosen if chosen in offered else ""


def _day(text: str, today: date) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if DAY_MIN <= day <= today else None
