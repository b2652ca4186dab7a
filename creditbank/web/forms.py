"""What people type into forms, read into what services take; numbers and names are never echoed."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import TypeVar

from flask import request

from creditbank.accounts.sign_in import Login, login_by_name
from creditbank.errors import CreditBankError
from creditbank.people.documents import DocumentKind, read_document, read_name
from creditbank.people.register import Identity
from creditbank.schemas.fields import DAY_MAX, DAY_MIN
from creditbank.web.failures import PageRequestError

_TEXT_CHARACTERS_MAX = 500
#: Longer than any password that is taken, so that a long one is refused in words.
_PASSWORD_CHARACTERS_MAX = 1_000
_FILE_PIECE_BYTES = 65_536
_DIGITS_MAX = 9
#: As whom one signs in: by a chosen name, or by a document of one of the kinds.
BY_NAME = "name"
LOGIN_KINDS = (*map(str, DocumentKind), BY_NAME)
_Word = TypeVar("_Word", bound=StrEnum)


class PasswordsDifferError(CreditBankError):
    """The new password was not typed the same way twice."""

    code = "passwords-differ"
    status = 422


class DayInvalidError(CreditBankError):
    """A text is not a day."""

    code = "day-invalid"
    status = 422


class ReasonWantedError(CreditBankError):
    """Something is decided against somebody without a word."""

    code = "reason-wanted"
    status = 422


def typed(name: str) -> str:
    """Return what was typed into a field, without spaces around it.

    Raises:
        PageRequestError: more than any field of ours takes.
    """
    text = request.form.get(name, "").strip()
    if len(text) > _TEXT_CHARACTERS_MAX or "\0" in text:
        raise PageRequestError
    return text


def all_typed(names: Iterable[str]) -> dict[str, str]:
    """Return what was typed into each of a form's fields, to show it again."""
    return {name: typed(name) for name in names}


def password(name: str = "password") -> str:
    """Return a password as it was typed."""
    return request.form.get(name, "")[:_PASSWORD_CHARACTERS_MAX]


def new_password() -> str:
    """Return a new password that was typed twice.

    Raises:
        PasswordsDifferError: not the same way.
    """
    first = password("new_password")
    if first != password("new_password_again"):
        raise PasswordsDifferError
    return first


def ticked(name: str) -> bool:
    """Tell whether a box was ticked."""
    return request.form.get(name) == "yes"


def chosen(name: str, words: type[_Word]) -> _Word:
    """Return which of the words was chosen.

    Raises:
        PageRequestError: none of them.
    """
    try:
        return words(request.form.get(name, ""))
    except ValueError as error:
        raise PageRequestError from error


def login() -> Login:
    """Return as whom somebody wants in.

    Raises:
        SignInNameInvalidError, DocumentInvalidError: nobody can be called so.
    """
    if request.form.get("login_kind", BY_NAME) == BY_NAME:
        return login_by_name(typed("login"))
    return Login(document=read_document(chosen("login_kind", DocumentKind), typed("login")))


def identity() -> Identity:
    """Return the person that a form states.

    Raises:
        DocumentInvalidError, NameInvalidError: it states nobody.
    """
    document = read_document(chosen("document_kind", DocumentKind), typed("document_number"))
    return Identity(document, read_name(typed("person_name")))


def day(name: str, given: Mapping[str, str] | None = None) -> date | None:
    """Return a day of a form, or of what else is given; None where nothing was entered.

    Raises:
        DayInvalidError: it is no day, or in no year that the ledger can hold.
    """
    text = typed(name) if given is None else given.get(name, "").strip()
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise DayInvalidError(found=text[:20]) from error
    if not DAY_MIN <= found <= DAY_MAX:
        raise DayInvalidError(found=text)
    return found


def whole(name: str) -> int:
    """Return a small whole number that a form of ours carries.

    Raises:
        PageRequestError: it carries none.
    """
    text = typed(name)
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        raise PageRequestError
    return int(text)


def digest_of_file(name: str) -> str:
    """Return the hexadecimal SHA-256 of a file that was chosen; empty if none was."""
    file = request.files.get(name)
    if file is None or not file.filename:
        return ""
    digest = hashlib.sha256()
    while piece := file.stream.read(_FILE_PIECE_BYTES):
        digest.update(piece)
    return digest.hexdigest()
