"""fsck: recomputes everything from the rows and names each disagreement (law 10).

It trusts nothing stored: leaves are hashed again from what the rows say, uses are summed again; the
sealer's rounds, trees and checkpoints are in fsck_logs.py. It reads in batches of whole people or
whole rounds, so that memory does not grow with the ledger.
"""

import json
from collections.abc import Iterator

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from creditbank.ledger.audited import Audited, Since, placed_rows, taken_behind
from creditbank.ledger.disagreement import Disagreement, Progress
from creditbank.ledger.fsck_books import Books
from creditbank.ledger.fsck_logs import check_logs, check_rounds
from creditbank.ledger.fsck_people import check_people
from creditbank.ledger.journal import body_of as act_body
from creditbank.ledger.journal import details_of
from creditbank.ledger.leaves import act_leaf
from creditbank.ledger.models import Act, CreditFacts, Entry, Source, SourceUse
from creditbank.ledger.quick import SecretStates
from creditbank.ledger.sources import Bounds, source_bounds_details
from creditbank.ledger.unreadable import tables_named, unreadable_rows

__all__ = ["Disagreement", "Progress", "SecretStates", "check_ledger"]

_BATCH = 10_000
#: Too long to be read once more than is needed: whoever checks their rows finds what is unreadable.
_LONG = (Entry.__tablename__, CreditFacts.__tablename__)


def check_ledger(
    session: Session,
    secrets: SecretStates,
    progress: Progress | None = None,
    since: Since | None = None,
) -> Iterator[Disagreement]:
    """Check the ledger and journal, row by row, sum by sum, log by log.

    Args:
        session: a snapshot, so that postings at the same time do not disturb.
        secrets: people's secrets, by which leaves are hashed again.
        progress: kept up to date while the check runs.
        since: what has come since an earlier check, where only that is looked at; the rows of whom
            it touches are read whole, and every small table.

    Yields:
        Each disagreement, by table and row.
    """
    seen = progress or Progress()
    short = tuple(table.name for table in tables_named() if table.name not in _LONG)
    seen.begin("tables", len(short))
    readable = True
    for row in unreadable_rows(session, short):
        readable = False
        yield row
    if not readable:
        return  # no sum and no hash over such rows would mean anything
    books = Books(session)
    yield from _check_acts(session, books, seen, since)
    yield from _check_pins(session, books)
    yield from _check_sources(session, books)
    people = since.people if since else None
    checking = check_people(session, secrets, books, seen, rows_at_once=_BATCH, people=people)
    if not (yield from checking):
        return
    if since:
        books.begin_with(since.audited.uses, taken_behind(session, since.audited.entries_through))
        yield from _check_counts(session, since.audited)
    yield from _check_uses(session, books)
    yield from check_rounds(session, seen, since.audited if since else None)
    yield from check_logs(session, seen, since.audited if since else None)


def _check_counts(session: Session, audited: Audited) -> Iterator[Disagreement]:
    """Rows that had their place are as many as they were."""
    found = placed_rows(session, audited.entries_through, audited.acts_through)
    for table, now, before in zip((Entry, Act, CreditFacts), found, audited.rows, strict=True):
        if now != before:
            yield Disagreement("fsck-row-count", table.__tablename__, f"{now}, {before}")


def _check_acts(
    session: Session, books: Books, seen: Progress, since: Since | None
) -> Iterator[Disagreement]:
    looked_at = since.acts if since else true()
    known = select(func.count()).select_from(Act).where(looked_at)
    seen.begin("acts", session.scalar(known) or 0)
    opened = {source.act_id for source in books.sources.values()}
    last_id = -(2**63)
    while True:
        query = (
            select(Act).where(Act.act_id > last_id, looked_at).order_by(Act.act_id).limit(_BATCH)
        )
        acts = session.scalars(query).all()
        for act in acts:
            if not _act_holds(act):
                yield Disagreement("fsck-act-leaf", "journal_act", f"{act.act_id} {act.kind}")
            if act.act_id not in opened and "source_kind" in details_of(act):
                yield Disagreement("fsck-source-missing", "ledger_source", act.subject)
        if not acts:
            return
        seen.acts += len(acts)
        seen.done = seen.acts
        last_id = acts[-1].act_id
        session.expunge_all()


def _act_holds(act: Act) -> bool:
    try:
        return act_leaf(act.salt, act_body(act)) == act.leaf
    except (ValueError, TypeError, RecursionError):
        return False  # the cites are no JSON any more


def _check_pins(session: Session, books: Books) -> Iterator[Disagreement]:
    published = {
        (act.subject, details_of(act).get("sha256"))
        for act in session.scalars(select(Act).where(Act.kind == "rules.published"))
    }
    for pins_id, text in books.pins.items():
        try:
            pins = [(f"{pack}@{version}", digest) for pack, version, digest in json.loads(text)]
        except (ValueError, TypeError, RecursionError):
            pins = [("", None)]
        if not pins or not published.issuperset(pins):
            yield Disagreement("fsck-pins-unpublished", "ledger_pack_pins", str(pins_id))


def _check_sources(session: Session, books: Books) -> Iterator[Disagreement]:
    for source in books.sources.values():
        act = books.opening_acts.get(source.act_id)
        if act is None or not _opens(act, source):
            yield Disagreement("fsck-source-act", "ledger_source", source.source_no)


def _opens(act: Act, source: Source) -> bool:
    bounds = Bounds(source.people_max, source.person_centihours_max)
    wanted = {
        **source_bounds_details(bounds, source.centihours_max),
        "scheme": source.scheme,
        "source_kind": source.kind,
    }
    details = details_of(act)
    said = {key: details.get(key) for key in wanted}
    return said == wanted and (act.subject, act.jurisdiction) == (
        source.source_no,
        source.jurisdiction,
    )


def _check_uses(session: Session, books: Books) -> Iterator[Disagreement]:
    uses = {use.source_id: use for use in session.scalars(select(SourceUse))}
    for source_id in sorted(uses.keys() | books.sources.keys() | books.used_centihours.keys()):
        source, use = books.sources.get(source_id), uses.get(source_id)
        people, centihours = books.used_people[source_id], books.used_centihours[source_id]
        if source is None or use is None:
            yield Disagreement("fsck-source-missing", "ledger_source_use", str(source_id))
            if source is None:
                yield Disagreement("fsck-source-missing", "ledger_source", str(source_id))
            continue
        if (use.people, use.centihours) != (people, centihours):
            yield Disagreement("fsck-use", "ledger_source_use", source.source_no)
        allowed = books.allowances[source_id]
        beyond_people = allowed.people_max is not None and people > allowed.people_max
        beyond_hours = allowed.centihours_max is not None and centihours > allowed.centihours_max
        if beyond_people or beyond_hours:
            yield Disagreement("fsck-bound", "ledger_source", source.source_no)
