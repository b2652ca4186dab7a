"""Applications for exemptions: the register's facts decide, by the lists of the pack alone."""

from collections.abc import Callable, Mapping
from datetime import date

import pytest

from creditbank.catalogue import LANGUAGES
from creditbank.rules.applying import (
    facts_of_register,
    frees_place,
    quota_use_of,
    quota_year,
    try_application,
)
from creditbank.rules.explain_answer import explain_trial
from creditbank.rules.loader import PackInvalidError, load_pack
from creditbank.rules.pack import PackChain
from creditbank.rules.register_rules import (
    Ending,
    QuotaUse,
    QuotaYear,
    Registered,
    ReviewBy,
    RightLost,
)
from creditbank.rules.stated import Question

ChainFrom = Callable[..., PackChain]
PackText = Callable[..., str]
Rule = Callable[..., dict[str, str]]
DAY = date(2026, 6, 1)
QUOTA = (
    '{ per = "employer_year", by = "rank", limits = { high = { total = 2, full_senior = 1 }, '
    "low = { total = 1, full_senior = 0 } } }"
)
RULES = {
    "pathway__signed": (
        '{ effect = "exempt", levels = ["senior", "full_senior"], when = { kind = "listed", '
        f"employed = true, signed = true }}, quota = {QUOTA} }}"
    ),
    "pathway__card": '{ effect = "exempt", when = { card = "gold" } }',
    "waiver__*__*": '{ when = ["private", "first"] }',
    "registered__class__a__high": '{ kind = "listed", rank = "high" }',
    "registered__class__a__low": '{ kind = "listed", rank = "low" }',
    "registered__class__private": "{ private = true }",
    "registered__employed": "{ employed = true }",
    "quota_use__signed": '{ year = "application", free_again = ["given_back"] }',
    "right_lost__signed": '["fraud"]',
}
SIGNED = {"signed": "yes"}
HIGH = ("employed", "class.a.high")


@pytest.fixture(scope="module")
def law(chain_from: ChainFrom) -> PackChain:
    return chain_from(**RULES)


def asked(
    level: str = "senior",
    *,
    pathway: str = "signed",
    stated: Mapping[str, str] = SIGNED,
    used: Mapping[str, int] | None = None,
    findings: tuple[str, ...] = (),
) -> Question:
    return Question(
        "a", level, DAY, stated, pathway=pathway, used={} if used is None else used,
        findings=findings,
    )  # fmt: skip


def codes(law: PackChain, question: Question, known: tuple[str, ...]) -> list[tuple[str, str]]:
    trial = try_application(question, known, law).trial
    return [(each.code, each.found) for each in trial.refused] + [
        (each.code, each.key) for each in trial.missing
    ]


def test_what_the_register_knows_becomes_facts_and_the_rules_behind_them_are_told(
    law: PackChain,
) -> None:
    tried = try_application(asked(), HIGH, law)

    assert tried.fits
    assert tried.places is not None
    assert tried.places.total == 2
    assert tried.question.stated == {
        "signed": "yes", "employed": "yes", "kind": "listed", "rank": "high",
    }  # fmt: skip
    assert tried.question.registered == {"employed", "kind", "rank"}
    assert [each.key for each in tried.values][:2] == [
        "registered.employed",
        "registered.class.a.high",
    ]
    assert facts_of_register(law, DAY) == {"kind", "rank", "private", "employed"}


@pytest.mark.parametrize(
    ("question", "known", "found"),
    [
        (asked("full_senior", used={"full_senior": 1}), HIGH, [("pathway-quota", "full_senior")]),
        (asked(used={"senior": 2}), HIGH, [("pathway-quota", "senior")]),
        (asked("full_senior"), ("employed", "class.a.low"), [("pathway-quota", "full_senior")]),
        (asked("assistant"), HIGH, [("pathway-level", "assistant")]),
        (asked(findings=("fraud",)), HIGH, [("pathway-right-lost", "fraud")]),
        (asked(findings=("late",)), HIGH, []),
        (asked(stated={}), HIGH, [("pathway-fact-missing", "signed")]),
        (asked(stated={"signed": "no"}), HIGH, [("pathway-fact", "signed")]),
        (asked(), ("employed", "class.b"), [("pathway-fact-missing", "kind"),
                                            ("pathway-fact-missing", "rank")]),
        (asked(pathway="card", stated={}), (), [("pathway-fact-missing", "card")]),
        (asked(pathway="card", stated={"card": "gold"}, findings=("fraud",)), (), []),
        (asked(pathway="none"), HIGH, [("pathway-unknown", "")]),
    ],
)  # fmt: skip
def test_each_bound_that_is_broken_is_named(
    law: PackChain, question: Question, known: tuple[str, ...], found: list[tuple[str, str]]
) -> None:
    assert codes(law, question, known) == found
    for language in LANGUAGES:
        trial = try_application(question, known, law).trial
        assert len(explain_trial(trial, language, law)) == len(found)


def test_of_two_lists_the_one_with_more_places_counts(law: PackChain) -> None:
    both = ("employed", "class.a.low", "class.a.high")

    for known in (both, both[::-1]):
        tried = try_application(asked(used={"senior": 1}), known, law)
        assert (tried.fits, tried.question.stated["rank"]) == (True, "high")


def test_a_waiver_wants_every_fact_and_its_title_to_have_one(
    law: PackChain, chain_from: ChainFrom
) -> None:
    waived = asked(pathway="", stated={"first": "yes"})
    private = ("class.private",)

    assert codes(law, waived, private) == []
    assert codes(law, waived, ()) == [("waiver-fact-missing", "private")]
    assert codes(law, asked(pathway="", stated={"first": "no"}), private) == [
        ("waiver-fact", "first")
    ]
    assert codes(chain_from(), waived, private) == [("waiver-not-in-force", "")]


def test_how_places_count_is_the_packs_to_say(law: PackChain) -> None:
    rule = quota_use_of("signed", DAY, law)

    assert rule == QuotaUse(QuotaYear.APPLICATION, (Ending.GIVEN_BACK,))
    assert quota_use_of("card", DAY, law) is None
    later = date(2027, 1, 2)
    assert quota_year(rule, DAY, later) == 2026
    assert quota_year(QuotaUse(QuotaYear.APPROVAL, ()), DAY, later) == 2027
    assert [frees_place("signed", each, DAY, law) for each in Ending] == [True, False, False]
    assert not frees_place("card", Ending.GIVEN_BACK, DAY, law)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("registered.employed", "{}"),
        ("registered.employed", "{ employed = 3 }"),
        ("quota_use.signed", '{ year = "leap" }'),
        ("quota_use.signed", '{ year = "approval", free_again = ["expired"] }'),
        ("right_lost.signed", "true"),
        ("review_by", '{ yearly_by = "02-29" }'),
    ],
)
def test_a_rule_of_the_register_that_says_something_else_is_refused(
    pack_text: PackText, rule: Rule, key: str, value: str
) -> None:
    with pytest.raises(PackInvalidError):
        load_pack(pack_text(rule(key, value)).encode(), file="test.toml")


@pytest.mark.parametrize(
    ("key", "value", "held"),
    [
        ("registered.class.x.y", '{ a = true, b = "word" }', Registered({"a": "yes", "b": "word"})),
        ("quota_use.signed", '{ year = "approval" }', QuotaUse(QuotaYear.APPROVAL, ())),
        ("right_lost.signed", '["fraud"]', RightLost(("fraud",))),
        ("review_by.x", '{ yearly_by = "09-30" }', ReviewBy(9, 30)),
    ],
)
def test_a_rule_of_the_register_is_read(
    pack_text: PackText, rule: Rule, key: str, value: str, held: object
) -> None:
    pack = load_pack(pack_text(rule(key, value)).encode(), file="test.toml")

    assert pack.values[key][0].value == held
