"""The schema: brought up by migrations on the owner's connection, never made from the models."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from creditbank.ddl_guard import migration_window


def upgrade(engine: Engine) -> None:
    """Bring the database up to the newest migration, all or nothing.

    Raises:
        MigrationWindowClosedError: an administrator closed the guarded tables to this role.
    """
    if is_current(engine):
        return
    config = _config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        with migration_window(connection):
            command.upgrade(config, "head")
        connection.commit()


def is_current(engine: Engine) -> bool:
    """Tell whether the database stands at the newest migration."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found == ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("creditbank_migrations")))
    return config
