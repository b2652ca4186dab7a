"""Bodies of requests: JSON read strictly, files as they are; each with what its digest covers.

Whatever comes in is bounded before it is looked at: size by the server, depth and texts here.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl

from flask import request
from marshmallow import Schema, ValidationError

from creditbank.attendance.roster import Roster, read_roster, rows_from_json
from creditbank.attendance.workbook import Limits
from creditbank.config import Settings
from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.schemas.rosters import RosterBody
from creditbank.schemas.wanted import RequestInvalidError, field_errors, invalid_at

JSON_MEDIA_TYPE = "application/json"
FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
MULTIPART_MEDIA_TYPE = "multipart/form-data"
XLS_MEDIA_TYPE = "application/vnd.ms-excel"
XLSX_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_MEDIA_TYPE = "text/csv"
DEPTH_MAX = 16
TEXT_CHARACTERS_MAX = 32_767
#: Nothing that is counted here has more digits; a number typed into the wrong cell may have some.
DIGITS_MAX = 40
#: Parameters of a form; what is sent as one has few.
FORM_FIELDS_MAX = 30
#: Of a member's name in an error's path.
NAME_SHOWN_MAX = 40


class FormMalformedError(CreditBankError):
    """The body is no form: not UTF-8, too many parameters, or one of them twice."""

    code = "form-malformed"
    status = 400


class RequestBodyMissingError(CreditBankError):
    """There is no body, or no file in it."""

    code = "request-body-missing"
    status = 400


class MediaTypeUnsupportedError(CreditBankError):
    """The body is said to be of a type that is not read here."""

    code = "media-type-unsupported"
    status = 415


class JsonMalformedError(CreditBankError):
    """The body is not JSON, has a key twice, or a number that is none."""

    code = "json-malformed"
    status = 400


class JsonNotUtf8Error(CreditBankError):
    """The body is not UTF-8."""

    code = "json-not-utf8"
    status = 400


class JsonTooDeepError(CreditBankError):
    """The body is nested more deeply than any shape here."""

    code = "json-too-deep"
    status = 400


@dataclass(frozen=True, slots=True)
class Content:
    """A body that was read, and the bytes that tell it from other contents."""

    value: Any
    said: bytes


class Body(ABC):
    """How an endpoint reads its body, and how the API document shows it."""

    @abstractmethod
    def read(self) -> Content:
        """Read the request's body.

        Raises:
            CreditBankError: it cannot be read, or is not as wanted.
        """

    @abstractmethod
    def documented(self) -> dict[str, Any]:
        """Return `content` of the OpenAPI request body."""


class JsonBody(Body):
    """A JSON object of one shape; `example` shows one that would be accepted as it is.

    `bytes_max` says how large it may be by the settings, where that is not what any body may be.
    """

    def __init__(
        self, shape: Schema, example: Mapping[str, Any], *,
        bytes_max: Callable[[Settings], int] | None = None,
    ) -> None:  # fmt: skip
        self.shape, self.example, self._bytes_max = shape, example, bytes_max

    def read(self) -> Content:
        """Read and check the object."""
        if self._bytes_max is not None:
            request.max_content_length = self._bytes_max(current_house().settings)
        loaded = loaded_by(self.shape, read_json())
        return Content(loaded, plain_bytes(loaded))

    def documented(self) -> dict[str, Any]:
        """Return the shape and its example."""
        return {JSON_MEDIA_TYPE: {"schema": self.shape, "example": self.example}}


class FormBody(Body):
    """A form as OAuth clients send it; a parameter without a value counts as not sent."""

    def __init__(self, shape: Schema, example: Mapping[str, str]) -> None:
        self.shape, self.example = shape, example

    def read(self) -> Content:
        """Read and check the parameters."""
        if request.mimetype != FORM_MEDIA_TYPE:
            raise MediaTypeUnsupportedError(found=request.mimetype[:60], wanted=[FORM_MEDIA_TYPE])
        try:
            text = _body_bytes().decode("utf-8")
            pairs = parse_qsl(text, max_num_fields=FORM_FIELDS_MAX, errors="strict")
        except ValueError as error:
            raise FormMalformedError from error
        if len(dict(pairs)) != len(pairs):
            raise FormMalformedError
        loaded = loaded_by(self.shape, dict(pairs))
        return Content(loaded, plain_bytes(loaded))

    def documented(self) -> dict[str, Any]:
        """Return the shape and its example."""
        return {FORM_MEDIA_TYPE: {"schema": self.shape, "example": self.example}}


@dataclass(frozen=True, slots=True)
class SentRoster:
    """A roster that was read, and the file in which it came; no bytes where it came as JSON."""

    roster: Roster
    file: bytes = field(default=b"", repr=False)


class RosterFile(Body):
    """A roster as XLSX, XLS or CSV bytes, as a form's `file`, or as JSON: equal rows are equal.

    What a file is, its bytes say: the name and the media type of an upload are often wrong.
    """

    def read(self) -> Content:
        """Read the roster; bad rows are among its problems."""
        sent = self._sent()
        return Content(sent, sent.roster.digest)

    def documented(self) -> dict[str, Any]:
        """Return the five forms."""
        binary = {"type": "string", "format": "binary"}
        form = {"type": "object", "required": ["file"], "properties": {"file": binary}}
        row = {
            "name": "李示例", "document_kind": "resident_id",
            "document_number": "999999198505150018", "day": "2026-11-10", "attended_minutes": 360,
        }  # fmt: skip
        return {
            XLSX_MEDIA_TYPE: {"schema": binary},
            XLS_MEDIA_TYPE: {"schema": binary},
            CSV_MEDIA_TYPE: {"schema": binary},
            MULTIPART_MEDIA_TYPE: {"schema": form},
            JSON_MEDIA_TYPE: {"schema": RosterBody(), "example": {"rows": [row]}},
        }

    def _sent(self) -> SentRoster:
        settings = current_house().settings
        limits = Limits(
            file_bytes_max=settings.request_bytes_max, rows_max=settings.roster_rows_max
        )
        if request.mimetype == JSON_MEDIA_TYPE:
            rows = loaded_by(RosterBody(), read_json())["rows"]
            return SentRoster(rows_from_json(rows, limits))
        is_form = request.mimetype == MULTIPART_MEDIA_TYPE
        file = _uploaded_file() if is_form else _body_bytes()
        return SentRoster(read_roster(file, limits), file)


@dataclass(frozen=True, slots=True)
class UploadedFiles:
    """Bytes of a form's `file`, and of its `totals`, empty where there is none."""

    file: bytes
    totals: bytes


class ImportFile(Body):
    """Earlier records as XLSX or CSV bytes, as a form's `file` and `totals`, or as JSON."""

    def __init__(self, shape: Schema, example: Mapping[str, Any]) -> None:
        self.json = JsonBody(shape, example)

    def read(self) -> Content:
        """Read the object, or take the files as they are."""
        if request.mimetype == JSON_MEDIA_TYPE:
            return self.json.read()
        if request.mimetype == MULTIPART_MEDIA_TYPE:
            totals = request.files.get("totals")
            files = UploadedFiles(_uploaded_file(), totals.read() if totals else b"")
        else:
            files = UploadedFiles(_body_bytes(), b"")
        said = [hashlib.sha256(each).digest() for each in (files.file, files.totals)]
        return Content(files, b"".join(said))

    def documented(self) -> dict[str, Any]:
        """Return the four forms."""
        binary = {"type": "string", "format": "binary"}
        parts = {"file": binary, "totals": binary}
        form = {"type": "object", "required": ["file"], "properties": parts}
        return {
            XLSX_MEDIA_TYPE: {"schema": binary},
            CSV_MEDIA_TYPE: {"schema": binary},
            MULTIPART_MEDIA_TYPE: {"schema": form},
            **self.json.documented(),
        }


class TomlFile(Body):
    """A rule pack, byte for byte."""

    def read(self) -> Content:
        """Read the bytes."""
        content = _body_bytes()
        return Content(content, hashlib.sha256(content).digest())

    def documented(self) -> dict[str, Any]:
        """Return one form; the media type is not looked at."""
        return {"application/toml": {"schema": {"type": "string"}}}


def read_json() -> Any:
    """Read the body as JSON: UTF-8, no key twice, finite numbers, storable texts, bounded depth.

    A number with a fraction comes as `Decimal`, one without as `int`.

    Raises:
        MediaTypeUnsupportedError, RequestBodyMissingError, JsonNotUtf8Error, JsonMalformedError,
            JsonTooDeepError: in this order.
        RequestInvalidError: a text or number that could not be kept, naming its place.
    """
    if request.mimetype != JSON_MEDIA_TYPE:
        raise MediaTypeUnsupportedError(found=request.mimetype[:60], wanted=[JSON_MEDIA_TYPE])
    return read_json_bytes(_body_bytes())


def read_json_bytes(content: bytes) -> Any:
    """Read bytes as JSON, as `read_json` does.

    Raises:
        JsonNotUtf8Error, JsonMalformedError, JsonTooDeepError, RequestInvalidError: as there.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JsonNotUtf8Error(position=error.start + 1) from error
    try:
        tree = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_whole,
            parse_float=_figure,
        )
    except json.JSONDecodeError as error:
        raise JsonMalformedError(line=error.lineno, column=error.colno) from error
    except RecursionError as error:
        raise JsonTooDeepError(limit=DEPTH_MAX) from error
    _check(tree)
    return tree


def loaded_by(shape: Schema, tree: Any) -> Any:
    """Load a shape.

    Raises:
        RequestInvalidError: every place that is not as wanted.
    """
    try:
        return shape.load(tree)
    except ValidationError as error:
        raise RequestInvalidError(list(field_errors(error.messages))) from error


def plain_bytes(value: object) -> bytes:
    """Return bytes that two contents share only when they say the same."""
    return json.dumps(_plain(value), ensure_ascii=True, sort_keys=True).encode("ascii")


def _body_bytes() -> bytes:
    content = request.get_data(cache=True, parse_form_data=False)
    if not content:
        raise RequestBodyMissingError
    return content


def _uploaded_file() -> bytes:
    file = request.files.get("file")
    content = file.read() if file is not None else b""
    if not content:
        raise RequestBodyMissingError
    return content


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise JsonMalformedError(line=1, column=1)
    return made


def _refuse_constant(_word: str) -> Any:
    raise JsonMalformedError(line=1, column=1)


def _whole(digits: str) -> int:
    if len(digits) > DIGITS_MAX:
        raise invalid_at("", "field-number-too-large")
    return int(digits)


def _figure(text: str) -> int | Decimal:
    try:
        figure = Decimal(text)
    except InvalidOperation as error:
        raise invalid_at("", "field-number-too-large") from error
    if len(text) > DIGITS_MAX or abs(figure.adjusted()) > DIGITS_MAX:
        raise invalid_at("", "field-number-too-large")
    return int(figure) if figure == figure.to_integral_value() else figure


def _check(tree: Any) -> None:
    """Walk the tree without recursion, and refuse what no column could hold."""
    waiting: list[tuple[str, int, Any]] = [("", 1, tree)]
    while waiting:
        path, depth, value = waiting.pop()
        if depth > DEPTH_MAX:
            raise JsonTooDeepError(limit=DEPTH_MAX)
        if isinstance(value, str):
            _check_text(path, value)
        waiting.extend((f"{path}/{key}", depth + 1, inner) for key, inner in _children(path, value))


def _children(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_text(path, key)
            yield key[:NAME_SHOWN_MAX], inner
    elif isinstance(value, list):
        yield from ((str(place), inner) for place, inner in enumerate(value))


def _check_text(path: str, text: str) -> None:
    if len(text) > TEXT_CHARACTERS_MAX:
        raise invalid_at(path, "field-too-long", high=TEXT_CHARACTERS_MAX)
    # A lone surrogate has no UTF-8, and PostgreSQL keeps no NUL.
    if "\x00" in text or not _has_utf8(text):
        raise invalid_at(path, "field-unstorable")


def _has_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, set | frozenset):
        return sorted(str(inner) for inner in value)
    if isinstance(value, date | bytes):
        return value.hex() if isinstance(value, bytes) else value.isoformat()
    assert is_dataclass(value), f"{type(value).__name__} is in no shape"
    # Not its repr, which hides a document's number.
    return [_plain(getattr(value, each.name)) for each in fields(value)]
