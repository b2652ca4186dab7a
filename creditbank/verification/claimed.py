"""An answer kept by the statement that claims its key: who cannot claim it keeps nothing."""

from sqlalchemy import Executable, bindparam, insert, select

from creditbank.readymade import Asked, ReadyMade
from creditbank.registry.idempotency import claiming
from creditbank.verification.answers import VerdictRow
from creditbank.verification.models import Verdict

_PREFIX = "claim_"


def kept_if_claimed(claim: Asked, row: Asked) -> Asked:
    """Make one statement of PostgreSQL's of both: no row comes of it where the key is taken.

    Args:
        claim: as `claim_asked` says it.
        row: as `keeping` says it.
    """
    return _KEPT, {**{_PREFIX + name: value for name, value in claim[1].items()}, **row[1]}


def _claimed_and_kept(dialect: str) -> Executable:
    claimed = claiming(dialect, _PREFIX).cte("claimed")
    columns = Verdict.__table__.c
    values = (bindparam(name, type_=columns[name].type) for name in VerdictRow._fields)
    row = select(*values).select_from(claimed)
    return insert(Verdict).from_select(VerdictRow._fields, row).returning(Verdict.verdict_no)


_KEPT = ReadyMade(_claimed_and_kept)
