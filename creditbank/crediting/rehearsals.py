"""Rehearsing an import: everything that would become of a file is told, and nothing is written."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from creditbank.attendance.earlier import (
    HEADERS,
    TOTALS,
    Column,
    EarlierRow,
    EarlierTotal,
    Expected,
    read_earlier,
)
from creditbank.attendance.workbook import Limits
from creditbank.catalogue import LANGUAGES
from creditbank.crediting.imports import (
    ImportDraft,
    KnownRow,
    RecordRow,
    StatedTotal,
    compared_totals,
    known_rows,
    names_held,
    standing_import,
)
from creditbank.crediting.kept_files import ImportFiles
from creditbank.crediting.lookups import ShownTotal, YearTotal
from creditbank.errors import CreditBankError, RowProblem
from creditbank.people.documents import Document, last_characters
from creditbank.people.names import agrees
from creditbank.people.register import Identity, find_people
from creditbank.people.vault import Vault
from creditbank.registry.lawbook import law_of
from creditbank.rules.declaring import subjects_named
from creditbank.rules.explain import name_of
from creditbank.rules.pack import PackChain
from creditbank.rules.subjects import SubjectUnknownError, require_subject


class ImportRowsRefusedError(CreditBankError):
    """Rows of the file cannot be proposed; a rehearsal names every one."""

    code = "import-rows-refused"
    status = 422


@dataclass(frozen=True, slots=True)
class ReadImport:
    """A file as it was read: what could be, where each row stands in it, and what is wrong."""

    draft: ImportDraft
    row_nos: Sequence[int]
    total_nos: Sequence[int]
    problems: tuple[RowProblem, ...] = ()

    @classmethod
    def of(cls, draft: ImportDraft) -> "ReadImport":
        """Number the rows of a draft that came in no file from 1."""
        numbers = range(1, len(draft.rows) + 1)
        return cls(draft, numbers, range(1, len(draft.stated) + 1))


@dataclass(frozen=True, slots=True)
class RehearsedRow:
    """A row of which an import speaks already; it is left out if with the same hours."""

    row_no: int
    import_no: str
    centihours: int
    same: bool


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What proposing these records would do."""

    scheme: str
    origin: str
    rows: int
    people_known: int
    people_unknown: int
    total_centihours: int
    refused: tuple[RowProblem, ...]
    known: tuple[RehearsedRow, ...]
    totals: tuple[YearTotal, ...]
    is_reconciled: bool
    differences: tuple[ShownTotal, ...]
    #: the import in which just these records stand; empty for new ones
    replay_of: str


def read_import(
    session: Session, region: tuple[str, str], files: ImportFiles, this_year: int, limits: Limits
) -> ReadImport:
    """Read a file of earlier records.

    Args:
        session: any session.
        region: jurisdiction, and where the records come from in words.
        files: what was sent.
        this_year: the last year of which rows may speak.
        limits: beyond which a file is refused.

    Raises:
        CreditBankError: the file as a whole is refused, or the jurisdiction has no rules.
    """
    expected = _expected(law_of(session, region[0]), this_year)
    read = read_earlier(files.rows, expected, limits, files.totals)
    rows, stated = tuple(map(_record, read.rows)), tuple(map(_stated, read.totals))
    draft = ImportDraft(*region, rows, stated, files)
    row_nos = [row.row_no for row in read.rows]
    return ReadImport(draft, row_nos, [row.row_no for row in read.totals], read.problems)


def rehearse(session: Session, vault: Vault, read: ReadImport, this_year: int) -> Rehearsal:
    """Tell what proposing would do; nothing is written.

    Raises:
        PackMissingError: the jurisdiction has no published rules.
    """
    draft = read.draft
    law = law_of(session, draft.jurisdiction)
    documents = {row.identity.document for row in draft.said}
    people = find_people(session, vault, documents)
    standing = standing_import(session, vault, draft) if draft.rows else None
    known = [] if standing else known_rows(session, draft, law.scheme, people)
    problems = [*read.problems, *_faults(read, law, this_year), *_misnamed(session, vault, read)]
    return Rehearsal(
        scheme=law.scheme,
        origin=draft.origin,
        rows=len(draft.rows) + len({each.row_no for each in read.problems}),
        people_known=len(people),
        people_unknown=len(documents) - len(people),
        total_centihours=sum(row.centihours for row in draft.rows),
        refused=tuple(sorted(problems, key=lambda each: each.row_no)),
        known=tuple(_rehearsed(read, each) for each in known),
        totals=tuple(_by_year(draft)),
        is_reconciled=bool(draft.stated),
        differences=tuple(_differences(draft)),
        replay_of=standing.import_no if standing else "",
    )


def require_clean(rehearsal: Rehearsal) -> None:
    """Refuse to propose a file of which a row cannot be.

    Raises:
        ImportRowsRefusedError: naming how many, and the first.
    """
    if rehearsal.refused:
        first = rehearsal.refused[0]
        raise ImportRowsRefusedError(
            count=len(rehearsal.refused), row_no=first.row_no, column=first.column
        )


def _expected(law: PackChain, this_year: int) -> Expected:
    """Return the subjects that a scheme knows, by id and by each name, and the last year."""
    subjects = {
        said.casefold(): subject
        for subject in subjects_named(law)
        for said in (subject, *(name_of("subject", subject, each, law) for each in LANGUAGES))
    }
    return Expected(subjects, this_year)


def _record(row: EarlierRow) -> RecordRow:
    return RecordRow(Identity(row.document, row.name), row.year, row.subject, row.centihours)


def _stated(total: EarlierTotal) -> StatedTotal:
    return StatedTotal(Identity(total.document, total.name), total.year, total.centihours)


def _faults(read: ReadImport, law: PackChain, this_year: int) -> Iterator[RowProblem]:
    """Yield what reading a file has looked at already and what came in no file has not."""
    seen: dict[tuple[Document, int, str], int] = {}
    for row_no, row in zip(read.row_nos, read.draft.rows, strict=True):
        if row.credited_year > this_year:
            yield RowProblem(
                row_no, HEADERS[Column.YEAR], "import-cell-year-ahead",
                {"found": row.credited_year, "wanted": this_year},
            )  # fmt: skip
        try:
            require_subject(row.subject, law)
        except SubjectUnknownError:
            yield RowProblem(
                row_no, HEADERS[Column.SUBJECT], "import-cell-subject",
                {"wanted": sorted(subjects_named(law))},
            )  # fmt: skip
        key = (row.identity.document, row.credited_year, row.subject)
        first = seen.setdefault(key, row_no)
        if first != row_no:
            yield RowProblem(
                row_no, HEADERS[Column.NUMBER], "import-cell-twice", {"first_row_no": first}
            )


def _misnamed(session: Session, vault: Vault, read: ReadImport) -> Iterator[RowProblem]:
    """Yield rows whose number goes by another name; of the name held only the beginning is told."""
    draft = read.draft
    held = names_held(session, vault, draft.said)
    numbers = [*read.row_nos, *read.total_nos]
    for place, (row_no, row) in enumerate(zip(numbers, draft.said, strict=True)):
        names, sheet = held[row.identity.document], "" if place < len(draft.rows) else f"{TOTALS} "
        if not agrees(row.identity.name, names):
            column = f"{sheet}{HEADERS[Column.NAME]}"
            yield RowProblem(row_no, column, "import-cell-name", {"held": _hidden(names[0])})


def _hidden(name: str) -> str:
    return name[:1] + "＊" * (len(name) - 1)


def _rehearsed(read: ReadImport, known: KnownRow) -> RehearsedRow:
    return RehearsedRow(read.row_nos[known.place], known.import_no, known.centihours, known.same)


def _by_year(draft: ImportDraft) -> Iterator[YearTotal]:
    sums: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in draft.rows:
        total = sums[row.credited_year, row.subject]
        total[0] += 1
        total[1] += row.centihours
    for (year, subject), (rows, centihours) in sorted(sums.items()):
        yield YearTotal(year, subject, rows, centihours)


def _differences(draft: ImportDraft) -> Iterator[ShownTotal]:
    if not draft.stated:
        return
    whose: Mapping[int, Document] = dict(enumerate({row.identity.document for row in draft.said}))
    places = {document: place for place, document in whose.items()}
    compared = compared_totals(draft, places)
    shown = [
        ShownTotal(str(whose[place].kind), last_characters(whose[place]), year, stated, found)
        for (place, year), (stated, found) in compared.items()
        if stated != found
    ]
    yield from sorted(shown, key=lambda each: (each.last_four, each.year))
