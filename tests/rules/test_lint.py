"""What loads and can still not be meant: days left open, rules that can never apply."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.catalogue import LANGUAGES, Language, text
from creditbank.rules.lint import Finding, Severity, lint_pack
from creditbank.rules.loader import PackChainError, PackMissingError, load_pack
from creditbank.rules.pack import Pack

PackText = Callable[..., str]
Rule = Callable[..., dict[str, str]]

REFERENCE = """
[reference.made-up]
document = "测试〔2020〕1号"
title = "测试用通知"
clause = "第一条"
issued = 2020-03-01
quote = "这是一段只在测试中使用的文字"
"""
CITED = {"basis": '"notice"', "reference": '"made-up"', "reason": "", "reason_en": ""}
DAY_RATE = '{ kind = "per_day", hours_per_day = "8" }'
EVERY_YEAR = '{ mode = "every_year", years = 3, start = "any_time" }'


@pytest.fixture
def pack_of(pack_text: PackText) -> Callable[..., Pack]:
    def build(*rules: dict[str, str], more: str = "", **head: str) -> Pack:
        return load_pack((pack_text(*rules, **head) + more).encode(), file="test.toml")

    return build


PackOf = Callable[..., Pack]


def findings_of(*packs: Pack) -> list[Finding]:
    """Look through the first pack, with the others at hand."""
    return lint_pack(packs[0], {pack.id: pack for pack in packs})


def codes_of(*packs: Pack) -> list[tuple[str, str, str]]:
    return [
        (each.code.removeprefix("rules-lint-"), str(each.severity), str(each.facts["key"]))
        for each in findings_of(*packs)
    ]


def test_days_that_no_value_covers_are_an_error_and_named(pack_of: PackOf, rule: Rule) -> None:
    cited = CITED | {"until": "2021-01-01"}
    pack = pack_of(
        rule("yearly_minimum.total", '"72"', "2020-03-01", **cited),
        rule("yearly_minimum.total", '"90"', "2021-03-01"),
        more=REFERENCE,
    )

    (gap,) = findings_of(pack)

    assert (gap.code, gap.severity) == ("rules-lint-gap", Severity.ERROR)
    assert gap.facts == {
        "pack": "cn-99", "key": "yearly_minimum.total", "first": "2021-01-01", "last": "2021-02-28",
    }  # fmt: skip


def test_a_gap_whose_reason_was_written_down_is_only_pointed_out(
    pack_of: PackOf, rule: Rule
) -> None:
    pack = pack_of(
        rule("yearly_minimum.total", '"72"', "2020-01-01", until="2021-01-01"),
        rule("yearly_minimum.total", '"90"', "2021-01-02"),
    )

    assert codes_of(pack) == [("gap", "warning", "yearly_minimum.total")]


@given(first=st.dates(date(1990, 1, 1), date(2100, 1, 1)), length=st.integers(1, 900),
       distance=st.integers(0, 900))  # fmt: skip
def test_a_gap_is_found_exactly_where_days_lie_between(
    pack_text: PackText, rule: Rule, first: date, length: int, distance: int
) -> None:
    until = first + timedelta(length)
    later = until + timedelta(distance)
    source = pack_text(
        rule("cap.x", '{ per = "day", hours = "8", order = 1 }', str(first), until=str(until)),
        rule("cap.x", '{ per = "day", hours = "6", order = 1 }', str(later)),
    )
    pack = load_pack(source.encode(), file="test.toml")

    days = [(each.facts["first"], each.facts["last"]) for each in findings_of(pack)]

    assert days == ([(str(until), str(later - timedelta(1)))] if distance else [])


def test_a_value_that_follows_on_the_day_leaves_no_gap(pack_of: PackOf, rule: Rule) -> None:
    pack = pack_of(
        rule("yearly_minimum.total", '"72"', "2020-01-01"),
        rule("yearly_minimum.total", '"90"', "2022-01-01", replaces="2020-01-01"),
    )

    assert findings_of(pack) == []


@pytest.mark.parametrize(("first", "found"), [("2020-02-29", 1), ("2020-03-01", 0)])
def test_a_value_older_than_the_notice_that_it_cites_is_pointed_out(
    pack_of: PackOf, rule: Rule, first: str, found: int
) -> None:
    pack = pack_of(rule("yearly_minimum.total", '"90"', first, **CITED), more=REFERENCE)

    assert codes_of(pack) == [("before-issue", "warning", "yearly_minimum.total")] * found


def test_a_reference_that_nothing_cites_is_pointed_out(pack_of: PackOf, rule: Rule) -> None:
    pack = pack_of(rule("yearly_minimum.total", '"90"'), more=REFERENCE)

    assert codes_of(pack) == [("reference-unused", "warning", "made-up")]


@pytest.mark.parametrize("mode", ["every_year", "sum_of_yearly"])
def test_a_requirement_by_years_without_any_yearly_amount_is_pointed_out(
    pack_of: PackOf, rule: Rule, mode: str
) -> None:
    value = f'{{ mode = "{mode}", years = 3, start = "any_time" }}'
    pack = pack_of(rule("requirement.*.*", value))

    assert codes_of(pack) == [("without-minimum", "warning", "requirement.*.*")]


@pytest.mark.parametrize(
    ("amount_from", "amount_until", "reached"),
    [
        ("2010-01-01", "2017-12-31", False),  # 31 December 2017 is not covered
        ("2010-01-01", "2018-01-01", True),
        ("2021-12-31", "", True),
        ("2022-01-01", "", False),  # an application of 2022 weighs 2021 and before
    ],
)
def test_an_amount_counts_if_some_year_that_is_weighed_ends_under_it(
    pack_of: PackOf, rule: Rule, amount_from: str, amount_until: str, reached: bool
) -> None:
    pack = pack_of(
        rule("requirement.*.*", EVERY_YEAR, "2020-06-01", until="2022-12-31"),
        rule("yearly_minimum.public.general", '"12"', amount_from, until=amount_until),
    )

    found = [code for code, *_ in codes_of(pack)]

    assert found == ([] if reached else ["without-minimum"])


def test_a_requirement_with_minima_of_its_own_needs_no_yearly_amount(
    pack_of: PackOf, rule: Rule
) -> None:
    own = '{ mode = "every_year", years = 3, start = "any_time", minima = { total = "72" } }'

    assert codes_of(pack_of(rule("requirement.*.*", own))) == []


def test_the_amounts_of_a_parent_are_reached(pack_of: PackOf, rule: Rule) -> None:
    parent = pack_of(rule("yearly_minimum.total", '"90"'))
    child = pack_of(
        rule("requirement.*.*", EVERY_YEAR),
        id='"cn-9901"', jurisdiction='"cn-9901"', inherits='"cn-99"',
    )  # fmt: skip

    assert findings_of(child, parent) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("conversion.lecture", DAY_RATE),
        ("part_day.lecture", '"pro_rata"'),
        ("credited_year.lecture", '"same_year"'),
        ("cap.lectures", '{ per = "year", hours = "30", order = 1, activities = ["lecture"] }'),
        ("declare_by.lecture", "{ days = 90 }"),
        ("make_up.lectures", '{ years = 1, activities = ["lecture"] }'),
    ],
)
def test_a_rule_for_an_activity_that_nothing_recognises_is_pointed_out(
    pack_of: PackOf, rule: Rule, key: str, value: str
) -> None:
    pack = pack_of(rule(key, value), rule("recognise.lecture", "false"))

    (finding,) = findings_of(pack)

    assert finding.code == "rules-lint-never-applies"
    assert (finding.facts["key"], finding.facts["activity"]) == (key, "lecture")


@pytest.mark.parametrize(
    ("key", "applies"),
    [
        ("conversion.lecture", True),
        ("conversion.lecture.seminar", True),
        ("conversion.lecture.other", False),
        ("conversion.lecture.seminar.full", True),
        ("conversion.lecture.seminar.half", False),
        ("conversion.lecture.*.full", True),
        ("conversion.lecture.*.half", False),
    ],
)
def test_a_rule_for_a_form_or_release_outside_the_recognition_never_applies(
    pack_of: PackOf, rule: Rule, key: str, applies: bool
) -> None:
    recognised = '{ forms = ["seminar"], releases = ["full"] }'
    pack = pack_of(rule("recognise.lecture", recognised), rule(key, DAY_RATE))

    assert ("never-applies" in [code for code, *_ in codes_of(pack)]) is not applies


@pytest.mark.parametrize(
    ("first", "until", "applies"),
    [
        ("2019-01-01", "2020-01-01", False),
        ("2019-01-01", "2020-01-02", True),
        ("2020-12-31", "", True),
        ("2021-01-01", "", False),
    ],
)
def test_a_rule_of_other_days_than_the_recognition_never_applies(
    pack_of: PackOf, rule: Rule, first: str, until: str, applies: bool
) -> None:
    pack = pack_of(
        rule("recognise.lecture", "true", "2020-01-01", until="2021-01-01"),
        rule("conversion.lecture", DAY_RATE, first, until=until),
    )

    assert [code for code, *_ in codes_of(pack)] == ([] if applies else ["never-applies"])


def test_a_parents_cap_may_be_meant_for_what_a_child_recognises(
    pack_of: PackOf, rule: Rule
) -> None:
    cap = '{ per = "day", hours = "8", order = 1, activities = ["lecture"] }'
    parent = pack_of(rule("cap.lectures", cap))
    child = pack_of(
        rule("recognise.lecture", "true"), rule("conversion.lecture", DAY_RATE),
        id='"cn-9901"', jurisdiction='"cn-9901"', inherits='"cn-99"',
    )  # fmt: skip
    orphan = pack_of(id='"cn-8801"', jurisdiction='"cn-8801"', inherits='"cn-88"')

    assert findings_of(parent, child, orphan) == []
    assert codes_of(parent, orphan) == [("never-applies", "warning", "cap.lectures")]


def test_what_counts_without_a_rule_of_how_much_is_pointed_out(pack_of: PackOf, rule: Rule) -> None:
    pack = pack_of(rule("recognise.lecture", "true"))

    assert codes_of(pack) == [("unconverted", "warning", "recognise.lecture")]


@pytest.mark.parametrize(
    ("conversions", "lacking"),
    [
        (["conversion.lecture"], []),
        (["conversion.lecture.seminar", "conversion.lecture.talk.full"], []),
        (["conversion.lecture.*.full"], []),
        (["conversion.lecture.seminar"], ["lecture.talk"]),
        (["conversion.other"], ["lecture.seminar", "lecture.talk"]),
    ],
)
def test_each_form_that_counts_wants_a_rule_of_how_much(
    pack_of: PackOf, rule: Rule, conversions: list[str], lacking: list[str]
) -> None:
    pack = pack_of(
        rule("recognise.lecture", '{ forms = ["seminar", "talk"] }'),
        rule("recognise.other", "true"),
        *[rule(key, DAY_RATE) for key in dict.fromkeys([*conversions, "conversion.other"])],
    )

    assert [each.facts["counted"] for each in findings_of(pack)] == lacking


def named(kind: str, identifier: str) -> str:
    return f'\n[[name]]\nkind = "{kind}"\nid = "{identifier}"\nzh = "测试"\nen = "Test"\n'


@pytest.mark.parametrize(
    ("kind", "identifier", "spoken"),
    [
        ("activity", "lecture", True),
        ("activity", "lectures", False),
        ("form", "seminar", True),
        ("form", "full", True),
        ("series", "ecology", True),
        ("level", "intermediate", True),
        ("subject", "public.general", True),
        ("subject", "public.industry", True),
        ("subject", "professional", False),
    ],
)
def test_a_name_of_an_id_that_no_rule_speaks_of_is_pointed_out(
    pack_of: PackOf, rule: Rule, kind: str, identifier: str, spoken: bool
) -> None:
    window = '{ mode = "window_total", years = 2, minima = { "public.industry" = "12" } }'
    parent = pack_of(
        rule("recognise.lecture", '{ forms = ["seminar"], releases = ["full"] }'),
        rule("conversion.lecture", DAY_RATE),
        rule("yearly_minimum.public.general", '"12"'),
    )
    child = pack_of(
        rule("requirement.ecology.intermediate", window),
        more=named(kind, identifier),
        id='"cn-9901"', jurisdiction='"cn-9901"', inherits='"cn-99"',
    )  # fmt: skip

    found = codes_of(child, parent)

    assert found == ([] if spoken else [("name-unused", "warning", identifier)])


def test_a_reference_among_several_is_cited(pack_of: PackOf, rule: Rule) -> None:
    other = REFERENCE.replace("made-up", "other")
    pack = pack_of(
        rule("yearly_minimum.total", '"90"', "2020-03-01", **CITED, also='["other"]'),
        more=REFERENCE + other,
    )

    assert findings_of(pack) == []


def test_a_pack_without_its_parents_is_refused(pack_of: PackOf) -> None:
    with pytest.raises(PackMissingError):
        findings_of(pack_of(inherits='"cn"'))
    with pytest.raises(PackChainError):
        findings_of(pack_of(inherits='"cn-99"'))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_about_the_shipped_packs_can_be_said(
    shipped: dict[str, Pack], language: Language
) -> None:
    said = [
        text(each.code, language, **each.facts)
        for pack in shipped.values()
        for each in lint_pack(pack, shipped)
    ]

    assert all(said)


def test_no_shipped_pack_holds_an_error(shipped: dict[str, Pack]) -> None:
    wrong = [
        each
        for pack in shipped.values()
        for each in lint_pack(pack, shipped)
        if each.severity is Severity.ERROR
    ]

    assert wrong == []
