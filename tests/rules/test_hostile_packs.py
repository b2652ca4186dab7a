"""Packs that mean harm, or are merely huge or muddled: refused with their place, never a crash."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.catalogue import LANGUAGES, problem
from creditbank.errors import CreditBankError
from creditbank.rules.caps import LiveFact, fold
from creditbank.rules.conversion import ActivityFact, convert
from creditbank.rules.explain import explain_conversion, explain_cuts
from creditbank.rules.items import ItemFact, convert_item
from creditbank.rules.loader import PackInvalidError, load_pack
from creditbank.rules.pack import Pack, PackChain
from creditbank.rules.transfer import TransferFact, recognised_transfer

PackText = Callable[..., str]
Rule = Callable[..., dict[str, str]]
DAY = date(2024, 6, 3)
#: What a refusal may say altogether, whatever a pack holds.
WORDS_MAX = 2_000

#: One sound value of each kind, from which muddled ones are made.
SOUND: dict[str, Any] = {
    "recognise.work": {"forms": ["a"], "releases": ["x"], "ranks": "1-3",
                       "traits": {"role": ["editor"]}},
    "conversion.work": {"kind": "per_minutes", "minutes_per_hour": 45, "at_most": "8",
                        "step": "0.5", "subject": "public", "spread": {"years": 2, "how": "even"}},
    "conversion.work.a": {"kind": "per_unit", "measure": "days", "units": 2, "hours": "8",
                          "whole": True, "shares": [{"ranks": "1", "percent": 50}]},
    "conversion.work.b": {"kind": "banded", "measure": "days", "bands": [
        {"from": 1, "hours": "1"}, {"from": 2, "hours": "2"}]},
    "conversion.work.c": {"kind": "by_rank", "hours": ["64", "56"], "measure": "years"},
    "conversion.work.d": {"kind": "fixed", "hours": "8", "bonuses": [
        {"ranks": "1", "when": {"paper": "yes"}, "hours": "4"}]},
    "part_day": {"full_from_percent": 80, "below": "pro_rata"},
    "credited_year": {"previous_year_through": "04-30"},
    "make_up.past": {"years": 4, "activities": ["work"], "subjects": ["public"]},
    "declare_by": {"days": 90, "exceptions": [{"ended_in": 12, "until": "03-31"}]},
    "post_by": {"days": 30},
    "post_by.work": {"next_year_until": "01-31"},
    "cap.work": {"per": "activity", "hours": "16", "order": 1, "activities": ["work"],
                 "forms": ["a"], "subject": "public"},
    "once_per_work": "highest",
    "transfer.cn-33": {"subjects": {"public": "public"}, "percent": 50, "activities": ["work"]},
}  # fmt: skip

junk = st.one_of(
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.sampled_from(["", " ", "8", "-8", "8.125", "1e9", "Ａ", "yes", "../x", "\u0000", "*"]),
    st.just("a" * 9_999),
    st.just([]),
    st.just({}),
    st.just([[], [[]]]),
    st.just({"a": {"b": {"c": []}}}),
    st.just(["a"] * 3),
).map(deepcopy)  # What is drawn is muddled further; the next draw must not see it.


def toml_of(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{key}" = {toml_of(each)}' for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_of, value)) + "]"
    if isinstance(value, bool | int):
        return str(value).lower()
    return '"' + str(value).replace("\u0000", "\\u0000") + '"'


def places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    inside: list[tuple[object, ...]] = [path]
    pairs = value.items() if isinstance(value, dict) else ()
    for key, each in [*pairs, *(enumerate(value) if isinstance(value, list) else ())]:
        inside += places(each, (*path, key))
    return inside


@st.composite
def muddled(draw: st.DrawFn) -> tuple[str, object]:
    """Take a sound value, and put junk in a place of it, leave a place out or add one."""
    key = draw(st.sampled_from(sorted(SOUND)))
    value = deepcopy(SOUND[key])
    for _ in range(draw(st.integers(1, 2))):
        *way, last = draw(st.sampled_from(places(value)[1:] or [(None,)]))
        if last is None:
            value = draw(junk)
            continue
        at = value
        for step in way:
            at = at[step]
        how = draw(st.sampled_from(["put", "drop", "add"]))
        if how == "put":
            at[last] = draw(junk)
        elif how == "drop":
            del at[last]
        elif isinstance(at, dict):
            at[draw(st.sampled_from(["more", "Kind", "ranks", "hours", "a" * 999]))] = draw(junk)
        else:
            at.append(draw(junk))
    return key, value


def use(pack: Pack) -> None:
    """Ask a pack that loaded everything that its rules may bear on."""
    chain = PackChain((pack,))
    for form in ("a", "b", "c", "d", "e", ""):
        item = ItemFact(
            "work", form, "public", DAY, DAY, measures={"days": 3, "years": 1, "minutes": 90},
            traits={"role": "editor", "paper": "yes"}, rank=1, make_up_year=2023,
        )  # fmt: skip
        session = ActivityFact("work", form, "x", "public", DAY, 360, 2, 300)
        fact = LiveFact(f"F/{form}", DAY, 2024, "public", "work", 2000, form, "F", "w")
        for ask in (
            lambda item=item: explain_conversion(convert_item(item, chain), "zh", chain),
            lambda session=session: explain_conversion(convert(session, chain), "en", chain),
            lambda fact=fact: explain_cuts(
                fold([fact], chain).occasions[fact.occasion_key].cuts, "zh", chain
            ),
        ):
            answered(ask)
    transfer = TransferFact("cn-33", "work", "public", DAY, 2024, 800)
    answered(lambda: recognised_transfer(transfer, chain))


def answered(ask: Callable[[], object]) -> None:
    """Ask, and take any refusal that has its words for an answer."""
    try:
        ask()
    except CreditBankError as error:
        said = problem(error, "zh").detail
    else:
        said = "an answer"
    assert said


def refusal(text: str) -> PackInvalidError:
    with pytest.raises(PackInvalidError) as caught:
        load_pack(text.encode(), file="test.toml")
    said = [problem(caught.value, language).detail for language in LANGUAGES]
    assert all(0 < len(each) < WORDS_MAX for each in said)
    return caught.value


@given(made=muddled())
def test_a_muddled_rule_is_refused_in_its_own_place_or_can_be_used(
    pack_text: PackText, rule: Rule, made: tuple[str, object]
) -> None:
    key, value = made
    rules = [rule(each, toml_of(sound)) for each, sound in SOUND.items() if each != key]
    text = pack_text(*rules, rule(key, toml_of(value)))
    lines = text.splitlines()

    try:
        pack = load_pack(text.encode(), file="test.toml")
    except PackInvalidError as error:
        refused = error
    else:
        use(pack)
        return

    # The muddled rule is the last of the pack.
    place = refused.facts["line"]
    assert isinstance(place, int)
    assert place >= max(n for n, line in enumerate(lines, start=1) if line == "[[rule]]")
    assert str(refused.facts["key"]).startswith("rule")
    assert all(len(problem(refused, language).detail) < WORDS_MAX for language in LANGUAGES)


def test_the_sound_rules_load_and_can_be_used(pack_text: PackText, rule: Rule) -> None:
    rules = [rule(key, toml_of(value)) for key, value in SOUND.items()]

    use(load_pack(pack_text(*rules).encode(), file="test.toml"))


@pytest.mark.parametrize(
    "value",
    [
        "0x" + "f" * 10_000,
        "[" + "0x" + "f" * 10_000 + "]",
        '{ kind = "per_minutes", minutes_per_hour = 0x' + "f" * 10_000 + " }",
        '"' + "8" * 900_000 + '"',
        "{ " + ", ".join(f"k{number} = 1" for number in range(50_000)) + " }",
        '{ kind = "by_rank", hours = [' + ", ".join(['"1"'] * 100_000) + "] }",
        '{ kind = "fixed", hours = "8", shares = ['
        + ", ".join(["{ percent = 1 }"] * 30_000)
        + "] }",
        '{ kind = "fixed", hours = "8", ' + "x" * 900_000 + " = 1 }",
        "[" * 5_000 + "]" * 5_000,
        "{ a = " * 2_000 + "1" + " }" * 2_000,
    ],
    ids=lambda value: value[:30],
)
def test_an_enormous_value_is_refused_in_a_few_words(
    pack_text: PackText, rule: Rule, value: str
) -> None:
    refusal(pack_text(rule("conversion.work", value)))


@pytest.mark.parametrize("key", ["id", "version", "title_zh", "zone", "verified_on"])
def test_a_number_that_python_will_not_write_is_refused_anywhere(
    pack_text: PackText, key: str
) -> None:
    refusal(pack_text(**{key: "0x" + "f" * 10_000}))


def test_a_very_long_name_is_repeated_in_part_only(pack_text: PackText, rule: Rule) -> None:
    long = "a" * 300_000

    refusal(pack_text(rule(f"nonsense.{long}", "true")))
    refusal(pack_text(rule("part_day", '"pro_rata"', reference=f'"{long}"')))
    refusal(pack_text(rule(f"recognise.{long}", "true"), rule(f"recognise.{long}", "true")))
    refusal(pack_text(**{long: "1"}))
