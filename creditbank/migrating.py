"""The schema: brought up by migrations on the owner's connection, never made from the models."""

from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from creditbank.ddl_guard import migration_window


def upgrade(engine: Engine) -> None:
    """Bring the database up to the newest migration, all or nothing.

    Raises:
        MigrationWindowClosedError: an administrator closed the guarded tables to this role.
    """
    if is_current(engine):
        return
    with engine.connect() as connection:
        with migration_window(connection):
            upgrade_on(connection)
        connection.commit()


def upgrade_on(connection: Connection, revision: str = "head") -> None:
    """Migrate within the connection's transaction, up to a revision."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def knows_revision(revision: str) -> bool:
    """Tell whether the schema of that revision is one of this program's."""
    script = ScriptDirectory.from_config(_config())
    return any(each.revision == revision for each in script.walk_revisions())


def is_there(engine: Engine) -> bool:
    """Tell whether there is a database to connect to: of SQLite's, connecting makes the file."""
    return engine.dialect.name != "sqlite" or Path(engine.url.database or "").exists()


def is_current(engine: Engine) -> bool:
    """Tell whether the database stands at the newest migration.

    A file that is not there is none, and is not made by looking.
    """
    if not is_there(engine):
        return False
    # No command waits for a writer at work only to learn this.
    with engine.execution_options(creditbank_reading=True).connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found == ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("creditbank_migrations")))
    return config
