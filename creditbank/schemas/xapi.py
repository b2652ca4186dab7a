"""The form of xAPI 2.0 statements (IEEE 9274.1.1 §4.2.2), whole: every member, or it is refused."""

from collections.abc import Container, Iterator, Mapping
from typing import Any

from creditbank.attendance.statement_filters import IDENTIFIERS
from creditbank.attendance.statements import VOIDED
from creditbank.schemas.wanted import FieldError
from creditbank.schemas.xapi_terms import (
    Check,
    StatementInvalidError,
    boolean,
    duration,
    extensions,
    filled,
    iri,
    is_number,
    language,
    language_map,
    length,
    list_of,
    mailto,
    media_type,
    number,
    one_of,
    sha1,
    sha2,
    shape,
    text,
    timestamp,
    unfit,
    uuid,
    version,
)

_INTERACTION_LISTS: Mapping[str, tuple[str, ...]] = {
    "true-false": (), "choice": ("choices",), "fill-in": (), "long-fill-in": (),
    "matching": ("source", "target"), "performance": ("steps",), "sequencing": ("choices",),
    "likert": ("scale",), "numeric": (), "other": (),
}  # fmt: skip
_COMPONENTS = ("choices", "scale", "source", "target", "steps")
#: Members of a whole agreement by OAuth: the consumer and the user.
_AUTHORITY_MEMBERS = 2


def check_statements(tree: Any, sent: Container[str] = ()) -> list[dict[str, Any]]:
    """Return one statement, or each of a list, as a list.

    Args:
        tree: what was sent.
        sent: SHA-2 digests, in hex, of attachments that were sent along.

    Raises:
        StatementInvalidError: what is no statement, by its place.
    """
    statements = tree if isinstance(tree, list) else [tree]
    errors: list[FieldError] = []
    for place, each in enumerate(statements):
        errors.extend(_statement(each, f"/{place}" if isinstance(tree, list) else ""))
    errors.extend(_repeated_ids(statements))
    for path, each in attachments_of(tree):
        if "fileUrl" not in each and str(each.get("sha2", "")).lower() not in sent:
            errors.append(FieldError(f"{path}/fileUrl", "xapi-attachment-body", {}))
    if errors:
        raise StatementInvalidError(errors)
    return statements


def attachments_of(tree: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what statements, and statements within them, say of attachments, each by its place."""
    for place, each in enumerate(tree if isinstance(tree, list) else [tree]):
        path = f"/{place}" if isinstance(tree, list) else ""
        within = each.get("object") if isinstance(each, dict) else None
        for where, holder in ((path, each), (f"{path}/object", within)):
            said = holder.get("attachments") if isinstance(holder, dict) else None
            for at, attachment in enumerate(said if isinstance(said, list) else ()):
                if isinstance(attachment, dict):
                    yield f"{where}/attachments/{at}", attachment


def check_agent(tree: Any, path: str) -> None:
    """Check an agent, or an identified group, that stands alone.

    Raises:
        StatementInvalidError: it is none.
    """
    if errors := list(_actor(tree, path)):
        raise StatementInvalidError(errors)


def _repeated_ids(statements: list[Any]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for place, each in enumerate(statements):
        given = each.get("id") if isinstance(each, dict) else None
        if isinstance(given, str):
            if given.lower() in seen:
                yield FieldError(f"/{place}/id", "xapi-id-twice", {})
            seen.add(given.lower())


def _exactly_one(value: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    found = [name for name in IDENTIFIERS if name in value]
    if len(found) != 1:
        yield FieldError(path, "xapi-identifier", {"choices": list(IDENTIFIERS)})


def _group_rules(value: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    """An anonymous group has members; an identified one has one identifier."""
    found = [name for name in IDENTIFIERS if name in value]
    if not found and "member" not in value:
        yield FieldError(f"{path}/member", "field-required", {})
    if len(found) > 1:
        yield FieldError(path, "xapi-identifier", {"choices": list(IDENTIFIERS)})


_account = shape({"homePage": iri, "name": filled}, ("homePage", "name"))
_IDENTIFIED: Mapping[str, Check] = {
    "mbox": mailto, "mbox_sha1sum": sha1, "openid": iri, "account": _account, "name": text,
}  # fmt: skip
_agent = shape(
    {"objectType": one_of("Agent"), **_IDENTIFIED}, (),
    _exactly_one,
)  # fmt: skip
_group = shape(
    {"objectType": one_of("Group"), **_IDENTIFIED, "member": list_of(_agent)}, ("objectType",),
    _group_rules,
)  # fmt: skip


def _typed(value: object, kind: str) -> bool:
    return isinstance(value, dict) and value.get("objectType") == kind


def _actor(value: object, path: str) -> Iterator[FieldError]:
    yield from (_group if _typed(value, "Group") else _agent)(value, path)


def _authority(value: object, path: str) -> Iterator[FieldError]:
    if not _typed(value, "Group"):
        yield from _agent(value, path)
        return
    yield from _group(value, path)
    assert isinstance(value, dict), "it has an objectType"
    members = value.get("member")
    if isinstance(members, list) and len(members) != _AUTHORITY_MEMBERS:
        yield FieldError(f"{path}/member", "xapi-authority", {})
    yield from unfit(path, IDENTIFIERS, value)


_verb = shape({"id": iri, "display": language_map}, ("id",))
_component = shape({"id": filled, "description": language_map}, ("id",))


def _components(value: object, path: str) -> Iterator[FieldError]:
    yield from list_of(_component)(value, path)
    listed = value if isinstance(value, list) else []
    ids = [each.get("id") for each in listed if isinstance(each, dict)]
    texts = [each for each in ids if isinstance(each, str)]
    if len(set(texts)) != len(texts):
        yield FieldError(path, "xapi-component-twice", {})


def _interaction(value: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    """What belongs to interactions stands only where its kind has a use for it."""
    kind = value.get("interactionType")
    parts = [name for name in _COMPONENTS if name in value]
    if kind is None:
        if parts or "correctResponsesPattern" in value:
            yield FieldError(f"{path}/interactionType", "field-required", {})
        return
    fitting = _INTERACTION_LISTS.get(kind, _COMPONENTS) if isinstance(kind, str) else _COMPONENTS
    yield from unfit(path, [name for name in parts if name not in fitting], value)


_definition = shape(
    {
        "name": language_map, "description": language_map, "type": iri, "moreInfo": iri,
        "extensions": extensions, "interactionType": one_of(*_INTERACTION_LISTS),
        "correctResponsesPattern": list_of(text), **dict.fromkeys(_COMPONENTS, _components),
    },
    (), _interaction,
)  # fmt: skip
_activity = shape({"objectType": one_of("Activity"), "id": iri, "definition": _definition}, ("id",))
_reference = shape({"objectType": one_of("StatementRef"), "id": uuid}, ("objectType", "id"))


def _score_rules(value: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    figures = {name: inner for name, inner in value.items() if is_number(inner)}
    scaled, raw = figures.get("scaled"), figures.get("raw")
    low, high = figures.get("min"), figures.get("max")
    if scaled is not None and not -1 <= scaled <= 1:
        yield FieldError(f"{path}/scaled", "xapi-scaled", {})
    if low is not None and high is not None and low >= high:
        yield FieldError(f"{path}/min", "xapi-score-bounds", {})
    below = raw is not None and low is not None and raw < low
    above = raw is not None and high is not None and raw > high
    if below or above:
        yield FieldError(f"{path}/raw", "xapi-score-bounds", {})


_score = shape(dict.fromkeys(("scaled", "raw", "min", "max"), number), (), _score_rules)
_result = shape(
    {
        "score": _score, "success": boolean, "completion": boolean, "response": text,
        "duration": duration, "extensions": extensions,
    }
)  # fmt: skip


def _activities(value: object, path: str) -> Iterator[FieldError]:
    """Check one activity, or a list of them."""
    yield from (list_of(_activity) if isinstance(value, list) else _activity)(value, path)


_context_activities = shape(dict.fromkeys(("parent", "grouping", "category", "other"), _activities))
_relevant = list_of(iri, low=1)
_context_agent = shape(
    {"objectType": one_of("contextAgent"), "agent": _agent, "relevantTypes": _relevant},
    ("objectType", "agent"),
)
_context_group = shape(
    {"objectType": one_of("contextGroup"), "group": _group, "relevantTypes": _relevant},
    ("objectType", "group"),
)
_context = shape(
    {
        "registration": uuid, "instructor": _actor, "team": _group,
        "contextActivities": _context_activities, "contextAgents": list_of(_context_agent),
        "contextGroups": list_of(_context_group), "revision": text, "platform": text,
        "language": language, "statement": _reference, "extensions": extensions,
    }
)  # fmt: skip


_attachment = shape(
    {
        "usageType": iri, "display": language_map, "description": language_map,
        "contentType": media_type, "length": length, "sha2": sha2, "fileUrl": iri,
    },
    ("usageType", "display", "contentType", "length", "sha2"),
)  # fmt: skip
_SAID: Mapping[str, Check] = {
    "actor": _actor, "verb": _verb, "result": _result, "context": _context,
    "timestamp": timestamp, "attachments": list_of(_attachment),
}  # fmt: skip


def _about_activities(value: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    """Revision and platform are of activities alone."""
    thing, context = value.get("object"), value.get("context")
    is_activity = isinstance(thing, dict) and thing.get("objectType", "Activity") == "Activity"
    if isinstance(context, dict) and not is_activity:
        yield from unfit(f"{path}/context", ("revision", "platform"), context)


_simple_objects: Mapping[str, Check] = {
    "Activity": _activity, "Agent": _agent, "Group": _group, "StatementRef": _reference,
}  # fmt: skip


def _object_among(kinds: Mapping[str, Check]) -> Check:
    def check(value: object, path: str) -> Iterator[FieldError]:
        if not isinstance(value, dict):
            yield FieldError(path, "field-object", {})
            return
        kind = value.get("objectType", "Activity")
        if not isinstance(kind, str) or kind not in kinds:
            yield FieldError(f"{path}/objectType", "field-choice", {"choices": list(kinds)})
            return
        yield from kinds[kind](value, path)

    return check


_sub_statement = shape(
    {"objectType": one_of("SubStatement"), **_SAID, "object": _object_among(_simple_objects)},
    ("objectType", "actor", "verb", "object"),
    _about_activities,
)


def _voiding(value: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    """A statement that voids names the statement that it voids."""
    verb = value.get("verb")
    voids = isinstance(verb, dict) and verb.get("id") == VOIDED
    if voids and not _typed(value.get("object"), "StatementRef"):
        yield FieldError(f"{path}/object", "xapi-voids-statement", {})


_statement = shape(
    {
        **_SAID, "id": uuid, "stored": timestamp, "authority": _authority, "version": version,
        "object": _object_among({**_simple_objects, "SubStatement": _sub_statement}),
    },
    ("actor", "verb", "object"),
    _about_activities,
    _voiding,
)  # fmt: skip
