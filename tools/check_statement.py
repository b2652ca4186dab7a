"""Check a signed statement of hours (对账单) offline; trusts nothing but docs/formats.md.

    python tools/check_statement.py STATEMENT.jws --jwks JWKS.json [--logs LOGS.json]
        [--language zh|en]

STATEMENT is the file that the bank handed over (`-` for standard input), JWKS the bank's key set
from `/.well-known/jwks.json`, LOGS its list of public logs from `/api/v1/logs`. The lines are
printed, and one line for each check, naming the line of the statement at which it failed. Exit code
0: nothing failed; 1: a check failed; 2: something could not be read.

It wants Python 3.11 or newer, and check_verdict.py beside it; nothing of the bank's code.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import check_verdict as verdict
from check_verdict import Entry, FaultError, Finding, Head, Json, Movement, State, UnreadableError

STATEMENT = "creditbank/statement/v1"
#: The same with what is carried over and lapses.
CARRYING = "creditbank/statement/v2"
TOKEN_TYPE = "creditbank-statement+jwt"  # noqa: S105  a media type, no secret
TOP = (
    "iss statement made_at holder scheme asked known_at pending opening in out closing count"
    " heads lines"
)
HOLDER = ("name", "document_kind", "last_four")
LINE = "no in out counted title provider zh en"
#: No pack has a longer path; one that is would take for ever to part.
SUBJECT_CHARACTERS_MAX = 200
CARRIED = "year minima rules came went surplus open lapsed last_year zh en"


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """What caps hold otherwise as of the day: no entry says it, `cuts` do, in centihours."""

    credit: str
    movement: str
    centihours: int
    cuts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line in centihours; it has an entry or was worked out."""

    number: int
    in_centihours: int
    out_centihours: int
    counted_centihours: int
    title: str
    why: tuple[str, str]
    entry: Entry | None
    worked_out: WorkedOut | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What narrows the lines; empty or 0 where nothing does."""

    first_day: str
    last_day: str
    year: int
    source: str

    @property
    def is_whole(self) -> bool:
        """Tell whether every movement of the scheme is asked for."""
        return not (self.first_day or self.last_day or self.year or self.source)


@dataclass(frozen=True, slots=True)
class Moved:
    """Hours of one subject that went to, or came from, another year."""

    year: int
    subject: str
    centihours: int


@dataclass(frozen=True, slots=True)
class CarryingYear:
    """What one year asks for by subject (empty: in all), and what became of what lies beyond."""

    year: int
    minima: Mapping[str, int]
    rules: tuple[str, ...]
    came: tuple[Moved, ...]
    went: tuple[Moved, ...]
    surplus: int
    open: int
    lapsed: int
    last_year: int
    said: tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Statement:
    """The parts of a payload that can be checked or must be shown."""

    issuer: str
    made_at: str
    holder: tuple[str, ...]
    scheme: str
    asked: Asked
    known_at: str
    pending: int
    opening_centihours: int
    in_centihours: int
    out_centihours: int
    closing_centihours: int
    count: int
    heads: tuple[Head, ...]
    lines: tuple[Line, ...]
    unknown_members: tuple[str, ...]
    #: None in version 1
    carried: tuple[CarryingYear, ...] | None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries of the lines; the number of each is that of its line while all is well."""
        return tuple(line.entry for line in self.lines if line.entry is not None)


@dataclass(frozen=True, slots=True)
class Report:
    """All findings about one statement, in the order in which they are printed."""

    statement: Statement
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed, in order, each as often as it failed."""
        return tuple(found.check for found in self.findings if found.state is State.FAILED)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; answer the exit code."""
    options = _options(arguments)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show Chinese gets escapes, not a traceback.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    try:
        report = examine(
            verdict._read(options.document, verdict.VERDICT_BYTES_MAX),
            verdict._read(options.jwks, verdict.SMALL_BYTES_MAX),
            logs=verdict._read_if_given(options.logs, verdict.SMALL_BYTES_MAX),
        )
    except UnreadableError as fault:
        label = ("无法读取", "could not read")[options.language == "en"]
        words = verdict._words(FAULTS[fault.code], options.language, fault.facts)
        print(f"{label}: {words}", file=sys.stderr)
        return 2
    print("\n".join(report_lines(report, options.language)))
    return 1 if report.failed else 0


def examine(token: bytes, jwks: bytes, *, logs: bytes | None = None) -> Report:
    """Make every check that the given files allow.

    Args:
        token: the statement, a compact JWS.
        jwks: the bank's JWK Set as JSON.
        logs: JSON of the bank's list of public logs, to check whose keys signed the checkpoints.

    Raises:
        UnreadableError: one of the three does not have its format.
    """
    jws, keys = verdict.read_token(token), verdict.read_keys(jwks)
    statement = read_statement(jws.payload)
    published = None if logs is None else verdict.read_logs(logs)
    judge = verdict.judge
    return Report(
        statement,
        (
            judge("header", lambda: claim_header(jws.header)),
            judge("key", lambda: verdict.find_key(jws.header, keys)),
            judge("signature", lambda: verdict.claim_signature(jws, keys)),
            judge("members", lambda: verdict.claim_no_unknown(statement.unknown_members)),
            *_head_findings(statement, published),
            judge("lines", lambda: claim_lines(statement)),
            judge("leaves", lambda: verdict.claim_leaves(statement.entries)),
            judge("facts", lambda: verdict.claim_facts(statement.entries)),
            judge("inclusion", lambda: verdict.claim_inclusion(statement.entries, statement.heads)),
            judge("asked", lambda: claim_asked(statement)),
            judge("movements", lambda: claim_movements(statement)),
            judge("worked-out", lambda: claim_worked_out(statement)),
            judge("amounts", lambda: claim_amounts(statement)),
            judge("totals", lambda: claim_totals(statement)),
            judge("balances", lambda: claim_balances(statement)),
            *_carried_findings(statement),
        ),
    )


def _carried_findings(statement: Statement) -> list[Finding]:
    if statement.carried is None:
        return []
    return [verdict.judge("carried", lambda: claim_carried(statement))]


def _head_findings(statement: Statement, published: Mapping[str, str] | None) -> list[Finding]:
    if not statement.heads and not statement.entries:
        return []
    listed = (
        Finding("published-keys", State.NOT_DISCLOSED, "no-logs-given")
        if published is None
        else verdict.judge(
            "published-keys", lambda: verdict.claim_published(statement.heads, published)
        )
    )
    return [*verdict._each_head_findings(statement.heads), listed]


def claim_header(header: dict[str, Json]) -> None:
    """Say that the protected header is the one of a statement and asks for nothing else."""
    if header.get("typ") != TOKEN_TYPE:
        raise FaultError("statement-typ", found=header.get("typ", ""))
    verdict.claim_header({**header, "typ": verdict.TOKEN_TYPE})


def claim_lines(statement: Statement) -> None:
    """Say that no line is missing, doubled or out of order, and that there are as many as stated.

    What was worked out comes last, the rest as it was recorded.
    """
    before = ""
    seen: set[bytes] = set()
    for wanted, line in enumerate(statement.lines, 1):
        if line.number != wanted:
            code = "line-missing" if line.number > wanted else "line-order"
            raise FaultError(code, number=wanted, found=line.number)
        if line.entry is None:
            before = "worked out"
            continue
        recorded_at = _movement(line.number, line.entry).recorded_at
        if before == "worked out" or recorded_at < before or line.entry.leaf in seen:
            raise FaultError("line-order", number=wanted, found=line.number)
        before = recorded_at
        seen.add(line.entry.leaf)
    if len(statement.lines) != statement.count:
        raise FaultError("line-count", found=len(statement.lines), wanted=statement.count)


def claim_asked(statement: Statement) -> None:
    """Say that each line is of the scheme, days, year and source asked for, and was known then."""
    asked = statement.asked
    for number, movement, entry in _told(statement):
        earned_on = str(entry.body[7])
        claims = {
            "scheme": movement.scheme == statement.scheme,
            "known_at": movement.recorded_at <= statement.known_at,
            "from": earned_on >= asked.first_day,
            "as_of": not asked.last_day or earned_on <= asked.last_day,
            "year": asked.year in (0, movement.year),
            "source": asked.source in ("", movement.occasion.partition("/")[0]),
        }
        for what, holds in claims.items():
            if not holds:
                raise FaultError("asked-other", number=number, what=what)


def claim_movements(statement: Statement) -> None:
    """Say that each movement fits a credit of a line above, and that none is evidently missing."""
    if statement.asked.is_whole:
        verdict.claim_movements(statement.entries)
    else:
        verdict.claim_fitting(statement.entries)
    credited: set[str] = set()
    for number, movement, entry in _told(statement):
        if movement.kind == "credit":
            credited.add(entry.leaf.hex())
        elif movement.target not in credited:
            raise FaultError("movement-target", number=number)
    _claim_accounts(statement)


def _claim_accounts(statement: Statement) -> None:
    """No movement takes more from an account of a credit than lies there."""
    accounts: dict[tuple[str, str], int] = defaultdict(int)
    for number, movement, entry in _told(statement):
        credit = movement.target or entry.leaf.hex()
        accounts[credit, movement.reaches] += movement.centihours
        accounts[credit, movement.leaves] -= movement.centihours
        if movement.leaves != "issued" and accounts[credit, movement.leaves] < 0:
            raise FaultError("account-negative", number=number, account=movement.leaves)


def claim_worked_out(statement: Statement) -> None:
    """Say that what caps hold otherwise is the sum of the cuts less what was posted of them."""
    held, live = _held_and_live(statement)
    done: set[str] = set()
    for line in statement.lines:
        told = line.worked_out
        if told is None:
            continue
        if not statement.asked.last_day or told.credit not in live or told.credit in done:
            raise FaultError("worked-out-target", number=line.number)
        done.add(told.credit)
        more = sum(told.cuts) - held[told.credit]
        found = (told.movement, told.centihours)
        if found != ("cap" if more > 0 else "uncap", abs(more)) or not more:
            raise FaultError("worked-out-other", number=line.number)
        if more > live[told.credit]:
            raise FaultError("account-negative", number=line.number, account="live")


def _held_and_live(statement: Statement) -> tuple[Mapping[str, int], dict[str, int]]:
    held: dict[str, int] = defaultdict(int)
    live: dict[str, int] = defaultdict(int)
    for _, movement, entry in _told(statement):
        credit = movement.target or entry.leaf.hex()
        held[credit] += _gained(movement, "capped")
        live[credit] += _gained(movement, "live")
    standing = {credit for credit, hours in live.items() if hours or held[credit]}
    return held, {credit: live[credit] for credit in standing}


def claim_amounts(statement: Statement) -> None:
    """Say that what each line adds to, or takes from, the hours that count is what it moves."""
    for line in statement.lines:
        if line.entry is not None:
            gained = _gained(_movement(line.number, line.entry), "live")
        else:
            assert line.worked_out is not None, "a line was read as one or the other"
            told = line.worked_out
            gained = told.centihours if told.movement == "uncap" else -told.centihours
        wanted = (max(0, gained), max(0, -gained))
        if (line.in_centihours, line.out_centihours) != wanted:
            raise FaultError(
                "amount-other", number=line.number, wanted=_hours(gained),
                found=_hours(line.in_centihours - line.out_centihours),
            )  # fmt: skip


def claim_totals(statement: Statement) -> None:
    """Say that the total runs from the opening balance through every line."""
    total = statement.opening_centihours
    for line in statement.lines:
        total += line.in_centihours - line.out_centihours
        if line.counted_centihours != total:
            raise FaultError(
                "total-other", number=line.number, found=_hours(line.counted_centihours),
                wanted=_hours(total),
            )  # fmt: skip


def claim_balances(statement: Statement) -> None:
    """Say that the sums and the closing balance follow from the lines.

    Where no first day was asked for, there is nothing before the first line.
    """
    opening = statement.opening_centihours
    if opening and not statement.asked.first_day:
        raise FaultError("balance-other", what="opening", found=_hours(opening), wanted="0.00")
    come = sum(line.in_centihours for line in statement.lines)
    gone = sum(line.out_centihours for line in statement.lines)
    claims = {
        "in": (statement.in_centihours, come),
        "out": (statement.out_centihours, gone),
        "closing": (statement.closing_centihours, opening + come - gone),
    }
    for what, (found, wanted) in claims.items():
        if found != wanted:
            raise FaultError("balance-other", what=what, found=_hours(found), wanted=_hours(wanted))


def claim_carried(statement: Statement) -> None:
    """Say that what is carried over and lapses follows from the lines and what the years ask for.

    What the years ask for, and of which subjects the rules speak, is the bank's word.
    """
    years = statement.carried or ()
    asked = statement.asked
    if asked.first_day or asked.year or asked.source:
        raise FaultError("carried-narrowed")
    numbers = [each.year for each in years]
    if not years or numbers != sorted(set(numbers)):
        raise FaultError("carried-years")
    live = _live_by_year(statement)
    gone = {(each.year, at.year, at.subject): at.centihours for each in years for at in each.went}
    come = {(at.year, each.year, at.subject): at.centihours for each in years for at in each.came}
    for place in sorted(gone.keys() | come.keys()):
        if gone.get(place) != come.get(place) or place[0] >= place[1]:
            raise FaultError("carried-pair", year=place[0], other=place[1])
    for each in years:
        _claim_year(each, live.get(each.year, {}))


def _claim_year(year: CarryingYear, live: Mapping[str, int]) -> None:
    """What a year gives lies beyond what it asks for; what it takes, it lacks."""
    beyond = _beyond(year, live)
    went = sum(each.centihours for each in year.went)
    told = went + year.open + year.lapsed
    if year.surplus != beyond or told != beyond:
        raise FaultError(
            "carried-surplus", year=year.year, found=_hours(year.surplus), told=_hours(told),
            wanted=_hours(beyond),
        )  # fmt: skip
    for each in year.went:
        if each.centihours > live.get(each.subject, 0) or each.year > year.last_year:
            raise FaultError("carried-more", year=year.year, subject=each.subject)
    lacking = sum(max(0, wanted - _under(subject, live)) for subject, wanted in year.minima.items())
    if sum(each.centihours for each in year.came) > lacking:
        raise FaultError("carried-more", year=year.year, subject="")


def _beyond(year: CarryingYear, live: Mapping[str, int]) -> int:
    """Return what lies beyond each minimum and all above it, of the subjects that rules name."""
    named = [rule.removeprefix("carry_over.").removesuffix("total") for rule in year.rules]
    nodes = {above for subject in live for above in _and_above(subject)}
    given: dict[str, int] = defaultdict(int)
    for node in sorted(nodes, key=lambda each: (-len(_and_above(each)), each)):
        if any(_contains(rule, node) for rule in named):
            given[node] += live.get(node, 0)
        if node in year.minima:
            given[node] = min(given[node], max(0, _under(node, live) - year.minima[node]))
        if node:
            given[node.rpartition(".")[0]] += given[node]
    return given[""] if year.minima else 0


def _under(subject: str, live: Mapping[str, int]) -> int:
    return sum(hours for each, hours in live.items() if _contains(subject, each))


def _contains(outer: str, inner: str) -> bool:
    return not outer or inner == outer or inner.startswith(f"{outer}.")


def _and_above(subject: str) -> list[str]:
    """Return a subject and all above it, the total (empty) last."""
    if len(subject) > SUBJECT_CHARACTERS_MAX:
        raise FaultError("carried-years")
    words = subject.split(".") if subject else []
    return [".".join(words[:count]) for count in range(len(words), -1, -1)]


def _live_by_year(statement: Statement) -> dict[int, dict[str, int]]:
    """Return what counts after the last line, by credited year and subject."""
    live: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    account: dict[str, tuple[int, str]] = {}
    for _, movement, entry in _told(statement):
        account.setdefault(movement.target or entry.leaf.hex(), (movement.year, movement.subject))
        live[movement.year][movement.subject] += _gained(movement, "live")
    for line in statement.lines:
        told = line.worked_out
        if told is not None and told.credit in account:
            year, subject = account[told.credit]
            live[year][subject] += told.centihours * (1 if told.movement == "uncap" else -1)
    return live


def _told(statement: Statement) -> Iterable[tuple[int, Movement, Entry]]:
    for line in statement.lines:
        if line.entry is not None:
            yield line.number, _movement(line.number, line.entry), line.entry


def _movement(number: int, entry: Entry) -> Movement:
    try:
        return verdict.read_movement(entry.body)
    except UnreadableError as fault:
        raise FaultError("body-form", number=number, **fault.facts) from fault


def _gained(movement: Movement, account: str) -> int:
    return movement.centihours * ((movement.reaches == account) - (movement.leaves == account))


def _hours(centihours: int) -> str:
    whole, part = divmod(abs(centihours), 100)
    return f"{'-' if centihours < 0 else ''}{whole}.{part:02d}"


def read_statement(payload: dict[str, Json]) -> Statement:
    """Read a payload as `creditbank/statement/v1` or `v2`.

    Raises:
        UnreadableError: it is another statement, or a member is missing or of another type.
    """
    named = payload.get("statement", "")
    if named not in (STATEMENT, CARRYING):
        raise UnreadableError("statement-v1", wanted=f"{STATEMENT} / {CARRYING}", found=named)
    carrying = named == CARRYING
    members = verdict._Members()
    top = members.take(payload, "statement", f"{TOP} carried" if carrying else TOP)
    holder = members.take(top["holder"], "holder", " ".join(HOLDER))
    pending = members.take(top["pending"], "pending", "entries")
    rows = members.each(top["lines"], "lines", LINE, "entry worked_out")
    return Statement(
        issuer=verdict._text(top["iss"], "iss"),
        made_at=verdict._instant(top["made_at"], "made_at"),
        holder=tuple(verdict._text(holder[name], f"holder.{name}") for name in HOLDER),
        scheme=verdict._text(top["scheme"], "scheme"),
        asked=_asked(top["asked"], members),
        known_at="" if top["known_at"] == "" else verdict._instant(top["known_at"], "known_at"),
        pending=verdict._integer(pending["entries"], "pending.entries"),
        opening_centihours=verdict._centihours(top["opening"], "opening"),
        in_centihours=verdict._centihours(top["in"], "in"),
        out_centihours=verdict._centihours(top["out"], "out"),
        closing_centihours=verdict._centihours(top["closing"], "closing"),
        count=verdict._integer(top["count"], "count"),
        heads=verdict._heads(top["heads"], members),
        lines=tuple(_line(row, f"lines[{n}]", members) for n, row in enumerate(rows)),
        carried=_carried(top["carried"], members) if carrying else None,
        unknown_members=tuple(members.unknown),
    )


def _carried(value: Json, members: verdict._Members) -> tuple[CarryingYear, ...]:
    return tuple(_carrying(row, members) for row in members.each(value, "carried", CARRIED))


def _carrying(row: dict[str, Json], members: verdict._Members) -> CarryingYear:
    minima = members.each(row["minima"], "carried.minima", "subject hours")
    rules = members.each(row["rules"], "carried.rules", "key scheme")
    for rule in rules:
        verdict._text(rule["scheme"], "carried.rules.scheme")
    return CarryingYear(
        year=verdict._integer(row["year"], "carried.year"),
        minima={
            verdict._text(each["subject"], "carried.minima.subject"): verdict._centihours(
                each["hours"], "carried.minima.hours"
            )
            for each in minima
        },
        rules=tuple(verdict._text(rule["key"], "carried.rules.key") for rule in rules),
        came=_moved(row["came"], "carried.came", members),
        went=_moved(row["went"], "carried.went", members),
        surplus=verdict._centihours(row["surplus"], "carried.surplus"),
        open=verdict._centihours(row["open"], "carried.open"),
        lapsed=verdict._centihours(row["lapsed"], "carried.lapsed"),
        last_year=verdict._integer(row["last_year"], "carried.last_year"),
        said=(_said(row["zh"], "carried.zh"), _said(row["en"], "carried.en")),
    )


def _moved(value: Json, where: str, members: verdict._Members) -> tuple[Moved, ...]:
    return tuple(
        Moved(
            year=verdict._integer(row["year"], f"{where}.year"),
            subject=verdict._text(row["subject"], f"{where}.subject"),
            centihours=verdict._centihours(row["hours"], f"{where}.hours"),
        )
        for row in members.each(value, where, "year subject hours")
    )


def _said(value: Json, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise UnreadableError("wrong-type", where=where, wanted="array")
    return tuple(verdict._text(each, where) for each in value)


def _asked(value: Json, members: verdict._Members) -> Asked:
    said = members.take(value, "asked", "", "from as_of year source")
    return Asked(
        first_day=verdict._day(said["from"], "asked.from") if "from" in said else "",
        last_day=verdict._day(said["as_of"], "asked.as_of") if "as_of" in said else "",
        year=verdict._integer(said.get("year", 0), "asked.year"),
        source=verdict._text(said.get("source", ""), "asked.source"),
    )


def _line(row: dict[str, Json], where: str, members: verdict._Members) -> Line:
    if ("entry" in row) == ("worked_out" in row):
        raise UnreadableError("member-missing", where=where, name="entry")
    verdict._text(row["provider"], f"{where}.provider")
    entry = None
    if "entry" in row:
        names = "leaf salt body facts origin index proof"
        taken = members.take(row["entry"], f"{where}.entry", names)
        entry = verdict._entry(taken, f"{where}.entry")
    return Line(
        number=verdict._integer(row["no"], f"{where}.no"),
        in_centihours=verdict._centihours(row["in"], f"{where}.in"),
        out_centihours=verdict._centihours(row["out"], f"{where}.out"),
        counted_centihours=verdict._centihours(row["counted"], f"{where}.counted"),
        title=verdict._text(row["title"], f"{where}.title"),
        why=(verdict._text(row["zh"], f"{where}.zh"), verdict._text(row["en"], f"{where}.en")),
        entry=entry,
        worked_out=None if entry else _worked_out(row["worked_out"], where, members),
    )


def _worked_out(value: Json, where: str, members: verdict._Members) -> WorkedOut:
    told = members.take(value, f"{where}.worked_out", "credit movement hours cuts")
    cuts = members.each(told["cuts"], f"{where}.worked_out.cuts", "key period hours")
    return WorkedOut(
        credit=verdict._hex(told["credit"], verdict.DIGEST_BYTES, f"{where}.credit").hex(),
        movement=verdict._text(told["movement"], f"{where}.movement"),
        centihours=verdict._centihours(told["hours"], f"{where}.hours"),
        cuts=tuple(verdict._centihours(cut["hours"], f"{where}.cuts.hours") for cut in cuts),
    )


def report_lines(report: Report, language: str) -> list[str]:
    """Write a report for people: whose statement, its lines, the checks, the limits, the end."""
    statement = report.statement
    lines = [verdict._words(BRIEF, language, _brief(statement))]
    lines += [_line_told(line, language) for line in statement.lines]
    for year in statement.carried or ():
        lines += year.said[language == "en"]
    lines += ["", *verdict.finding_lines(report.findings, language, CHECKS, FAULTS)]
    lines += ["", verdict._words(LIMITS_TITLE, language, {})]
    facts = {"pending": statement.pending, "known_at": statement.known_at or "-"}
    limits = [*LIMITS, *([OPENING_LIMIT] if statement.asked.first_day else [])]
    limits += [] if statement.carried is None else [CARRIED_LIMIT]
    lines += [f"- {verdict._words(words, language, facts)}" for words in limits]
    end = END_FAILED if report.failed else END_GOOD
    return [*lines, "", verdict._words(end, language, {"failed": len(report.failed)})]


def _brief(statement: Statement) -> dict[str, object]:
    name, kind, last_four = statement.holder
    return {
        "issuer": statement.issuer, "made_at": statement.made_at, "name": name, "kind": kind,
        "last_four": last_four, "scheme": statement.scheme, "known_at": statement.known_at or "-",
        "count": len(statement.lines), "opening": _hours(statement.opening_centihours),
        "closing": _hours(statement.closing_centihours),
    }  # fmt: skip


def _line_told(line: Line, language: str) -> str:
    gained = line.in_centihours - line.out_centihours
    said = {
        "number": line.number, "gained": f"{'+' if gained > 0 else ''}{_hours(gained)}",
        "counted": _hours(line.counted_centihours), "title": line.title or "-",
        "why": line.why[language == "en"],
    }  # fmt: skip
    return verdict._words(TOLD, language, said)


CHECKS = {
    **verdict.CHECKS,
    **verdict.PROOF_CHECKS,
    "signature": ("学时银行的签名", "signature of the bank"),
    "members": ("成员与格式相符", "members fit the format"),
    "lines": ("各行齐全、顺序无误", "no line is missing or out of order"),
    "leaves": ("每行的叶值由盐和内容得出", "each leaf follows from its salt and body"),
    "facts": ("每笔认定的事实与折算过程未改", "facts and trace of each credit are unchanged"),
    "inclusion": ("每行确在公开日志中", "each line stands in the public log"),
    "asked": (
        "各行属于所要的方案、日期、年度和来源",
        "lines are of the scheme and days asked for",
    ),
    "movements": ("各行与其所指认定前后相符", "movements fit their credits"),
    "worked-out": ("推算行由各项上限得出", "worked out lines follow from the caps' cuts"),
    "amounts": ("每行的计入、扣减与分录相符", "in and out of each line are what it moves"),
    "totals": ("逐行累计无误", "the total runs through every line"),
    "balances": ("期初、合计与期末相符", "opening, sums and closing balance fit"),
    "carried": ("结转与失效由各行和各年要求得出", "carry-over and lapse follow from the lines"),
}

#: Of a statement alone, or said of its lines.
FAULTS = {
    **verdict.FAULTS,
    "statement-typ": ("typ 不是对账单：{found}", "typ is not that of a statement: {found}"),
    "statement-v1": ("不是 {wanted}：{found}", "not {wanted}: {found}"),
    "token-form": ("对账单文件不是紧凑 JWS", "the statement is not a compact JWS"),
    "line-missing": (
        "缺少第 {number} 行，其后是第 {found} 行",
        "line {number} is missing, line {found} stands in its place",
    ),
    "line-order": (
        "第 {number} 行的位置不对，或与前一行重复",
        "line {number} is out of order or stands there twice",
    ),
    "line-count": (
        "共 {found} 行，载明 {wanted} 行，末尾缺行或多行",
        "{found} lines, {wanted} stated: some at the end are missing or too many",
    ),
    "asked-other": (
        "第 {number} 行不在所要的范围内（{what}）",
        "line {number} is not of what was asked for ({what})",
    ),
    "account-negative": (
        "第 {number} 行扣减的学时多于账户 {account} 中所有",
        "line {number} takes more than account {account} holds",
    ),
    "worked-out-target": (
        "第 {number} 行推算所指的认定不在以上各行，或已冲正、已推算，或没有截止日",
        "line {number} is worked out on a credit that is not above, was reversed or told already, "
        "or without a last day",
    ),
    "worked-out-other": (
        "第 {number} 行的推算与各项上限之和不符",
        "line {number} does not follow from the sum of its cuts",
    ),
    "amount-other": (
        "第 {number} 行载明 {found}，分录为 {wanted}",
        "line {number} says {found}, its entry moves {wanted}",
    ),
    "total-other": (
        "第 {number} 行累计载明 {found}，应为 {wanted}",
        "line {number} says a total of {found}, it should be {wanted}",
    ),
    "carried-narrowed": (
        "只有全部明细才能推算结转",
        "carry-over can be told of a whole statement only",
    ),
    "carried-years": (
        "结转各年为空、重复或次序不对",
        "the years of carry-over are none, or out of order",
    ),
    "carried-pair": (
        "{year} 年转出与 {other} 年转入不符",
        "what went from {year} to {other} is not what came",
    ),
    "carried-surplus": (
        "{year} 年超出要求的学时载明 {found}（转出、可转、失效合计 {told}），由各行得出 {wanted}",
        "{year} says {found} beyond its amounts ({told} went, are open or lapsed); the lines give "
        "{wanted}",
    ),
    "carried-more": (
        "{year} 年转出多于该科目所有或逾期，或转入多于所缺（{subject}）",
        "{year} gives more than it has of {subject}, or too late, or takes more than it lacks",
    ),
    "balance-other": (
        "{what} 载明 {found}，应为 {wanted}",
        "{what} says {found}, it should be {wanted}",
    ),
}

BRIEF = (
    "学时对账单，{issuer} 于 {made_at} 制作：{name}，证件 {kind} 末四位 {last_four}，"
    "方案 {scheme}，按 {known_at} 的检查点，共 {count} 行，期初 {opening}，期末 {closing}",
    "Statement of hours by {issuer} of {made_at}: {name}, {kind} ending in {last_four}, scheme "
    "{scheme}, by the checkpoint of {known_at}, {count} lines from {opening} to {closing}",
)
TOLD = (
    "第 {number} 行 {gained}，累计 {counted}，{title}：{why}",
    "line {number}: {gained}, total {counted}, {title}: {why}",
)
LIMITS_TITLE = ("本工具不能说明的：", "What this does not show:")
LIMITS = (
    (
        "公钥集是否确属该学时银行，须自行从其官方网址取得。",
        "Whether the key set is the bank's own depends on where you took it from.",
    ),
    (
        "姓名、名称和说明文字由学时银行签名，不另行核对。",
        "Names, titles and the words of explanation are signed by the bank and checked by nothing "
        "else.",
    ),
    (
        "{known_at} 以后的变动不在其中；当时另有 {pending} 条尚未写入日志。",
        "Movements after {known_at} are not in it; {pending} had no place in a log then.",
    ),
    (
        "折算和上限的数值取自所引规则包，本工具不读取规则包。",
        "The values of conversion and caps come from the cited packs, which are not read here.",
    ),
)
OPENING_LIMIT = (
    "期初余额由学时银行签名，其明细不在本文件中。",
    "The opening balance is signed by the bank; the movements behind it are not in this file.",
)
CARRIED_LIMIT = (
    "各年要求和可结转的科目由学时银行签名，本工具不读取规则包；结转不产生分录。",
    "What the years ask for, and which subjects carry over, is signed by the bank; the packs are "
    "not read here. Carry-over moves no hours.",
)
END_GOOD = ("完成：没有失败的检查。", "Done: no check failed.")
END_FAILED = ("不可采信：{failed} 项检查失败。", "Do not rely on it: {failed} checks failed.")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="check_statement.py",
        description="离线核对带签名的学时对账单 / check a signed statement of hours offline",
    )
    parser.add_argument("document", metavar="STATEMENT", help="compact JWS, - = stdin")
    parser.add_argument("--jwks", required=True, help="JWK Set of the bank")
    parser.add_argument("--logs", help='{"logs": […]}')
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
