"""Writing what the good rows of a roster are worth: attendance, credits, and what caps change."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from itertools import chain, count

from sqlalchemy.orm import Session

from creditbank.attendance.models import Attendance
from creditbank.attendance.ways import Way
from creditbank.canonical import Canonical, canonical_text
from creditbank.crediting.fold import (
    FoldContext,
    fold_again,
    nothing_cut,
)
from creditbank.crediting.kept_files import NewFile
from creditbank.crediting.traces import trace_of
from creditbank.crediting.training_days import DayUse
from creditbank.crediting.weighing import GoodRow, Groups, Worth
from creditbank.ledger.appending import Alike, append_alike
from creditbank.ledger.models import Act, Source
from creditbank.ledger.posting import (
    AlikeDraft,
    CreditTerms,
    PostingContext,
    append_credits,
    in_order_of_keeping,
)
from creditbank.ledger.sources import pins_id_of
from creditbank.registry.models import Filing, FilingSession
from creditbank.rules.caps import CapLaw, LiveFact
from creditbank.rules.pack import PackChain


class Phase(StrEnum):
    """How far a roster is, in the order of its steps."""

    READING = "reading"
    PEOPLE = "people"
    WEIGHING = "weighing"
    CREDITING = "crediting"
    CAPS = "caps"


#: Is told the step, and how many rows of all it has done (of caps, how many people).
Told = Callable[[Phase, int, int], None]
#: Rows, or people, between two words on how far it is.
TOLD_EVERY = 10_000
#: The terms of a credit, and its canonical facts before and behind the number of its row.
_AlikeTerms = tuple[CreditTerms, str, str]
#: Kinds of attendance that are remembered at once.
_ALIKE_MAX = 1_024


def silent(_phase: Phase, _done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class RosterDesk:
    """What a roster is held against."""

    filing: Filing
    sessions: Mapping[date, FilingSession]
    #: of the hours that the filing was approved with, by session
    approved_centihours: Mapping[int, int | None]
    law: PackChain
    source: Source
    today: date
    demo_bank: bool
    #: empty where the holder itself posts
    delegation_no: str
    #: from which it was read
    file: NewFile | None
    #: the file that its credits name; empty for none
    came_in: str
    way: Way | None
    #: of rows that came by another way than the rest, by their numbers
    ways: Mapping[int, Way]
    #: what each day was used for, where only days of training are credited
    uses: Mapping[date, DayUse] | None
    #: days whose time to be posted is over, with the last day that was in time
    over: Mapping[date, date]


def attend(session: Session, weighed: Iterable[GoodRow], roster_no: str) -> list[GoodRow]:
    """Write the attendance of rows while the next ones are weighed; return the rows."""
    good: list[GoodRow] = []

    @lru_cache(maxsize=_ALIKE_MAX)
    def alike(worth: Worth, revision: int, minutes: int) -> Alike:
        planned = worth.planned
        return Alike((planned.filing_no, planned.session_no, revision, minutes, roster_no))

    def written() -> Iterator[tuple[int, Alike, int]]:
        """Yield the columns of each attendance in their order."""
        for each in weighed:
            good.append(each)
            row, person_id, revision, worth = each
            yield person_id, alike(worth, revision, row.attended_minutes), row.row_no

    append_alike(session, Attendance, written())
    return good


def credit(  # noqa: PLR0917 # what the rows are posted with
    session: Session,
    desk: RosterDesk,
    good: Sequence[GoodRow],
    roster_no: str,
    context: FoldContext,
    told: Told,
) -> None:
    """Write the credits of rows whose attendance is written."""
    if not good:
        return
    pins = desk.law.pins()
    leaf = session.get_one(Act, desk.source.act_id).leaf
    posting = PostingContext(
        desk.source.source_id, leaf, pins_id_of(session, pins), pins, context.now
    )
    people = in_order_of_keeping(session, {row.person_id for row in good})
    place = dict(zip(people, count(), strict=False))
    ordered = sorted(good, key=lambda row: place[row.person_id])
    # What rows are credited with is found while the database takes in those before.
    alike_of = _alike_terms(desk, roster_no)
    alike: list[_AlikeTerms] = []
    gone_through = count(0, len(good))  # twice

    def drafts() -> Iterator[AlikeDraft]:
        before_it = next(gone_through)
        for start in range(0, len(good), TOLD_EVERY):
            gone = before_it + start
            if gone % (2 * TOLD_EVERY) == 0:
                told(Phase.CREDITING, gone // 2, len(good))
            block = slice(start, start + TOLD_EVERY)
            if start == len(alike):
                alike.extend(map(alike_of, ordered[block]))
            for (row, person_id, _, _), known in zip(ordered[block], alike[block], strict=True):
                terms, before, behind = known
                yield person_id, terms, f"{before}{row.row_no}{behind}"

    append_credits(session, drafts, posting, context.secrets)


def _alike_terms(desk: RosterDesk, roster_no: str) -> Callable[[GoodRow], _AlikeTerms]:
    """Return what tells the terms of a row's credit, and its facts around the row's number.

    Where the same was attended in the same way, credits differ by person and row alone.
    """
    known: dict[tuple[Worth, int, Way | None], _AlikeTerms] = {}

    def alike_of(each: GoodRow) -> _AlikeTerms:
        way = desk.ways.get(each.row.row_no, desk.way) if desk.ways else desk.way
        key = (each.worth, each.revision, way)
        if key not in known:
            around = _facts_around_row(desk, each, way, roster_no)
            known[key] = (_terms(desk, each), *around)
        return known[key]

    return alike_of


def fold_touched(  # noqa: PLR0917 # whose rows are folded with what
    session: Session,
    desk: RosterDesk,
    good: Sequence[GoodRow],
    groups: Groups,
    earlier: Mapping[int, list[LiveFact] | None],
    context: FoldContext,
    told: Told,
) -> int:
    """Write what the caps change; return centihours newly capped.

    `earlier` is what everybody in the groups held before, by key, as `untouched_facts` returns it.
    """
    touched = sorted({groups[row.person_id] for row in good})
    uncut = _uncut(desk, good, groups, earlier)
    years = {row.worth.conversion.credited_year for row in good}
    capped = 0
    for done in range(0, len(touched), TOLD_EVERY):
        told(Phase.CAPS, done, len(touched))
        cut = [group for group in touched[done : done + TOLD_EVERY] if group not in uncut]
        if cut:
            capped += fold_again(session, cut, years, context)
    return capped


def _uncut(
    desk: RosterDesk, good: Sequence[GoodRow], groups: Groups,
    earlier: Mapping[int, list[LiveFact] | None],
) -> set[tuple[int, ...]]:  # fmt: skip
    """Return those of whom the caps let everything count, and of whom nothing was ever taken back.

    Nearly everybody on a large roster: their entries need not be folded one by one.
    """
    facts: dict[tuple[int, ...], list[LiveFact]] = defaultdict(list)
    alike: dict[Worth, LiveFact] = {}
    for _, person_id, _, worth in good:
        if worth not in alike:
            alike[worth] = _live_fact(desk, worth)
        facts[groups[person_id]].append(alike[worth])
    caps, found = CapLaw(desk.law), dict[tuple[LiveFact, ...], bool]()
    uncut = set()
    for group, live in facts.items():
        before = [earlier.get(key, []) for key in group]
        if None in before:
            continue
        # Many attended the same sessions for the same time.
        pattern = (*chain.from_iterable(filter(None, before)), *live)
        if pattern not in found:
            found[pattern] = nothing_cut(pattern, caps)
        if found[pattern]:
            uncut.add(group)
    return uncut


def _live_fact(desk: RosterDesk, worth: Worth) -> LiveFact:
    filing, conversion = desk.filing, worth.conversion
    return LiveFact(
        worth.occasion, worth.planned.day, conversion.credited_year, conversion.subject,
        filing.activity, conversion.centihours, filing.form, filing.filing_no,
    )  # fmt: skip


def _facts_around_row(
    desk: RosterDesk, good: GoodRow, way: Way | None, roster_no: str
) -> tuple[str, str]:
    """Return the canonical facts of a credit before and behind the number of its row."""
    filing, planned = desk.filing, good.worth.planned
    approved = desk.approved_centihours[planned.session_no]
    facts: dict[str, Canonical] = {
        "kind": "filing",
        "activity": filing.activity,
        "form": filing.form,
        "release": filing.release,
        "filing": filing.filing_no,
        "session": planned.session_no,
        "day": planned.day.isoformat(),
        "planned_minutes": planned.planned_minutes,
        "planned_half_days": planned.planned_half_days,
        "attended_minutes": good.row.attended_minutes,
        "roster": roster_no,
        "trace": trace_of(good.worth.conversion.steps),
    }
    if approved is not None:
        facts["approved_centihours"] = approved
    if filing.version > 1:
        facts["filing_version"] = filing.version
    if desk.delegation_no:
        facts["delegation"] = desk.delegation_no
    if desk.came_in:
        facts["file"] = desk.came_in
    if good.row.make_up_year is not None:
        facts["make_up_year"] = good.row.make_up_year
    if way is not None:
        facts["way"] = str(way)
    # Keys of canonical JSON stand in order.
    before = canonical_text({key: facts[key] for key in facts if key < "row"})
    behind = canonical_text({key: facts[key] for key in facts if key > "row"})
    return f'{before[:-1]},"row":', f",{behind[1:]}"


def _terms(desk: RosterDesk, good: GoodRow) -> CreditTerms:
    """Return what stands in a credit between the person and the facts."""
    worth, conversion = good.worth, good.worth.conversion
    return CreditTerms(
        desk.filing.scheme, conversion.credited_year, conversion.subject, worth.planned.day,
        worth.occasion, good.revision, conversion.centihours,
    )  # fmt: skip
