"""PostgreSQL's guards against DDL: event triggers that hold guarded tables as migrations made them.

Only a superuser may make event triggers, so a host may forbid them to the owner of the tables. Made
by an administrator they hold even against that owner, who can neither replace nor disable them. A
migration opens them for its own transaction: nobody else sees them open, and one that fails leaves
them closed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from creditbank.errors import CreditBankError

#: Each event trigger, which has a function of its name, and the event that it hears.
EVENT_TRIGGERS = {
    "creditbank_guard_ddl": "ddl_command_end",
    "creditbank_guard_drop": "sql_drop",
}
#: The functions that the guards of tables call.
GUARD_FUNCTIONS = ("ledger_refuse_rewrite", "rules_refuse_rewrite", "ledger_check_epoch")
_FUNCTIONS = (*GUARD_FUNCTIONS, "ledger_epoch_now", "ledger_natural_key", *EVENT_TRIGGERS)
_NUMBERS = ("ledger_entry_number", "ledger_epoch_number")
_FORBIDDEN = "42501"

#: Looks when the command is done: what was renamed is known by the guards that it still has, and a
#: function by the triggers and indexes that rest on it.
_DDL = """
DECLARE touched text;
BEGIN
    SELECT coalesce(c.object_identity, c.command_tag) INTO touched
    FROM pg_event_trigger_ddl_commands() c
    LEFT JOIN pg_trigger t ON c.classid = 'pg_trigger'::regclass AND t.oid = c.objid
    LEFT JOIN pg_rewrite r ON c.classid = 'pg_rewrite'::regclass AND r.oid = c.objid
    LEFT JOIN pg_policy y ON c.classid = 'pg_policy'::regclass AND y.oid = c.objid
    LEFT JOIN pg_proc p ON c.classid = 'pg_proc'::regclass AND p.oid = c.objid
    LEFT JOIN pg_class k ON k.relpersistence <> 't' AND (
        k.oid IN (t.tgrelid, r.ev_class, y.polrelid)
        OR c.classid = 'pg_class'::regclass AND k.oid = c.objid
        OR c.classid = 'pg_namespace'::regclass AND k.relnamespace = c.objid)
    LEFT JOIN pg_inherits i ON i.inhrelid = k.oid
    LEFT JOIN pg_class a ON a.oid = i.inhparent
    LEFT JOIN pg_trigger g ON g.tgrelid = k.oid
    LEFT JOIN pg_proc f ON f.oid = g.tgfoid
    WHERE k.relname = ANY ({tables}) OR a.relname = ANY ({tables})
        OR p.proname = ANY ({functions}) OR f.proname = ANY ({functions})
        OR EXISTS (SELECT FROM pg_trigger u WHERE u.tgfoid = p.oid)
        OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
            AND d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% is guarded: migrations alone change it', touched
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END """
_DROP = """
DECLARE gone text;
BEGIN
    SELECT d.object_identity INTO gone
    FROM pg_event_trigger_dropped_objects() d
    WHERE NOT d.is_temporary AND CASE d.object_type
        WHEN 'table' THEN d.object_name ~ {named}
        WHEN 'sequence' THEN d.object_name ~ {named}
        WHEN 'index' THEN d.object_name ~ {prefixed}
        WHEN 'function' THEN d.address_names[2] = ANY ({functions})
        ELSE cardinality(d.address_names) > 2 AND d.address_names[2] ~ {named} END
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% is guarded: migrations alone drop it', gone
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END """


class MigrationWindowClosedError(CreditBankError):
    """An administrator closed the guarded tables to DDL, and whoever migrates may not open them."""

    code = "migration-window-closed"
    status = 503


def bodies(tables: Sequence[str]) -> dict[str, str]:
    """Return the body of each event trigger's function, as it should stand, for these tables."""
    names = [*tables, *_NUMBERS]
    either = "|".join(names)
    parts = {
        "tables": f"ARRAY[{_literals(names)}]",
        "functions": f"ARRAY[{_literals(_FUNCTIONS)}]",
        "named": f"'^({either})(_[0-9]+)?$'",
        "prefixed": f"'^({either})_'",
    }
    texts = zip(EVENT_TRIGGERS, (_DDL, _DROP), strict=True)
    return {name: body.format(**parts) for name, body in texts}


def close_ddl(connection: Connection, tables: Sequence[str]) -> None:
    """Make or renew the event triggers, if the host lets this role make any."""
    nested = connection.begin_nested()
    try:
        _alter_each(connection, "DISABLE")
        for name, body in bodies(tables).items():
            # Names are resolved in the catalogue alone: no table of a user can stand in for one.
            _run(
                connection,
                f"CREATE OR REPLACE FUNCTION public.{name}() RETURNS event_trigger"
                f" LANGUAGE plpgsql SET search_path = pg_catalog AS $${body}$$",
            )
        for name in EVENT_TRIGGERS.keys() - set(_standing(connection)):
            _run(
                connection,
                f"CREATE EVENT TRIGGER {name} ON {EVENT_TRIGGERS[name]}"
                f" EXECUTE FUNCTION public.{name}()",
            )
        _alter_each(connection, "ENABLE ALWAYS")
    except ProgrammingError as error:
        nested.rollback()
        if not _is_forbidden(error):
            raise
    else:
        nested.commit()


@contextmanager
def migration_window(connection: Connection) -> Iterator[None]:
    """Open the guarded tables to this transaction while the block runs.

    An administrator migrates as the owner of the tables, so that what is new is the owner's too.

    Raises:
        MigrationWindowClosedError: this role may not open them.
    """
    if connection.dialect.name != "postgresql" or not _standing(connection):
        yield
        return
    try:
        _alter_each(connection, "DISABLE")
    except ProgrammingError as error:
        if _is_forbidden(error):
            raise MigrationWindowClosedError from error
        raise
    query = "SELECT quote_ident(tableowner) FROM pg_tables WHERE tablename = 'ledger_epoch'"
    owner = connection.scalar(text(query))
    if owner is not None:
        _run(connection, f"SET LOCAL ROLE {owner}")
    yield
    _run(connection, "RESET ROLE")
    _alter_each(connection, "ENABLE ALWAYS")


def _standing(connection: Connection) -> list[str]:
    query = text("SELECT evtname FROM pg_event_trigger WHERE evtname = ANY (:names)")
    return list(connection.scalars(query, {"names": list(EVENT_TRIGGERS)}))


def _alter_each(connection: Connection, how: str) -> None:
    for name in _standing(connection):
        _run(connection, f"ALTER EVENT TRIGGER {name} {how}")


def _run(connection: Connection, statement: str) -> None:
    connection.execute(text(statement))


def _is_forbidden(error: ProgrammingError) -> bool:
    return getattr(error.orig, "sqlstate", None) == _FORBIDDEN


def _literals(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
