"""What can go wrong, each with what a program needs to go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class BankError(Exception):
    """Any failure that this client tells."""


class Unreachable(BankError):  # noqa: N818 # read as what the bank is
    """The bank gave no answer, or was busy, however often it was asked.

    A write may have been done all the same: send it again under the same idempotency key.
    """


class TokenRefused(BankError):  # noqa: N818
    """The bank gives this client no token (RFC 6749 §5.2); `error` is the standard's word."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error


class VerdictInvalid(BankError):  # noqa: N818
    """An answer that does not prove itself: its signature, its kind or its number is not right."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One place of what was sent that is not as wanted; `path` is a JSON pointer (RFC 6901)."""

    path: str
    code: str
    wanted: str


class Refused(BankError):  # noqa: N818
    """The bank refused, and nothing was done (RFC 9457).

    `code` is what programs compare; `found`, `wanted` and `next` are for people, in the language
    that the client asks for; `facts` is what they speak of, for programs.
    """

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(document.get("code", ""))
        self.title = str(document.get("title", ""))
        self.found = str(document.get("found", ""))
        self.wanted = str(document.get("wanted", ""))
        self.next = str(document.get("next", ""))
        self.facts: Mapping[str, Any] = document.get("facts", {})
        self.errors: Sequence[FieldProblem] = tuple(
            FieldProblem(str(each["path"]), str(each["code"]), str(each["wanted"]))
            for each in document.get("errors", ())
        )
        super().__init__(f"{status} {self.code}: {document.get('detail') or self.title}")
