"""Declared items for tests: rules that know works, and each act on them in one line."""

from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import select

from creditbank.crediting.items import Declaration, Evidence, ItemDraft, declare_item
from creditbank.crediting.models import DeclaredItem, RecognisedTransfer
from creditbank.crediting.recognition import (
    Revocation,
    RevocationReason,
    recognise_item,
    withdraw_item,
)
from creditbank.crediting.transfers import TransferAsk, recognise_transfer
from creditbank.ledger.balance import balances_of
from creditbank.ledger.models import Entry
from creditbank.people.register import Identity
from creditbank.registry.organisations import organisation_by_uscc
from tests.acts import key_of, publish
from tests.bank import ENTERPRISE_USCC, NOW, TestBank

WORKS = "cn-3710.works"
ELSEWHERE = "cn-37.elsewhere"
NEIGHBOUR = "cn-3710.neighbour"

_HEAD = """
id = "{id}"
version = 1
title_zh = "示例成果规则"
title_en = "Rules of works, made up"
jurisdiction = "{jurisdiction}"
inherits = "cn"
zone = "Asia/Shanghai"
status = "in_force"
verified_on = 2026-11-21
"""

_RULE = """
[[rule]]
key = "{key}"
from = 2020-01-01
value = {value}
basis = "assumption"
reason = "测试用。"
reason_en = "Made up for tests."
"""

_WORKS = {
    # worth 24 to the first author and 12 to the second
    "recognise.paper": "true",
    "conversion.paper": '{ kind = "by_rank", hours = ["24", "12"] }',
    # worth 40 whoever publishes it; the same work as another activity
    "recognise.patent": "true",
    "conversion.patent": '{ kind = "per_item", hours = "40" }',
    "recognise.book": '{ traits = { role = ["chief_editor", "editor"] } }',
    "conversion.book": '{ kind = "per_unit", measure = "characters", units = 10000, hours = "8", '
    'spread = { years = 2, how = "even" } }',
    "recognise.study": "true",
    "conversion.study": '{ kind = "as_approved", spread = { years = 3, how = "declared" } }',
    # stands for a year of 90 hours, of them 60 professional; once a year
    "recognise.aid_service": "true",
    "cap.aid_service": '{ per = "year", items = 1, order = 30, activities = ["aid_service"] }',
    "conversion.aid_service": '{ kind = "whole_year", rest = "public.general" }',
    # stand for the years that they touch: by their days, or whole from 60 days on
    "recognise.sick_leave": "true",
    "conversion.sick_leave": '{ kind = "whole_year", rest = "public.general", '
    'period = { gives = "by_days", overlap = "once" } }',
    "recognise.study_abroad": "true",
    "conversion.study_abroad": '{ kind = "whole_year", rest = "public.general", '
    'period = { gives = "whole_year", overlap = "refused", days_min = 60 } }',
    "declare_by.paper": '{ days = 90, exceptions = [{ ended_in = 12, until = "03-31" }] }',
    "recognise.exam": "true",
    "conversion.exam": '{ kind = "per_unit", measure = "subjects", units = 1, hours = "36" }',
    "cap.study": '{ per = "activity", hours = "60", order = 10, activities = ["study"] }',
    "cap.works": '{ per = "year", hours = "100", order = 20, activities = ["paper", "patent"] }',
}
#: Rules of a city whose filings are approved with their hours.
TRAINING = {
    "recognise.training": "true",
    "conversion.training": '{ kind = "as_approved" }',
    "part_day.training": '"pro_rata"',
    "recognise.lecture": "true",
    "conversion.lecture": '{ kind = "per_minutes", minutes_per_hour = 45 }',
}
TRAINING_USCC = "91371100MA3TE5T029"
ELSEWHERE_RULES = {
    "recognise.patent": "true",
    "conversion.patent": '{ kind = "per_item", hours = "20" }',
    f"transfer.{WORKS}": '{ subjects = "same", percent = 50 }',
    "transfer.cn-3710": '{ subjects = "same", percent = 100 }',
    "cap.year": '{ per = "year", hours = "200", order = 10 }',
}


def pack(id_: str, jurisdiction: str, rules: dict[str, str], *, more: str = "") -> str:
    """Return a pack in which every rule is an assumption."""
    written = "".join(_RULE.format(key=key, value=value) for key, value in rules.items())
    return _HEAD.format(id=id_, jurisdiction=jurisdiction) + written + more


def publish_works(bank: TestBank) -> None:
    """Publish rules of a city that know works, and of a province that takes their hours."""
    publish(bank, pack(WORKS, "cn-3710", _WORKS))
    publish(bank, pack(ELSEWHERE, "cn-37", ELSEWHERE_RULES))


PAPER = ItemDraft(
    scheme=WORKS,
    activity="paper",
    form="",
    subject="professional",
    title="碳纤维复合材料界面改性研究",
    day=date(2026, 10, 20),
    work="10.1000/example.1",
    measures={},
    traits={},
    rank=1,
    make_up_year=None,
    spread_years=1,
    asked_centihours=None,
    evidence=(Evidence("期刊封面与目录", "ab" * 32),),
)
PATENT = replace(PAPER, activity="patent", rank=None, title="一种碳纤维铺放装置")
BOOK = replace(
    PAPER, activity="book", rank=None, traits={"role": "editor"}, measures={"characters": 25_000},
    title="复合材料工艺学", work="978-7-0000-0000-1",
)  # fmt: skip
STUDY = replace(PAPER, activity="study", rank=None, title="工程硕士研究生学习", work="学位证 1001")

SERVICE = replace(PAPER, activity="aid_service", rank=None, title="援派服务一年", work="")

#: 31 days of 2025 and 31 of 2026: 5.09 and 2.54 hours of each year's 60 and 30
LEAVE = replace(
    PAPER, activity="sick_leave", rank=None, title="病休", work="", first_day=date(2025, 12, 1),
    day=date(2026, 1, 31),
)  # fmt: skip
ABROAD = replace(
    LEAVE, activity="study_abroad", title="出国访学", first_day=date(2025, 7, 2),
    day=date(2026, 7, 2),
)  # fmt: skip


def declare(
    bank: TestBank,
    person: Identity,
    draft: ItemDraft = PAPER,
    *,
    uscc: str | None = ENTERPRISE_USCC,
    now: datetime = NOW,
) -> str:
    """Declare an item; return its number."""
    with bank.unit() as session:
        owner = organisation_by_uscc(session, uscc).organisation_id if uscc else None
        declaration = Declaration(person, draft, "provider-test", owner)
        return declare_item(session, bank.house.vault, declaration, now=now).item_no


def recognise(
    bank: TestBank,
    item_no: str,
    *,
    actor: str = "official-test",
    approved_centihours: int | None = None,
    now: datetime = NOW,
) -> DeclaredItem:
    """Recognise an item."""
    with bank.unit() as session:
        return recognise_item(
            session,
            bank.house.vault,
            item_no,
            actor=actor,
            approved_centihours=approved_centihours,
            now=now,
        )


def recognised(bank: TestBank, person: Identity, draft: ItemDraft = PAPER) -> str:
    """Declare an item and recognise it; return its number."""
    item_no = declare(bank, person, draft)
    recognise(bank, item_no)
    return item_no


def revoke(bank: TestBank, item_no: str, *, now: datetime = NOW) -> int:
    """Take a recognition back; return the centihours reversed."""
    revocation = Revocation("official-test", RevocationReason.NOT_GENUINE, "查2026-3")
    with bank.unit() as session:
        return withdraw_item(session, bank.house.vault, item_no, revocation, now=now)[0]


def transfer(
    bank: TestBank, person: Identity, credit: Entry, scheme: str = ELSEWHERE, *, now: datetime = NOW
) -> RecognisedTransfer:
    """Recognise an entry under another scheme."""
    ask = TransferAsk(person, credit.leaf, scheme, "official-test")
    with bank.unit() as session:
        return recognise_transfer(session, bank.house.vault, ask, now=now)


def publish_neighbour(bank: TestBank) -> None:
    """Publish rules of the city that take hours of its other rules at half."""
    rules = {"transfer.cn-3710": '{ subjects = "same", percent = 50 }'}
    publish(bank, pack(NEIGHBOUR, "cn-3710", rules))


def leaf_of(bank: TestBank, person: Identity, scheme: str = "cn-3710") -> bytes:
    """Return the leaf of a person's newest credit of a scheme."""
    with bank.reading() as session:
        mine = (Entry.person_id == key_of(bank, person), Entry.scheme == scheme)
        query = select(Entry.leaf).where(*mine, Entry.movement == "credit")
        return session.scalars(query.order_by(Entry.entry_id.desc())).first() or b""


def transferred(bank: TestBank, person: Identity, scheme: str) -> str:
    """Recognise a person's newest hour under another scheme; return the transfer's number."""
    ask = TransferAsk(person, leaf_of(bank, person), scheme, "official-test")
    with bank.unit() as session:
        return recognise_transfer(session, bank.house.vault, ask, now=NOW).transfer_no


def held(bank: TestBank, person: Identity, scheme: str = WORKS) -> dict[int, tuple[int, int]]:
    """Return what a person holds in a scheme: live and capped centihours by year."""
    with bank.reading() as session:
        found = balances_of(session, [key_of(bank, person)], scheme)
    return {each.credited_year: (each.live_centihours, each.capped_centihours) for each in found}
