"""Runs over the whole bank that count what a version of a pack would do: asked for, watched, kept.

A run is one row: whoever takes it up says how far it is, and a run whose runner fell silent is
taken up again. What it keeps names nobody, and shows no count from which somebody could be guessed.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, insert, or_, select, update
from sqlalchemy.orm import Session

from creditbank.canonical import Canonical, canonical_text
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.registry.lawbook import published_packs
from creditbank.rules.pack import Pack
from creditbank.verification.impact import Flip, Tally
from creditbank.verification.models import ImpactRun

#: Fewer people than this in one place could be guessed.
SMALL = 5
#: A runner that has said nothing for so long is gone.
SILENT_SECONDS = 120
#: A run that ended so many runners is given up.
ATTEMPTS_MAX = 10
GIVEN_UP = "impact-given-up"


class RunState(StrEnum):
    """How a run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ImpactUnknownError(CreditBankError):
    """There is no run of this number."""

    code = "impact-unknown"
    status = 404


@dataclass(frozen=True, slots=True)
class Turn:
    """A run taken up: which, and the how-manieth time; an earlier turn's word counts no more."""

    run_no: str
    attempt: int


def request_impact(
    session: Session, content: bytes, pack: Pack, *, actor: str, now: datetime
) -> ImpactRun:
    """Ask what a version would do; the same, asked while it waits or runs, is the same run."""
    base = published_packs(session).get(pack.id)
    same = (
        ImpactRun.sha256 == bytes.fromhex(pack.sha256),
        ImpactRun.base_sha256 == (bytes.fromhex(base.sha256) if base else None),
        ImpactRun.state.in_([RunState.WAITING, RunState.RUNNING]),
    )
    known = session.scalar(select(ImpactRun).where(*same).limit(1))
    if known is not None:
        return known
    row = {
        "run_no": "P" + random_number(9), "pack_id": pack.id, "version": pack.version,
        "sha256": bytes.fromhex(pack.sha256), "content": content,
        "jurisdiction": pack.jurisdiction, "base_version": base.version if base else None,
        "base_sha256": bytes.fromhex(base.sha256) if base else None,
        "state": str(RunState.WAITING), "requested_by": actor, "requested_at": now, "attempt": 0,
        "people_total": 0, "people_done": 0, "result": "",
    }  # fmt: skip
    return session.scalars(insert(ImpactRun).returning(ImpactRun), [row]).one()


def take_up(session: Session, run_no: str | None = None, *, now: datetime) -> Turn | None:
    """Take up a run that waits, or whose runner fell silent: this one, or the oldest of all."""
    query = select(ImpactRun).where(_free(now)).order_by(ImpactRun.requested_at)
    if run_no is not None:
        query = query.where(ImpactRun.run_no == run_no)
    for run in session.scalars(query.with_for_update(skip_locked=True)):
        run.state, run.attempt = str(RunState.RUNNING), run.attempt + 1
        run.progressed_at, run.people_done = now, 0
        turn = Turn(run.run_no, run.attempt)
        session.flush()  # what is said of a run is said of the row
        if run.attempt <= ATTEMPTS_MAX:
            return turn
        _fail(session, turn, GIVEN_UP, now)
    return None


def any_waits(session: Session, *, now: datetime) -> bool:
    """Tell whether there is a run to take up."""
    return session.scalar(select(ImpactRun.run_no).where(_free(now)).limit(1)) is not None


def tell_progress(session: Session, turn: Turn, done: int, total: int, *, now: datetime) -> bool:
    """Say how many keys were walked over; False says that the run is somebody else's by now."""
    return _say(session, turn, people_done=done, people_total=total, progressed_at=now)


def finish(session: Session, turn: Turn, result: Canonical, *, now: datetime) -> bool:
    """Keep what a run has counted."""
    text = canonical_text(result)
    return _say(session, turn, state=str(RunState.DONE), result=text, finished_at=now)


def fail(session: Session, turn: Turn, error: CreditBankError, *, now: datetime) -> bool:
    """Say that a run cannot be done, and by which code."""
    return _fail(session, turn, error.code, now)


def _fail(session: Session, turn: Turn, code: str, now: datetime) -> bool:
    text = canonical_text({"failed": code})
    return _say(session, turn, state=str(RunState.FAILED), result=text, finished_at=now)


def put_back(session: Session, turn: Turn) -> bool:
    """Leave a run to whoever comes next."""
    return _say(session, turn, state=str(RunState.WAITING), people_done=0)


def impact_numbered(session: Session, run_no: str) -> ImpactRun:
    """Return a run.

    Raises:
        ImpactUnknownError: there is none of this number.
    """
    run = session.get(ImpactRun, run_no)
    if run is None:
        raise ImpactUnknownError(run_no=run_no[:20])
    return run


def last_impact(session: Session, pack: Pack) -> ImpactRun | None:
    """Return the newest run of this very version, whatever became of it."""
    query = select(ImpactRun).where(ImpactRun.sha256 == bytes.fromhex(pack.sha256))
    return session.scalar(query.order_by(ImpactRun.requested_at.desc()).limit(1))


def told(run: ImpactRun) -> dict[str, Any]:
    """Return how a run stands, and what it has counted once it is done."""
    names = (
        "run_no", "pack_id", "version", "state", "people_done", "people_total", "requested_at",
        "finished_at",
    )  # fmt: skip
    kept = json.loads(run.result) if run.result else {}
    return {
        **{name: getattr(run, name) for name in names},
        "sha256": run.sha256.hex(),
        "base_version": run.base_version or 0,
        "base_sha256": run.base_sha256.hex() if run.base_sha256 else "",
        "failed": kept.get("failed", ""),
        "result": kept if run.state == RunState.DONE else None,
    }


def shown(tally: Tally, schemes: Iterable[str], day: date) -> dict[str, Canonical]:
    """Lay counts out so that nobody can be found in them; `day` is that of what is supposed.

    A count below five is `<5`. A total over places of which one is so small is a lower bound, or
    the small one could be had by taking the others away.
    """
    places: dict[Flip, list[int]] = defaultdict(list)
    for flip, people in tally.flips.items():
        places[flip._replace(district="")].append(people)
    return {
        "schemes": sorted(schemes),
        "application_day": day.isoformat(),
        "people": _count(tally.people),
        "asked": _count(tally.asked),
        "supposed": _count(tally.supposed),
        "flips": [_line(flip, _count(tally.flips[flip])) for flip in sorted(tally.flips)],
        "totals": [_line(flip, _total(places[flip])) for flip in sorted(places)],
    }


def _free(now: datetime) -> ColumnElement[bool]:
    silent = and_(
        ImpactRun.state == str(RunState.RUNNING),
        ImpactRun.progressed_at < now - timedelta(seconds=SILENT_SECONDS),
    )
    return or_(ImpactRun.state == str(RunState.WAITING), silent)


def _line(flip: Flip, people: str) -> Canonical:
    said: dict[str, Canonical] = {**flip._asdict(), "people": people}
    return {name: value for name, value in said.items() if name != "district" or value}


def _count(people: int) -> str:
    return str(people) if people >= SMALL or not people else f"<{SMALL}"


def _total(counts: list[int]) -> str:
    if sum(counts) < SMALL:
        return f"<{SMALL}"
    small = [count for count in counts if count < SMALL]
    # Of a small place no more is told than that there is somebody.
    bound = sum(counts) - sum(small) + len(small)
    return f"≥{bound}" if small else str(bound)


def _say(session: Session, turn: Turn, **said: object) -> bool:
    mine = (ImpactRun.run_no == turn.run_no, ImpactRun.attempt == turn.attempt)
    running = ImpactRun.state == str(RunState.RUNNING)
    changed = session.execute(update(ImpactRun).where(*mine, running).values(**said))
    assert isinstance(changed, CursorResult)
    return changed.rowcount == 1
