"""Commands on hours that no roster brings: declared items, transfers; and on single entries."""

from collections.abc import Sequence
from typing import IO

import click

from creditbank.cli.console import (
    HOURS,
    Desk,
    WordOf,
    actor_option,
    load,
    pass_desk,
    person_option,
    read_json,
    read_person,
)
from creditbank.cli.looking import operator_shows, operator_shows_of, purpose_options
from creditbank.cli.rules_explain import show_steps
from creditbank.clock import utc_now
from creditbank.crediting.explanations import explain_credit
from creditbank.crediting.items import (
    Declaration,
    ItemState,
    ItemsWanted,
    declare_again,
    declare_item,
    fact_of,
    item_numbered,
    items_page,
)
from creditbank.crediting.lookups import IssuedCredit, issued_under, record_of
from creditbank.crediting.recognition import (
    Revocation,
    RevocationReason,
    recognise_item,
    refuse_item,
    return_item,
    withdraw_item,
)
from creditbank.crediting.transfers import (
    TransferAsk,
    recognise_transfer,
    transfer_numbered,
    withdraw_transfer,
)
from creditbank.db import snapshot, unit_of_work
from creditbank.hours import hours_text
from creditbank.house import current_house
from creditbank.ledger.models import Movement
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.rules.explain import name_of
from creditbank.schemas.items import ItemBody, ItemDraftShape
from creditbank.schemas.wanted import invalid_at
from creditbank.verification.desk_looks import LookDraft, Shown

_LEAF_BYTES = 32
_CREDIT_HEADERS = (
    "cli-column-occasion", "cli-column-year", "cli-column-subject", "cli-column-hours",
    "cli-column-leaf",
)  # fmt: skip


@click.group(help="成果申报与认定。 Declared items.")
def items() -> None:
    """Commands on declared items."""


@items.command("declare", help="代人申报一项成果。 Declare an item for a person.")
@click.argument("file", type=click.File("rb"))
@click.option("--uscc", help="申报单位；主管部门代报则不填。 Who declares; none: an official.")
@actor_option
@pass_desk
def items_declare(desk: Desk, file: IO[bytes], uscc: str | None, actor: str) -> None:
    """Declare an item; the file is the body that the API takes."""
    said = load(ItemBody(), _json_of(desk, file))
    with desk.bank(), unit_of_work() as session:
        owner = organisation_by_uscc(session, uscc).organisation_id if uscc else None
        declaration = Declaration(said["person"]["identity"], said["item"], actor, owner)
        item = declare_item(session, current_house().vault, declaration, now=utc_now())
    desk.say("cli-item-declared", item_no=item.item_no)


@items.command("correct", help="更正被退回的申报后再次提交。 Send a returned item again.")
@click.argument("item_no")
@click.argument("file", type=click.File("rb"))
@actor_option
@pass_desk
def items_correct(desk: Desk, item_no: str, file: IO[bytes], actor: str) -> None:
    """Send a returned item again; the file is the body that the API takes."""
    draft = load(ItemDraftShape(), _json_of(desk, file))
    with desk.bank(), unit_of_work() as session:
        declare_again(session, current_house().vault, item_no, draft, actor=actor, now=utc_now())
    desk.say("cli-item-declared", item_no=item_no)


@items.command("recognise", help="认定，学时即时入账。 Recognise an item; its hours are credited.")
@click.argument("item_no")
@click.option("--approved-hours", type=HOURS, help="核定学时，缺省照申请数。 As asked if none.")
@actor_option
@pass_desk
def items_recognise(desk: Desk, item_no: str, approved_hours: int | None, actor: str) -> None:
    """Recognise an item."""
    with desk.bank(), unit_of_work() as session:
        item = recognise_item(
            session,
            current_house().vault,
            item_no,
            actor=actor,
            approved_centihours=approved_hours,
            now=utc_now(),
        )
        credited = issued_under(session, item.person_id, item.scheme, item_no)
    desk.say("cli-item-recognised", item_no=item_no, hours=_total(credited))


@items.command("refuse", help="不予认定。 Refuse an item.")
@click.argument("item_no")
@click.option("--reason", required=True, help="申报单位会看到。 Whoever declared it reads it.")
@actor_option
@pass_desk
def items_refuse(desk: Desk, item_no: str, reason: str, actor: str) -> None:
    """Refuse an item."""
    with desk.bank(), unit_of_work() as session:
        vault = current_house().vault
        refuse_item(session, vault, item_no, actor=actor, reason=reason, now=utc_now())
    desk.say("cli-item-refused", item_no=item_no)


@items.command("return", help="退回更正。 Return an item for correction.")
@click.argument("item_no")
@click.option("--reason", required=True, help="申报单位会看到。 Whoever declared it reads it.")
@actor_option
@pass_desk
def items_return(desk: Desk, item_no: str, reason: str, actor: str) -> None:
    """Return an item for correction."""
    with desk.bank(), unit_of_work() as session:
        vault = current_house().vault
        return_item(session, vault, item_no, actor=actor, reason=reason, now=utc_now())
    desk.say("cli-item-returned", item_no=item_no)


@items.command("withdraw", help="撤销认定，学时冲正。 Take a recognition back.")
@click.argument("item_no")
@click.option("--reason", type=WordOf(RevocationReason), required=True)
@click.option("--case-no", default="", help="案卷号。 Number of the office's file.")
@actor_option
@pass_desk
def items_withdraw(
    desk: Desk, item_no: str, reason: RevocationReason, case_no: str, actor: str
) -> None:
    """Take a recognition back."""
    with desk.bank(), unit_of_work() as session:
        revocation = Revocation(actor, reason, case_no)
        vault = current_house().vault
        reversed_, _leaf = withdraw_item(session, vault, item_no, revocation, now=utc_now())
    desk.say("cli-item-withdrawn", item_no=item_no, hours=hours_text(reversed_))


@items.command("list", help="列出申报，新的在前。 List items, newest first.")
@click.option("--jurisdiction", default="cn", show_default=True)
@click.option("--state", type=WordOf(ItemState))
@click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)
@pass_desk
def items_list(desk: Desk, jurisdiction: str, state: ItemState | None, limit: int) -> None:
    """List items."""
    wanted = ItemsWanted(jurisdiction, None, str(state or ""), None, limit)
    with desk.bank(), snapshot() as session:
        found = items_page(session, wanted)
        rows = [
            [
                item.item_no, desk.text(f"cli-state-{item.state}"), item.jurisdiction,
                item.day.isoformat(), item.title,
            ]
            for item in found[:limit]
        ]  # fmt: skip
    desk.table(
        ["cli-column-item", "cli-column-state", "cli-column-region", "cli-column-day",
         "cli-column-title"],
        rows,
    )  # fmt: skip
    if len(found) > limit:
        desk.say("cli-more", limit=limit)


@items.command("show", help="查看一项申报及其入账。 Show an item and its credits.")
@click.argument("item_no")
@pass_desk
def items_show(desk: Desk, item_no: str) -> None:
    """Show an item."""
    with desk.bank(), snapshot() as session:
        item = item_numbered(session, item_no)
        operator_shows([item.person_id], LookDraft(Shown.ITEM, item_no))
        credited = issued_under(session, item.person_id, item.scheme, item_no)
    first_day = fact_of(item, None).first_day
    desk.say(
        "cli-item-shown",
        item_no=item_no,
        state=desk.text(f"cli-state-{item.state}"),
        title=item.title,
        day=f"{first_day} – {item.day}" if first_day else item.day.isoformat(),
        last_four=item.last_four,
        reason=item.reason,
    )
    _show_credits(desk, credited)


@click.group(help="跨规则学时认可。 Hours recognised from other schemes.")
def transfers() -> None:
    """Commands on transfers."""


@transfers.command("recognise", help="将某人在另一规则下的学时认可为本规则学时。 Recognise one.")
@person_option
@click.option("--leaf", required=True, help="原入账的叶子（十六进制）。 Of the entry, hex.")
@click.option("--scheme", required=True, help="认可方的规则包。 Under which rules.")
@actor_option
@pass_desk
def transfers_recognise(
    desk: Desk, person_file: IO[bytes] | None, leaf: str, scheme: str, actor: str
) -> None:
    """Recognise an entry of another scheme."""
    ask = TransferAsk(read_person(person_file), _leaf_from(leaf), scheme, actor)
    with desk.bank(), unit_of_work() as session:
        made = recognise_transfer(session, current_house().vault, ask, now=utc_now())
        credited = issued_under(session, made.person_id, made.scheme, made.transfer_no)
    desk.say("cli-transfer-recognised", transfer_no=made.transfer_no, hours=_total(credited))


@transfers.command("withdraw", help="撤销认可，学时冲正。 Take a transfer back.")
@click.argument("transfer_no")
@click.option("--reason", type=WordOf(RevocationReason), required=True)
@click.option("--case-no", default="", help="案卷号。 Number of the office's file.")
@actor_option
@pass_desk
def transfers_withdraw(
    desk: Desk, transfer_no: str, reason: RevocationReason, case_no: str, actor: str
) -> None:
    """Take a transfer back."""
    with desk.bank(), unit_of_work() as session:
        revocation = Revocation(actor, reason, case_no)
        vault = current_house().vault
        reversed_, _leaf = withdraw_transfer(session, vault, transfer_no, revocation, now=utc_now())
    desk.say("cli-transfer-withdrawn", transfer_no=transfer_no, hours=hours_text(reversed_))


@transfers.command("show", help="查看一项学时认可及其入账。 Show a transfer and its credit.")
@click.argument("transfer_no")
@pass_desk
def transfers_show(desk: Desk, transfer_no: str) -> None:
    """Show a transfer."""
    with desk.bank(), snapshot() as session:
        made = transfer_numbered(session, transfer_no)
        operator_shows([made.person_id], LookDraft(Shown.ENTRIES, transfer_no))
        credited = issued_under(session, made.person_id, made.scheme, transfer_no)
    desk.say(
        "cli-transfer-shown",
        transfer_no=transfer_no,
        state=desk.text(f"cli-state-{made.state}"),
        origin_scheme=made.origin_scheme,
        leaf=made.origin_leaf.hex(),
        scheme=made.scheme,
        reason=made.reason,
    )
    _show_credits(desk, credited)


@click.group(help="学时明细。 Single entries.")
def entries() -> None:
    """Commands on entries."""


@entries.command("list", help="列出某人的入账及其叶子。 List a person's credits and their leaves.")
@person_option
@click.option("--scheme", required=True, help="规则包，如 cn-3710。 Whose rules.")
@purpose_options
@pass_desk
def entries_list(desk: Desk, /, person_file: IO[bytes] | None, scheme: str, **why: str) -> None:
    """List a person's live credits in a scheme."""
    identity = read_person(person_file)
    with desk.bank(), snapshot() as session:
        found = record_of(session, current_house().vault, identity, scheme)
        operator_shows_of(session, identity, Shown.ENTRIES, why)
    gone = {each.body.target for each in found if each.entry.movement == Movement.REVERSE}
    credits = [
        IssuedCredit(each.entry, each.entry.leaf in gone)
        for each in found
        if each.entry.movement == Movement.CREDIT
    ]
    if not credits:
        desk.say("cli-entries-none", scheme=scheme)
        return
    _show_credits(desk, credits)


@entries.command("explain", help="说明一笔入账为何如此计。 Say why a credit counts as it does.")
@click.argument("leaf")
@pass_desk
def entries_explain(desk: Desk, leaf: str) -> None:
    """Explain a credit from what was stored when it happened."""
    with desk.bank(), snapshot() as session:
        found = explain_credit(session, _leaf_from(leaf))
        draft = LookDraft(Shown.ENTRIES, leaf.lower())
        operator_shows([found.state.credit.person_id], draft)
    show_steps(desk, found.steps, found.chain)


def _json_of(desk: Desk, file: IO[bytes]) -> object:
    bytes_max = desk.settings.request_bytes_max
    return read_json(file.read(bytes_max + 1), bytes_max)


def _leaf_from(text: str) -> bytes:
    try:
        leaf = bytes.fromhex(text)
    except ValueError:
        leaf = b""
    if len(leaf) != _LEAF_BYTES:
        raise invalid_at("/leaf", "field-pattern", example="0" * 2 * _LEAF_BYTES)
    return leaf


def _total(credited: Sequence[IssuedCredit]) -> str:
    return hours_text(sum(each.credit.centihours for each in credited))


def _show_credits(desk: Desk, credited: Sequence[IssuedCredit]) -> None:
    rows = [
        [
            each.credit.occasion, str(each.credit.credited_year),
            name_of("subject", each.credit.subject, desk.language),
            hours_text(0 if each.reversed else each.credit.centihours), each.credit.leaf.hex(),
        ]
        for each in credited
    ]  # fmt: skip
    if rows:
        desk.table(_CREDIT_HEADERS, rows)
