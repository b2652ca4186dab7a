"""xAPI statements that have the right form: what they say, and when two say the same.

What is compared is laid down by the specification (IEEE 9274.1.1 §4.2.3, "statement comparison"):
what a store may add or show otherwise does not count, everything else does.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any
from uuid import UUID

from creditbank.canonical import tagged_digest
from creditbank.clock import instant_text

DIGEST_TAG = "creditbank/xapi-statement/v1"
VERSION = "2.0.0"
_VERBS = "http://adlnet.gov/expapi/verbs/"
VOIDED = f"{_VERBS}voided"
ATTENDED = f"{_VERBS}attended"
COMPLETED = f"{_VERBS}completed"
PASSED = f"{_VERBS}passed"
#: Verbs of which attendance is credited.
CREDITED_VERBS = (ATTENDED, COMPLETED, PASSED)

#: What a store sets, or sets where it is left out; the instant is compared apart.
_SET_BY_STORE = ("stored", "authority", "version", "timestamp", "id")
#: RFC 3339 §5.6; an offset of -00:00 says that the zone is unknown.
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_LEAP_SECOND = "60"
_DURATION = re.compile(
    r"P(?:([0-9.,]+)W)?([0-9.,]+Y)?([0-9.,]+M)?(?:([0-9.,]+)D)?"
    r"(?:T(?:([0-9.,]+)H)?(?:([0-9.,]+)M)?(?:([0-9.,]+)S)?)?",
    re.ASCII,
)
_SECONDS = {1: 604_800, 4: 86_400, 5: 3_600, 6: 60, 7: 1}


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as it was sent; `happened_at` is None where it does not say."""

    #: lower case
    statement_id: str
    happened_at: datetime | None
    content: Mapping[str, Any] = field(repr=False)

    @property
    def verb(self) -> str:
        """The verb's IRI."""
        return str(self.content["verb"]["id"])

    @property
    def activity(self) -> str:
        """The IRI of the activity that it is about; empty where it is about something else."""
        about = self.content["object"]
        return str(about["id"]) if about.get("objectType", "Activity") == "Activity" else ""

    @property
    def voids(self) -> str | None:
        """The statement that this one voids."""
        return str(self.content["object"]["id"]).lower() if self.verb == VOIDED else None

    @property
    def account(self) -> tuple[str, str]:
        """The home page and the name of the actor's account; empty where there is none."""
        account = self.content["actor"].get("account", {})
        return str(account.get("homePage", "")), str(account.get("name", ""))

    @property
    def actor_name(self) -> str:
        """The actor's name as it was sent."""
        return str(self.content["actor"].get("name", ""))

    @property
    def duration(self) -> str:
        """How long it took, as ISO 8601 has it; empty where it does not say."""
        return str(self.content.get("result", {}).get("duration", ""))

    @property
    def is_denied(self) -> bool:
        """Whether its own result says that it was not completed, or not passed."""
        result = self.content.get("result", {})
        names = {COMPLETED: "completion", PASSED: "success"}
        return self.verb in names and result.get(names[self.verb]) is False


def instant_of(text: str) -> datetime | None:
    """Read a timestamp as RFC 3339 has it; None if it is none, or of the first or last year.

    There, the same instant may have no year in another zone.
    """
    match = _INSTANT.fullmatch(text)
    if match is None or match[5] == "-00:00":
        return None
    # A leap second counts as the second before it.
    second = "59" if match[3] == _LEAP_SECOND else match[3]
    zone = "+00:00" if match[5] in "Zz" else match[5]
    try:
        whole = datetime.fromisoformat(f"{match[1]}T{match[2]}:{second}{zone}")
        instant = whole + timedelta(microseconds=int((match[4] or "")[:6].ljust(6, "0")))
        return instant if MINYEAR < instant.year < MAXYEAR else None
    except (ValueError, OverflowError):
        return None


def minutes_of(duration: str) -> int | None:
    """Return whole minutes, rounded down; None for years and months, which have no one length."""
    match = _DURATION.fullmatch(duration)
    if match is None or match[2] or match[3]:
        return None
    seconds = sum(
        Decimal(match[part].replace(",", ".")) * each
        for part, each in _SECONDS.items()
        if match[part]
    )
    return int((Decimal(seconds) / 60).to_integral_value(rounding=ROUND_DOWN))


def attachments_said(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what a checked statement, and one within it, say of their attachments."""
    yield from content.get("attachments", ())
    if content["object"].get("objectType") == "SubStatement":
        yield from content["object"].get("attachments", ())


def comparable(content: Mapping[str, Any]) -> bytes:
    """Return the digest of what counts when two statements of one id are compared.

    Left out are what a store sets, the display of verbs and the definitions of activities; agents
    of a group and attachments are compared as sets. A duration is compared as text.
    """
    said = {name: inner for name, inner in content.items() if name not in _SET_BY_STORE}
    return tagged_digest(DIGEST_TAG, _sorted_json(_compared(said, "")).encode("utf-8"))


def kept_text(content: Mapping[str, Any]) -> str:
    """Write a statement as it is kept: nothing is left out, lists of context activities are."""
    return _written(_kept(content))


def _written(value: Any) -> str:
    """Write JSON with each figure as exact as it came."""
    if isinstance(value, dict):
        members = (f"{json.dumps(key)}:{_written(inner)}" for key, inner in value.items())
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


def _sorted_json(value: Any) -> str:
    # A figure is compared by what it amounts to: 0.50 is 0.5.
    return json.dumps(value, ensure_ascii=True, sort_keys=True, default=_figure)


def _figure(value: Decimal) -> str:
    return f"decimal:{value.normalize()}"


def _compared(value: Any, name: str) -> Any:
    """Return what of a checked member counts, in the one form in which it is compared."""
    if isinstance(value, str):
        return _COMPARED_TEXTS[name](value) if name in _COMPARED_TEXTS else value
    if isinstance(value, list):
        items = [_compared(each, "") for each in value]
        return sorted(items, key=_sorted_json) if name in _UNORDERED else items
    return _compared_object(value, name) if isinstance(value, dict) else value


def _compared_object(value: dict[str, Any], name: str) -> dict[str, Any]:
    if name == "extensions":
        return value
    if name == "verb":
        return {"id": value["id"]}
    if name == "contextActivities":
        return {key: _compared(_listed(inner), key) for key, inner in value.items()}
    if value.get("objectType") == "StatementRef":
        return {**value, "id": value["id"].lower()}
    return {key: _compared(inner, key) for key, inner in value.items() if key != "definition"}


def _instant(text: str) -> str:
    instant = instant_of(text)
    assert instant is not None, "the statement was checked"
    return instant_text(instant)


def _address(mbox: str) -> str:
    local, _, domain = mbox.rpartition("@")
    return f"{local}@{domain.lower()}"


#: Members that say the same in more than one spelling.
_COMPARED_TEXTS: Mapping[str, Callable[[str], str]] = {
    "registration": str.lower, "timestamp": _instant, "mbox": _address,
}  # fmt: skip
_UNORDERED = ("member", "attachments")


def _kept(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a statement with its context activities as lists, as they are always given out."""
    made = dict(content)
    if "contextActivities" in made.get("context", {}):
        context = dict(made["context"])
        context["contextActivities"] = {
            key: _listed(inner) for key, inner in context["contextActivities"].items()
        }
        made["context"] = context
    if made["object"].get("objectType") == "SubStatement":
        made["object"] = _kept(made["object"])
    return made


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def row_of(statement_id: str) -> int:
    """Return a statement's id as the vault takes keys: in figures."""
    return UUID(statement_id).int
