"""Whether the database's guards stand: each one that is missing, altered or forbidden is named."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, Engine, Row, create_engine, text

from creditbank.ddl_guard import EVENT_TRIGGERS, GUARD_FUNCTIONS, bodies
from creditbank.guards import (
    APPENDED,
    CHOSEN_BY_DATABASE,
    EPOCH_COUNTER,
    GROWN,
    GUARDED,
    SEALED,
)
from creditbank.migrating import upgrade

#: Bits of `pg_trigger.tgtype`.
_BEFORE, _INSERT = 2, 4
_EVENTS = {8: "delete", 16: "update", 32: "truncate"}
#: SHA-256 of the body of each function that guards call, as migrations made it.
_BODIES = {
    "ledger_refuse_rewrite": "833dde7b3627ae50a8fdd190f4985a9183b5065727414900e8ee9db9a1e04d38",
    "rules_refuse_rewrite": "1aaabb9815ceb80c82e391936c7f5a91d0395d09bd7db6e7c8c7d1c3e3f61fa5",
    "ledger_check_epoch": "7c39a72d66e8a7c2a1a83058ef52e955c0b87048a5a264993ee8a468e47a5e0a",
}
#: SHA-256 of the conditions under which some of them refuse, as PostgreSQL tells them; the others
#: refuse always.
_CONDITIONS = {
    "journal_bundle_only_grows": "d8f2976ddbf999ee81600fe3f239922f84e37a2bc0650c2e7a03d113b0368d10",
    "journal_tile_only_grows": "5607ddbeab7f4d59d1d9c1ac9c4ee1ea5bd0bbf991e5748db229c10bfe8d23a4",
    "ledger_source_use_no_move": "84829af4cc18e638865ba01e8ce6a0eadbd7ab97b693ce4b1b58e3904b1c42b6",
    "rule_adoption_frozen": "6f2a0bc8b9c9ed8d4e647656369906efef7ae86da64229e7e05e698f6b399bbc",
    "rule_pack_frozen": "f783bc079b3bd8d079332b8f6411c0bd0c615983474021ee665211033d192e3b",
}
#: Tables that take no row under the numbering of another server.
_OF_AN_EPOCH = ("ledger_entry", "journal_act")
_REWRITES = ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER")

_TRIGGERS = r"""
    SELECT k.relname, t.tgname, t.tgenabled = 'A' AS always, t.tgtype, p.proname, p.prosrc,
        t.tgattr::text AS columns,
        substring(pg_get_triggerdef(t.oid) FROM ' WHEN \((.*)\) EXECUTE FUNCTION ') AS condition
    FROM pg_class k
    LEFT JOIN pg_inherits i ON i.inhrelid = k.oid
    LEFT JOIN pg_class a ON a.oid = i.inhparent
    LEFT JOIN pg_trigger t ON t.tgrelid = k.oid AND NOT t.tgisinternal
    LEFT JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE k.relkind IN ('r', 'p') AND k.relnamespace = 'public'::regnamespace
        AND (k.relname = ANY (:tables) OR a.relname = ANY (:tables))
    ORDER BY k.relname"""
_RULES = """
    SELECT k.relname, r.rulename FROM pg_rewrite r JOIN pg_class k ON k.oid = r.ev_class
    WHERE k.relkind IN ('r', 'p') AND k.relname = ANY (:tables) ORDER BY 1, 2"""
_GRANTS = """
    SELECT k.relname, '' AS attname, x.privilege_type, x.grantee::regrole::text AS grantee
    FROM pg_class k, aclexplode(k.relacl) x
    WHERE k.relname = ANY (:tables) AND x.grantee <> k.relowner
    UNION ALL
    SELECT k.relname, n.attname, x.privilege_type, x.grantee::regrole::text
    FROM pg_class k JOIN pg_attribute n ON n.attrelid = k.oid, aclexplode(n.attacl) x
    WHERE k.relname = ANY (:tables) AND x.grantee <> k.relowner
    ORDER BY 1, 2, 3, 4"""
#: Who may set the counter of epochs and could open none.
_COUNTERS = """
    SELECT x.privilege_type, x.grantee::regrole::text AS grantee
    FROM pg_class k, aclexplode(k.relacl) x
    WHERE k.relname = :counter AND x.grantee <> k.relowner AND x.privilege_type <> 'SELECT'
        AND CASE x.grantee WHEN 0 THEN true
            ELSE NOT has_table_privilege(x.grantee, 'public.ledger_epoch', 'INSERT') END
    ORDER BY 1, 2"""
_EVENT_TRIGGERS = """
    SELECT e.evtname, e.evtevent, e.evtenabled = 'A' AS always, p.prosrc
    FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid
    WHERE e.evtname = ANY (:names)"""
_OWNED_BY_SUPERUSER = """
    SELECT bool_or(r.rolsuper) FROM pg_class k JOIN pg_roles r ON r.oid = k.relowner
    WHERE k.relname = 'ledger_epoch' AND k.relnamespace = 'public'::regnamespace"""


_Trigger = Row[str, str, bool, int, str, str, str, str | None]


@dataclass(frozen=True, slots=True)
class Standing:
    """Guards that should stand and do not, and guards that the host forbids, each by name."""

    missing: list[str]
    forbidden: list[str]


def standing_guards(engine: Engine) -> Standing:
    """Look at every guard, on whoever's connection."""
    # No writer waits for this look, nor this look for a writer.
    with engine.execution_options(creditbank_reading=True).connect() as connection:
        return guards_on(connection)


def guards_on(connection: Connection) -> Standing:
    """Look at every guard as a transaction sees it, before anybody else does."""
    if connection.dialect.name == "sqlite":
        return Standing(_missing_on_sqlite(connection), [])
    absent, altered = _event_triggers(connection)
    # Only a superuser can make them; one who owns the tables has no excuse.
    forbidden = [] if connection.scalar(text(_OWNED_BY_SUPERUSER)) else absent
    return Standing(
        [
            *_triggers(connection),
            *_rules(connection),
            *_grants_too_wide(connection),
            *sorted({*altered, *absent} - {*forbidden}),
        ],
        forbidden,
    )


def missing_guards(engine: Engine) -> list[str]:
    """Name each guard that should stand and does not."""
    return standing_guards(engine).missing


@lru_cache(maxsize=1)
def _made_by_migrations() -> frozenset[tuple[str, str, str]]:
    engine = create_engine("sqlite://")
    upgrade(engine)
    with engine.connect() as connection:
        return _triggers_on_sqlite(connection)


def _triggers_on_sqlite(connection: Connection) -> frozenset[tuple[str, str, str]]:
    query = """
        SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'
        UNION ALL SELECT tbl_name, name, 'temporary' FROM sqlite_temp_master
        WHERE type = 'trigger'"""
    return frozenset((row[0], row[1], row[2]) for row in connection.execute(text(query)))


def _missing_on_sqlite(connection: Connection) -> list[str]:
    """Hold the triggers against those of a bank that was migrated just now."""
    wanted, found = _made_by_migrations(), _triggers_on_sqlite(connection)
    lost = {f"{table} {name}" for table, name, _ in wanted - found}
    known = {(table, name) for table, name, _ in wanted}
    strange = {f"{t} {name} (not ours)" for t, name, _ in found if (t, name) not in known}
    return sorted(lost | strange)


def _triggers(connection: Connection) -> Iterator[str]:
    """Name each event on a guarded table, or a partition of one, that no trigger of ours refuses.

    A trigger counts that fires always, before the event, on the condition and with the function
    that migrations made; any other might make rows vanish, and is named too.
    """
    by_table: dict[str, list[_Trigger]] = defaultdict(list)
    for row in connection.execute(text(_TRIGGERS), {"tables": list(GUARDED)}):
        by_table[row.relname].append(row)
    for table in sorted({*by_table, *GUARDED}):
        events, refused = dict(_EVENTS), 0
        if table in _OF_AN_EPOCH:
            events[_INSERT] = "epoch"
        for row in by_table[table]:
            if row.proname in GUARD_FUNCTIONS:
                refused |= row.tgtype if _fires(row) else 0
            elif row.tgname:
                yield f"{table} {row.tgname} (not ours)"
        for bit, event in events.items():
            if not refused & bit:
                yield f"{table} {event}"


def _fires(row: _Trigger) -> bool:
    return bool(
        row.always
        and row.tgtype & _BEFORE
        and not row.columns
        and _digest(row.prosrc) == _BODIES[row.proname]
        and _refuses(row.tgname, row.condition)
    )


def _refuses(trigger: str, condition: str | None) -> bool:
    """Tell whether a trigger refuses what it should: some look at the row, the others never do."""
    known = _CONDITIONS.get(trigger)
    if known is None:
        return condition in (None, "true")
    return condition is not None and _digest(condition) == known


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()


def _rules(connection: Connection) -> Iterator[str]:
    for row in connection.execute(text(_RULES), {"tables": list(GUARDED)}):
        yield f"{row.relname} {row.rulename} (not ours)"


def _grants_too_wide(connection: Connection) -> Iterator[str]:
    """Name each right by which somebody else than the owner could rewrite, or choose a number."""
    for row in connection.execute(text(_GRANTS), {"tables": list(GUARDED)}):
        table, column, right = row.relname, row.attname, row.privilege_type
        rewrites = table in (*APPENDED, *SEALED) and right in _REWRITES
        chosen = CHOSEN_BY_DATABASE.get(table, set())
        chooses = bool(chosen) and right == "INSERT" and (not column or column in chosen)
        if chooses or (rewrites and column not in GROWN.get(table, ())):
            yield f"{table} {column or '*'} {right.lower()} {row.grantee}"
    for row in connection.execute(text(_COUNTERS), {"counter": EPOCH_COUNTER}):
        yield f"{EPOCH_COUNTER} * {row.privilege_type.lower()} {row.grantee}"


def _event_triggers(connection: Connection) -> tuple[list[str], list[str]]:
    """Name the event triggers that are absent, and those that are not as they should be."""
    rows = connection.execute(text(_EVENT_TRIGGERS), {"names": list(EVENT_TRIGGERS)})
    found = {row.evtname: (row.evtevent, row.always, row.prosrc) for row in rows}
    texts = bodies(GUARDED)
    wanted = {name: (event, True, texts[name]) for name, event in EVENT_TRIGGERS.items()}
    altered = [name for name in found if found[name] != wanted[name]]
    return sorted(wanted.keys() - found.keys()), altered
