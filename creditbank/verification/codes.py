"""Codes that professionals make (本人查验码): shown once, kept as a keyed hash, taken use by use.

Whoever presents one needs no mandate: the code states the purpose and bounds what is shown. One
statement finds a code that holds, so that one that is unknown, over, revoked or used up is refused
in the same words and the same time; a use is taken by one conditional update in the transaction
that keeps the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, insert, not_, select, update
from sqlalchemy.orm import Session

from creditbank.accounts.brakes import BrakeRule, brake_key, count_try, ended_well
from creditbank.accounts.spoken import draw_code, keyed_hash
from creditbank.errors import CreditBankError
from creditbank.ids import random_number
from creditbank.people.vault import Vault
from creditbank.registry.clients import Client
from creditbank.verification.query_models import HolderCode, HolderCodeUse
from creditbank.verification.questions import CodeLevel, Disclosure

#: 80 random bits.
CODE_LENGTH = 16
#: Of one person, that hold at a time.
CODES_MAX = 20
USES_MAX = 100
#: No source states how long; graduates' online reports (学信网) hold for up to 180 days.
DAYS_MAX = 180
#: What a statement names as its ground where a code was presented.
LEGAL_BASIS = "本人出具的查验码"
#: Guessing is hopeless; the brake is for programs that try all the same.
_RULE = BrakeRule(20, timedelta(minutes=1), timedelta(hours=1), timedelta(days=1))
_LEVELS = tuple(CodeLevel)


class HolderCodeRefusedError(CreditBankError):
    """There is no such code, or it is over, revoked or used up: which of these is not said."""

    code = "holder-code-refused"
    status = 403


class HolderCodePausedError(CreditBankError):
    """Too many codes were presented that do not hold; the asker has to wait."""

    code = "holder-code-paused"
    status = 429


class HolderCodeNarrowerError(CreditBankError):
    """More was asked for than the code lets anybody see."""

    code = "holder-code-narrower"
    status = 403


class HolderCodeUnknownError(CreditBankError):
    """There is no code of this number, or it is another's."""

    code = "holder-code-unknown"
    status = 404


class HolderCodeRevokedError(CreditBankError):
    """The code was revoked: that is for good."""

    code = "holder-code-revoked"
    status = 409


class HolderCodeTermError(CreditBankError):
    """A code would end in the past, or too late."""

    code = "holder-code-term"
    status = 422


class HolderCodesManyError(CreditBankError):
    """The person has as many codes that hold as anybody may have."""

    code = "holder-codes-many"
    status = 409


class HolderCodeUsesError(CreditBankError):
    """A code would have fewer uses than were taken of it."""

    code = "holder-code-uses"
    status = 422


@dataclass(frozen=True, slots=True)
class CodeDraft:
    """A code about to be made: what for, what is shown at most, until when, how often."""

    purpose: str
    disclose: CodeLevel
    expires_at: datetime
    uses_max: int


def make_code(
    session: Session, vault: Vault, person_id: int, draft: CodeDraft, *, now: datetime
) -> tuple[HolderCode, str]:
    """Make a code; returns it and its text, which nobody can read again.

    Raises:
        HolderCodeTermError: it would end in the past, or too late.
        HolderCodesManyError: there are as many that hold as may be.
    """
    _claim_term(draft.expires_at, now)
    holding = select(func.count()).where(HolderCode.person_id == person_id, *_holding(now))
    if (session.scalar(holding) or 0) >= CODES_MAX:
        raise HolderCodesManyError(limit=CODES_MAX)
    code = draw_code(CODE_LENGTH)
    row = {
        "code_no": "H" + random_number(9), "person_id": person_id,
        "code_hash": _hashed(vault, code), "purpose": draft.purpose,
        "disclose": str(_answer_level(draft.disclose)),
        "predicate_only": draft.disclose is CodeLevel.PREDICATE,
        "uses_max": draft.uses_max, "uses_taken": 0, "made_at": now, "expires_at": draft.expires_at,
    }  # fmt: skip
    return session.scalars(insert(HolderCode).returning(HolderCode), [row]).one(), code


def extend_code(
    session: Session, people: Sequence[int], code_no: str, until: datetime, uses_max: int,
    *, now: datetime,
) -> HolderCode:  # fmt: skip
    """Let a code hold until another instant and for so many uses in all, over or not.

    Raises:
        HolderCodeUnknownError, HolderCodeRevokedError: there is none to extend.
        HolderCodeTermError, HolderCodeUsesError: not so.
    """
    row = _own(session, people, code_no)
    _claim_term(until, now)
    if row.revoked_at is not None:
        raise HolderCodeRevokedError(code_no=code_no)
    if uses_max < row.uses_taken:
        raise HolderCodeUsesError(found=uses_max, wanted=row.uses_taken)
    row.expires_at, row.uses_max = until, uses_max
    session.flush()
    return row


def revoke_code(
    session: Session, people: Sequence[int], code_no: str, *, now: datetime
) -> HolderCode:
    """Revoke a code for good; revoking again changes nothing.

    Raises:
        HolderCodeUnknownError: it is not theirs.
    """
    row = _own(session, people, code_no)
    if row.revoked_at is None:
        row.revoked_at = now
        session.flush()
    return row


def codes_of(session: Session, people: Sequence[int]) -> list[HolderCode]:
    """Return the codes of a person, the newest first."""
    query = select(HolderCode).where(HolderCode.person_id.in_(people))
    return list(session.scalars(query.order_by(HolderCode.made_at.desc(), HolderCode.code_no)))


def uses_of(session: Session, codes: Sequence[HolderCode]) -> dict[str, list[HolderCodeUse]]:
    """Return the uses of each code, in their order."""
    query = select(HolderCodeUse).where(HolderCodeUse.code_no.in_([each.code_no for each in codes]))
    found: dict[str, list[HolderCodeUse]] = {}
    for use in session.scalars(query.order_by(HolderCodeUse.use_no)):
        found.setdefault(use.code_no, []).append(use)
    return found


def open_code(
    session: Session, vault: Vault, code: str, client: Client, *, now: datetime
) -> HolderCode | CreditBankError:
    """Find a code that holds; the try is counted, and forgotten if there is one.

    Returns:
        The code, or why not, so that what was counted is kept.
    """
    brakes = [brake_key(vault, _RULE, "holder-code", client.client_id)]
    until = count_try(session, brakes, now=now)
    if until is not None:
        return HolderCodePausedError(minutes=-((now - until) // timedelta(minutes=1)))
    row = session.scalar(
        select(HolderCode).where(HolderCode.code_hash == _hashed(vault, code), *_holding(now))
    )
    if row is None:
        return HolderCodeRefusedError()
    ended_well(session, brakes)
    return row


def claim_within(row: HolderCode, wanted: CodeLevel) -> None:
    """Say that a code lets so much be seen.

    Raises:
        HolderCodeNarrowerError: it does not.
    """
    if _LEVELS.index(wanted) > _LEVELS.index(row.level):
        raise HolderCodeNarrowerError(found=str(wanted), wanted=str(row.level))


def code_of_answer(session: Session, verdict_no: str) -> str:
    """Return the number of the code by which an answer was given; empty where it was by none."""
    use = session.get(HolderCodeUse, verdict_no)
    return use.code_no if use else ""


def code_holds(
    session: Session, code_no: str, *, now: datetime, for_a_use: bool = False
) -> bool:  # fmt: skip
    """Tell whether a use is left of a code; `for_a_use`, so that nobody else takes it meanwhile."""
    query = select(HolderCode.code_no).where(HolderCode.code_no == code_no, *_holding(now))
    return session.scalar(query.with_for_update() if for_a_use else query) is not None


def codes_over(now: datetime) -> Select[str]:
    """Choose the answers that were given by codes that are over, revoked or used up by now."""
    query = select(HolderCodeUse.verdict_no).join(
        HolderCode, HolderCode.code_no == HolderCodeUse.code_no
    )
    return query.where(not_(and_(*_holding(now))))


def take_use(
    session: Session, code_no: str, verdict_no: str, client: Client, *, now: datetime
) -> None:
    """Take one use of a code for an answer that is kept in the same transaction.

    Raises:
        HolderCodeRefusedError: others were faster, or it was revoked meanwhile.
    """
    taken = (
        update(HolderCode)
        .where(HolderCode.code_no == code_no, *_holding(now))
        .values(uses_taken=HolderCode.uses_taken + 1)
        .returning(HolderCode.uses_taken)
    )
    use_no = session.scalar(taken)
    if use_no is None:
        raise HolderCodeRefusedError
    row = {
        "verdict_no": verdict_no, "code_no": code_no, "use_no": use_no,
        "organisation_id": client.organisation_id,
    }  # fmt: skip
    session.execute(insert(HolderCodeUse), [row])


def _holding(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        HolderCode.revoked_at.is_(None), HolderCode.expires_at > now,
        HolderCode.uses_taken < HolderCode.uses_max,
    )  # fmt: skip


def _own(session: Session, people: Sequence[int], code_no: str) -> HolderCode:
    row = session.get(HolderCode, code_no, with_for_update=True)
    if row is None or row.person_id not in people:
        raise HolderCodeUnknownError(code_no=code_no[:20])
    return row


def _answer_level(level: CodeLevel) -> Disclosure:
    """Return what the column can say; that it is less, `predicate_only` does."""
    return Disclosure.DECISION if level is CodeLevel.PREDICATE else Disclosure(level)


def _claim_term(until: datetime, now: datetime) -> None:
    # A day ends as a whole: today's end and that of the last day are both within.
    if not now < until <= now + timedelta(days=DAYS_MAX + 1):
        raise HolderCodeTermError(days=DAYS_MAX)


def _hashed(vault: Vault, code: str) -> bytes:
    return keyed_hash(vault, "holder-code", code)
