"""What a field wanted, said by code, so that each reader hears it in a language of their own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from creditbank import catalogue
from creditbank.catalogue import Language
from creditbank.errors import CreditBankError, Fact, RowProblem

#: More would only make the answer long; the first ones show what is wrong.
ERRORS_SHOWN_MAX = 50


class Wanted(str):
    """The code of a catalogue message, carrying its facts through marshmallow's error lists."""

    facts: dict[str, Fact]

    def __new__(cls, code: str, **facts: Fact) -> "Wanted":
        """Make the code with its facts."""
        made = super().__new__(cls, code)
        made.facts = facts
        return made


@dataclass(frozen=True, slots=True)
class FieldError:
    """One place of the content that is not as wanted; `path` is a JSON pointer (RFC 6901)."""

    path: str
    code: str
    facts: Mapping[str, Fact]

    def wanted(self, language: Language) -> str:
        """Say what was wanted there."""
        if "text" in catalogue.entries()[self.code]:
            return catalogue.text(self.code, language, **self.facts)
        return catalogue.problem(RowProblem(0, "", self.code, dict(self.facts)), language).wanted


class RequestInvalidError(CreditBankError):
    """The content is of the right kind and not as wanted at the places that `errors` lists."""

    code = "request-invalid"
    status = 422

    def __init__(self, errors: list[FieldError]) -> None:
        shown = errors[:ERRORS_SHOWN_MAX]
        super().__init__(count=len(errors), paths=[error.path or "/" for error in shown])
        self.errors = shown


def invalid_at(path: str, code: str, **facts: Fact) -> RequestInvalidError:
    """Refuse one place of the content."""
    return RequestInvalidError([FieldError(path, code, facts)])


def field_errors(messages: object, path: str = "") -> Iterator[FieldError]:
    """Flatten marshmallow's nested messages into one list, in their order."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from field_errors(inner, path if key == "_schema" else f"{path}/{_token(key)}")
    elif isinstance(messages, list):
        for inner in messages:
            yield from field_errors(inner, path)
    else:
        facts = messages.facts if isinstance(messages, Wanted) else {}
        yield FieldError(path, str(messages), facts)


def _token(key: object) -> str:
    # A key may be anything that a stranger wrote, a person's number too: only its start is shown.
    return str(key)[:40].replace("~", "~0").replace("/", "~1")
