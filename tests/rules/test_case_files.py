"""What a case file may say, how the rest is refused, and how a case is held against its packs."""

import pytest

from creditbank.rules.boundaries import Asked
from creditbank.rules.cases import Case, load_cases, run_case
from creditbank.rules.fields import (
    PackInvalidError,
    PackKeyMissingError,
    PackKeyUnknownError,
    PackSyntaxError,
)
from creditbank.rules.loader import PackMissingError, load_pack
from creditbank.rules.pack import Pack
from tests.rules.conftest import assumed_rule, text_of_pack

PACK = text_of_pack(
    assumed_rule("recognise.course", "true"),
    assumed_rule("recognise.paper", "true"),
    assumed_rule("conversion.course", '{ kind = "per_day", hours_per_day = "8" }'),
    assumed_rule("conversion.paper", '{ kind = "per_item", hours = "20" }'),
    assumed_rule("cap.day", '{ per = "day", hours = "8", order = 1, activities = ["course"] }'),
    assumed_rule("yearly_minimum.total", '"90"'),
    assumed_rule("requirement.*.*", '{ mode = "every_year", years = 1, start = "any_time" }'),
)
SESSION = (
    'activity = "course", form = "talk", release = "full", half_days = 2, planned = 60, '
    "attended = 60"
)
ITEM = 'activity = "paper"'
TITLE = 'series = "engineering", level = "senior"'


def at_hand() -> dict[str, Pack]:
    pack = load_pack(PACK.encode(), file="pack.toml")
    return {pack.id: pack}


def load(text: str) -> list[Case]:
    return load_cases(text.encode(), at_hand(), file="cases.toml")


def case_of(question: str, given: str, expect: str, on: str = "on = 2024-03-01") -> Case:
    (case,) = load(
        f'question = "{question}"\nscheme = "cn-99"\n[[case]]\nname = "a"\nclause = "b"\n{on}\n'
        f"given = {{ {given} }}\nexpect = {{ {expect} }}\n"
    )
    return case


def test_a_case_that_the_packs_answer_as_expected_differs_in_nothing() -> None:
    run = run_case(case_of("conversion", SESSION, 'hours = "8.00", year = 2024, error = ""'))

    assert run.differing == {"error": None}
    assert Asked("cn-99", "recognise.course", run.case.on) in run.asked  # type: ignore[arg-type]


def test_a_case_can_be_put_again_and_is_answered_the_same() -> None:
    case = case_of("requirement", f'{TITLE}, hired_on = "x", credited = []', 'outcome = "met"')

    assert run_case(case).answer == run_case(case).answer
    assert run_case(case).differing == {"outcome": "not_met"}


def test_a_refusal_is_an_answer_with_its_code_and_its_facts() -> None:
    run = run_case(case_of("item", 'activity = "book"', 'error = "not-recognised"'))

    assert run.differing == {}
    assert run.answer["bound"] == "activity"


def test_each_case_may_ask_its_own_question() -> None:
    cases = load(
        'scheme = "cn-99"\n'
        '[[case]]\nquestion = "item"\nname = "a"\nclause = "b"\non = 2024-03-01\n'
        f'given = {{ {ITEM} }}\nexpect = {{ hours = "20.00" }}\n'
        '[[case]]\nquestion = "caps"\nname = "c"\nclause = "b"\n'
        'given = { facts = ["2024-03-01 F1/1 professional course 9.00"] }\n'
        'expect = { counted = ["F1/1 8.00"] }\n'
    )

    assert [run_case(case).differing for case in cases] == [{}, {}]
    assert [case.on is None for case in cases] == [False, True]


def test_a_file_may_bring_packs_of_its_own() -> None:
    child = text_of_pack(
        assumed_rule("yearly_minimum.total", '"40"'),
        id='"cn-9901"', jurisdiction='"cn-9901"', inherits='"cn-99"',
    )  # fmt: skip
    (case,) = load(
        'question = "requirement"\nscheme = "cn-9901"\nsimulation = false\n'
        f"packs = ['''\n{child}''']\n"
        '[[case]]\nname = "a"\nclause = "b"\non = 2024-03-01\n'
        f'given = {{ {TITLE}, credited = ["2023 professional 40"] }}\n'
        'expect = { outcome = "met" }\n'
    )

    assert run_case(case).differing == {}


def test_a_cap_is_asked_for_only_by_a_fact_that_it_covers() -> None:
    on = case_of("caps", 'facts = ["2024-03-01 F1 professional course 1.00"]', "cuts = []", "")
    off = case_of("caps", 'facts = ["2024-03-01 F1 professional paper 1.00"]', "cuts = []", "")

    assert [{asked.key for asked in run_case(case).asked} for case in (on, off)] == [
        {"cap.day"}, set(),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "given", "key"),
    [
        ("conversion", SESSION.replace("planned = 60", "planned = 0"), "case.given.planned"),
        ("conversion", SESSION.replace('"full"', '"Full"'), "case.given.release"),
        ("conversion", f'{SESSION}, approved = "x"', "case.given.approved"),
        ("conversion", f"{SESSION}, make_up = 20", "case.given.make_up"),
        ("conversion", f'{SESSION}, subject = "a.B"', "case.given.subject"),
        ("item", f"{ITEM}, declared = 2024-02-29", "case.given.declared"),
        ("item", f"{ITEM}, first_day = 2024-03-02", "case.given.first_day"),
        ("item", f"{ITEM}, rank = 0", "case.given.rank"),
        ("item", f"{ITEM}, measures = {{ days = -1 }}", "case.given.measures.days"),
        ("item", f"{ITEM}, traits = {{ role = 1 }}", "case.given.traits.role"),
        ("item", f"{ITEM}, spread = 0", "case.given.spread"),
        ("transfer", 'scheme = "x", activity = "paper", hours = "1"', "case.given.scheme"),
        ("requirement", f"{TITLE}, credited = 1", "case.given.credited"),
        ("requirement", f'{TITLE}, credited = ["2024 professional"]', "case.given.credited"),
        ("requirement", f'{TITLE}, credited = ["2024 x 1.001"]', "case.given.credited"),
        ("requirement", f'{TITLE}, credited = ["2024 x 1 lost 1"]', "case.given.credited"),
        ("requirement", f'{TITLE}, credited = ["2024 x 1 migrated 2"]', "case.given.credited"),
        ("requirement", f"{TITLE}, credited = [], used = {{ x = -1 }}", "case.given.used.x"),
        ("requirement", f"{TITLE}, credited = [], first_review = true", "case.given.first_review"),
    ],
)
def test_what_a_question_cannot_use_is_refused_by_its_line(
    question: str, given: str, key: str
) -> None:
    with pytest.raises(PackInvalidError) as refused:
        run_case(case_of(question, given, 'hours = "1"'))

    assert (refused.value.facts["key"], refused.value.facts["line"]) == (key, 7)


@pytest.mark.parametrize(
    "facts", ['["2024-02-30 F1 x y 1"]', '["2024-03-01 F1 x y"]', "[1]", '["2024-03-01 F x y 1h"]']
)
def test_a_fact_that_cannot_be_read_is_refused(facts: str) -> None:
    with pytest.raises(PackInvalidError):
        run_case(case_of("caps", f"facts = {facts}", "cuts = []", ""))


def test_two_facts_of_one_name_are_refused() -> None:
    fact = '"2024-03-01 F1/1 professional course 1.00"'

    with pytest.raises(PackInvalidError):
        run_case(case_of("caps", f"facts = [{fact}, {fact}]", "cuts = []", ""))


@pytest.mark.parametrize(
    ("given", "code"),
    [(f"{ITEM}, ranks = 1", PackKeyUnknownError), ('form = "x"', PackKeyMissingError)],
)
def test_what_an_item_does_not_know_or_lacks_is_named(
    given: str, code: type[PackInvalidError]
) -> None:
    with pytest.raises(code):
        run_case(case_of("item", given, 'hours = "1"'))


HEAD = 'question = "item"\nscheme = "cn-99"\n'
CASE = (
    f'[[case]]\nname = "a"\nclause = "b"\non = 2024-03-01\ngiven = {{ {ITEM} }}\n'
    'expect = { hours = "20.00" }\n'
)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("x", PackSyntaxError),
        (CASE, PackKeyMissingError),
        (f'scheme = "cn-99"\n{CASE}', PackKeyMissingError),
        (f'question = "how"\nscheme = "cn-99"\n{CASE}', PackInvalidError),
        (f"packs = 1\n{HEAD}{CASE}", PackInvalidError),
        (f"packs = [1]\n{HEAD}{CASE}", PackInvalidError),
        (f"{HEAD}{CASE}{CASE}", PackInvalidError),
        (f"{HEAD}{CASE}year = 2024\n", PackKeyUnknownError),
        (f"year = 2024\n{HEAD}{CASE}", PackKeyUnknownError),
        (HEAD + CASE.replace('hours = "20.00"', ""), PackInvalidError),
        (HEAD + CASE.replace("on = 2024-03-01\n", ""), PackKeyMissingError),
        (HEAD + CASE.replace('clause = "b"\n', ""), PackKeyMissingError),
        (f"{HEAD}case = 1\n", PackInvalidError),
        (HEAD.replace("cn-99", "cn-98") + CASE, PackMissingError),
    ],
)
def test_a_file_that_is_no_case_file_is_refused(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        load(text)
