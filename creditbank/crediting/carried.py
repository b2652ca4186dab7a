"""Carry-over and lapse (结转、失效) of a person's years: worked out, and moving no entry.

The amounts are the general ones of each year; a title with minima of its own may carry otherwise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from creditbank.catalogue import Language, text
from creditbank.clock import civil_day
from creditbank.crediting.balances import Times, held_at
from creditbank.hours import hours_text
from creditbank.registry.lawbook import law_of
from creditbank.rules.carry_over import CarryingYear, carrying_years, may_carry
from creditbank.rules.explain import ground_text, name_of
from creditbank.rules.loader import PackMissingError
from creditbank.rules.minima import Credited
from creditbank.rules.pack import PackChain, PackDraftError, Value, distinct


@dataclass(frozen=True, slots=True)
class CarriedOver:
    """What carry-over makes of each year that it touches; no years where no rule speaks of it."""

    years: tuple[CarryingYear, ...]
    law: PackChain | None

    @property
    def rules(self) -> tuple[Value, ...]:
        """The rules behind it, each once."""
        return distinct(rule for year in self.years for rule in year.behind)

    def grounds(self, language: Language) -> list[str]:
        """Say what the rules rest on: clause, or reason."""
        return list(dict.fromkeys(ground_text(rule, language) for rule in self.rules))

    def said(self, year: CarryingYear, language: Language) -> list[str]:
        """Say in sentences what came into a year, and what became of its surplus."""
        return list(self._sentences(year, language))

    def _sentences(self, year: CarryingYear, language: Language) -> Iterator[str]:
        for way, moves in (("came", year.came), ("went", year.went)):
            for each in moves:
                yield text(
                    f"carried-{way}", language, year=year.year,
                    hours=hours_text(each.centihours),
                    subject=name_of("subject", each.subject, language, self.law),
                    other=each.giving_year if way == "came" else each.taking_year,
                )  # fmt: skip
        ends = {"open": year.open_centihours, "lapsed": year.lapsed_centihours}
        for end, centihours in ends.items():
            if centihours:
                hours = hours_text(centihours)
                yield text(
                    f"carried-{end}", language, year=year.year, hours=hours, last=year.last_year
                )


NOTHING_CARRIED = CarriedOver((), None)


def carried_said(carried: CarriedOver, language: Language) -> list[str]:
    """Say all of it in sentences, with its grounds, and that it is worked out; or nothing."""
    sentences = [each for year in carried.years for each in carried.said(year, language)]
    about = [*carried.grounds(language), text("carried-about", language)]
    return [*sentences, *about] if sentences else []


def carried_over(
    session: Session, people: Sequence[int], scheme: str, times: Times, today: date
) -> CarriedOver:
    """Work out what is carried over and lapses of what counts at two times.

    Args:
        session: any reading session.
        people: every key of the person.
        scheme: where the hours were credited; its law is what was known then.
        times: as of no day, and known at no instant, it is what counts today.
        today: the civil day of now.
    """
    try:
        law = law_of(session, scheme, times.known_at)
    except (PackMissingError, PackDraftError):
        return NOTHING_CARRIED
    if not may_carry(law):
        return NOTHING_CARRIED
    held = held_at(session, people, scheme, times).balances
    rows = [Credited(each.credited_year, each.subject, each.live_centihours) for each in held]
    known_on = civil_day(times.known_at) if times.known_at else today
    this_year = min(times.as_of or today, known_on, today).year
    return CarriedOver(carrying_years(rows, law, this_year), law)
