"""What `ledger fsck` checks of delegations: each stands as the acts on it say."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.models import Act
from creditbank.ledger.unreadable import unreadable_rows
from creditbank.registry.delegates import DelegationState
from creditbank.registry.delegations import CHANGES, GIVEN
from creditbank.registry.fsck import said_by
from creditbank.registry.models import Delegation, Organisation

_CODE = "fsck-delegation"
_STATE_AFTER = {GIVEN: DelegationState.ACTIVE} | {kind: to for kind, _, to in CHANGES.values()}


def check_delegations(session: Session) -> Iterator[Disagreement]:
    """Check delegations against the acts on them.

    Args:
        session: a snapshot.

    Yields:
        Each disagreement, by table and number.
    """
    readable = True
    for row in unreadable_rows(session, ("delegation",)):
        readable = False
        yield row
    if not readable:
        return
    acts: dict[str, list[Act]] = defaultdict(list)
    query = select(Act).where(Act.kind.in_(_STATE_AFTER)).order_by(Act.act_id)
    for act in session.scalars(query):
        acts[act.subject].append(act)
    codes = {row[0]: row[1] for row in session.execute(_CODES)}
    for each in session.scalars(select(Delegation).order_by(Delegation.delegation_no)):
        if not _agrees(each, acts[each.delegation_no], codes):
            yield Disagreement(_CODE, "delegation", each.delegation_no)
    lost = select(Act.subject).where(
        Act.kind == GIVEN, ~exists().where(Delegation.delegation_no == Act.subject)
    )
    for delegation_no in session.scalars(lost.order_by(Act.subject)):
        yield Disagreement(_CODE, "delegation", delegation_no)


_CODES = select(Organisation.organisation_id, Organisation.uscc)


def _agrees(row: Delegation, acts: list[Act], codes: Mapping[int, str]) -> bool:
    if not acts or [act.kind for act in acts].count(GIVEN) != 1 or acts[0].kind != GIVEN:
        return False
    given, last = acts[0], acts[-1]
    stands: Mapping[str, Any] = {
        "holder": codes.get(row.organisation_id), "delegate": codes.get(row.delegate_id),
        "filing": row.filing_no or "", "valid_from": row.valid_from.isoformat(),
        "valid_through": row.valid_through.isoformat(),
    }  # fmt: skip
    made = (given.act_id, given.actor, given.recorded_at)
    return (
        dict(said_by(given.details)) == stands
        and made == (row.act_id, row.given_by, row.given_at)
        and row.state == _STATE_AFTER[last.kind]
        and row.state_at == last.recorded_at
        and row.reason == str(said_by(last.details).get("reason_text", ""))
    )
