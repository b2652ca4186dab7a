"""Predicates: a bare yes or no about somebody's hours, signed, and nothing else about them.

"At least 60 professional hours in each year 2021–2025: yes." The hours are those that verdicts
count: gathered in one snapshot, under the same packs, caps and links. What is signed names neither
the person nor a figure of theirs, nor the logs in which their hours stand; a digest under a key
that the asker alone is given lets the asker show whom it is about (docs/formats.md §16).
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from creditbank.accounts.spoken import read_code
from creditbank.canonical import Canonical, canonical_bytes, tagged_digest
from creditbank.catalogue import Language
from creditbank.catalogue import text as message
from creditbank.clock import civil_day, instant_text
from creditbank.errors import CreditBankError
from creditbank.hours import hours_text
from creditbank.ids import random_number
from creditbank.keys import KeyStore, signed_jws
from creditbank.ledger.logs import heads_at, last_seal
from creditbank.ledger.models import Seal
from creditbank.people.register import (
    Identity,
    IdentityMismatchError,
    PersonUnknownError,
    find_each,
    linked_people,
)
from creditbank.people.vault import Vault
from creditbank.readymade import Asked
from creditbank.registry.bank import the_bank
from creditbank.registry.clients import Client
from creditbank.registry.lawbook import law_of
from creditbank.registry.mandates import Matter, mandate_for
from creditbank.rules.explain import name_of
from creditbank.rules.minima import counted_in
from creditbank.rules.pack import PackChain
from creditbank.rules.subjects import require_subject
from creditbank.verification.answers import SignedAnswer, VerdictRow, keeping
from creditbank.verification.codes import take_use
from creditbank.verification.gathering import Gathered, gather
from creditbank.verification.models import Verdict
from creditbank.verification.questions import CodeLevel
from creditbank.verification.statement import phrasebook_of

STATEMENT = "creditbank/predicate/v1"
TOKEN_TYPE = "creditbank-predicate+jwt"  # noqa: S105  a media type, no secret
#: Of one question; longer than any window of a notice.
YEARS_MAX = 20
_NO_RECORD = "verdict-no-record"


class Per(StrEnum):
    """Over what the hours are wanted: in each year, or in all years together."""

    YEAR = "year"
    WINDOW = "window"


class PredicateAnswer(StrEnum):
    """What is answered; `undetermined` where the bank cannot say, with the reason's code."""

    YES = "yes"
    NO = "no"
    UNDETERMINED = "undetermined"


class PredicateUnknownError(CreditBankError):
    """There is no yes or no of this number, or another asked for it."""

    code = "predicate-unknown"
    status = 404


class PredicateYearsError(CreditBankError):
    """The years are in the wrong order, too many, or not begun."""

    code = "predicate-years"
    status = 422


@dataclass(frozen=True, slots=True)
class Predicate:
    """What is claimed: at least so many hours of a subject (empty: of all), by a scheme's rules."""

    scheme: str
    subject: str
    at_least_centihours: int
    first_year: int
    last_year: int
    per: Per = Per.YEAR


@dataclass(frozen=True, slots=True)
class HolderShown:
    """The code that was presented, and whose it is."""

    code_no: str
    code: str = field(repr=False)
    holder: Identity


@dataclass(frozen=True, slots=True)
class PredicateAsk:
    """A predicate asked about one person, and why it may be.

    By a mandate `identity` is who is asked about, `series`, `level` and `specialty` the title that
    it is asked for. By a code (`shown_by`) there is no title, and `identity` is whom the asker
    takes the code's holder to be, if it says so.
    """

    predicate: Predicate
    identity: Identity | None
    purpose: str
    legal_basis: str
    series: str = ""
    level: str = ""
    specialty: str = ""
    shown_by: HolderShown | None = None

    @property
    def scheme(self) -> str:
        """Whose rules."""
        return self.predicate.scheme

    @property
    def about(self) -> Identity:
        """Whose hours are looked at."""
        about = self.identity if self.shown_by is None else self.shown_by.holder
        assert about is not None, "who asks without a code names the person"
        return about


@dataclass(frozen=True, slots=True)
class PredicateByCode:
    """A predicate by a code, in place of a purpose and a ground."""

    predicate: Predicate
    code: str = field(repr=False)
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class PreparedPredicate:
    """A predicate that was decided, before it is signed.

    `mismatch` is the refusal to be noted where number and name were not one person's;
    `lacks_seal` tells that the answer may be another once what waits is sealed.
    """

    ask: PredicateAsk
    client: Client
    mandate_no: str
    person_id: int | None
    answer: PredicateAnswer
    question_digest: bytes
    statement: Mapping[str, Canonical]
    mismatch: IdentityMismatchError | None
    lacks_seal: bool


def prepare_predicate(
    session: Session, vault: Vault, ask: PredicateAsk, client: Client, *, now: datetime
) -> PreparedPredicate:
    """Decide a predicate from one snapshot; yes and no take the same steps.

    Raises:
        PredicateYearsError, SubjectUnknownError, MandateMissingError, PackMissingError: before
            anything about the person is looked at.
        DemoOnlyError, InventedOnlyError: the bank keeps no such people.
    """
    predicate = ask.predicate
    _claim_years(predicate, civil_day(now).year)
    law = law_of(session, predicate.scheme)
    if predicate.subject:
        require_subject(predicate.subject, law)
    ground = _ground(session, ask, law, client, now)
    person_id, mismatch = _found(session, vault, ask)
    people = () if person_id is None else linked_people(session, [person_id])[person_id]
    seal = last_seal(session)
    gathered = gather(session, people, law, seal)
    answer, unsaid = _answer(gathered, predicate), _unsaid(mismatch, gathered)
    number = "Y" + random_number(19)
    statement: dict[str, Canonical] = {
        "iss": the_bank(session).host, "jti": number, "iat": int(now.timestamp()),
        "statement": STATEMENT,
        **_asked(ask, client, ground),
        "subject": _subject(ask, subject_nonce(vault, number)),
        "answer": str(PredicateAnswer.UNDETERMINED if unsaid else answer),
        "reasons": _reasons(unsaid),
        "words": _words(predicate, law),
        "packs": [list(pin) for pin in law.pins()],
        **_gathered_under(session, law, seal),
    }  # fmt: skip
    return PreparedPredicate(
        ask, client, ground, person_id, PredicateAnswer(str(statement["answer"])),
        _question_digest(vault, ask), statement,
        mismatch, bool(gathered.pending_entries) or not statement["heads"],
    )  # fmt: skip


def sign_predicate(prepared: PreparedPredicate, keys: KeyStore, algorithm: str) -> SignedAnswer:
    """Sign a predicate as a compact JWS of its own type.

    Raises:
        AlgorithmUnknownError: neither Ed25519 nor ES256.
    """
    statement = prepared.statement
    token = signed_jws(keys, algorithm, TOKEN_TYPE, statement)
    return SignedAnswer(str(statement["jti"]), str(prepared.answer), statement, token)


def predicate_row_asked(
    prepared: PreparedPredicate, signed: SignedAnswer, *, now: datetime
) -> Asked:
    """Say how a predicate is kept among the answers, with who asked and why."""
    ask = prepared.ask
    row = VerdictRow(
        signed.verdict_no, prepared.person_id, prepared.client.client_id, prepared.mandate_no,
        ask.purpose, ask.legal_basis, str(CodeLevel.PREDICATE), signed.outcome,
        prepared.question_digest, now, signed.jws,
    )  # fmt: skip
    return keeping(row)


def use_predicate_code(
    session: Session, prepared: PreparedPredicate, signed: SignedAnswer, *, now: datetime
) -> None:
    """Take a use of the holder's code of a predicate that is kept, where it was asked by one.

    Raises:
        HolderCodeRefusedError: the code holds no more.
    """
    ask = prepared.ask
    if ask.shown_by is not None:
        take_use(session, ask.shown_by.code_no, signed.verdict_no, prepared.client, now=now)


def predicate_numbered(session: Session, number: str, client: Client) -> Verdict:
    """Return a signed predicate to whoever asked for it.

    Raises:
        PredicateUnknownError: there is none, or it is another's.
    """
    row = session.get(Verdict, number)
    is_predicate = row is not None and row.disclose == CodeLevel.PREDICATE
    if row is None or not is_predicate or row.client_id != client.client_id:
        raise PredicateUnknownError(predicate_no=number[:24])
    return row


def subject_nonce(vault: Vault, number: str) -> bytes:
    """Return the 32 bytes that only the asker of this predicate is given; no third party has them,
    so that nobody can try numbers and names against its digest."""
    return vault.fingerprint(tagged_digest("creditbank/predicate-nonce/v1", number.encode("ascii")))


def subject_digest(nonce: bytes, of: Sequence[str]) -> str:
    """Return the digest that binds a predicate to what was asked: HMAC-SHA-256 under the nonce."""
    said = b"creditbank/predicate-subject/v1\n" + canonical_bytes(list(of))
    return hmac.digest(nonce, said, "sha256").hex()


def _claim_years(predicate: Predicate, this_year: int) -> None:
    first, last = predicate.first_year, predicate.last_year
    if not (first <= last <= this_year and last - first < YEARS_MAX):
        raise PredicateYearsError(found=f"{first}–{last}", years=YEARS_MAX, this_year=this_year)


def _ground(
    session: Session, ask: PredicateAsk, law: PackChain, client: Client, now: datetime
) -> str:
    """Return the number of the code, or of the mandate that lets the question be asked."""
    if ask.shown_by is not None:
        return ask.shown_by.code_no
    matter = Matter(law.jurisdiction, ask.series, ask.level, civil_day(now), ask.specialty)
    return mandate_for(session, client.organisation_id, matter).mandate_no


def _found(
    session: Session, vault: Vault, ask: PredicateAsk
) -> tuple[int | None, IdentityMismatchError | None]:
    """Find whose hours are looked at, and whether number, name and code are not one person's.

    Raises:
        DemoOnlyError, InventedOnlyError: the bank keeps no such people.
    """
    about, stated = find_each(session, vault, [ask.about, ask.identity or ask.about])
    if isinstance(about, IdentityMismatchError):
        return None, about
    if isinstance(about, PersonUnknownError):
        return None, None
    if isinstance(about, CreditBankError):
        raise about
    is_theirs = stated in linked_people(session, [about])[about]
    return about, None if is_theirs else IdentityMismatchError()


def _answer(gathered: Gathered, predicate: Predicate) -> PredicateAnswer:
    """Count in every span, whatever the first ones say."""
    rows, years = gathered.to_weigh(), range(predicate.first_year, predicate.last_year + 1)
    spans = [(year, year) for year in years]
    if predicate.per is Per.WINDOW:
        spans = [(predicate.first_year, predicate.last_year)]
    held = [counted_in(rows, span, predicate.subject) for span in spans]
    return PredicateAnswer.YES if min(held) >= predicate.at_least_centihours else PredicateAnswer.NO


def _unsaid(mismatch: IdentityMismatchError | None, gathered: Gathered) -> str:
    """Return the code of why the bank cannot say; empty where it can."""
    if mismatch is not None:
        return mismatch.code
    return "" if gathered.entries else _NO_RECORD


def _reasons(code: str) -> list[Canonical]:
    if not code:
        return []
    said = {IdentityMismatchError.code: "predicate-mismatch"}.get(code, code)
    return [{"code": code, "zh": message(said, "zh"), "en": message(said, "en")}]


def _asked(ask: PredicateAsk, client: Client, ground: str) -> dict[str, Canonical]:
    """Repeat who asks what, and by which right; the number of a code would tie its answers."""
    predicate, by_code = ask.predicate, ask.shown_by is not None
    title = {} if by_code else {"series": ask.series, "level": ask.level}
    return {
        "asker": {
            "client": client.client_id, "by": "code" if by_code else "mandate",
            **({} if by_code else {"mandate": ground}),
            "purpose": ask.purpose, "legal_basis": ask.legal_basis,
        },
        "question": {
            "scheme": predicate.scheme, "subject": predicate.subject,
            "at_least": hours_text(predicate.at_least_centihours),
            "first_year": predicate.first_year, "last_year": predicate.last_year,
            "per": str(predicate.per),
            **title, **({"specialty": ask.specialty} if ask.specialty else {}),
        },
    }  # fmt: skip


def _subject(ask: PredicateAsk, nonce: bytes) -> Canonical:
    """Bind to the document that was stated, or, where none was, to the code that was presented."""
    if ask.identity is not None:
        document = ask.identity.document
        of = ["document", str(document.kind), document.number, ask.identity.name]
    else:
        assert ask.shown_by is not None, "who names nobody presents a code"
        of = ["code", read_code(ask.shown_by.code)]
    return {"of": of[0], "digest": subject_digest(nonce, of)}


def _words(predicate: Predicate, law: PackChain) -> Canonical:
    years = "–".join(map(str, sorted({predicate.first_year, predicate.last_year})))

    def said(language: Language) -> str:
        return message(
            f"predicate-said-{predicate.per}", language, scheme=predicate.scheme,
            subject=name_of("subject", predicate.subject, language, law),
            hours=hours_text(predicate.at_least_centihours),
            years=years,
        )  # fmt: skip

    return {"zh": said("zh"), "en": said("en")}


def _gathered_under(session: Session, law: PackChain, seal: Seal | None) -> dict[str, Canonical]:
    """Name the newest head of the nearest log over the scheme's own place, and its instant.

    Which logs hold the person's hours would tell where they studied.
    """
    places = dict.fromkeys(pack.jurisdiction for pack in law.packs)
    heads = next(filter(None, (heads_at(session, seal, place) for place in places)), [])
    return {
        "heads": phrasebook_of(law).heads(heads[-1:]),
        "known_at": instant_text(seal.sealed_at) if seal else "",
    }


def _question_digest(vault: Vault, ask: PredicateAsk) -> bytes:
    """Recognise the same question again without keeping whose it was."""
    predicate = ask.predicate
    said: list[Canonical] = [
        STATEMENT, predicate.scheme, predicate.subject, predicate.at_least_centihours,
        predicate.first_year, predicate.last_year, str(predicate.per),
        ask.shown_by.code_no if ask.shown_by else "",
    ]  # fmt: skip
    # The oldest lookup key stays the same when keys rotate.
    lookup = vault.lookups_of([ask.about.document])[0][-1]
    return hashlib.sha256(lookup + canonical_bytes(said)).digest()
