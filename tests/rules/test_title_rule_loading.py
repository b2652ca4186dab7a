"""What a pack may say of titles: specialties, years, cases, carry-over, facts and pathways."""

from collections.abc import Callable

import pytest

from creditbank.rules.lint import lint_pack
from creditbank.rules.loader import PackInvalidError, PackOverlapError, load_pack
from creditbank.rules.pack import Pack
from creditbank.rules.title_rules import (
    ByCase,
    CarryOver,
    Case,
    Condition,
    CountFrom,
    Effect,
    EveryYear,
    Fact,
    NotRequired,
    Pathway,
    Places,
    Quota,
    QuotaPeriod,
    StartYear,
    SumOfYearly,
    Through,
    WindowTotal,
)

PackText = Callable[..., str]
Rule = Callable[..., dict[str, str]]

EACH = 'mode = "every_year", years = 3, start = "title"'
QUOTA = '{ per = "employer_year", by = "rank", limits = { high = { total = 2, senior = 1 } } }'


def load(text: str) -> Pack:
    return load_pack(text.encode(), file="test.toml")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        (
            "requirement.a.b.c",
            f'{{ {EACH}, through = "application_year", start_year = "full" }}',
            EveryYear(3, CountFrom.TITLE, Through.APPLICATION_YEAR, StartYear.FULL),
        ),
        (
            "requirement.*.*.*",
            '{ mode = "sum_of_yearly", years = 3, start = "hire", start_year = "skip" }',
            SumOfYearly(3, CountFrom.HIRE, Through.LAST_YEAR, StartYear.SKIP),
        ),
        (
            "requirement.a.*",
            '{ mode = "window_total", years = 1, minima = { total = "1" }, '
            'through = "last_year" }',
            WindowTotal(1, {"": 100}, Through.LAST_YEAR),
        ),
        (
            "requirement.a.*",
            f'{{ {EACH}, cases = [{{ when = {{ degree = ["master", "doctor"], local = true, '
            'place = "north" }, mode = "not_required" }] }',
            ByCase(
                EveryYear(3, CountFrom.TITLE),
                (
                    Case(
                        (
                            Condition("degree", ("master", "doctor")),
                            Condition("local", ()),
                            Condition("place", ("north",)),
                        ),
                        NotRequired(),
                    ),
                ),
            ),
        ),
        ("carry_over.total", '{ years = 1, at_most = "30" }', CarryOver(1, 3000)),
        ("carry_over.public.general", "{ years = 2 }", CarryOver(2, None)),
        ("fact.rank", '["high", "low"]', Fact(("high", "low"))),
        (
            "pathway.medal",
            '{ effect = "waive", when = { medal = true } }',
            Pathway(Effect.WAIVE, (), (), (), (Condition("medal", ()),), (), None),
        ),
        (
            "pathway.named",
            '{ effect = "exempt", series = ["a"], specialties = ["b"], levels = ["c"], when = '
            f'{{ medal = "gold" }}, evidence = ["paper"], quota = {QUOTA} }}',
            Pathway(
                Effect.EXEMPT, ("a",), ("b",), ("c",), (Condition("medal", ("gold",)),), ("paper",),
                Quota(QuotaPeriod.EMPLOYER_YEAR, "rank", {"high": Places(2, {"senior": 1})}),
            ),
        ),
    ],
)  # fmt: skip
def test_each_rule_of_titles_is_read_into_its_own_type(
    pack_text: PackText, rule: Rule, key: str, value: str, expected: object
) -> None:
    (values,) = load(pack_text(rule(key, value))).values.values()

    assert values[0].value == expected


def pathway(more: str) -> str:
    return f'{{ effect = "exempt", when = {{ medal = true }}, {more} }}'


def quota(limits: str) -> str:
    return pathway(f'quota = {{ per = "employer_year", by = "rank", limits = {limits} }}')


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("requirement.a", f"{{ {EACH} }}"),
        ("requirement.a.b.c.d", f"{{ {EACH} }}"),
        ("waiver.a.b.c.d", '{ when = ["a"] }'),
        ("requirement.*.*", f'{{ {EACH}, through = "tomorrow" }}'),
        ("requirement.*.*", f'{{ {EACH}, start_year = "half" }}'),
        (
            "requirement.*.*",
            '{ mode = "every_year", years = 3, start = "any_time", start_year = "full" }',
        ),
        (
            "requirement.*.*",
            '{ mode = "window_total", years = 1, minima = { total = "1" }, start_year = "full" }',
        ),
        ("requirement.*.*", f"{{ {EACH}, cases = [] }}"),
        ("requirement.*.*", f"{{ {EACH}, cases = [true] }}"),
        ("requirement.*.*", f'{{ {EACH}, cases = [{{ mode = "not_required" }}] }}'),
        ("requirement.*.*", f'{{ {EACH}, cases = [{{ when = {{ }}, mode = "not_required" }}] }}'),
        ("requirement.*.*", f"{{ {EACH}, cases = [{{ when = {{ local = true }} }}] }}"),
        (
            "requirement.*.*",
            f"{{ {EACH}, cases = [{{ when = {{ local = true }}, {EACH}, cases = [] }}] }}",
        ),
        (
            "requirement.*.*",
            f'{{ {EACH}, cases = [{{ when = {{ local = false }}, mode = "not_required" }}] }}',
        ),
        (
            "requirement.*.*",
            f'{{ {EACH}, cases = [{{ when = {{ local = [] }}, mode = "not_required" }}] }}',
        ),
        (
            "requirement.*.*",
            f'{{ {EACH}, cases = [{{ when = {{ Local = true }}, mode = "not_required" }}] }}',
        ),
        ("carry_over.total", "true"),
        ("carry_over.total", "{ years = 0 }"),
        ("carry_over.total", '{ at_most = "30" }'),
        ("carry_over.total", "{ years = 1, at_most = 30 }"),
        ("carry_over", "{ years = 1 }"),
        ("carry_over.*", "{ years = 1 }"),
        ("fact.rank", "true"),
        ("fact.rank", "[]"),
        ("fact.rank", '["Hoch"]'),
        ("fact.rank.high", '["a"]'),
        ("pathway.medal", "true"),
        ("pathway.medal", '{ effect = "exempt" }'),
        ("pathway.medal", '{ effect = "free", when = { medal = true } }'),
        ("pathway.medal", '{ effect = "exempt", when = { medal = "Gold" } }'),
        ("pathway.medal", pathway("levels = []")),
        ("pathway.medal", pathway('hours = "8"')),
        ("pathway.medal", pathway("quota = 2")),
        ("pathway.medal", quota("{ }")),
        ("pathway.medal", quota("{ high = 2 }")),
        ("pathway.medal", quota("{ high = { senior = 1 } }")),
        ("pathway.medal", quota("{ high = { total = 2, senior = 3 } }")),
        ("pathway.medal", quota("{ high = { total = -1 } }")),
        ("pathway.medal", quota("{ high = { total = 2, Senior = 1 } }")),
        ("pathway.medal", quota('{ high = { total = 2 } }, before = "2026"')),
        (
            "pathway.medal",
            pathway('quota = { per = "year", by = "rank", limits = { high = { total = 2 } } }'),
        ),
        ("pathway.a.b", '{ effect = "exempt", when = { medal = true } }'),
    ],
)
def test_a_rule_of_titles_that_says_what_the_language_does_not_know_is_refused(
    pack_text: PackText, rule: Rule, key: str, value: str
) -> None:
    with pytest.raises(PackInvalidError) as caught:
        load(pack_text(rule(key, value)))

    assert str(caught.value.facts["key"]).startswith("rule.")
    assert caught.value.facts["expected"]


def test_any_specialty_is_the_same_key_as_none_named(pack_text: PackText, rule: Rule) -> None:
    pack = load(pack_text(rule("requirement.a.*.c", f"{{ {EACH} }}")))

    assert list(pack.values) == ["requirement.a.c"]
    with pytest.raises(PackOverlapError):
        load(pack_text(*(rule(f"waiver.{t}", '{ when = ["a"] }') for t in ("a.*.c", "a.c"))))


def test_a_long_value_may_be_written_as_tables_below_its_rule(
    pack_text: PackText, rule: Rule
) -> None:
    text = pack_text(rule("pathway.medal", "")) + (
        '[rule.value]\neffect = "exempt"\n[rule.value.when]\nmedal = ["gold"]\n'
    )

    (value,) = load(text).values["pathway.medal"]

    assert isinstance(value.value, Pathway)
    assert value.value.when == (Condition("medal", ("gold",)),)


def test_cases_by_years_are_looked_through_for_amounts(pack_text: PackText, rule: Rule) -> None:
    value = f'{{ mode = "not_required", cases = [{{ when = {{ a = true }}, {EACH} }}] }}'
    pack = load(pack_text(rule("requirement.*.*", value)))

    findings = lint_pack(pack, {pack.id: pack})

    assert [finding.code for finding in findings] == ["rules-lint-without-minimum"]


@pytest.mark.parametrize(
    ("key", "value", "word"),
    [
        ("pathway.medal", '{ effect = "exempt", when = { rank = ["high", "hihg"] } }', "hihg"),
        ("pathway.named", quota("{ highest = { total = 2 } }"), "highest"),
        (
            "requirement.*.*",
            '{ mode = "not_required", '
            'cases = [{ when = { rank = "hi" }, mode = "not_required" }] }',
            "hi",
        ),
        ("pathway.other", '{ effect = "exempt", when = { class = "hihg" } }', None),
    ],
)
def test_a_word_that_nobody_may_state_of_a_fact_is_pointed_out(
    pack_text: PackText, rule: Rule, key: str, value: str, word: str | None
) -> None:
    pack = load(pack_text(rule("fact.rank", '["high", "low"]'), rule(key, value)))

    found = [finding.facts.get("word") for finding in lint_pack(pack, {pack.id: pack})]

    assert found == ([] if word is None else [word])


@pytest.mark.parametrize("identifier", ["medal", "gold", "paper", "rank", "high", "named"])
def test_names_of_what_pathways_speak_of_are_spoken_of(
    pack_text: PackText, rule: Rule, identifier: str
) -> None:
    value = (
        '{ effect = "exempt", when = { medal = "gold" }, evidence = ["paper"], '
        f"quota = {QUOTA} }}"
    )
    name = f'\n[[name]]\nkind = "word"\nid = "{identifier}"\nzh = "某"\nen = "x"\n'
    pack = load(pack_text(rule("pathway.named", value)) + name)

    assert lint_pack(pack, {pack.id: pack}) == []
