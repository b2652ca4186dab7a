"""Our ledger beside two of the usual: eventsourcing and django-hordak, on the same work.

One person is credited so many times, durably, one credit a transaction; then two hundred credits a
transaction, where the other can; then the person's balance over two hundred movements is read. Ours
are hashed and guarded. The others are no part of this project: put them where this Python finds
them, or they are left out with a word.

    pip install --target /var/tmp/peers eventsourcing psycopg-pool django-hordak
    PYTHONPATH=/var/tmp/peers .venv/bin/python -m bench.peers
"""

import argparse
import importlib.util
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from bench.banks import DATABASES, bank_on
from bench.ledger import attended, enrolled, made
from creditbank.config import Settings
from creditbank.db import make_engine
from creditbank.ledger.balance import balances_of
from creditbank.ledger.posting import post_credits
from creditbank.people.register import secrets_of
from tests.bank import TestBank

TOGETHER = 200
CENTIHOURS = 800
FIRST = date(2026, 1, 1)
TURN_SECONDS = 0.2
SAID = {
    "single": "credits, one a transaction", "together": f"credits, {TOGETHER} a transaction",
    "balance": f"balances over {TOGETHER} movements",
}  # fmt: skip


class Works(NamedTuple):
    """What one ledger does, and how many credits at a time; None where there is no such thing."""

    single: Callable[[], object]
    together: Callable[[], object] | None
    balance: Callable[[], object]


class OtherDatabaseWantedError(Exception):
    """A peer does not run on this database."""


def main() -> None:
    """Measure on each database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--database", choices=DATABASES, action="append")
    wanted = parser.parse_args()
    for database in wanted.database or DATABASES:
        with bank_on(database) as bank:
            own = ours(bank)
            for peer, opened in PEERS.items():
                missing = [name for name in NEEDED[peer] if importlib.util.find_spec(name) is None]
                if missing:
                    print(f"{database}: {peer} left out: {', '.join(missing)} not installed")
                    continue
                try:
                    with opened(bank.house.settings) as theirs:
                        compare(database, peer, own, theirs, wanted.seconds)
                except OtherDatabaseWantedError as refused:
                    print(f"{database}: {peer} does not run here: {refused}")


def compare(database: str, peer: str, own: Works, theirs: Works, limit_seconds: float) -> None:
    """Do the same both ways in turns, and print how often a second."""
    for what, mine, other in zip(Works._fields, own, theirs, strict=True):
        if mine is None or other is None:
            continue
        done, spent = [0, 0], [0.0, 0.0]
        for work in (mine, other):
            work()
        while min(spent) < limit_seconds:
            for which, work in enumerate((mine, other)):
                started = time.perf_counter()
                while time.perf_counter() - started < TURN_SECONDS:
                    work()
                    done[which] += TOGETHER if what == "together" else 1
                spent[which] += time.perf_counter() - started
        own_rate, rate = (each / seconds for each, seconds in zip(done, spent, strict=True))
        print(
            f"{database}: {SAID[what]}: {own_rate:,.0f} a second, {peer} {rate:,.0f}:"
            f" {own_rate / rate:.1f} times"
        )


def ours(bank: TestBank) -> Works:
    """Append through the ledger as a poster does, and sum a balance."""
    people = enrolled(bank)
    with bank.reading() as session:
        secrets = secrets_of(session, bank.house.vault, people)
    engine = make_engine(bank.house.settings.app_url, bank.house.settings)
    [batch] = made(bank, people, 1)
    numbers = itertools.count()

    def append(person: int, count: int) -> None:
        drafts = [
            draft
            for nth in itertools.islice(numbers, count)
            for draft in attended([person], "F000000000", nth, FIRST + timedelta(days=nth % 365))
        ]
        with Session(engine) as session:
            post_credits(session, drafts, batch.context, secrets)
            session.commit()

    def balance() -> None:
        with Session(engine.execution_options(creditbank_reading=True)) as session:
            balances_of(session, people[:1], "cn-3710")

    append(people[0], TOGETHER)
    return Works(lambda: append(people[1], 1), lambda: append(people[2], TOGETHER), balance)


@cache
def account_of_events() -> Any:
    """Make the aggregate, which may be named only once in a process."""
    from eventsourcing.domain import Aggregate, event

    class Account(Aggregate):
        def __init__(self) -> None:
            self.centihours = 0

        @event("Credited")
        def credit(self, occasion: str, centihours: int) -> None:
            self.centihours += centihours

    return Account


@contextmanager
def eventsourced(settings: Settings) -> Iterator[Works]:
    """Save events of an aggregate, and rebuild it."""
    from eventsourcing.application import Application

    with another_database(settings, "eventsourcing") as url:
        env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": url}
        if url.startswith("postgresql"):
            found = make_url(url)
            env = {
                "PERSISTENCE_MODULE": "eventsourcing.postgres", "POSTGRES_PASSWORD": "none",
                "POSTGRES_DBNAME": str(found.database), "POSTGRES_USER": str(found.username),
                "POSTGRES_HOST": str(found.query.get("host", found.host)),
                "POSTGRES_PORT": str(found.port or 5432),
            }  # fmt: skip
        app: Any = Application(env=env)
        read, alone, many = (account_of_events()() for _ in range(3))

        def credit(account: Any, count: int) -> None:
            for nth in range(count):
                account.credit(f"F{nth}", CENTIHOURS)
            app.save(account)

        credit(read, TOGETHER)
        try:
            yield Works(
                lambda: credit(alone, 1),
                lambda: credit(many, TOGETHER),
                lambda: app.repository.get(read.id).centihours,
            )
        finally:
            app.close()


@contextmanager
def hordak(settings: Settings) -> Iterator[Works]:
    """Transfer between two accounts of double entry, and ask for a balance."""
    import django
    from django.conf import settings as django_settings
    from django.core.management import call_command

    with another_database(settings, "hordak") as url:
        if not url.startswith("postgresql"):
            raise OtherDatabaseWantedError("its checks are PostgreSQL's or MySQL's")
        found = make_url(url)
        django_settings.configure(
            SECRET_KEY="bench", USE_TZ=True, DEFAULT_CURRENCY="EUR",
            INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
            DATABASES={"default": {
                "ENGINE": "django.db.backends.postgresql", "NAME": found.database,
                "USER": found.username, "PORT": found.port or "",
                "HOST": found.query.get("host", found.host),
            }},
        )  # fmt: skip
        django.setup()
        call_command("migrate", verbosity=0)
        from django.db import connection
        from hordak.models import Account
        from moneyed import Money

        source, read, alone = (
            Account.objects.create(name=name, type="IN", code=str(nth), currencies=["EUR"])
            for nth, name in enumerate(("source", "read", "alone"), start=1)
        )
        hours = Money(CENTIHOURS // 100, "EUR")
        for _ in range(TOGETHER):
            source.transfer_to(read, hours)
        try:
            yield Works(lambda: source.transfer_to(alone, hours), None, read.get_balance)
        finally:
            connection.close()


@contextmanager
def another_database(settings: Settings, name: str) -> Iterator[str]:
    """Give a place of its own on the same disk or server."""
    url = make_url(settings.owner_url)
    if url.get_backend_name() == "sqlite":
        yield f"{settings.home}/{name}.sqlite3"
        return
    plain = url.set(drivername="postgresql")
    text = plain.render_as_string(hide_password=False)
    with psycopg.connect(text, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # ours
    yield plain.set(database=name).render_as_string(hide_password=False)


PEERS = {"eventsourcing": eventsourced, "django-hordak": hordak}
NEEDED = {
    "eventsourcing": ("eventsourcing", "psycopg_pool"), "django-hordak": ("django", "hordak"),
}  # fmt: skip


if __name__ == "__main__":
    main()
