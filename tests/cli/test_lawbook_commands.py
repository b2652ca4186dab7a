"""How law gets into force by command: steps, changes shown, adoptions, refusals in words."""

import re
from pathlib import Path

import pytest

from creditbank.clock import utc_now
from creditbank.crediting.imports import RecordRow
from creditbank.rules.loader import load_pack
from creditbank.verification.impact_runs import request_impact, take_up
from tests.acts import import_rows
from tests.bank import TestBank, invented_person
from tests.cli.bench import Terminal, terminal_for
from tests.lawtexts import COUNTY, REQUIREMENT, hours, law, rule

LAST_YEAR = utc_now().year - 1
ADOPTING = (
    "--from", "2026-03-01", "--document", "示例〔2026〕1号", "--title", "关于示例的通知",
    "--reason",
    "正式印发",
)  # fmt: skip


@pytest.fixture
def terminal(bank: TestBank) -> Terminal:
    return terminal_for(bank.house.settings)


class Clerk:
    """Three people at a terminal and a drawer of files."""

    def __init__(self, terminal: Terminal, drawer: Path) -> None:
        self.terminal, self.drawer = terminal, drawer

    def file(self, content: bytes) -> str:
        path = self.drawer / "pack.toml"
        path.write_bytes(content)
        return str(path)

    def rules(self, *words: str, exit_code: int = 0, actor: str = "zhao") -> str:
        return self.terminal.run("rules", *words, "--actor", actor, exit_code=exit_code).output

    def propose(self, content: bytes, *more: str) -> str:
        return self.rules("propose", self.file(content), *more, actor="wang")

    def enact(self, content: bytes, version: int = 1) -> None:
        self.propose(content)
        self.rules("review", COUNTY, str(version))
        self.rules("publish", COUNTY, str(version), actor="qian")


@pytest.fixture
def clerk(terminal: Terminal, tmp_path: Path) -> Clerk:
    return Clerk(terminal, tmp_path)


def test_a_version_goes_from_hand_to_hand_and_each_says_what_changes(clerk: Clerk) -> None:
    clerk.enact(law(hours("40")))
    later = hours("50", "2027-01-01", replaces="2020-01-01")

    proposed = clerk.propose(law(hours("40"), later, version=2))
    waiting = clerk.terminal.run("rules", "waiting").output
    reviewed = clerk.rules("review", COUNTY, "2")
    published = clerk.rules("publish", COUNTY, "2", actor="qian")
    again = clerk.propose(law(hours("40"), later, version=2))
    done = clerk.terminal.run("rules", "waiting").output

    for said in (proposed, reviewed):
        assert f"增加  {REQUIREMENT}，自 2027-01-01" in said
        assert f"终止  {REQUIREMENT}（自 2020-01-01）于 2027-01-01 被替代" in said
        assert "更正" not in said
    assert f"{COUNTY}@2" in waiting
    assert "第 2 版已发布" in published
    assert "第 2 版已发布" in again
    assert "没有待审核或待发布的版本" in done


@pytest.mark.parametrize(
    ("step", "code"),
    [("review", "second-person-wanted"), ("publish", "second-person-wanted")],
)
def test_whoever_proposed_takes_no_further_step(clerk: Clerk, step: str, code: str) -> None:
    clerk.propose(law(hours("40")))

    said = clerk.rules(step, COUNTY, "1", exit_code=1, actor="wang")

    assert f"({code})" in said


def test_nothing_is_published_before_its_review(clerk: Clerk) -> None:
    clerk.propose(law(hours("40")))

    assert "(pack-not-reviewed)" in clerk.rules("publish", COUNTY, "1", exit_code=1)


def test_a_version_is_returned_or_withdrawn_with_its_reason(clerk: Clerk) -> None:
    clerk.propose(law(hours("40")))
    returned = clerk.rules("return", COUNTY, "1", "--reason", "引文不符")
    clerk.propose(law(hours("40"), version=2))
    not_mine = clerk.rules("withdraw", COUNTY, "2", "--reason", "不要了", exit_code=1)
    withdrawn = clerk.rules("withdraw", COUNTY, "2", "--reason", "另行提交", actor="wang")

    assert "已退回" in returned
    assert "(proposer-wanted)" in not_mine
    assert "已撤回" in withdrawn
    closed = clerk.rules("publish", COUNTY, "2", exit_code=1)
    assert "(pack-closed)" in closed


@pytest.mark.parametrize("reason", [" ", "长" * 501, "行\x07"])
def test_a_reason_that_nobody_could_keep_is_refused(clerk: Clerk, reason: str) -> None:
    clerk.propose(law(hours("40")))

    said = clerk.rules("return", COUNTY, "1", "--reason", reason, exit_code=1)

    assert "(request-invalid)" in said


def test_a_version_that_mends_is_published_as_a_corrigendum_only(clerk: Clerk) -> None:
    clerk.enact(law(hours("40"), rule("part_day", '"pro_rata"')))

    warned = clerk.propose(law(hours("45"), version=2))
    clerk.rules("review", COUNTY, "2")
    refused = clerk.rules("publish", COUNTY, "2", exit_code=1)
    clerk.propose(law(hours("45"), version=3), "--corrigendum", "抄录有误")
    clerk.rules("review", COUNTY, "3")
    clerk.rules("publish", COUNTY, "3")

    assert f"改动  {REQUIREMENT}（自 2020-01-01）：value" in warned
    assert "删去  part_day（自 2020-01-01）" in warned
    assert "只能作为更正发布" in warned
    assert "(pack-edited)" in refused
    assert REQUIREMENT in refused


def test_a_file_or_a_version_is_compared_with_what_is_published(clerk: Clerk) -> None:
    reference = (
        '[reference.a-1]\ndocument = "甲"\ntitle = "乙"\nclause = "一"\n'
        'quote = "每天最多登记八个学时为限{}"\n'
    )
    name = '[[name]]\nkind = "activity"\nid = "{0}"\nzh = "{0}"\nen = "{0}"\n'
    first = law(reference.format("甲"), name.format("course"))
    clerk.enact(first)
    second = law(reference.format("乙"), name.format("reading"), version=2).replace(
        b"A pack for tests", b"Another title"
    )

    by_file = clerk.terminal.run("rules", "changes", clerk.file(second)).output
    same = clerk.terminal.run("rules", "changes", clerk.file(first.replace(
        b"version = 1", b"version = 2"))).output  # fmt: skip
    gone = clerk.terminal.run("rules", "changes", clerk.file(law(version=2))).output
    first_of_all = clerk.terminal.run("rules", "changes", COUNTY, "1").output
    absent = clerk.terminal.run("rules", "changes", COUNTY, "9", exit_code=1).output
    nowhere = clerk.terminal.run("rules", "changes", "nowhere.toml", exit_code=1).output

    for words in ("引文改动  a-1", "名称  activity reading", "名称删去  activity course",
                  "title_en：“A pack for tests”→“Another title”"):  # fmt: skip
        assert words in by_file
    assert "没有变化" in same
    assert "引文删去  a-1" in gone
    assert "的第一版" in first_of_all
    assert "(pack-not-proposed)" in absent
    assert "(file-unusable)" in nowhere


def test_a_draft_is_adopted_and_ended_by_two(clerk: Clerk) -> None:
    clerk.enact(law(hours("40"), status="draft"))
    number = clerk.rules("adopt", COUNTY, *ADOPTING, actor="wang").split()[1]

    alone = clerk.rules("approve", number, exit_code=1, actor="wang")
    adopted = clerk.rules("approve", number)
    ended = ("--kind", "ended", *ADOPTING[2:], "--from", "2026-09-01")
    other = clerk.rules("adopt", COUNTY, *ended, actor="wang").split()[1]
    listed = clerk.terminal.run("rules", "adoptions", COUNTY).output
    stopped = clerk.rules("approve", other)

    assert "(second-person-wanted)" in alone
    assert "自 2026-03-01 起施行" in adopted
    assert "自 2026-09-01 起停止施行" in stopped
    assert [line.split()[0] for line in listed.splitlines()[2:]] == [number, other]


def test_an_adoption_without_its_document_is_refused(clerk: Clerk) -> None:
    clerk.enact(law(hours("40"), status="draft"))
    nameless = [word if word != "示例〔2026〕1号" else " " for word in ADOPTING]

    assert "(request-invalid)" in clerk.rules("adopt", COUNTY, *nameless, exit_code=1)


def test_what_a_file_would_do_is_counted_and_shown_to_the_reviewer(
    bank: TestBank, clerk: Clerk
) -> None:
    clerk.enact(law(hours("40")))
    rows = [
        RecordRow(invented_person(number), LAST_YEAR, "professional", 4500) for number in range(6)
    ]
    import_rows(bank, COUNTY, rows)
    later = hours("50", "2026-01-01", replaces="2020-01-01")
    path = clerk.file(law(hours("40"), later, version=2))

    tried = clerk.rules("impact", path)
    clerk.propose(law(hours("40"), later, version=2))
    shown = clerk.rules("review", COUNTY, "2")
    by_number = clerk.rules("impact", COUNTY, "2")

    for said in (tried, shown, by_number):
        assert "共 6 人有学时" in said
        line = r"cn-3711 +cn-3711 engineering.intermediate +推定 +达到 +未达到 +6"
        assert re.search(line, said)
        assert re.search(r"合计 .* 6\n", said)


def test_a_change_that_turns_nobody_says_so(clerk: Clerk) -> None:
    clerk.enact(law(hours("40")))
    clerk.propose(law(hours("40"), rule("part_day", '"pro_rata"'), version=2))

    never = clerk.rules("review", COUNTY, "2")
    none = clerk.rules("impact", COUNTY, "2")

    assert "尚未试算影响" in never
    assert "没有结论改变" in none


def test_an_impact_that_cannot_be_counted_says_why_and_one_at_work_how_far_it_is(
    bank: TestBank, clerk: Clerk
) -> None:
    clerk.enact(law(hours("40")))
    circle = clerk.rules("impact", clerk.file(law(hours("40"), version=2, inherits=COUNTY)))
    content = law(hours("40"), rule("part_day", '"pro_rata"'), version=2)
    with bank.unit() as session:
        pack = load_pack(content, file="x")
        run = request_impact(session, content, pack, actor="somebody", now=utc_now())
        take_up(session, run.run_no, now=utc_now())

    elsewhere = clerk.rules("impact", clerk.file(content))

    assert "未能完成（pack-chain）" in circle
    assert "尚未试算完：0/0" in elsewhere


def test_a_file_that_is_no_pack_is_not_tried(clerk: Clerk) -> None:
    assert "(pack-syntax)" in clerk.rules("impact", clerk.file(b"id ="), exit_code=1)
