"""Places to which a bank may be restored: how they look when nothing is there."""

from sqlalchemy import create_engine, inspect

from creditbank.config import Settings


def nothing_stands(settings: Settings) -> bool:
    """Tell whether no bank is in a place, whatever unfinished file may lie beside it."""
    if settings.owner_url.startswith("sqlite"):
        return not (settings.home_path / "bank.sqlite3").exists()
    engine = create_engine(settings.owner_url)
    tables = inspect(engine).get_table_names()
    engine.dispose()
    return tables == []
