"""A bank, as a title system's program sees it."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Final

import httpx
from joserfc.jwk import KeySet

from creditbank_client.calling import Caller, Patience
from creditbank_client.failures import BankError
from creditbank_client.proving import Proof
from creditbank_client.questions import Applicant, Claim, Ground, Person, Question, Result
from creditbank_client.verdicts import (
    BatchRow,
    BatchState,
    ListedVerdict,
    Predicate,
    RowProblem,
    ShownVerdict,
    Signing,
    Verdict,
    checked,
    checked_listed,
    checked_predicate,
    checked_shown,
)

KEYS_PATH: Final = "/.well-known/jwks.json"
_API: Final = "/api/v1"
_PAGE_ROWS = 500
_TIMEOUT_SECONDS = 60.0


class Waited(BankError):  # noqa: N818
    """A list was not done in the time that it was waited for; it goes on all the same."""


class Bank:
    """One bank, asked by one client; may be shared by threads.

    Args:
        address: where the bank is, as `https://bank.example`; its sandbox is another one.
        client_id: the client.
        proof: its secret or key.
        language: in which refusals are told, `zh` or `en`.
        patience: how often what was lost or busy is tried again.
        http: how to reach it, where that needs more (a proxy, certificates); closed with the bank.
    """

    def __init__(
        self,
        address: str,
        client_id: str,
        proof: Proof,
        *,
        language: str = "zh",
        patience: Patience | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        self._http = http or httpx.Client(timeout=_TIMEOUT_SECONDS)
        self._http.base_url = httpx.URL(address)
        self._http.headers["Accept-Language"] = language
        self._patience = patience or Patience()
        self._caller = Caller(self._http, client_id, proof, self._patience)
        self._keys: KeySet | None = None

    def __enter__(self) -> "Bank":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def ask(self, person: Person, question: Question, *, idempotency_key: str = "") -> Verdict:
        """Ask whether a person has the hours that a title asks for.

        Args:
            person: whom it is about.
            question: what is asked, and why it may be.
            idempotency_key: give one that you keep with the application, and the same question
                sent again, by another process or after a crash, gets the first answer; without
                one, only what this call repeats by itself is told from a new question.

        Raises:
            Refused: no mandate, another name than the document's, a field that is not as wanted.
            TokenRefused, Unreachable: as they say.
            VerdictInvalid: the answer does not prove itself; it was not from this bank.
        """
        body = {**person.members(), **question.members()}
        told = self.call("POST", f"{_API}/verdicts", body, idempotency_key=idempotency_key)
        return checked(str(told["jws"]), self._find_keys, verdict_no=str(told["verdict_no"]))

    def verdict(self, verdict_no: str) -> Verdict:
        """Read an answer again.

        Raises:
            Refused, TokenRefused, Unreachable, VerdictInvalid: as with `ask`.
        """
        told = self.call("GET", f"{_API}/verdicts/{verdict_no}")
        return self._checked(told, verdict_no)

    def sd_jwt(self, verdict_no: str) -> ShownVerdict:
        """Read an answer of level `summary` or `record` in the form of which single years, subjects
        and members may be passed on (SD-JWT, RFC 9901).

        Raises:
            Refused, TokenRefused, Unreachable, VerdictInvalid: as with `ask`.
        """
        sent = self._caller.send("GET", f"{_API}/verdicts/{verdict_no}/sd-jwt")
        return checked_shown(sent.text, self._find_keys, verdict_no=verdict_no)

    def check(self, token: str) -> Verdict:
        """Read an answer that was kept (its `proof`), by the bank's public keys alone.

        Raises:
            Unreachable: the keys are not known yet, and could not be had.
            VerdictInvalid: the bank did not sign it.
        """
        if token.startswith("{"):
            return checked_listed(token, self._find_keys)
        return checked(token, self._find_keys)

    def claim(
        self, person: Person, claim: Claim, ground: Ground, *, idempotency_key: str = ""
    ) -> Predicate:
        """Ask for a bare yes or no about a person's hours, under a mandate.

        Raises:
            Refused, TokenRefused, Unreachable, VerdictInvalid: as with `ask`.
        """
        return self._claimed({**person.members(), **ground.members()}, claim, idempotency_key)

    def claim_by_code(
        self, code: str, claim: Claim, *, person: Person | None = None, idempotency_key: str = ""
    ) -> Predicate:
        """Ask for a bare yes or no by a code that the person made (本人查验码); takes one use.

        Args:
            code: the code.
            claim: what is claimed.
            person: whose document lies before you; then it is answered of this person alone.
            idempotency_key: as with `ask`.

        Raises:
            Refused, TokenRefused, Unreachable, VerdictInvalid: as with `ask`.
        """
        named = {} if person is None else person.members()
        return self._claimed({"code": code, **named}, claim, idempotency_key)

    def predicate(self, predicate_no: str) -> Predicate:
        """Read a bare yes or no again.

        Raises:
            Refused, TokenRefused, Unreachable, VerdictInvalid: as with `ask`.
        """
        return self._predicate(self.call("GET", f"{_API}/predicates/{predicate_no}"))

    def _claimed(self, who: Mapping[str, Any], claim: Claim, idempotency_key: str) -> Predicate:
        body = {**who, **claim.members()}
        path = f"{_API}/predicates"
        return self._predicate(self.call("POST", path, body, idempotency_key=idempotency_key))

    def _predicate(self, told: Mapping[str, Any]) -> Predicate:
        number, nonce = str(told["predicate_no"]), str(told["nonce"])
        return checked_predicate(
            str(told["jws"]), self._find_keys, predicate_no=number, nonce=nonce
        )

    def report(
        self, verdict_no: str, result: Result, day: date, *, level: str = "",
        idempotency_key: str = "",
    ) -> str:  # fmt: skip
        """Report what became of the application that an answer was asked for.

        Args:
            verdict_no: the answer.
            result: what happened; `retracted` takes the last report back.
            day: of which day; of a title that was passed, its first.
            level: of the title, where it is another than was asked about.
            idempotency_key: as with `ask`.

        Returns:
            What stands now; empty for nothing.

        Raises:
            Refused, TokenRefused, Unreachable: as with `ask`.
        """
        said = {"result": result, "day": day.isoformat()} | ({"level": level} if level else {})
        path = f"{_API}/verdicts/{verdict_no}/results"
        return str(self.call("POST", path, said, idempotency_key=idempotency_key)["stands"])

    def ask_about(
        self, applicants: Sequence[Applicant], question: Question, *, signing: Signing = "item",
        idempotency_key: str = "",
    ) -> BatchState:  # fmt: skip
        """Send a list of applicants; the bank answers it row by row, and rows count from 1.

        What `question.stated` says holds for everybody for whom nothing else is stated. With
        `signing="tree"` the bank signs once for the whole list, when it is done, and each answer
        is proved by its place on it: quicker for long lists, and no answer can be left out.

        Raises:
            Refused, TokenRefused, Unreachable: as with `ask`.
        """
        asked = question.members()
        alike = asked.pop("stated", {})
        rows = [each.members() for each in applicants]
        people = [{**row, "stated": {**alike, **row["stated"]}} for row in rows]
        told = self.call(
            "POST", f"{_API}/verdict-batches", {**asked, "people": people, "signing": signing},
            idempotency_key=idempotency_key,
        )  # fmt: skip
        return _state_of(told)

    def batch(self, batch_no: str) -> BatchState:
        """Tell how far a list is.

        Raises:
            Refused, TokenRefused, Unreachable: as with `ask`.
        """
        return _state_of(self.call("GET", f"{_API}/verdict-batches/{batch_no}"))

    def wait_for(
        self,
        batch_no: str,
        *,
        seconds: float,
        every_seconds: float = 2,
        told: Callable[[BatchState], None] = lambda _: None,
    ) -> BatchState:
        """Wait until a list is answered.

        Args:
            batch_no: the list.
            seconds: how long at most.
            every_seconds: how often to look.
            told: is told how far it is, each time.

        Raises:
            Waited: the time is over.
            Refused, TokenRefused, Unreachable: as with `ask`.
        """
        ends = time.monotonic() + seconds
        while True:
            state = self.batch(batch_no)
            told(state)
            if state.over:
                return state
            if time.monotonic() + every_seconds > ends:
                raise Waited(f"{batch_no}: {state.rows_done} of {state.rows_total} rows")
            self._patience.sleep(every_seconds)

    def rows(self, batch_no: str) -> Iterator[BatchRow]:
        """Give the rows of a list in their order, those too that were refused.

        Raises:
            Refused, TokenRefused, Unreachable: as with `ask`.
        """
        cursor = ""
        while True:
            query = {"limit": str(_PAGE_ROWS)} | ({"cursor": cursor} if cursor else {})
            page = self.call("GET", f"{_API}/verdict-batches/{batch_no}/items", query=query)
            yield from map(_row_of, page["items"])
            cursor = page["next_cursor"]
            if not cursor:
                return

    def answers(self, batch_no: str, *, after: int = 0) -> Iterator[ListedVerdict]:
        """Give the signed answers of a list behind a row in the order of its rows, each checked.

        Whoever was interrupted goes on behind the `row_no` that came last.

        Raises:
            Refused, TokenRefused, Unreachable, VerdictInvalid: as with `ask`.
        """
        path = f"{_API}/verdict-batches/{batch_no}/answers.jsonl"
        for line in self._caller.lines(f"{path}?after={after}" if after else path):
            told = json.loads(line)
            if told["verdict_no"]:  # or a refusal, as a list that is signed as a whole has them
                yield ListedVerdict(told["row_no"], self._checked(told, told["verdict_no"]))

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        idempotency_key: str = "",
    ) -> dict[str, Any]:
        """Call anything else that the bank's API document lists; return the JSON of its answer.

        Every write has an idempotency key, made here if none is given.

        Raises:
            Refused, TokenRefused, Unreachable: as with `ask`.
        """
        headers = {}
        if method not in {"GET", "HEAD"}:
            headers["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        options: dict[str, Any] = {"headers": headers}
        if body is not None:
            options["json"] = body
        if query:
            options["params"] = query
        answer: dict[str, Any] = self._caller.send(method, path, **options).json()
        return answer

    def _checked(self, told: Mapping[str, Any], verdict_no: str) -> Verdict:
        if "listed" in told:
            return checked_listed(told["listed"], self._find_keys, verdict_no=verdict_no)
        return checked(str(told["jws"]), self._find_keys, verdict_no=verdict_no)

    def _find_keys(self, *, anew: bool) -> KeySet:
        if self._keys is None or anew:
            self._keys = KeySet.import_key_set(self._caller.read_public(KEYS_PATH).json())
        return self._keys


def _state_of(told: Mapping[str, Any]) -> BatchState:
    return BatchState(
        batch_no=told["batch_no"],
        state=told["state"],
        rows_total=told["rows_total"],
        rows_done=told["rows_done"],
        counts=told["counts"],
    )


def _row_of(told: Mapping[str, Any]) -> BatchRow:
    return BatchRow(
        row_no=told["row_no"],
        state=told["state"],
        outcome=told["outcome"],
        verdict_no=told["verdict_no"],
        problems=tuple(
            RowProblem(
                each["column"],
                each["code"],
                each["title"],
                each["found"],
                each["wanted"],
                each["next"],
            )
            for each in told["problems"]
        ),
    )
