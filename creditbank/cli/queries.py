"""Commands on queries: who asked about a person, objections and answers, refused questions."""

from typing import IO

import click

from creditbank.cli.console import (
    Desk,
    WordOf,
    actor_option,
    official_at,
    pass_desk,
    person_option,
    read_person,
)
from creditbank.cli.looking import operator_shows, operator_shows_of, purpose_options
from creditbank.clock import civil_day, utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.house import current_house
from creditbank.people.register import find_person, linked_people
from creditbank.verification.desk_looks import LookDraft, Shown
from creditbank.verification.objections import (
    Finding,
    ObjectionAnswer,
    ObjectionsWanted,
    answer_objection,
    objection_seen,
    objections_page,
    told,
)
from creditbank.verification.queries import look_numbered, looks_at
from creditbank.verification.refused import RefusedWanted, refused_page

_LIMIT = click.option("--limit", type=click.IntRange(1, 1_000), default=50, show_default=True)


@click.group(help="查询监督：谁查询过谁、异议、被拒绝的查询。 Queries under supervision.")
def queries() -> None:
    """Commands on queries."""


@queries.command("about", help="列出对一名人员的查询。 Who asked about a person.")
@person_option
@_LIMIT
@purpose_options
@pass_desk
def queries_about(desk: Desk, /, person_file: IO[bytes] | None, limit: int, **why: str) -> None:
    """List who asked about a person, the newest first."""
    identity = read_person(person_file)
    with desk.bank(), snapshot() as session:
        person_id = find_person(session, current_house().vault, identity)
        people = linked_people(session, [person_id])[person_id]
        operator_shows_of(session, identity, Shown.QUERIES, why)
        found = looks_at(session, people, slice(0, limit))
    if not found.lines:
        desk.say("queries-none-of-person")
        return
    desk.table(
        ["answer-number", "query-asked-at", "query-organisation", "query-asker", "field-purpose",
         "query-disclosed", "query-outcome"],
        [
            [each.verdict_no, civil_day(each.asked_at).isoformat(), each.organisation, each.asker,
             each.purpose, each.disclose, each.outcome]
            for each in found.lines
        ],
    )  # fmt: skip
    if found.count > limit:
        desk.say("cli-more", limit=limit)


@queries.command("objections", help="列出待答复的异议。 List the objections that wait.")
@click.option("--jurisdiction", default="cn", show_default=True)
@_LIMIT
@pass_desk
def queries_objections(desk: Desk, jurisdiction: str, limit: int) -> None:
    """List objections that wait, newest first."""
    wanted = ObjectionsWanted(official_at(jurisdiction), waiting=True, before=None, limit=limit)
    with desk.bank(), snapshot() as session:
        found = objections_page(session, wanted)
    if not found:
        desk.say("objections-none")
        return
    desk.table(
        ["objection-number", "answer-number", "objection-raised-at"],
        [
            [each.objection_no, each.verdict_no, civil_day(each.raised_at).isoformat()]
            for each in found[:limit]
        ],
    )
    if len(found) > limit:
        desk.say("cli-more", limit=limit)


@queries.command("show", help="查看一项异议及所涉查询。 Show an objection.")
@click.argument("objection_no")
@pass_desk
def queries_show(desk: Desk, objection_no: str) -> None:
    """Show an objection with the query that it is about."""
    with desk.bank(), snapshot() as session:
        row = objection_seen(session, official_at("cn"), objection_no)
        operator_shows([row.person_id], LookDraft(Shown.QUERIES, objection_no))
        said, look = told(current_house().vault, row), look_numbered(session, row.verdict_no)
    desk.say(
        "cli-objection", objection_no=objection_no, verdict_no=row.verdict_no, words=said.words,
        organisation=look.organisation, asker=look.asker, purpose=look.purpose,
        legal_basis=look.legal_basis, state=desk.text(f"objection-{row.finding or 'waiting'}"),
        answer=said.answer or "—",
    )  # fmt: skip


@queries.command("answer", help="答复一项异议。 Answer an objection.")
@click.argument("objection_no")
@click.option("--finding", type=WordOf(Finding), required=True)
@click.option("--reason", required=True, help="理由，本人可见。 The person reads it.")
@actor_option
@pass_desk
def queries_answer(
    desk: Desk, objection_no: str, finding: Finding, reason: str, actor: str
) -> None:
    """Answer an objection."""
    with desk.bank(), unit_of_work() as session:
        objection_seen(session, official_at("cn"), objection_no)
        said = ObjectionAnswer(objection_no, finding, reason, actor)
        answer_objection(session, current_house().vault, said, now=utc_now())
    state = desk.text(f"objection-{finding}")
    desk.say("cli-objection-answered", objection_no=objection_no, state=state)


@queries.command("refused", help="列出被拒绝的查询。 List refused questions.")
@click.option("--jurisdiction", default="cn", show_default=True)
@click.option("--client", "asker", default="", help="只列该客户端的。 Of one client.")
@_LIMIT
@pass_desk
def queries_refused(desk: Desk, jurisdiction: str, asker: str, limit: int) -> None:
    """List questions that were refused, newest first; nobody asked about is known."""
    with desk.bank(), snapshot() as session:
        found = refused_page(session, RefusedWanted(official_at(jurisdiction), asker, None, limit))
    if not found:
        desk.say("refused-questions-none")
        return
    desk.table(
        ["refused-number", "query-asked-at", "query-organisation", "query-asker",
         "answer-title-asked", "refused-reason"],
        [
            [each.question.question_no, civil_day(each.question.asked_at).isoformat(),
             each.organisation, each.question.client_id,
             f"{each.question.scheme} {each.question.series} {each.question.level}",
             f"{each.question.reason} {each.question.bounds}".strip()]
            for each in found[:limit]
        ],
    )  # fmt: skip
    if len(found) > limit:
        desk.say("cli-more", limit=limit)
