"""The demo city: invented people and organisations, read from the seeds, and their papers.

Its days follow the day on which it is founded, so that the seminar is always just over.
"""

import io
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

SEMINAR_DAYS = 3
#: The roster's data begins under a title, a line on who held it, and the headers.
_FIRST_ROW = 3
_HEADERS = ("序号", "姓名", "证件类型", "身份证号码", "上课日期", "实到分钟", "备注")
_WIDTHS = (6, 20, 14, 24, 18, 12, 10)
_NUMBER_COLUMN = 3
_DAY_COLUMN = 4
_KINDS = {"resident_id": "居民身份证", "passport": "护照"}
_WRITTEN_AT = datetime(2000, 1, 1, tzinfo=UTC)
#: Which digit slips; it is one of the serial number, so that the birth date stays possible.
_MISTYPED_AT = 15
_OTHER_DAY = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person."""

    kind: str
    number: str
    name: str

    def stated(self) -> dict[str, str]:
        """State the person as the API wants it."""
        return {
            "document_kind": self.kind,
            "document_number": self.number,
            "name": self.name,
        }

    def subject(self) -> dict[str, str]:
        """State the person as the offline checker wants it."""
        return {"kind": self.kind, "number": self.number, "name": self.name}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the roster as somebody typed it; a figure is a number that lost its text."""

    name: str
    kind: str
    number: str | int
    day: date
    minutes: int


@dataclass(frozen=True, slots=True)
class City:
    """The seeds, and the days of the seminar."""

    seeds: Mapping[str, Any]
    days: tuple[date, ...]

    @property
    def host(self) -> str:
        """Host of the demo bank."""
        return str(self.seeds["host"])

    @property
    def scheme(self) -> str:
        """Whose rules count."""
        return str(self.seeds["scheme"])

    @property
    def clients(self) -> list[str]:
        """Who calls the API."""
        return [str(each["id"]) for each in self.seeds["client"]]

    @property
    def year(self) -> int:
        """Year of the seminar."""
        return self.days[0].year

    @property
    def application_day(self) -> date:
        """Day on which the engineer applies: the year after the seminar, in March."""
        return date(self.year + 1, 3, 15)

    @property
    def title_day(self) -> date:
        """Day on which the engineer got the present title."""
        return date(self.year - int(self.seeds["applicant"]["title_years_before"]), 7, 1)

    @property
    def applicant(self) -> Person:
        """The engineer whose question is asked."""
        return self.person(self.seeds["applicant"]["person"])

    def organisation(self, wanted: str) -> dict[str, str]:
        """Return an organisation as the API wants it."""
        found = next(each for each in self.seeds["organisation"] if each["id"] == wanted)
        return {key: value for key, value in found.items() if key != "id"}

    def person(self, wanted: str) -> Person:
        """Return a person."""
        found = next(each for each in self.seeds["person"] if each["id"] == wanted)
        return Person(found.get("kind", "resident_id"), found["number"], found["name"])

    def filing(self) -> dict[str, Any]:
        """Return the seminar as the API wants it filed."""
        seminar = self.seeds["seminar"]
        minutes = seminar["planned_minutes"]
        sessions = [
            {"day": day.isoformat(), "planned_minutes": minutes, "planned_half_days": 2}
            for day in self.days
        ]
        names = ("activity", "form", "release", "title", "subject", "seats")
        return {**{name: seminar[name] for name in names}, "sessions": sessions}

    def earlier(self) -> dict[str, Any]:
        """Return the earlier records as the API wants them."""
        rows = [
            {
                **self.person(row["person"]).stated(),
                "year": self.year - row["years_before"],
                "subject": row["subject"],
                "hours": row["hours"],
            }
            for row in self.seeds["earlier"]["rows"]
        ]
        return {
            "jurisdiction": self.scheme,
            "origin": self.seeds["earlier"]["origin"],
            "rows": rows,
        }

    def question(self) -> dict[str, Any]:
        """Return the title system's question as the API wants it."""
        applicant = self.seeds["applicant"]
        names = ("series", "level", "purpose", "legal_basis")
        return {
            **self.applicant.stated(),
            "scheme": self.scheme,
            **{name: applicant[name] for name in names},
            "application_day": self.application_day.isoformat(),
            "stated": {"current_title_on": self.title_day.isoformat()},
            "disclose": "record",
        }

    def withdrawal(self) -> dict[str, Any]:
        """Return the withdrawal of one of the engineer's days as the API wants it."""
        applicant = self.seeds["applicant"]
        return {
            **self.applicant.stated(),
            "days": [self.days[applicant["withdrawn_day"] - 1].isoformat()],
            "reason": applicant["withdrawal_reason"],
            "case_no": applicant["case_no"],
        }

    def roster(self) -> bytes:
        """Write the roster as the provider really filled it in, as XLSX."""
        written = io.BytesIO()
        book = Workbook(written, {"in_memory": True})
        book.set_properties({"created": _WRITTEN_AT.replace(tzinfo=None)})
        sheet = book.add_worksheet("签到汇总")
        _write_head(book, sheet, self)
        day_format = book.add_format({"num_format": "yyyy-mm-dd"})
        for place, row in enumerate(self._rows()):
            _write_row(sheet, place, row, day_format)
        book.close()
        return written.getvalue()

    def _rows(self) -> Iterator[Row]:
        slips = {(slip["person"], slip["day"]): slip for slip in self.seeds["slip"]}
        minutes = self.seeds["seminar"]["planned_minutes"]
        for day_no, day in enumerate(self.days, start=1):
            for each in self.seeds["person"]:
                person = self.person(each["id"])
                row = Row(person.name, person.kind, person.number, day, minutes)
                yield from _slipped(row, slips.get((each["id"], day_no)))


def read_city(days: Sequence[date]) -> City:
    """Read the demo city from the seeds, with a seminar on these days."""
    text = (files("creditbank_seeds") / "demo.toml").read_text(encoding="utf-8")
    return City(tomllib.loads(text), tuple(days))


def seminar_days(today: date) -> tuple[date, ...]:
    """Return the last three days before today; at New Year the last three of the old year."""
    yesterday = today - timedelta(days=1)
    if (yesterday.month, yesterday.day) in ((1, 1), (1, 2)):
        yesterday = date(yesterday.year - 1, 12, 31)
    return tuple(yesterday - timedelta(days=back) for back in reversed(range(SEMINAR_DAYS)))


def _slipped(row: Row, slip: Mapping[str, Any] | None) -> Iterator[Row]:
    match slip["kind"] if slip else "":
        case "":
            yield row
        case "digit-mistyped":
            number = str(row.number)
            wrong = str((int(number[_MISTYPED_AT]) + 1) % 10)
            yield _with(row, number=number[:_MISTYPED_AT] + wrong + number[_MISTYPED_AT + 1 :])
        case "typed-as-figure":
            yield _with(row, number=int(row.number))
        case "other-day":
            yield _with(row, day=row.day - _OTHER_DAY)
        case "other-name":
            assert slip is not None
            yield _with(row, name=slip["name"])
        case "left-early":
            assert slip is not None
            yield _with(row, minutes=slip["minutes"])
        case "twice":
            yield row
            yield row
        case other:
            raise ValueError(f"the seeds know no slip {other}")


def _with(row: Row, **changed: Any) -> Row:
    return replace(row, **changed)


def _write_head(book: Workbook, sheet: Worksheet, city: City) -> None:
    title = book.add_format({"bold": True, "align": "center", "font_size": 14})
    bold = book.add_format({"bold": True, "border": 1})
    last = len(_HEADERS) - 1
    sheet.merge_range(0, 0, 0, last, f"{city.seeds['seminar']['title']}　签到汇总表", title)
    sheet.write_string(1, 0, f"举办单位：{city.organisation('enterprise')['name']}")
    for column, (header, width) in enumerate(zip(_HEADERS, _WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(_FIRST_ROW - 1, column, header, bold)


def _write_row(sheet: Worksheet, place: int, row: Row, day_format: Format) -> None:
    line = _FIRST_ROW + place
    sheet.write_number(line, 0, place + 1)
    sheet.write_string(line, 1, row.name)
    sheet.write_string(line, 2, _KINDS[row.kind])
    if isinstance(row.number, int):
        sheet.write_number(line, _NUMBER_COLUMN, row.number)
    else:
        sheet.write_string(line, _NUMBER_COLUMN, row.number)
    # Three clerks, three habits: a date, and two ways of typing one.
    habit = place % 3
    if habit == 0:
        sheet.write_datetime(line, _DAY_COLUMN, row.day, day_format)
    else:
        form = "{0.year}年{0.month}月{0.day}日" if habit == 1 else "{0.year}/{0.month}/{0.day}"
        sheet.write_string(line, _DAY_COLUMN, form.format(row.day))
    if habit == 1:
        sheet.write_string(line, _DAY_COLUMN + 1, f"{row.minutes}分钟")
    else:
        sheet.write_number(line, _DAY_COLUMN + 1, row.minutes)
