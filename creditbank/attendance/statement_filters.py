"""Which xAPI statements a reader asks for, and in which form they are given.

IEEE 9274.1.1 §4.1.6.1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

#: Inverse functional identifiers: an agent has exactly one.
IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")


class StatementForm(StrEnum):
    """How much of agents, verbs and activities is given."""

    #: as it was sent
    EXACT = "exact"
    #: what identifies them, and no more
    IDS = "ids"
    #: texts in one language each
    CANONICAL = "canonical"


@dataclass(frozen=True, slots=True)
class StatementFilter:
    """What a statement has to be about; empty for anything.

    Related agents stand in the authority and the context too, related activities in the context;
    both also in a statement within the statement.
    """

    agent: Mapping[str, Any] | None = None
    verb: str = ""
    activity: str = ""
    #: lower case
    registration: str = ""
    related_agents: bool = False
    related_activities: bool = False

    def fits(self, content: Mapping[str, Any]) -> bool:
        """Tell whether a checked statement is asked for."""
        return (
            self.verb in ("", content["verb"]["id"])
            and self.registration in ("", _context(content).get("registration", "").lower())
            and (self.agent is None or self._has_agent(content))
            and (not self.activity or self._has_activity(content))
        )

    def _has_agent(self, content: Mapping[str, Any]) -> bool:
        assert self.agent is not None, "one is asked for"
        wanted = _identifier(self.agent)
        agents = _agents(content, related=self.related_agents)
        return any(wanted == _identifier(each) for agent in agents for each in _members(agent))

    def _has_activity(self, content: Mapping[str, Any]) -> bool:
        ids = (each["id"] for each in _activities(content, related=self.related_activities))
        return self.activity in ids


#: Asks for every statement.
ANYTHING = StatementFilter()


def referred(content: Mapping[str, Any]) -> str:
    """Return the id of the statement that a statement is about; empty if it is about none."""
    about = content["object"]
    return str(about["id"]).lower() if about.get("objectType") == "StatementRef" else ""


def in_form(content: dict[str, Any], form: StatementForm, language: str) -> dict[str, Any]:
    """Return a statement in a form; texts of one language are in `language` where they can be."""
    if form is StatementForm.EXACT:
        return content
    made: dict[str, Any] = _reduced(content, form, language)
    return made


def _context(content: Mapping[str, Any]) -> Mapping[str, Any]:
    context: Mapping[str, Any] = content.get("context", {})
    return context


def _kind(about: Mapping[str, Any]) -> str:
    return str(about.get("objectType", "Activity"))


def _agents(content: Mapping[str, Any], *, related: bool) -> Iterator[Mapping[str, Any]]:
    yield content["actor"]
    if _kind(content["object"]) in ("Agent", "Group"):
        yield content["object"]
    if not related:
        return
    context = _context(content)
    yield from (content[name] for name in ("authority",) if name in content)
    yield from (context[name] for name in ("instructor", "team") if name in context)
    yield from (each["agent"] for each in context.get("contextAgents", ()))
    yield from (each["group"] for each in context.get("contextGroups", ()))
    if _kind(content["object"]) == "SubStatement":
        yield from _agents(content["object"], related=True)


def _activities(content: Mapping[str, Any], *, related: bool) -> Iterator[Mapping[str, Any]]:
    if _kind(content["object"]) == "Activity":
        yield content["object"]
    if not related:
        return
    for some in _context(content).get("contextActivities", {}).values():
        yield from some if isinstance(some, list) else [some]
    if _kind(content["object"]) == "SubStatement":
        yield from _activities(content["object"], related=True)


def _members(agent: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield agent
    yield from agent.get("member", ())


def _identifier(agent: Mapping[str, Any]) -> tuple[str, object]:
    """Return by what an agent is known; an anonymous group is never another's equal."""
    return next(((name, agent[name]) for name in IDENTIFIERS if name in agent), ("", agent))


def _reduced(value: Any, form: StatementForm, language: str) -> Any:
    if isinstance(value, list):
        return [_reduced(each, form, language) for each in value]
    if not isinstance(value, dict):
        return value
    if form is StatementForm.IDS:
        return _identified(value, language)
    return {
        name: _one_language(inner, language)
        if name in ("display", "name", "description") and isinstance(inner, dict)
        else inner
        if name == "extensions"
        else _reduced(inner, form, language)
        for name, inner in value.items()
    }


def _identified(value: dict[str, Any], language: str) -> dict[str, Any]:
    """Leave out what agents, verbs and activities are called, of those that have an identity."""
    named = any(name in value for name in IDENTIFIERS)
    unnamed = {"member", "name"} if named else {"name"} if "member" in value else set()
    left_out = unnamed | {"definition", "display"} if _is_identity(value) else unnamed
    return {
        name: inner if name == "extensions" else _reduced(inner, StatementForm.IDS, language)
        for name, inner in value.items()
        if name not in left_out
    }


def _is_identity(value: Mapping[str, Any]) -> bool:
    """Tell a verb or an activity from a statement, which has an id as well, and an attachment."""
    return "id" in value and "actor" not in value


def _one_language(texts: Mapping[str, str], language: str) -> Mapping[str, str]:
    """Keep one text: of the language, else of its family, else the first."""
    family = language.partition("-")[0].lower()
    same = [tag for tag in texts if tag.lower() == language.lower()]
    near = [tag for tag in texts if tag.partition("-")[0].lower() == family]
    chosen = next(iter([*same, *near, *texts]), None)
    return {} if chosen is None else {chosen: texts[chosen]}
