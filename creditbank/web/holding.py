"""What the pages of a person's own hours share: whose they are, which law, and names in words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from creditbank.clock import CIVIL_ZONE, instant_from_text, instant_text
from creditbank.crediting.own import keys_of
from creditbank.hours import hours_text
from creditbank.registry.clients import Role
from creditbank.registry.lawbook import law_of
from creditbank.rules.explain import name_of
from creditbank.rules.loader import PackMissingError
from creditbank.rules.pack import PackChain, PackDraftError
from creditbank.web.doors import Visit, seated
from creditbank.web.forms import DayInvalidError
from creditbank.web.pages import page, reader_language

#: Open to professionals, and each of these pages shows them nobody's hours but their own.
OWN = seated(Role.PROFESSIONAL)
DAY_MIN, DAY_MAX = date(1990, 1, 1), date(2200, 12, 31)
_QUERY_CHARACTERS_MAX = 100
_DIGITS_MAX = 5


def own_person(visit: Visit) -> int:
    """Return the key of the person who looks."""
    person_id = visit.signed.person_id
    assert person_id is not None, "a professional's account is a person's"
    return person_id


def own_keys(visit: Visit, session: Session) -> tuple[int, ...]:
    """Return every key that is the person who looks."""
    return keys_of(session, own_person(visit))


def law_if_any(session: Session, scheme: str, known_at: datetime | None = None) -> PackChain | None:
    """Return the law of a scheme; None where nothing in force was published."""
    try:
        return law_of(session, scheme, known_at)
    except (PackMissingError, PackDraftError):
        return None


@dataclass(frozen=True, slots=True)
class Scheme:
    """A scheme as a page calls it."""

    id: str
    title: str


def scheme_called(scheme: str, law: PackChain | None) -> Scheme:
    """Call a scheme by the title of its pack."""
    if law is None:
        return Scheme(scheme, scheme)
    pack = law.packs[0]
    return Scheme(scheme, pack.title_en if reader_language() == "en" else pack.title_zh)


def namer(law: PackChain | None) -> Callable[[str, str], str]:
    """Return a function that calls an id of a kind by its name in the reader's language."""
    return partial(_name, law)


def shown(template: str, **given: Any) -> Response:
    """Make a page whose template writes hours by `hours(…)`."""
    return page(template, hours=hours_text, **given)


def asked(name: str) -> str:
    """Return what an address asks for, shortened to what any list can be asked."""
    return request.args.get(name, "").strip()[:_QUERY_CHARACTERS_MAX]


def asked_number(name: str, default: int = 0) -> int:
    """Return a whole number that an address asks for."""
    text = asked(name)
    # `isdigit` alone takes digits of other scripts, which are not in our addresses.
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX else default


def asked_place(name: str) -> tuple[datetime, str] | None:
    """Return where a list was left: the instant and the public number of the last line seen."""
    instant, _, number = asked(name).partition("~")
    try:
        return instant_from_text(instant), number
    except ValueError:
        return None


def cursor_of(instant: datetime, number: str) -> str:
    """Write where a list is left, for the address of its next page."""
    return f"{instant_text(instant)}~{number}"


def asked_day(name: str) -> date | None:
    """Return a day that an address asks for.

    Raises:
        DayInvalidError: it is no day, or in no year that the ledger can hold.
    """
    text = asked(name)
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError as error:
        raise DayInvalidError(found=text[:20]) from error
    if day is not None and not DAY_MIN <= day <= DAY_MAX:
        raise DayInvalidError(found=text)
    return day


def end_of(day: date) -> datetime:
    """Return the last instant of a civil day."""
    midnight = datetime.combine(day + timedelta(days=1), time(), CIVIL_ZONE)
    return midnight - timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of a long list."""

    number: int
    pages: int
    count: int

    @classmethod
    def of(cls, count: int, number: int, size: int) -> "Slice":
        """Return the page that was asked for, or the nearest that there is."""
        pages = max(1, -(-count // size))
        return cls(min(max(number, 1), pages), pages, count)


def _name(law: PackChain | None, kind: str, identifier: str) -> str:
    return name_of(kind, identifier, reader_language(), law)
