"""Who may do what: which tables change, grow or are sealed, and PostgreSQL's three roles.

The owner migrates and owns; the application inserts and reads, and chooses neither the id nor the
transaction number of an entry; the sealer writes positions, tiles and checkpoints and nothing else.
"""

from sqlalchemy import Connection, Engine, Inspector, inspect, text
from sqlalchemy.engine import make_url

from creditbank.config import Settings
from creditbank.ddl_guard import close_ddl

APP_ROLE = "creditbank_app"
SEALER_ROLE = "creditbank_sealer"

#: Tables whose rows the application may change; all others it only reads or appends to.
CHANGING = (
    "bank", "setup_code", "organisation", "api_client", "client_credential", "access_token",
    "client_assertion", "idempotent_write", "mandate", "filing", "filing_session", "filing_draft",
    "filing_amendment", "person",
    "person_secret", "person_document", "person_name", "identity_lookup", "roster_batch",
    "attendance", "rule_pack", "record_import", "record_import_row", "record_import_total",
    "verdict", "person_link", "ledger_source_use", "rule_adoption", "impact_run",
    "declared_item", "recognised_transfer",
    "account", "seat", "account_session", "account_code", "account_recovery_code", "sign_in_brake",
    "organisation_claim", "account_identity", "held_roster", "rate_count", "verdict_batch",
    "verdict_batch_item", "investigation", "investigated_credit", "roster_work",
    "reassessment", "reassessed_credit", "news_read",
    "xapi_statement", "xapi_file", "xapi_activity", "delegation", "check_in", "check_in_person",
    "name_check", "name_try",
    "yearly_call", "call_bid", "refused_question", "query_objection",
    "holder_code", "holder_code_use", "dispute",
    "verdict_watch", "watch_place", "client_event", "webhook", "event_delivery",
    "exemption", "recommendation_finding", "roster_file_content", "import_file_content",
    "filing_route", "readiness_list", "review_reminder", "desk_look", "status_event",
)  # fmt: skip
#: Rows that the application deletes when their time is over.
FORGOTTEN = (
    "idempotent_write", "access_token", "client_assertion", "account_session", "sign_in_brake",
    "rate_count", "filing_session", "filing_draft", "held_roster", "roster_work", "name_try",
    "refused_question", "webhook",
)  # fmt: skip
#: Not even to be read by the sealer.
KEPT_FROM_SEALER = (
    "person_secret", "person_document", "person_name", "api_client", "client_credential",
    "access_token", "account", "account_session", "account_code", "account_recovery_code",
    "account_identity", "held_roster", "verdict_batch_item", "roster_work",
    "certificate", "certificate_lookup", "certificate_revocation", "certificate_view",
    "investigation", "investigated_credit", "reassessment", "reassessed_credit", "news_read",
    "xapi_statement", "xapi_file", "check_in", "check_in_person", "check_in_scan", "filing_draft",
    "filing_amendment", "reconciliation", "name_check", "name_try", "engineer_certificate",
    "refused_question", "query_objection", "holder_code", "holder_code_use", "dispute",
    "dispute_step",
    "verdict_watch", "watch_place", "client_event", "webhook", "event_delivery", "exemption",
    "roster_file", "roster_file_content", "roster_file_download",
    "import_file", "import_file_content", "import_file_download",
    "check_in_pad", "check_in_pad_scan", "status_record", "status_event",
    "readiness_list", "review_reminder", "desk_look",
)  # fmt: skip
#: Of these, tables whose rows change only until two people have agreed on them.
FROZEN = ("rule_pack", "rule_adoption")
#: Columns that the database fills in: an application that could choose them could hide a row.
CHOSEN_BY_DATABASE = {
    "ledger_entry": {"entry_id", "xid", "epoch"},
    "journal_act": {"act_id", "epoch", "xid"},
    "account_event": {"event_id"},
}
APPENDED = (
    "ledger_entry", "journal_act", "ledger_facts", "ledger_source", "ledger_pack_pins",
    "account_event",
    "certificate", "certificate_lookup", "certificate_revocation", "certificate_view",
    "organisation_fact", "check_in_scan", "succession_statement", "succession_part",
    "reconciliation", "engineer_certificate", "dispute_step", "verdict_tree", "verdict_tree_tile",
    "roster_file", "roster_file_download", "import_file", "import_file_download",
    "check_in_pad", "check_in_pad_scan", "status_record", "published_figures",
)  # fmt: skip
SEALED = (
    "ledger_epoch", "journal_log", "journal_freeze", "journal_seal", "journal_span",
    "journal_bundle", "journal_tile", "journal_checkpoint",
)  # fmt: skip
GROWN = {"journal_bundle": ("leaves", "refs"), "journal_tile": ("hashes",)}
#: Says on PostgreSQL in which epoch a row is written; whoever opens one sets it.
EPOCH_COUNTER = "ledger_epoch_number"
#: Rows that stay where they are while their figures move.
COUNTED = {"ledger_source_use": ("people", "centihours")}
#: Every table that the database itself guards, whoever asks.
GUARDED = (*APPENDED, *SEALED, *FROZEN, *COUNTED)


def make_roles(owner: Engine, app_role: str = APP_ROLE, sealer_role: str = SEALER_ROLE) -> None:
    """Create the two roles where they are missing and grant each what it needs, no more.

    Where the host allows it, the guarded tables are closed to DDL as well. Run after every
    migration; on SQLite, which has no roles, there is nothing to do.
    """
    if owner.dialect.name != "postgresql":
        return
    with owner.begin() as connection:
        grant_roles(connection, app_role, sealer_role)


def grant_roles(connection: Connection, app_role: str, sealer_role: str) -> None:
    """Do on PostgreSQL, within a transaction, what `make_roles` does."""
    for role in (app_role, sealer_role):
        known = connection.scalar(
            text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}
        )
        if not known:
            connection.execute(text(f'CREATE ROLE "{role}" LOGIN'))
    for statement in _grants(inspect(connection), app_role, sealer_role):
        connection.execute(text(statement))
    close_ddl(connection, GUARDED)


def role_names(settings: Settings) -> tuple[str, str]:
    """Return the names of the application's and the sealer's role, as the URLs have them."""
    owner, app, sealer = (
        make_url(url).username
        for url in (settings.owner_url, settings.app_url, settings.sealer_url)
    )
    # A role of the owner's own name would take the owner's rights from itself.
    return (
        app if app and app != owner else APP_ROLE,
        sealer if sealer and sealer not in (app, owner) else SEALER_ROLE,
    )


def _grants(tables: Inspector, app_role: str, sealer_role: str) -> list[str]:
    app, sealer = f'"{app_role}"', f'"{sealer_role}"'
    every = ", ".join([*CHANGING, *APPENDED, *SEALED, "alembic_version"])
    statements = [
        f"REVOKE ALL ON {every} FROM {app}, {sealer}",
        f"GRANT SELECT ON {every} TO {app}, {sealer}",
        f"REVOKE ALL ON {', '.join(KEPT_FROM_SEALER)} FROM {sealer}",
        f"GRANT INSERT, UPDATE ON {', '.join(CHANGING)} TO {app}",
        f"GRANT DELETE ON {', '.join(FORGOTTEN)} TO {app}",
        f"GRANT USAGE ON SEQUENCE ledger_entry_number TO {app}",
        f"REVOKE ALL ON SEQUENCE {EPOCH_COUNTER} FROM {app}, {sealer}",
        f"GRANT SELECT ON SEQUENCE {EPOCH_COUNTER} TO {app}, {sealer}",
        f"GRANT UPDATE ON SEQUENCE {EPOCH_COUNTER} TO {sealer}",
        f"GRANT INSERT ON {', '.join(SEALED)} TO {sealer}",
    ]
    for table in APPENDED:
        chosen = CHOSEN_BY_DATABASE.get(table, set())
        columns = [c["name"] for c in tables.get_columns(table) if c["name"] not in chosen]
        statements.append(f"GRANT INSERT ({', '.join(columns)}) ON {table} TO {app}")
    statements += [
        f"GRANT UPDATE ({', '.join(columns)}) ON {table} TO {sealer}"
        for table, columns in GROWN.items()
    ]
    return statements
