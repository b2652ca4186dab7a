"""The web server as a child of `creditbank serve`; its argument is the process id of the parent.

SQLite has one writer, so it gets one worker, which answers with several threads.
"""

import os
import sys

from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from sqlalchemy.engine import make_url

from creditbank.app import create_app
from creditbank.config import Settings, settings_from_environment
from creditbank.jobs.lifeline import GRACE_SECONDS, end_with_parent
from creditbank.logs import configure_logs, logging_config

BLOCKING_THREADS = 8
#: Below the grace that the whole server gets.
WORKER_GRACE_SECONDS = GRACE_SECONDS - 5


def application() -> Flask:
    """Make the application in a worker, which ends when its server is gone."""
    end_with_parent(os.getppid())
    configure_logs()
    return create_app()


def serve(settings: Settings) -> None:
    """Serve until a signal comes."""
    Granian(
        f"{__spec__.name}:application",
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.listen_host,
        port=settings.listen_port,
        workers=workers_of(settings),
        blocking_threads=BLOCKING_THREADS,
        workers_kill_timeout=WORKER_GRACE_SECONDS,
        log_level=LogLevels.error,
        log_dictconfig=logging_config(as_json=not sys.stderr.isatty()),
    ).serve()


def workers_of(settings: Settings) -> int:
    """Return how many web workers the database can have."""
    is_sqlite = make_url(settings.app_url).get_backend_name() == "sqlite"
    return 1 if is_sqlite else settings.web_workers


def main() -> None:
    """Serve until a signal comes or the parent is gone."""
    end_with_parent(int(sys.argv[1]))
    serve(settings_from_environment())


if __name__ == "__main__":
    main()
