"""What a pack file may say, and how the loader refuses the rest."""

import hashlib
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditbank.catalogue import LANGUAGES, problem
from creditbank.rules.conditions import Condition, Ranks
from creditbank.rules.conversion_rules import (
    AsApproved,
    Band,
    Banded,
    Bonus,
    ByRank,
    ConversionRule,
    Fixed,
    Gives,
    Overlap,
    PerHalfDay,
    Period,
    PerItem,
    PerMinutes,
    PerUnit,
    Share,
    Spread,
    SpreadHow,
    WholeYear,
)
from creditbank.rules.hour_rules import (
    Cap,
    CapPeriod,
    CreditedYear,
    DeclareBy,
    DeclareException,
    ItemsCap,
    MakeUp,
    OncePerWork,
    PartDay,
    PostBy,
    Recognition,
    Transfer,
)
from creditbank.rules.loader import (
    PACK_BYTES_MAX,
    PackInvalidError,
    PackKeyMissingError,
    PackKeyUnknownError,
    PackNameTwiceError,
    PackOverlapError,
    PackReferenceUnknownError,
    PackSyntaxError,
    PackUncitedError,
    load_pack,
)
from creditbank.rules.pack import Basis, Pack, PackStatus
from creditbank.rules.title_rules import (
    CountFrom,
    EveryYear,
    NotRequired,
    SinceYear,
    SumOfYearly,
    Through,
    Waiver,
    WindowTotal,
)

PackText = Callable[..., str]
Rule = Callable[..., dict[str, str]]

REFERENCE = """
[reference.made-up]
document = "测试〔2020〕1号"
title = "测试用通知"
clause = "第一条"
issued = 2020-01-01
quote = "这是一段只在测试中使用的文字"
"""
CITED = {"basis": '"notice"', "reference": '"made-up"', "reason": "", "reason_en": ""}


ONE_HUNDRED_AND_ONE = ", ".join(['"1"'] * 101)
RISING = ", ".join(f'{{ from = {number}, hours = "1" }}' for number in range(1, 102))


def load(text: str) -> Pack:
    return load_pack(text.encode(), file="test.toml")


def refusal(text: str) -> PackInvalidError:
    with pytest.raises(PackInvalidError) as caught:
        load(text)
    assert all(problem(caught.value, language).detail for language in LANGUAGES)
    return caught.value


def test_a_pack_knows_its_head_and_the_digest_of_its_bytes(pack_text: PackText) -> None:
    text = pack_text(inherits='"cn"', status='"draft"')

    pack = load(text)

    assert (pack.id, pack.version, pack.jurisdiction) == ("cn-99", 3, "cn-99")
    assert (pack.inherits, pack.zone, pack.status) == ("cn", "Asia/Shanghai", PackStatus.DRAFT)
    assert (pack.title_zh, pack.title_en) == ("测试规则", "A pack for tests")
    assert pack.verified_on == date(2026, 11, 21)
    assert pack.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert not pack.values
    assert not pack.references


def test_a_cited_value_carries_its_reference(pack_text: PackText, rule: Rule) -> None:
    pack = load(pack_text(rule("recognise.course", "true", **CITED)) + REFERENCE)

    (value,) = pack.values["recognise.course"]

    assert value.basis is Basis.NOTICE
    assert value.reference == pack.references["made-up"]
    assert value.reference.issued == date(2020, 1, 1)
    assert value.reference.source_sha256 is None
    assert (value.scheme, value.reason) == ("cn-99", "")


def test_a_reference_whose_text_was_not_seen_needs_no_day(pack_text: PackText) -> None:
    pack = load(pack_text() + REFERENCE.replace("issued = 2020-01-01\n", ""))

    assert pack.references["made-up"].issued is None


def _leave(period: str) -> str:
    return f'{{ kind = "whole_year", rest = "professional", period = {{ {period} }} }}'


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("recognise.course", "false", Recognition(False)),
        (
            "recognise.course",
            '{ forms = ["seminar"], releases = ["full", "half"] }',
            Recognition(True, ("seminar",), ("full", "half")),
        ),
        (
            "recognise.course",
            '{ ranks = "1-3", traits = { role = ["chief_editor", "editor"] } }',
            Recognition(
                True, condition=Condition(Ranks(1, 3), {"role": ("chief_editor", "editor")})
            ),
        ),
        (
            "conversion.course",
            '{ kind = "per_minutes", minutes_per_hour = 45 }',
            ConversionRule(PerMinutes(45)),
        ),
        (
            "conversion.course",
            '{ kind = "per_half_day", hours_per_half_day = "4" }',
            ConversionRule(PerHalfDay(400)),
        ),
        ("conversion.course", '{ kind = "per_item", hours = "15" }', ConversionRule(PerItem(1500))),
        (
            "conversion.course",
            '{ kind = "per_unit", measure = "characters", units = 10000, hours = "15" }',
            ConversionRule(PerUnit("characters", 10_000, 1500, whole=False)),
        ),
        (
            "conversion.course",
            '{ kind = "per_unit", measure = "months", units = 3, hours = "8", whole = true }',
            ConversionRule(PerUnit("months", 3, 800, whole=True)),
        ),
        (
            "conversion.course",
            '{ kind = "by_rank", hours = ["64", "56.5"], measure = "years" }',
            ConversionRule(ByRank((6400, 5650), "years")),
        ),
        (
            "conversion.course",
            '{ kind = "banded", measure = "days", bands = '
            '[{ from = 12, hours = "24" }, { from = 90, hours = "48" }] }',
            ConversionRule(Banded("days", (Band(12, 2400), Band(90, 4800)))),
        ),
        ("conversion.course", '{ kind = "fixed", hours = "12" }', ConversionRule(Fixed(1200))),
        (
            "conversion.course",
            '{ kind = "as_approved", at_most = "16", step = "0.5", subject = "professional", '
            'spread = { years = 2, how = "declared" } }',
            ConversionRule(
                AsApproved(),
                at_most_centihours=1600,
                step_centihours=50,
                subject="professional",
                spread=Spread(2, SpreadHow.DECLARED),
            ),
        ),
        (
            "conversion.course",
            '{ kind = "per_item", hours = "25", shares = [{ ranks = "1", percent = 100 }, '
            '{ ranks = "2-", when = { role = "lead" }, percent = 50 }, { percent = 0 }], bonuses = '
            '[{ ranks = "1", hours = "10" }, { when = { paper = ["read", "sent"] }, '
            'hours = "4" }] }',
            ConversionRule(
                PerItem(2500),
                shares=(
                    Share(Condition(Ranks(1, 1)), 100),
                    Share(Condition(Ranks(2, None), {"role": ("lead",)}), 50),
                    Share(Condition(), 0),
                ),
                bonuses=(
                    Bonus(Condition(Ranks(1, 1)), 1000),
                    Bonus(Condition(None, {"paper": ("read", "sent")}), 400),
                ),
            ),
        ),
        (
            "conversion.course",
            '{ kind = "whole_year", rest = "public.x" }',
            ConversionRule(WholeYear("public.x")),
        ),
        (
            "conversion.leave",
            _leave('gives = "by_months", overlap = "refused", days_min = 90'),
            ConversionRule(WholeYear("professional", Period(Gives.BY_MONTHS, Overlap.REFUSED, 90))),
        ),
        (
            "make_up.past_years",
            '{ years = 4, activities = ["course"], subjects = ["public.x"] }',
            MakeUp(4, ("course",), ("public.x",)),
        ),
        ("make_up.past_years", "{ years = 1 }", MakeUp(1, (), ())),
        (
            "declare_by",
            '{ days = 90, exceptions = [{ ended_in = 12, until = "03-31" }] }',
            DeclareBy(90, (DeclareException(12, (3, 31)),)),
        ),
        ("declare_by.course", "{ days = 0 }", DeclareBy(0, ())),
        ("post_by", "{ days = 30 }", PostBy(30, None)),
        ("post_by.course", '{ next_year_until = "01-31" }', PostBy(None, (1, 31))),
        (
            "cap.talks",
            '{ per = "activity", hours = "16", order = 2, forms = ["video", "talk"] }',
            Cap(CapPeriod.ACTIVITY, 1600, 2, (), "", ("video", "talk")),
        ),
        (
            "cap.papers",
            '{ per = "year", items = 3, order = 2, activities = ["paper"], forms = ["core"] }',
            ItemsCap(3, 2, ("paper",), "", ("core",)),
        ),
        ("once_per_work", '"highest"', OncePerWork()),
        (
            "transfer.cn-33.ziran-keyan",
            '{ subjects = { "public.general" = "public" }, percent = 50, activities = ["course"] }',
            Transfer({"public.general": "public"}, 50, ("course",)),
        ),
        ("transfer.*", '{ subjects = "same", percent = 100 }', Transfer({}, 100, ())),
        ("part_day", '"full_only"', PartDay.FULL_ONLY),
        ("credited_year", '"same_year"', CreditedYear(None)),
        ("credited_year.course", '{ previous_year_through = "04-30" }', CreditedYear((4, 30))),
        (
            "cap.talks",
            '{ per = "year", hours = "12.5", order = 2, activities = ["talk"], subject = "a.b" }',
            Cap(CapPeriod.YEAR, 1250, 2, ("talk",), "a.b"),
        ),
        (
            "requirement.*.intermediate",
            '{ mode = "window_total", years = 4, minima = { total = "360", "public.x" = "9" } }',
            WindowTotal(4, {"": 36000, "public.x": 900}),
        ),
        (
            "requirement.*.intermediate",
            '{ mode = "every_year", years = 4, start = "hire" }',
            EveryYear(4, CountFrom.HIRE),
        ),
        (
            "requirement.*.intermediate",
            '{ mode = "sum_of_yearly", years = 4, start = ["title", "move_in"] }',
            SumOfYearly(4, (CountFrom.TITLE, CountFrom.MOVE_IN)),
        ),
        (
            "requirement.*.intermediate",
            '{ mode = "since_year_plus_last", since = 2023, through = "last_year", '
            'minima = { total = "180" }, last_year = { total = "90" } }',
            SinceYear(2023, Through.LAST_YEAR, {"": 18000}, {"": 9000}),
        ),
        ("requirement.*.intermediate", '{ mode = "not_required" }', NotRequired()),
        ("waiver.*.*", '{ when = ["first_review"] }', Waiver(("first_review",))),
    ],
)
def test_each_kind_of_rule_is_read_into_its_own_type(
    pack_text: PackText, rule: Rule, key: str, value: str, expected: object
) -> None:
    pack = load(pack_text(rule(key, value)))

    assert pack.values[key][0].value == expected


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("recognise.course", '"yes"'),
        ("recognise.course", "1"),
        ("recognise.course", "{ forms = [] }"),
        ("recognise.course", '{ forms = ["seminar", "seminar"] }'),
        ("recognise.course", '{ forms = ["Seminar"] }'),
        ("recognise.course", "{ forms = [1] }"),
        ("recognise.course", '{ forms = "seminar" }'),
        ("recognise.course", '{ shapes = ["seminar"] }'),
        ("recognise.course.seminar", "true"),
        ("conversion.course", '"8"'),
        ("conversion.course", '{ kind = "per_week", hours_per_day = "8" }'),
        ("conversion.course", "{ kind = 1 }"),
        ("conversion.course", '{ kind = "per_day", hours_per_day = 8 }'),
        ("conversion.course", '{ kind = "per_day", hours_per_day = "8.125" }'),
        ("conversion.course", '{ kind = "per_day", hours_per_day = "0" }'),
        ("conversion.course", '{ kind = "per_day", hours_per_day = "8", more = 1 }'),
        ("conversion.course", '{ kind = "per_day" }'),
        ("conversion.course", '{ kind = "per_minutes", minutes_per_hour = 0 }'),
        ("conversion.course", '{ kind = "per_minutes", minutes_per_hour = 1441 }'),
        ("conversion.course", '{ kind = "per_minutes", minutes_per_hour = true }'),
        ("conversion.course", '{ kind = "per_minutes", minutes_per_hour = 45.0 }'),
        ("conversion.course.*", '{ kind = "per_minutes", minutes_per_hour = 45 }'),
        ("recognise.course", '{ ranks = "0" }'),
        ("recognise.course", '{ ranks = "3-1" }'),
        ("recognise.course", '{ ranks = "-3" }'),
        ("recognise.course", "{ ranks = 1 }"),
        ("recognise.course", '{ ranks = "1,2" }'),
        ("recognise.course", '{ ranks = "1000" }'),
        ("recognise.course", "{ traits = {} }"),
        ("recognise.course", '{ traits = { Role = ["x"] } }'),
        ("recognise.course", "{ traits = { role = [] } }"),
        ("recognise.course", '{ traits = { role = "Chief Editor" } }'),
        ("conversion.course", '{ kind = "per_half_day", hours_per_day = "8" }'),
        ("conversion.course", '{ kind = "per_item" }'),
        ("conversion.course", '{ kind = "per_item", hours = "0.00" }'),
        ("conversion.course", '{ kind = "per_unit", units = 1, hours = "1" }'),
        ("conversion.course", '{ kind = "per_unit", measure = "days", units = 0, hours = "1" }'),
        ("conversion.course", '{ kind = "per_unit", measure = "Days", units = 1, hours = "1" }'),
        (
            "conversion.course",
            '{ kind = "per_unit", measure = "days", units = 1, hours = "1", whole = "yes" }',
        ),
        ("conversion.course", '{ kind = "by_rank", hours = [] }'),
        ("conversion.course", '{ kind = "by_rank", hours = "64" }'),
        ("conversion.course", '{ kind = "by_rank", hours = ["64", 56] }'),
        ("conversion.course", '{ kind = "by_rank", hours = ["64", "-1"] }'),
        ("conversion.course", f'{{ kind = "by_rank", hours = [{ONE_HUNDRED_AND_ONE}] }}'),
        ("conversion.course", '{ kind = "banded", measure = "days", bands = [] }'),
        ("conversion.course", '{ kind = "banded", measure = "days", bands = ["12"] }'),
        ("conversion.course", '{ kind = "banded", measure = "days" }'),
        (
            "conversion.course",
            '{ kind = "banded", measure = "days", bands = [{ from = 0, hours = "1" }] }',
        ),
        (
            "conversion.course",
            '{ kind = "banded", measure = "days", bands = '
            '[{ from = 2, hours = "1" }, { from = 2, hours = "2" }] }',
        ),
        (
            "conversion.course",
            '{ kind = "banded", measure = "days", bands = '
            '[{ from = 1, hours = "2" }, { from = 2, hours = "1" }] }',
        ),
        (
            "conversion.course",
            '{ kind = "banded", measure = "days", bands = [{ from = 1, hours = "2", to = 3 }] }',
        ),
        (
            "conversion.course",
            f'{{ kind = "banded", measure = "days", bands = [{RISING}] }}',
        ),
        ("conversion.course", '{ kind = "as_approved", hours = "8" }'),
        ("conversion.course", '{ kind = "whole_year" }'),
        ("conversion.course", '{ kind = "whole_year", rest = "Professional" }'),
        ("conversion.course", '{ kind = "whole_year", rest = "professional", step = "1" }'),
        ("conversion.leave", _leave('gives = "by_weeks", overlap = "once"')),
        ("conversion.leave", _leave('gives = "by_days"')),
        ("conversion.leave", _leave('gives = "by_days", overlap = "never"')),
        ("conversion.leave", _leave('gives = "by_days", overlap = "once", days_min = 0')),
        ("conversion.leave", _leave('gives = "by_days", overlap = "once", days_min = 367')),
        ("conversion.leave", _leave('gives = "by_days", overlap = "once", months_min = 1')),
        ("conversion.course", '{ kind = "fixed", hours = "8", shares = [] }'),
        ("conversion.course", '{ kind = "fixed", hours = "8", shares = [{ ranks = "1" }] }'),
        ("conversion.course", '{ kind = "fixed", hours = "8", shares = [{ percent = -1 }] }'),
        ("conversion.course", '{ kind = "fixed", hours = "8", shares = [{ percent = 1001 }] }'),
        ("conversion.course", '{ kind = "fixed", hours = "8", shares = [{ percent = "50" }] }'),
        ("conversion.course", '{ kind = "fixed", hours = "8", bonuses = [{ hours = "4" }] }'),
        ("conversion.course", '{ kind = "fixed", hours = "8", bonuses = [{ ranks = "1" }] }'),
        (
            "conversion.course",
            '{ kind = "fixed", hours = "8", bonuses = [{ when = {}, hours = "4" }] }',
        ),
        (
            "conversion.course",
            '{ kind = "fixed", hours = "8", bonuses = [{ when = { paper = true }, hours = "4" }] }',
        ),
        ("conversion.course", '{ kind = "fixed", hours = "8", at_most = 16 }'),
        ("conversion.course", '{ kind = "fixed", hours = "8", step = "0" }'),
        ("conversion.course", '{ kind = "fixed", hours = "8", subject = "Professional" }'),
        ("conversion.course", '{ kind = "fixed", hours = "8", spread = 2 }'),
        ("conversion.course", '{ kind = "fixed", hours = "8", spread = { years = 2 } }'),
        (
            "conversion.course",
            '{ kind = "fixed", hours = "8", spread = { years = 1, how = "even" } }',
        ),
        (
            "conversion.course",
            '{ kind = "fixed", hours = "8", spread = { years = 11, how = "even" } }',
        ),
        (
            "conversion.course",
            '{ kind = "fixed", hours = "8", spread = { years = 2, how = "freely" } }',
        ),
        ("make_up", "{ years = 4 }"),
        ("make_up.past_years", "4"),
        ("make_up.past_years", "{ years = 0 }"),
        ("make_up.past_years", "{ years = 51 }"),
        ("make_up.past_years", "{ years = 4, activities = [] }"),
        ("make_up.past_years", '{ years = 4, subjects = ["Public"] }'),
        ("declare_by", "90"),
        ("post_by", "{ }"),
        ("post_by", "{ days = -1 }"),
        ("post_by", '{ next_year_until = "02-29" }'),
        ("post_by", '{ days = 1, next_year_until = "01-31" }'),
        ("declare_by", "{ days = -1 }"),
        ("declare_by", "{ days = 3661 }"),
        ("declare_by", "{ days = 90, exceptions = [] }"),
        ("declare_by", '{ days = 90, exceptions = [{ ended_in = 13, until = "03-31" }] }'),
        ("declare_by", '{ days = 90, exceptions = [{ ended_in = 12, until = "02-29" }] }'),
        (
            "declare_by",
            '{ days = 90, exceptions = [{ ended_in = 12, until = "03-31" }, '
            '{ ended_in = 12, until = "04-30" }] }',
        ),
        ("declare_by.course.form", "{ days = 90 }"),
        ("cap.talks", '{ per = "activity", hours = "16", order = 2, forms = [] }'),
        ("once_per_work", "true"),
        ("once_per_work", '"lowest"'),
        ("once_per_work.paper", '"highest"'),
        ("transfer", '{ subjects = "same", percent = 100 }'),
        ("transfer.Cn", '{ subjects = "same", percent = 100 }'),
        ("transfer.cn-3", '{ subjects = "same", percent = 100 }'),
        ("transfer.cn-33", '{ subjects = "all", percent = 100 }'),
        ("transfer.cn-33", "{ subjects = {}, percent = 100 }"),
        ("transfer.cn-33", '{ subjects = { Public = "public" }, percent = 100 }'),
        ("transfer.cn-33", '{ subjects = { public = "Public" }, percent = 100 }'),
        ("transfer.cn-33", '{ subjects = { public.general = "public" }, percent = 100 }'),
        ("transfer.cn-33", '{ subjects = "same", percent = 0 }'),
        ("transfer.cn-33", '{ subjects = "same", percent = 101 }'),
        ("transfer.cn-33", '{ subjects = "same" }'),
        ("part_day", '"half"'),
        ("part_day", "true"),
        ("credited_year", '"next_year"'),
        ("credited_year", '{ previous_year_through = "02-29" }'),
        ("credited_year", '{ previous_year_through = "13-01" }'),
        ("credited_year", '{ previous_year_through = "4-30" }'),
        ("cap.talks", '{ per = "week", hours = "8", order = 1 }'),
        ("cap.talks", '{ per = "day", hours = "8" }'),
        ("cap.papers", '{ per = "activity", items = 3, order = 1 }'),
        ("cap.papers", '{ per = "year", items = 0, order = 1 }'),
        ("cap.papers", '{ per = "year", items = "3", order = 1 }'),
        ("cap.papers", '{ per = "year", items = 3, hours = "8", order = 1 }'),
        ("cap.talks", '{ per = "day", hours = "8", order = 0 }'),
        ("cap.talks", '{ per = "day", hours = "8", order = 1, subject = "Public" }'),
        ("yearly_minimum.total", "90"),
        ("yearly_minimum.total", '"-90"'),
        ("yearly_minimum.*", '"90"'),
        ("requirement.engineering", '{ mode = "every_year", years = 5, start = "title" }'),
        ("requirement.*.*", '{ mode = "every_year", years = 0, start = "title" }'),
        ("requirement.*.*", '{ mode = "every_year", years = 5, start = "birth" }'),
        ("requirement.*.*", '{ mode = "every_year", years = 5 }'),
        ("requirement.*.*", '{ mode = "window_total", years = 5, minima = {} }'),
        ("requirement.*.*", '{ mode = "window_total", years = 5, minima = { Total = "9" } }'),
        ("requirement.*.*", '{ mode = "window_total", years = 5, minima = { total = 9 } }'),
        ("requirement.*.*", '{ mode = "every_year", years = 5, start = [] }'),
        ("requirement.*.*", '{ mode = "every_year", years = 5, start = ["birth"] }'),
        ("requirement.*.*", '{ mode = "every_year", years = 5, start = ["title", "any_time"] }'),
        ("requirement.*.*", '{ mode = "every_year", years = 5, start = ["hire", "hire"] }'),
        ("requirement.*.*", '{ mode = "sum_of_yearly", years = 4 }'),
        ("requirement.*.*", '{ mode = "sum_of_yearly", years = 51, start = "title" }'),
        ("requirement.*.*", '{ mode = "not_required", years = 4 }'),
        (
            "requirement.*.*",
            '{ mode = "since_year_plus_last", since = 1989, through = "last_year", '
            'minima = { total = "1" }, last_year = { total = "1" } }',
        ),
        (
            "requirement.*.*",
            '{ mode = "since_year_plus_last", since = 2023, through = "today", '
            'minima = { total = "1" }, last_year = { total = "1" } }',
        ),
        (
            "requirement.*.*",
            '{ mode = "since_year_plus_last", since = 2023, through = "last_year", '
            'minima = { total = "1" } }',
        ),
        ("waiver.*.*", "true"),
        ("waiver.*.*", "{ when = [] }"),
        ("waiver.*.*", '{ when = ["first_review"], hours = "8" }'),
        ("waiver.engineering", '{ when = ["first_review"] }'),
        ("bonus.course", "true"),
        ("Recognise.course", "true"),
        ("recognise..course", "true"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_in_its_own_block(
    pack_text: PackText, rule: Rule, key: str, value: str
) -> None:
    error = refusal(pack_text(rule("part_day.first", '"pro_rata"'), rule(key, value)))

    assert error.facts["file"] == "test.toml"
    assert error.facts["line"] in {18, 19, 21}  # the second [[rule]], its key, its value
    assert str(error.facts["key"]).startswith("rule.")
    assert error.facts["expected"]


@pytest.mark.parametrize(
    ("key", "text", "line"),
    [
        ("id", '"Cn-99"', 1),
        ("id", "99", 1),
        ("version", "0", 2),
        ("version", "true", 2),
        ("version", '"1"', 2),
        ("version", "1.0", 2),
        ("title_zh", '""', 3),
        ("title_en", '"  "', 4),
        ("jurisdiction", '"Weihai"', 5),
        ("zone", '"+08:00"', 6),
        ("zone", '"Asia/Weihai"', 6),
        ("status", '"adopted"', 7),
        ("verified_on", '"2026-11-21"', 8),
        ("verified_on", "2026-11-21T00:00:00Z", 8),
        ("verified_on", "2026-11-21T00:00:00", 8),
        ("inherits", '""', 9),
        ("reference", '"none"', 9),
        ("reference", "{ made-up = 1 }", 9),
        ("rule", "1", 9),
        ("rule", "[1]", 9),
        ("name", "{}", 9),
        ("name", '["x"]', 9),
    ],
)
def test_a_wrong_head_is_refused_at_its_line(
    pack_text: PackText, key: str, text: str, line: int
) -> None:
    head = {key: text}

    error = refusal(pack_text(**({"inherits": ""} | head)))

    assert type(error) is PackInvalidError
    assert error.facts["line"] == line
    assert str(error.facts["key"]).startswith(key)


@pytest.mark.parametrize("key", ["id", "version", "title_zh", "zone", "status", "verified_on"])
def test_a_missing_key_of_the_head_is_named(pack_text: PackText, key: str) -> None:
    error = refusal(pack_text(**{key: ""}))

    assert isinstance(error, PackKeyMissingError)
    assert error.facts["key"] == key


def test_an_unknown_key_of_the_head_is_named_with_its_line(pack_text: PackText) -> None:
    error = refusal(pack_text(author='"someone"'))

    assert isinstance(error, PackKeyUnknownError)
    assert (error.facts["line"], error.facts["key"]) == (9, "author")


def test_an_unknown_key_of_a_rule_is_named_with_its_line(pack_text: PackText, rule: Rule) -> None:
    error = refusal(pack_text(rule("part_day", '"pro_rata"', note='"?"')))

    assert isinstance(error, PackKeyUnknownError)
    assert (error.facts["line"], error.facts["key"]) == (17, "rule.note")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('clause = "第一条"\n', ""),
        ("issued = 2020-01-01", 'issued = "2020-01-01"'),
        ("[reference.made-up]", "[reference.Made_Up]"),
        ("issued =", "signed ="),
        ("issued = 2020-01-01", 'source_sha256 = "ABC"'),
    ],
)
def test_a_reference_is_as_strict_as_the_rest(pack_text: PackText, old: str, new: str) -> None:
    error = refusal(pack_text() + REFERENCE.replace(old, new))

    assert error.facts["line"] in {10, 14}


@pytest.mark.parametrize(
    ("length", "loads"), [(11, False), (12, True), (13, True), (59, True), (60, True), (61, False)]
)
def test_a_quote_has_12_to_60_characters(pack_text: PackText, length: int, loads: bool) -> None:
    text = pack_text() + REFERENCE.replace("这是一段只在测试中使用的文字", "学" * length)

    if loads:
        assert load(text).references["made-up"].quote == "学" * length
    else:
        assert refusal(text).facts["key"] == "reference.made-up.quote"


@pytest.mark.parametrize(
    ("ground", "expected"),
    [
        ({"basis": '"notice"', "reason": "", "reason_en": ""}, "reference"),
        ({"basis": '"practice"'}, "reference"),
        ({"basis": '"practice"', "reference": '"made-up"', "reason": ""}, "reason"),
        ({"basis": '"assumption"', "reason": "", "reason_en": ""}, "reason"),
        ({"basis": '"assumption"', "reason_en": ""}, "reason_en"),
        ({**CITED, "reason": '"只有中文"'}, "reason, reason_en"),
        ({**CITED, "reason_en": '"English only"'}, "reason, reason_en"),
    ],
)
def test_a_value_without_its_ground_does_not_load(
    pack_text: PackText, rule: Rule, ground: dict[str, str], expected: str
) -> None:
    error = refusal(pack_text(rule("part_day", '"pro_rata"', **ground)) + REFERENCE)

    assert isinstance(error, PackUncitedError)
    assert error.facts["expected"] == expected


def test_a_value_without_a_basis_does_not_load(pack_text: PackText, rule: Rule) -> None:
    error = refusal(pack_text(rule("part_day", '"pro_rata"', basis="")))

    assert isinstance(error, PackKeyMissingError)
    assert error.facts["expected"] == "notice | practice | assumption"


def test_an_assumption_may_cite_what_it_leans_on(pack_text: PackText, rule: Rule) -> None:
    pack = load(pack_text(rule("part_day", '"pro_rata"', reference='"made-up"')) + REFERENCE)

    assert pack.values["part_day"][0].reference == pack.references["made-up"]


def test_a_reference_that_is_not_in_the_pack_is_refused(pack_text: PackText, rule: Rule) -> None:
    error = refusal(pack_text(rule("part_day", '"pro_rata"', reference='"other"')) + REFERENCE)

    assert isinstance(error, PackReferenceUnknownError)
    assert (error.facts["found"], error.facts["expected"]) == ("other", "made-up")


def test_a_value_may_cite_further_references_that_state_the_same(
    pack_text: PackText, rule: Rule
) -> None:
    second = REFERENCE.replace("made-up", "second")
    also = {**CITED, "also": '["second"]'}

    (value,) = load(pack_text(rule("recognise.a", "true", **also)) + REFERENCE + second).values[
        "recognise.a"
    ]

    assert [reference.id for reference in value.also] == ["second"]
    assert [reference.id for reference in value.references] == ["made-up", "second"]


@pytest.mark.parametrize(
    ("also", "kind"),
    [
        ('["other"]', PackReferenceUnknownError),
        ('["made-up"]', PackInvalidError),
        ('["second", "second"]', PackInvalidError),
        ("[]", PackInvalidError),
        ('"second"', PackInvalidError),
    ],
)
def test_further_references_are_others_of_the_pack(
    pack_text: PackText, rule: Rule, also: str, kind: type[PackInvalidError]
) -> None:
    second = REFERENCE.replace("made-up", "second")

    error = refusal(pack_text(rule("recognise.a", "true", **CITED, also=also)) + REFERENCE + second)

    assert type(error) is kind
    assert error.facts["key"] == "rule.also"


def test_further_references_come_after_a_first(pack_text: PackText, rule: Rule) -> None:
    error = refusal(pack_text(rule("part_day", '"pro_rata"', also='["made-up"]')) + REFERENCE)

    assert isinstance(error, PackUncitedError)
    assert (error.facts["key"], error.facts["expected"]) == ("rule.also", "reference")


NAME = """
[[name]]
kind = "subject"
id = "public.safety"
zh = "安全公需"
en = "public subjects on safety"
"""


def test_a_pack_may_name_ids_that_the_catalogue_lacks(pack_text: PackText) -> None:
    names = load(pack_text() + NAME + NAME.replace("subject", "activity")).names

    assert set(names) == {("subject", "public.safety"), ("activity", "public.safety")}
    assert names["subject", "public.safety"].zh == "安全公需"


@pytest.mark.parametrize(
    ("old", "new", "key", "line"),
    [
        ('kind = "subject"', 'kind = "Subject"', "name.kind", 11),
        ('id = "public.safety"', 'id = "public/safety"', "name.id", 12),
        ('zh = "安全公需"', 'zh = ""', "name.zh", 13),
        ('en = "public subjects on safety"', "", "name.en", 10),
        ("en =", "fr =", "name.en", 10),
        ('zh = "安全公需"', 'zh = "安全公需"\nfr = "x"', "name.fr", 14),
    ],
)
def test_a_name_is_as_strict_as_the_rest(
    pack_text: PackText, old: str, new: str, key: str, line: int
) -> None:
    error = refusal(pack_text() + NAME.replace(old, new))

    assert (error.facts["key"], error.facts["line"]) == (key, line)


def test_one_id_is_named_once(pack_text: PackText) -> None:
    error = refusal(pack_text() + NAME + NAME)

    assert isinstance(error, PackNameTwiceError)
    assert (error.facts["line"], error.facts["found"]) == (18, "subject public.safety")


@pytest.mark.parametrize("until", ["2019-12-31", "2020-01-01"])
def test_a_value_ends_after_it_begins(pack_text: PackText, rule: Rule, until: str) -> None:
    error = refusal(pack_text(rule("part_day", '"pro_rata"', until=until)))

    assert error.facts["key"] == "rule.until"


def test_a_value_may_hold_for_one_day(pack_text: PackText, rule: Rule) -> None:
    (value,) = load(pack_text(rule("part_day", '"pro_rata"', until="2020-01-02"))).values[
        "part_day"
    ]

    days = (date(2019, 12, 31), date(2020, 1, 1), date(2020, 1, 2))
    assert [value.holds_on(day) for day in days] == [False, True, False]


def test_a_new_value_names_the_one_that_it_replaces_and_ends_it(
    pack_text: PackText, rule: Rule
) -> None:
    old = rule("part_day", '"pro_rata"')
    new = rule("part_day", '"full_only"', "2024-01-01", replaces="2020-01-01")

    first, second = load(pack_text(new, old)).values["part_day"]

    assert (first.value, first.until) == (PartDay.PRO_RATA, date(2024, 1, 1))
    assert (second.value, second.from_, second.until) == (PartDay.FULL_ONLY, date(2024, 1, 1), None)


def test_a_value_may_follow_one_that_ended_with_a_gap_between(
    pack_text: PackText, rule: Rule
) -> None:
    old = rule("part_day", '"pro_rata"', until="2021-01-01")
    new = rule("part_day", '"full_only"', "2022-01-01")

    assert len(load(pack_text(old, new)).values["part_day"]) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"from_": "2024-01-01"}),
        ({"until": "2024-01-02"}, {"from_": "2024-01-01"}),
        ({}, {"from_": "2020-01-01"}),
        ({}, {"from_": "2020-01-01", "replaces": "2020-01-01"}),
        ({}, {"from_": "2024-01-01", "replaces": "2020-01-02"}),
        ({"until": "2023-01-01"}, {"from_": "2024-01-01", "replaces": "2020-01-01"}),
        ({"replaces": "2019-01-01"}, {"from_": "2024-01-01", "replaces": "2020-01-01"}),
    ],
)
def test_two_values_on_one_day_are_an_error_and_not_the_last_one_wins(
    pack_text: PackText, rule: Rule, old: dict[str, str], new: dict[str, str]
) -> None:
    text = pack_text(rule("part_day", '"pro_rata"', **old), rule("part_day", '"full_only"', **new))

    error = refusal(text)

    assert isinstance(error, PackOverlapError)
    assert error.facts["rule"] == "part_day"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"id = 1\nid = 2\n", 2),
        (b"id = \xff\n", 1),
        ('title = "学时"\n\n'.encode() + b"x = \xff", 3),
        (b"verified_on = 2026-02-30", 1),
        (b"x = " + b"9" * 5000, 1),
        (b"x = " + b"[" * 100_000, 1),
        (b"#" * (PACK_BYTES_MAX + 1), 1),
    ],
)
def test_what_is_not_toml_is_refused_with_its_line(data: bytes, line: int) -> None:
    with pytest.raises(PackSyntaxError) as caught:
        load_pack(data, file="test.toml")

    assert caught.value.facts["line"] == line


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_either_load_or_are_refused_as_a_pack(data: bytes) -> None:
    with pytest.raises(PackInvalidError):
        load_pack(data, file="test.toml")


json_like = st.recursive(
    st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["8", "total", "per_day", "seminar", "every_year", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "forms", "mode", "years", "per", "start", "when"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


def toml_of(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml_of(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml_of(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool | int) else f'"{value}"'


@given(
    key=st.sampled_from(
        [
            "recognise.a",
            "conversion.a",
            "part_day",
            "credited_year",
            "cap.a",
            "yearly_minimum.total",
            "requirement.*.a",
            "waiver.*.a",
        ]
    ),
    value=json_like,
)
def test_any_value_of_any_rule_either_loads_or_is_refused_as_a_pack(
    pack_text: PackText, rule: Rule, key: str, value: object
) -> None:
    text = pack_text(rule(key, toml_of(value)))

    try:
        outcome = list(load(text).values)
    except PackInvalidError as error:
        outcome = [str(error.facts["file"])]

    assert outcome in ([key], ["test.toml"])
