"""What `ledger fsck --folds` checks: that caps hold of everybody what the rules let them hold.

Everybody's live facts are folded again. What was posted stands as the law said then, and a later
law moves nothing until somebody's hours do; so a credit is named only where no law that was ever in
force for its scheme gives what was posted.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from creditbank.crediting.fold import FactsKey, cap_differences, facts_key
from creditbank.errors import CreditBankError
from creditbank.ledger.audited import Since
from creditbank.ledger.disagreement import Disagreement, Progress
from creditbank.ledger.fsck import SecretStates
from creditbank.ledger.models import CreditFacts, Entry
from creditbank.ledger.posting import CreditState, credit_states
from creditbank.people.register import linked_people
from creditbank.registry.lawbook import law_of
from creditbank.registry.models import PublishedPack, RuleAdoption
from creditbank.rules.caps import CapLaw
from creditbank.rules.pack import PackChain

_PEOPLE_AT_ONCE = 50


def check_folds(
    session: Session, secrets: SecretStates, seen: Progress, since: Since | None = None
) -> Iterator[Disagreement]:
    """Fold everybody's live facts again, of linked keys together.

    Args:
        session: a snapshot in which nothing else disagrees.
        secrets: people's secrets; of those whose secret was erased nothing can be moved any more.
        seen: kept up to date.
        since: what has come since an earlier check, where only whom it touches is folded.

    Yields:
        Each credit of which caps hold something else.
    """
    laws = _Laws(session)
    known = (
        len(since.people)
        if since
        else session.scalar(select(func.count(Entry.person_id.distinct())))
    )
    seen.begin("folds", known or 0)
    for people in _batches(session, since):
        groups = set(linked_people(session, people).values())
        for group in sorted(groups):
            if since is None and group[0] not in people:
                continue  # it was folded with the first of its keys
            if None not in secrets(group).values():
                yield from _check_group(session, group, laws)
        seen.done += len(people)
        session.expunge_all()


class _Laws:
    """Every law that was ever in force for a scheme, the newest first."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, list[PackChain]] = {}
        published = session.scalars(
            select(PublishedPack.published_at).where(PublishedPack.published_at.is_not(None))
        )
        adopted = session.scalars(
            select(RuleAdoption.approved_at).where(RuleAdoption.approved_at.is_not(None))
        )
        self._instants = sorted({each for each in (*published, *adopted) if each}, reverse=True)

    def of(self, scheme: str) -> Sequence[PackChain]:
        """Return the laws of a scheme."""
        if scheme not in self._known:
            found: list[PackChain] = []
            for instant in self._instants:
                with suppress(CreditBankError):  # nothing was published for it by then
                    law = law_of(self._session, scheme, instant)
                    if law not in found:
                        found.append(law)
            self._known[scheme] = found
        return self._known[scheme]


def _batches(session: Session, since: Since | None) -> Iterator[Sequence[int]]:
    if since:
        for start in range(0, len(since.people), _PEOPLE_AT_ONCE):
            yield since.people[start : start + _PEOPLE_AT_ONCE]
        return
    last = -1
    while True:
        ahead = select(Entry.person_id).where(Entry.person_id > last).distinct()
        people = session.scalars(ahead.order_by(Entry.person_id).limit(_PEOPLE_AT_ONCE)).all()
        if not people:
            return
        yield people
        last = people[-1]


def _check_group(session: Session, group: Sequence[int], laws: _Laws) -> Iterator[Disagreement]:
    entries = session.scalars(select(Entry).where(Entry.person_id.in_(group)))
    by_scheme: dict[str, list[CreditState]] = defaultdict(list)
    for state in credit_states(entries):
        if state.is_live:
            by_scheme[state.credit.scheme].append(state)
    rows = session.scalars(select(CreditFacts).where(CreditFacts.person_id.in_(group)))
    facts = {(row.person_id, row.scheme, row.occasion, row.revision): row for row in rows}
    for scheme, states in sorted(by_scheme.items()):
        for key in sorted(_cut_otherwise(states, facts, laws.of(scheme))):
            person_id, _, occasion, revision = key
            name = f"{person_id} {scheme} {occasion} r{revision}"
            yield Disagreement("fsck-fold", "ledger_entry", name)


def _cut_otherwise(
    states: Sequence[CreditState], facts: Mapping[FactsKey, CreditFacts], laws: Sequence[PackChain]
) -> set[FactsKey]:
    """Return the credits of which no law gives what was posted."""
    left = {facts_key(state.credit) for state in states}
    for caps in map(CapLaw, laws):
        with suppress(CreditBankError):  # an older law that did not know such hours
            left &= {facts_key(s.credit) for s, _, _ in cap_differences(states, facts, caps)}
        if not left:
            break
    return left
