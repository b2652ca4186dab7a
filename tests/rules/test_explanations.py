"""The words: every step, cut, line and gap is a sentence in both languages, with its ground."""

from collections.abc import Callable
from datetime import date

import pytest

from creditbank.catalogue import LANGUAGES, Language, entries, problem
from creditbank.rules.caps import LiveFact, fold
from creditbank.rules.conversion import ActivityFact, Step, convert
from creditbank.rules.explain import (
    day_text,
    explain_conversion,
    explain_cuts,
    explain_step,
    ground_text,
    name_of,
)
from creditbank.rules.explain_answer import explain_assessment
from creditbank.rules.items import ItemFact, convert_item
from creditbank.rules.loader import load_pack
from creditbank.rules.pack import Pack, PackChain
from creditbank.rules.requirement import (
    Credited,
    Question,
    StatedAnswerInvalidError,
    assess,
)
from creditbank.rules.stated import START_FACTS

ChainFrom = Callable[..., PackChain]
PackText = Callable[..., str]
Rule = Callable[..., dict[str, str]]

MORNING = ActivityFact(
    activity="enterprise_course",
    form="special_lecture",
    release="half",
    subject="professional",
    day=date(2024, 2, 4),
    planned_minutes=180,
    planned_half_days=1,
    attended_minutes=170,
)


def test_a_conversion_reads_as_a_trace_with_the_clause_first(weihai: PackChain) -> None:
    sentences = explain_conversion(convert(MORNING, weihai), "zh", weihai)

    assert [sentence.text for sentence in sentences] == [
        "2024年2月4日的企业举办的培训活动（专题讲座，半脱产）可登记学时。",
        "每个整天计 8.00 学时。",
        "计划半天 180 分钟，参加 170 分钟，按 170/180 折算。",
        "计 3.77 学时，记入 2024 年专业科目。",
    ]
    assert sentences[0].ground == (
        "《威海市重点产业工程师高质量培育专项行动计划》（威人社字〔2024〕2号）第9项"
    )
    assert [sentence.basis for sentence in sentences] == ["notice", "assumption", "assumption", ""]
    assert sentences[1].ground.startswith("假定：山东省和威海市的通知均未规定")


def test_the_same_trace_reads_in_english(weihai: PackChain) -> None:
    sentences = explain_conversion(convert(MORNING, weihai), "en", weihai)

    assert sentences[0].text == (
        "Enterprise-run training (special lecture, part-time release) on 2024-02-04 counts."
    )
    assert sentences[1].ground.startswith("Assumed: No notice of Shandong or Weihai")


def test_minutes_and_full_days_have_their_own_sentences(chain_from: ChainFrom) -> None:
    chain = chain_from(
        recognise__online="true",
        conversion__online='{ kind = "per_minutes", minutes_per_hour = 45 }',
        recognise__base="true",
        conversion__base='{ kind = "per_day", hours_per_day = "6" }',
        part_day='"full_only"',
    )
    online = ActivityFact("online", "video", "none", "public.x", date(2024, 1, 1), 90, 1, 90)
    base = ActivityFact("base", "video", "none", "public.x", date(2024, 1, 1), 90, 1, 90)

    minutes, full_only = (
        explain_conversion(convert(fact, chain), "en", chain) for fact in (online, base)
    )

    assert minutes[1].text == "90 minutes were attended and 90 count; 45 minutes make 1 hour."
    assert full_only[2].text.endswith("less than a full day counts nothing.")


BOOK = """
[[name]]
kind = "trait"
id = "role"
zh = "角色"
en = "role"

[[name]]
kind = "trait"
id = "role.editor"
zh = "编委"
en = "member of the board"
"""


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "zh",
            [
                "2024年3月1日的book可登记学时。",
                "2024年5月1日申报，未过期限（2024年5月30日）。",
                "共 12000 字，每 10000 字计 15.00 学时。",
                "排名第 2（角色：编委），按 50% 计。",
                "角色：编委，另加 1.00 学时。",
                "一次最多计 8.25 学时。",
                "以 0.50 学时为单位，不足部分不计。",
                "按规则计入专业科目。",
                "分 2 年计入。",
                "计 4.00 学时，记入 2024 年专业科目。",
                "计 4.00 学时，记入 2025 年专业科目。",
            ],
        ),
        (
            "en",
            [
                "book of 2024-03-01 counts.",
                "It was declared on 2024-05-01, in time (until 2024-05-30).",
                "12000 characters; every 10000 characters count 15.00 hours.",
                "Rank 2 (role: member of the board) gets 50 % of it.",
                "With role: member of the board it counts 1.00 hours more.",
                "One occasion counts 8.25 hours at most.",
                "Only whole steps of 0.50 hours count.",
                "The rule credits professional subjects.",
                "It is spread over 2 years.",
                "4.00 hours are credited to 2024, professional subjects.",
                "4.00 hours are credited to 2025, professional subjects.",
            ],
        ),
    ],
)
def test_an_item_reads_as_a_trace_of_all_that_was_made_of_it(
    pack_text: PackText, rule: Rule, language: Language, expected: list[str]
) -> None:
    conversion = (
        '{ kind = "per_unit", measure = "characters", units = 10000, hours = "15", '
        'shares = [{ ranks = "2-", when = { role = "editor" }, percent = 50 }], '
        'bonuses = [{ when = { role = "editor" }, hours = "1" }], at_most = "8.25", '
        'step = "0.5", subject = "professional", spread = { years = 2, how = "even" } }'
    )
    text = pack_text(
        rule("recognise.book", "true"),
        rule("declare_by", "{ days = 90 }"),
        rule("conversion.book", conversion),
    )
    chain = PackChain((load_pack((text + BOOK).encode(), file="test.toml"),))
    fact = ItemFact(
        activity="book",
        form="",
        subject="public",
        day=date(2024, 3, 1),
        declared_on=date(2024, 5, 1),
        measures={"characters": 12_000},
        traits={"role": "editor", "field": "own"},
        rank=2,
    )

    sentences = explain_conversion(convert_item(fact, chain), language, chain)

    assert [sentence.text for sentence in sentences] == expected
    assert all(sentence.basis == "assumption" for sentence in sentences[:-2])


def test_a_cut_says_which_cap_and_how_much(weihai: PackChain) -> None:
    facts = [
        LiveFact(key, date(2024, 3, 1), 2024, "professional", "enterprise_course", 800)
        for key in "ab"
    ]

    (zh,) = explain_cuts(fold(facts, weihai).occasions["b"].cuts, "zh", weihai)
    (en,) = explain_cuts(fold(facts, weihai).occasions["b"].cuts, "en", weihai)

    assert zh.text == "2024年3月1日已达每日上限 8.00 学时（各类活动、各机构合计），8.00 学时不计。"
    assert en.text.startswith("2024-03-01 reached the daily cap of 8.00 hours")
    assert zh.basis == "assumption"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "zh",
            "2024年已达年度上限 5.00 学时（企业举办的培训活动、talk、公需科目），3.00 学时不计。",
        ),
        (
            "en",
            "2024 reached the yearly cap of 5.00 hours (Enterprise-run training, talk, public"
            " subjects); 3.00 hours do not count.",
        ),
    ],
)
def test_a_yearly_cap_names_its_activities_and_subject(
    chain_from: ChainFrom, language: Language, expected: str
) -> None:
    chain = chain_from(
        cap__a='{ per = "year", hours = "5", order = 1, activities = '
        '["enterprise_course", "talk"], subject = "public" }'
    )
    fact = LiveFact("a", date(2024, 3, 1), 2024, "public.general", "talk", 800)

    (sentence,) = explain_cuts(fold([fact], chain).occasions["a"].cuts, language, chain)

    assert sentence.text == expected


def test_an_answer_says_each_year_what_is_short_and_what_would_close_it(weihai: PackChain) -> None:
    question = Question(
        "engineering", "associate_senior", date(2026, 6, 1), {"current_title_on": "2024-06-30"}
    )
    rows = [Credited(2025, "professional", 6000, 2000)]

    words = explain_assessment(assess(question, rows, weihai), "zh", weihai)

    assert words.outcome == "学时未达到要求。"
    assert [sentence.text for sentence in words.lines] == [
        "2025年总学时：要求 90.00 学时，已计 60.00 学时（其中 20.00 学时由既往记录迁入），"
        "还差 30.00 学时。",
        "2025年专业科目：要求 60.00 学时，已计 60.00 学时（其中 20.00 学时由既往记录迁入），"
        "达到要求。",
        "2025年公需科目：要求 30.00 学时，已计 0.00 学时，还差 30.00 学时。",
    ]
    assert words.lines[2].ground.startswith("惯例：省继续教育公共服务平台的做法")
    assert words.lines[2].ground.endswith("（鲁人社字〔2021〕167号）仅见标题）")
    assert words.closing[0].text.startswith("2025年补足公需科目 30.00 学时")
    assert [sentence.basis for sentence in words.caveats] == ["assumption"]


def test_a_window_is_named_by_its_first_and_last_year(chain_from: ChainFrom) -> None:
    chain = chain_from(
        **{"requirement__*__*": '{ mode = "window_total", years = 3, minima = { total = "9" } }'}
    )
    question = Question("a", "b", date(2026, 6, 1), {})

    met = explain_assessment(assess(question, [Credited(2023, "x", 900)], chain), "en", chain)
    short = explain_assessment(assess(question, [], chain), "zh", chain)

    assert met.outcome == "The hours meet the requirement."
    assert (
        met.lines[0].text
        == "2023 to 2025 together, total: 9.00 hours required, 9.00 credited: met."
    )
    assert short.closing[0].text.startswith("2023至2025年合计补足总学时 9.00 学时")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("question", "named"),
    [
        (
            Question("engineering", "assistant", date(2026, 6, 1), {}),
            "requirement.engineering.assistant",
        ),
        (Question("engineering", "intermediate", date(2026, 6, 1), {}), "current_title_on"),
        (
            Question(
                "engineering", "intermediate", date(2026, 6, 1), {"current_title_on": "2026-01-01"}
            ),
            "requirement.engineering.intermediate",
        ),
    ],
)
def test_an_open_answer_names_what_is_missing(
    weihai: PackChain, language: Language, question: Question, named: str
) -> None:
    words = explain_assessment(assess(question, [], weihai), language, weihai)

    assert named in words.missing[0].text
    assert words.outcome


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_start_that_nobody_stated_is_asked_for_by_its_own_sentence(
    chain_from: ChainFrom, language: Language
) -> None:
    chain = chain_from(
        **{
            "requirement__*__*": (
                '{ mode = "every_year", years = 3, start = '
                '["title", "hire", "move_in", "qualification", "certificate"] }'
            ),
            "waiver__*__*": '{ when = ["first_review"] }',
        }
    )

    words = explain_assessment(
        assess(Question("a", "b", date(2026, 6, 1), {}), [], chain), language, chain
    )

    texts = [sentence.text for sentence in words.missing]
    facts = [*START_FACTS.values(), "first_review"]
    assert all(fact in text for fact, text in zip(facts, texts, strict=True))
    assert len(set(texts)) == len(texts)


def test_a_waived_answer_says_so_and_shows_the_hours(chain_from: ChainFrom) -> None:
    chain = chain_from(
        **{
            "requirement__*__*": '{ mode = "window_total", years = 1, minima = { total = "90" } }',
            "waiver__*__*": '{ when = ["first_review"] }',
        }
    )
    question = Question("a", "b", date(2026, 6, 1), {"first_review": "yes"})

    words = explain_assessment(assess(question, [Credited(2025, "x", 900)], chain), "zh", chain)

    assert words.outcome == "本次申报对学时不作硬性要求；已计学时照常列明。"
    assert [sentence.text for sentence in words.lines] == [
        "2025年总学时：要求 90.00 学时，已计 9.00 学时，还差 81.00 学时。"
    ]
    assert words.closing == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_yes_or_no_that_is_neither_is_explained(
    chain_from: ChainFrom, language: Language
) -> None:
    chain = chain_from(**{"waiver__*__*": '{ when = ["first_review"] }'})
    question = Question("a", "b", date(2026, 6, 1), {"first_review": "perhaps"})

    with pytest.raises(StatedAnswerInvalidError) as caught:
        assess(question, [], chain)

    detail = problem(caught.value, language).detail
    assert "first_review" in detail
    assert "perhaps" in detail


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_year_without_an_amount_is_named(chain_from: ChainFrom, language: Language) -> None:
    chain = chain_from(
        **{"requirement__*__*": '{ mode = "every_year", years = 1, start = "any_time" }'}
    )

    words = explain_assessment(
        assess(Question("a", "b", date(2026, 6, 1), {}), [], chain), language, chain
    )

    assert "2025" in words.missing[0].text


def test_an_assumption_that_leans_on_a_clause_shows_both(pack_text: PackText, rule: Rule) -> None:
    text = pack_text(rule("part_day", '"pro_rata"', reference='"made-up"')) + (
        '\n[reference.made-up]\ndocument = "测试〔2020〕1号"\ntitle = "测试用通知"\n'
        'clause = "第一条"\nquote = "这是一段只在测试中使用的文字"\n'
    )
    (value,) = load_pack(text.encode(), file="test.toml").values["part_day"]

    assert ground_text(value, "zh") == (
        "假定：仅用于测试。（参见《测试用通知》（测试〔2020〕1号）第一条）"
    )
    assert ground_text(value, "en").startswith("Assumed: For tests only. [see ")


def test_a_value_that_two_notices_state_cites_both(pack_text: PackText, rule: Rule) -> None:
    text = pack_text(rule("part_day", '"pro_rata"', reference='"one"', also='["two"]')) + "".join(
        f'\n[reference.{name}]\ndocument = "测试〔2020〕{number}号"\ntitle = "测试用通知"\n'
        'clause = "第一条"\nquote = "这是一段只在测试中使用的文字"\n'
        for number, name in enumerate(["one", "two"], start=1)
    )
    (value,) = load_pack(text.encode(), file="test.toml").values["part_day"]

    assert "（测试〔2020〕1号）第一条；《测试用通知》（测试〔2020〕2号）第一条" in ground_text(
        value, "zh"
    )
    assert "第一条 (《测试用通知》); 测试〔2020〕2号" in ground_text(value, "en")


def test_an_id_that_has_no_name_yet_is_shown_as_it_is() -> None:
    assert name_of("activity", "rural_service", "zh") == "rural_service"
    assert name_of("subject", "public.general", "zh") == "一般公需科目"
    assert name_of("level", "associate_senior", "zh") == "副高级"


def test_a_name_in_the_packs_goes_before_the_catalogue_and_the_nearest_pack_first(
    pack_text: PackText,
) -> None:
    def named(pack_id: str, zh: str, en: str) -> Pack:
        name = f'[[name]]\nkind = "activity"\nid = "enterprise_course"\nzh = "{zh}"\nen = "{en}"\n'
        return load_pack((pack_text(id=f'"{pack_id}"') + name).encode(), file="test.toml")

    chain = PackChain((named("cn-9901", "近", "near"), named("cn-99", "远", "far")))

    assert name_of("activity", "enterprise_course", "zh", chain) == "近"
    assert name_of("activity", "enterprise_course", "en", PackChain(chain.packs[1:])) == "far"
    assert name_of("subject", "professional", "zh", chain) == "专业科目"
    assert name_of("activity", "rural_service", "en", chain) == "rural_service"


def test_a_day_is_written_as_its_language_reads_it() -> None:
    assert day_text(date(2024, 2, 4), "zh") == "2024年2月4日"
    assert day_text(date(2024, 2, 4), "en") == "2024-02-04"


def test_a_figure_that_is_not_hours_is_shown_as_it_is(weihai: PackChain) -> None:
    step = Step("rules-period-year", {"year": 2024}, None)

    assert explain_step(step, "zh", weihai).text == "2024年"


def test_every_sentence_of_the_rules_stands_in_both_languages() -> None:
    parts = [
        part
        for code, all_ in entries().items()
        if code.startswith("rules-")
        for part in all_.values()
    ]

    assert parts
    assert all(set(part) == set(LANGUAGES) and all(part.values()) for part in parts)
