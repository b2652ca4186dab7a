"""Laws of what a declaration is asked: whoever states all of it is told of nothing that lacks."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import product

import pytest

from creditbank.rules.asking import NO_WORD
from creditbank.rules.conversion import FactMissingError, NotRecognisedError, RuleMissingError
from creditbank.rules.declaring import AskedOfItem, asked_of_item, declarable, subjects_named
from creditbank.rules.items import DeclaredLateError, ItemFact, SpreadRefusedError, convert_item
from creditbank.rules.loader import chain_of, load_pack
from creditbank.rules.pack import Pack, PackChain

ChainFrom = Callable[..., PackChain]

DAY = date(2026, 6, 1)
LAW = {
    "yearly_minimum__total": '"90"',
    "yearly_minimum__professional": '"60"',
    "recognise__course": '{ releases = ["full"] }',
    "conversion__course": '{ kind = "fixed", hours = "8" }',
    "recognise__unsaid": "true",
    "recognise__refused": "false",
    "conversion__refused": '{ kind = "fixed", hours = "8" }',
    "recognise__book": '{ forms = ["whole", "part"], ranks = "1-3", traits = { role = "editor" } }',
    "conversion__book": '{ kind = "per_unit", measure = "characters", units = 1000, hours = "1", '
    'bonuses = [{ when = { role = "chief" }, hours = "4" }], '
    'spread = { years = 3, how = "declared" } }',
    "conversion__book__part": '{ kind = "by_rank", hours = ["8", "4"], measure = "chapters" }',
    "conversion__book__*__full": '{ kind = "fixed", hours = "8" }',
    "recognise__study": "true",
    "conversion__study__degree": '{ kind = "as_approved", spread = { years = 2, how = "even" } }',
    "conversion__study__exam": '{ kind = "per_item", hours = "8", shares = [{ when = { own = '
    '"yes" }, percent = 100 }, { when = { own = "no" }, percent = 50 }] }',
    "recognise__service": "true",
    "conversion__service": '{ kind = "per_day", hours_per_day = "8" }',
    "declare_by": "{ days = 90 }",
    "recognise__leave": "true",
    "conversion__leave": '{ kind = "whole_year", rest = "professional", '
    'period = { gives = "by_days", overlap = "once" } }',
    "make_up__any": "{ years = 2 }",
    "make_up__service": '{ years = 3, activities = ["service"] }',
}
#: Said of what was stated, and of nothing that was not.
REFUSALS = (NotRecognisedError, RuleMissingError, DeclaredLateError, SpreadRefusedError)


def items(activity: str, asked: AskedOfItem, day: date, subject: str) -> Iterator[ItemFact]:
    """State all that is asked, in every form and with every word of each trait."""
    forms = asked.forms if asked.needs_form else ("", *asked.forms)
    for form, *words in product(forms, *asked.traits.values()):
        yield ItemFact(
            activity=activity,
            form=form,
            subject=subject,
            day=day,
            declared_on=day,
            measures=dict.fromkeys(asked.measures, 20),
            traits=dict(zip(asked.traits, words, strict=True)),
            rank=1 if asked.needs_rank else None,
            approved_centihours=800 if asked.asks_hours else None,
            spread_years=asked.spread_years_max,
            first_day=day if asked.asks_first_day else None,
        )


def lacking(chain: PackChain, day: date) -> list[str]:
    """Return what a declaration that states all that is asked is told to state besides."""
    found = []
    for activity in declarable(chain, day):
        asked = asked_of_item(activity, chain, day)
        assert asked is not None
        for fact in items(activity, asked, day, next(iter(subjects_named(chain)), "professional")):
            try:
                convert_item(fact, chain)
            except FactMissingError as error:
                found.append(f"{activity}: {error.facts['fact']}")
            except REFUSALS:
                continue
    return found


@pytest.mark.parametrize("scheme", ["cn-3710", "cn-3301", "cn-33", "cn-33.ziran-keyan", "cn-65"])
def test_under_the_shipped_packs_all_that_lacks_is_asked(
    shipped: dict[str, Pack], scheme: str
) -> None:
    chain = chain_of(scheme, shipped)

    assert lacking(chain, DAY) == []


def test_all_that_lacks_is_asked_whatever_the_kind_of_conversion(chain_from: ChainFrom) -> None:
    chain = chain_from(**LAW)

    assert declarable(chain, DAY) == ("book", "leave", "service", "study")
    assert lacking(chain, DAY) == []


def test_what_is_asked_is_what_the_rules_of_any_form_turn_on(chain_from: ChainFrom) -> None:
    chain = chain_from(**LAW)

    assert asked_of_item("book", chain, DAY) == AskedOfItem(
        forms=("whole", "part"),
        needs_form=True,
        measures=("characters", "chapters"),
        traits={"role": ("editor", "chief", NO_WORD)},
        needs_rank=True,
        asks_hours=False,
        asks_first_day=False,
        spread_years_max=3,
        make_up_years=(2024, 2025),
        last_day=date(2026, 8, 30),
    )
    study, service = (asked_of_item(each, chain, DAY) for each in ("study", "service"))
    assert study is not None
    assert service is not None
    assert (study.forms, study.needs_form) == (("degree", "exam"), True)
    assert (study.measures, study.asks_hours) == (("items",), True)
    assert (service.forms, service.needs_form, service.needs_rank) == ((), False, False)
    assert service.make_up_years == (2023, 2024, 2025)
    leave = asked_of_item("leave", chain, DAY)
    assert leave is not None
    assert leave.asks_first_day
    assert subjects_named(chain) == ("professional",)


@pytest.mark.parametrize("activity", ["course", "unsaid", "refused", "unheard_of"])
def test_what_the_rules_do_not_give_hours_for_is_not_declared(
    chain_from: ChainFrom, activity: str
) -> None:
    assert asked_of_item(activity, chain_from(**LAW), DAY) is None


def test_without_a_day_to_declare_by_there_is_none(
    pack_text: Callable[..., str], rule: Callable[..., dict[str, str]]
) -> None:
    talk = rule("conversion.talk", '{ kind = "fixed", hours = "2" }')
    later = rule("make_up.any", "{ years = 2 }", "2030-01-01")
    text = pack_text(rule("recognise.talk", "true"), talk, later)
    chain = PackChain((load_pack(text.encode(), file="test.toml"),))

    asked = asked_of_item("talk", chain, DAY)

    assert asked is not None
    assert (asked.last_day, asked.make_up_years, asked.spread_years_max) == (None, (), 1)
    assert asked_of_item("talk", chain, date(2019, 1, 1)) is None
