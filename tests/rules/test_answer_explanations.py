"""The words of an answer: what chose it, what was carried or cut, and what frees or does not."""

from collections.abc import Callable
from datetime import date

import pytest

from creditbank.catalogue import LANGUAGES, Language, problem
from creditbank.rules.explain_answer import Explanation, explain_assessment
from creditbank.rules.loader import load_pack
from creditbank.rules.pack import PackChain
from creditbank.rules.requirement import (
    Credited,
    Question,
    StatedWordUnknownError,
    assess,
)

PackText = Callable[..., str]
Rule = Callable[..., dict[str, str]]

NAMES = "".join(
    f'\n[[name]]\nkind = "{kind}"\nid = "{identifier}"\nzh = "{zh}"\nen = "{en}"\n'
    for kind, identifier, zh, en in (
        ("pathway", "signed", "举荐", "recommendation"),
        ("fact", "degree", "最高学历", "highest degree"),
        ("word", "master", "硕士", "master"),
        ("evidence", "letter", "举荐书", "letter of recommendation"),
    )
)


@pytest.fixture
def law(pack_text: PackText, rule: Rule) -> PackChain:
    """Return a small pack in which everything occurs that an answer can speak of."""
    years = '{ mode = "every_year", years = 2, start = "hire", start_year = "pro_rata_months"'
    case = '{ when = { degree = ["master"] }, mode = "every_year", years = 1, start = "any_time" }'
    text = pack_text(
        rule("requirement.*.senior", f"{years}, cases = [{case}] }}"),
        rule("yearly_minimum.total", '"90"'),
        rule("carry_over.total", "{ years = 1 }"),
        rule("fact.degree", '["bachelor", "master"]'),
        rule(
            "pathway.signed",
            '{ effect = "exempt", series = ["engineering"], levels = ["senior"], specialties = '
            '["composites"], when = { signed = true }, evidence = ["letter"], quota = { per = '
            '"employer_year", by = "rank", limits = { high = { total = 1 } } } }',
            "2024-01-01",
        ),
        rule("pathway.soft", '{ effect = "waive", when = { medal = true } }'),
    )
    return PackChain((load_pack((text + NAMES).encode(), file="test.toml"),))


def explained(
    law: PackChain,
    language: Language,
    stated: dict[str, str],
    rows: tuple[Credited, ...] = (),
    *,
    pathway: str = "",
    series: str = "engineering",
    specialty: str = "composites",
    level: str = "senior",
    used: dict[str, int] | None = None,
    day: date = date(2026, 6, 1),
) -> Explanation:
    question = Question(series, level, day, stated, specialty, pathway, used)
    return explain_assessment(assess(question, rows, law), language, law)


def texts(sentences: tuple[object, ...]) -> list[str]:
    return [str(getattr(sentence, "text", "")) for sentence in sentences]


def test_a_line_says_what_was_carried_cut_migrated_and_how_many_months(law: PackChain) -> None:
    stated = {"degree": "bachelor", "hired_on": "2024-07-01"}
    rows = (Credited(2024, "x", 5000), Credited(2025, "x", 8000, 1000, 300))

    zh, en = (explained(law, language, stated, rows) for language in LANGUAGES)

    assert texts(zh.lines) == [
        "2024年总学时：要求 45.00 学时，已计 50.00 学时（当年按 6 个月折算要求），达到要求。",
        "2025年总学时：要求 90.00 学时，已计 80.00 学时（其中 10.00 学时由既往记录迁入；"
        "另由此前年度结转 5.00 学时；另有 3.00 学时超出上限不计），还差 5.00 学时。",
    ]
    assert texts(en.lines)[1] == (
        "2025, total: 90.00 hours required, 80.00 credited (10.00 of them migrated from earlier"
        " records; 5.00 more carried over from earlier years; 3.00 more above a cap do not count),"
        " 5.00 short."
    )


def test_the_case_that_applies_is_told_by_name_and_id(law: PackChain) -> None:
    zh, en = (explained(law, language, {"degree": "master"}) for language in LANGUAGES)

    assert texts(zh.chosen) == [
        "按所述情形，最高学历（degree）为硕士（master），适用为其规定的要求。"
    ]
    assert texts(en.chosen)[0].startswith("As stated, highest degree (degree) is master;")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_case_that_cannot_be_chosen_names_the_fact(law: PackChain, language: Language) -> None:
    (sentence,) = texts(explained(law, language, {}).missing)

    assert "degree" in sentence
    assert {"zh": "最高学历", "en": "highest degree"}[language] in sentence


def test_an_exempt_answer_names_its_pathway_its_ground_and_the_papers_to_be_kept(
    law: PackChain,
) -> None:
    stated = {"degree": "master", "signed": "yes", "rank": "high", "medal": "yes"}

    words = explained(law, "zh", stated, pathway="signed", used={})

    assert words.outcome == "按所适用的途径，本次申报不受继续教育学时限制；已计学时照常列明。"
    assert texts(words.chosen)[1:] == [
        "“举荐”：不受继续教育学时限制；所依据的事实由查询方陈述，学时银行未核对。",
        "应留存的证明材料：举荐书。",
    ]
    assert words.chosen[1].ground == "假定：仅用于测试。"
    assert texts(words.others) == ["按所述情形，还可申请“soft”。"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pathway_that_waives_says_so_and_asks_for_no_papers(
    law: PackChain, language: Language
) -> None:
    words = explained(law, language, {"degree": "master", "medal": "yes"}, pathway="soft")

    (_case, sentence) = texts(words.chosen)
    assert {"zh": "不作硬性要求", "en": "no hard requirement"}[language] in sentence


FITTING = {"degree": "master", "signed": "yes", "rank": "high"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"pathway": "other"}, "other"),
        ({"day": date(2023, 12, 31)}, "signed"),
        ({"series": "crafts"}, "crafts"),
        ({"specialty": ""}, "–"),
        ({"specialty": "lacquer"}, "lacquer"),
        ({"stated": {**FITTING, "signed": "no"}}, "signed"),
        ({"used": {"senior": 1}}, "senior"),
    ],
)
def test_a_pathway_refused_says_which_bound_it_was(
    law: PackChain, language: Language, changed: dict[str, object], named: str
) -> None:
    asked: dict[str, object] = {"stated": FITTING, "pathway": "signed", "used": {}} | changed

    words = explained(law, language, **asked)  # type: ignore[arg-type]

    (sentence,) = words.refused
    assert named in sentence.text
    assert bool(sentence.ground) == (named not in {"other"} and "day" not in changed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_level_outside_a_pathway_is_named_as_it_is_called(
    law: PackChain, language: Language
) -> None:
    words = explained(law, language, FITTING, pathway="signed", level="full_senior", used={})

    (sentence,) = texts(words.refused)
    assert {"zh": "正高级（full_senior）", "en": "full senior (full_senior)"}[language] in sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_pathway_still_wants_is_said_and_who_may_say_it(
    law: PackChain, language: Language
) -> None:
    words = explained(law, language, {"degree": "master"}, pathway="signed")

    signed, rank, quota = texts(words.missing)
    assert "signed" in signed
    assert "rank" in rank
    assert "pathway.signed" in quota


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_that_the_pack_does_not_know_is_refused_with_those_it_knows(
    law: PackChain, language: Language
) -> None:
    with pytest.raises(StatedWordUnknownError) as caught:
        explained(law, language, {"degree": "Master"})

    detail = problem(caught.value, language).detail
    assert all(word in detail for word in ("degree", "Master", "bachelor", "master"))


def test_a_year_that_may_be_made_up_says_by_what_and_until_when(
    pack_text: PackText, rule: Rule
) -> None:
    text = pack_text(
        rule("requirement.*.*", '{ mode = "every_year", years = 2, start = "any_time" }'),
        rule("yearly_minimum.total", '"90"'),
        rule("make_up.a", '{ years = 1, activities = ["enterprise_course"] }'),
        rule("make_up.b", "{ years = 1 }", until="2026-07-01"),
    )
    law = PackChain((load_pack(text.encode(), file="test.toml"),))

    zh, en = (explained(law, language, {}) for language in LANGUAGES)

    assert texts(zh.make_up) == [
        "2025 年所缺学时可以补学（企业举办的培训活动），最迟至2026年12月31日。",
        "2025 年所缺学时可以补学（活动不限），最迟至2026年6月30日。",
    ]
    assert texts(en.make_up)[1] == (
        "What 2025 lacks may be made up (by any activity), through 2026-06-30 at the latest."
    )
    assert [sentence.ground for sentence in zh.make_up] == ["假定：仅用于测试。"] * 2
    assert texts(zh.closing) == [
        "2024年补足总学时 90.00 学时即可达到要求；往年学时能否补学，由主管部门决定。",
        "2025年补足总学时 90.00 学时即可达到要求。",
    ]
