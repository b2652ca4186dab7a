"""What all commands share: settings and language, the open bank, words on the terminal, refusals.

A deliberate refusal is printed on standard error as its title and what was found, wanted and comes
next; the exit code is 1. Identity numbers never stand among the arguments, which every user of the
machine can read: they come from a file, standard input or a prompt.
"""

import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import IO, Any, TypeVar

import click
from flask import Flask
from marshmallow import Schema, ValidationError
from sqlalchemy.exc import DBAPIError, OperationalError

from creditbank import catalogue
from creditbank.catalogue import Language
from creditbank.config import Settings
from creditbank.db import DatabaseLostError
from creditbank.errors import CreditBankError, Fact, RowProblem
from creditbank.hours import HoursTextInvalidError, centihours_from_text
from creditbank.people.documents import DocumentKind, read_document, read_name
from creditbank.people.register import Identity
from creditbank.registry.clients import Client, Role
from creditbank.schemas.people import IdentityShape
from creditbank.schemas.wanted import RequestInvalidError, field_errors

EXIT_REFUSED = 1
PERSON_BYTES_MAX = 4_096
_ACTOR = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}", re.ASCII)
_WIDE = ("W", "F")
#: The names in a subject file for the offline checker, and those of the API.
_LONG_NAMES = {"kind": "document_kind", "number": "document_number"}
_Command = TypeVar("_Command", bound=Callable[..., Any])


class DatabaseUnreachableError(CreditBankError):
    """The database does not answer, or refuses this role."""

    code = "database-unreachable"
    status = 503


class SchemaNotCurrentError(CreditBankError):
    """The database was not migrated to this program's version."""

    code = "schema-not-current"
    status = 503


class FileUnusableError(CreditBankError):
    """A file or directory cannot be read or written."""

    code = "file-unusable"
    status = 500


class InputNotJsonError(CreditBankError):
    """A file or standard input is no JSON, or longer than it may be."""

    code = "input-not-json"
    status = 422


@dataclass(slots=True)
class Desk:
    """Where a command works: the settings, the language, and the bank once it is opened."""

    settings: Settings
    language: Language
    _app: Flask | None = field(default=None)

    def say(self, code: str, **facts: Fact) -> None:
        """Print a message of the catalogue."""
        click.echo(self.text(code, **facts))

    def text(self, code: str, **facts: Fact) -> str:
        """Return a message of the catalogue."""
        return catalogue.text(code, self.language, **facts)

    @contextmanager
    def bank(self) -> Iterator[Flask]:
        """Open the bank, and that alone, for as long as the block runs.

        Raises:
            SchemaNotCurrentError: it was never migrated, or not since an upgrade of the program.
        """
        from creditbank.app import create_app
        from creditbank.db import db
        from creditbank.migrating import is_current

        app = create_app(replace(self.settings, sandbox_home=""))
        with app.app_context():
            try:
                if not is_current(db.engine):
                    raise SchemaNotCurrentError
                yield app
            finally:
                db.engine.dispose()
                app.extensions["creditbank-sealer-engine"].dispose()

    def refuse(self, error: CreditBankError | RowProblem) -> None:
        """Print a refusal on standard error."""
        words = catalogue.problem(error, self.language)
        click.echo(f"{words.title} ({words.code})", err=True)
        for part in (words.found, words.wanted, words.next):
            if part:
                click.echo(f"  {part}", err=True)
        if isinstance(error, RequestInvalidError):
            for each in error.errors:
                click.echo(f"  {each.path or '/'}: {each.wanted(self.language)}", err=True)

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table whose headers are messages of the catalogue."""
        self.rows([self.text(header) for header in headers], rows)

    def rows(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table whose headers are what they are called already."""
        click.echo(table(headers, rows))


pass_desk = click.make_pass_decorator(Desk)


class SandboxUnsetError(CreditBankError):
    """No setting says where the sandbox is to be."""

    code = "sandbox-unset"
    status = 500


def require_sandbox(settings: Settings) -> None:
    """Refuse where there is no sandbox to work on.

    Raises:
        SandboxUnsetError: the setting is empty.
    """
    if not settings.sandbox_home:
        raise SandboxUnsetError


class Door(click.Group):
    """The group of all commands: what they refuse ends here, in words.

    `places` says where each stands, `module:name` in this package; only what is called is imported.
    """

    def __init__(self, *args: Any, places: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command."""
        return sorted(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in self._places:
            return None
        module, _, name = self._places[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"{__package__}.{module}"), name)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse arguments that are no UTF-8; they could not be kept anywhere."""
        for argument in args:
            if "\ufffd" in argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace"):
                raise click.UsageError("UTF-8")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a deliberate refusal is printed and becomes exit code 1."""
        try:
            return super().invoke(ctx)
        except DatabaseLostError as error:
            self._refuse(ctx, _unreachable(error.__cause__))
        except CreditBankError as error:
            self._refuse(ctx, error)
        except OperationalError as error:
            self._refuse(ctx, _unreachable(error))
        except BrokenPipeError:
            raise  # whoever read our output has seen enough
        except OSError as error:
            path = str(error.filename or "")
            self._refuse(ctx, FileUnusableError(path=path, reason=error.strerror or ""))
        return None

    def _refuse(self, ctx: click.Context, error: CreditBankError) -> None:
        desk = ctx.find_object(Desk) or Desk(Settings(), language_of(os.environ))
        desk.refuse(error)
        ctx.exit(EXIT_REFUSED)


def _unreachable(error: BaseException | None) -> DatabaseUnreachableError:
    # The driver's words may quote the statement; their first line does not.
    said = str(error.orig) if isinstance(error, DBAPIError) else ""
    return DatabaseUnreachableError(reason=said.partition("\n")[0][:200])


class WordOf(click.Choice[str]):
    """A word of an enumeration: chosen by its value, which is what the API calls it too."""

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__([str(word) for word in words])
        self._words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the enumeration's member."""
        return self._words(super().convert(value, param, ctx))


class HoursText(click.ParamType[int]):
    """Hours as decimal text, handed on as centihours."""

    name = "hours"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the text; hours are above zero."""
        try:
            centihours = centihours_from_text(value)
        except HoursTextInvalidError:
            self.fail("40.00", param, ctx)
        return centihours or self.fail("> 0", param, ctx)


HOURS = HoursText()


def language_of(environment: Mapping[str, str]) -> Language:
    """Choose the language: Chinese, unless the environment asks for English."""
    wanted = environment.get("LC_ALL") or environment.get("LC_MESSAGES") or environment.get("LANG")
    return "en" if (wanted or "").lower().startswith("en") else "zh"


def speak_utf8() -> None:
    """Make the terminal's streams able to carry Chinese, whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and (stream.encoding or "").lower() != "utf-8":
            reconfigure(encoding="utf-8")


def office_option(command: _Command) -> _Command:
    """Add the option that says which office decides; a filing that was routed wants it."""
    option: Callable[[_Command], _Command] = click.option(
        "--office",
        default="",
        help="作出决定的机关的辖区；备案有分工的必填。 Whose office decides.",
    )
    return option(command)


def actor_option(command: _Command) -> _Command:
    """Add the option that says who is acting; it stands in the act for ever."""
    option: Callable[[_Command], _Command] = click.option(
        "--actor",
        required=True,
        envvar="CREDITBANK_ACTOR",
        callback=_checked_actor,
        help="经办人代号，记入操作记录。 Who acts; kept in the record of acts.",
    )
    return option(command)


def person_option(command: _Command) -> _Command:
    """Add the option that names the file in which a person is stated."""
    option: Callable[[_Command], _Command] = click.option(
        "--person",
        "person_file",
        type=click.File("rb"),
        help="JSON 文件：document_kind、document_number、name；- 为标准输入；缺省则提示输入。 "
        "JSON file, - for standard input; asked for if not given.",
    )
    return option(command)


def read_person(file: IO[bytes] | None, role: str = "") -> Identity:
    """Read a person's document and name from a file, or ask for them.

    Raises:
        InputNotJsonError, RequestInvalidError, DocumentInvalidError, NameInvalidError: it names
            nobody.
    """
    if file is None:
        kind = click.prompt(
            f"{role}证件类型 document kind",
            type=click.Choice([each.value for each in DocumentKind]),
            default=DocumentKind.RESIDENT_ID.value,
            err=True,
        )
        number = click.prompt(f"{role}证件号码 document number", hide_input=True, err=True)
        name = click.prompt(f"{role}姓名 name", err=True)
        return Identity(read_document(DocumentKind(kind), number), read_name(name))
    return person_from_json(file.read(PERSON_BYTES_MAX + 1))


def person_from_json(content: bytes) -> Identity:
    """Read `{"document_kind", "document_number", "name"}`, or the shorter `{"kind", "number", …}`.

    Raises:
        InputNotJsonError, RequestInvalidError: it names nobody.
    """
    said = read_json(content, PERSON_BYTES_MAX)
    if isinstance(said, dict):
        said = {_LONG_NAMES.get(name, name): value for name, value in said.items()}
    identity: Identity = load(IdentityShape(), said)["identity"]
    return identity


def official_at(jurisdiction: str) -> Client:
    """Return whoever sits at the bank's own machine, as officials of a region see."""
    return Client("", Role.OFFICIAL, frozenset(), jurisdiction, None)


def read_json(content: bytes, bytes_max: int) -> object:
    """Read JSON from a file's bytes.

    Raises:
        InputNotJsonError: it is something else, or too long.
    """
    if len(content) > bytes_max:
        raise InputNotJsonError(bytes_max=bytes_max)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputNotJsonError(bytes_max=bytes_max) from error


def load(shape: Schema, tree: Any) -> Any:
    """Load a shape of the API from what a file says.

    Raises:
        RequestInvalidError: every place that is not as wanted.
    """
    try:
        return shape.load(tree)
    except ValidationError as error:
        raise RequestInvalidError(list(field_errors(error.messages))) from error


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    draft.replace(path)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table in columns, counting a Chinese character as two."""
    widths = [max(map(width, column)) for column in zip(headers, *rows, strict=True)]
    lines = [headers, ["─" * each for each in widths], *rows]
    return "\n".join(
        "  ".join(padded(cell, each) for cell, each in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def padded(text: str, columns: int) -> str:
    """Fill a text up with spaces to so many columns."""
    return text + " " * (columns - width(text))


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(
        2 if unicodedata.east_asian_width(character) in _WIDE else 1
        for character in text
        if not unicodedata.combining(character)
    )


def _checked_actor(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if _ACTOR.fullmatch(value) is None:
        raise click.BadParameter("a-z 0-9 . _ -, 1–40")
    # So that nobody at the machine can pass for a client of the API.
    return f"cli:{value}"
