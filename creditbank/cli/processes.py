"""Commands that stay: the clock alone, or the web server and the clock together."""

import socket
import time
from collections.abc import Callable
from dataclasses import fields, replace

import click

from creditbank.app import create_app
from creditbank.cli.console import Desk, pass_desk
from creditbank.clock import utc_now
from creditbank.config import Settings
from creditbank.db import unit_of_work
from creditbank.errors import CreditBankError
from creditbank.jobs.clock import run_clock
from creditbank.jobs.together import run_together
from creditbank.ledger.seal import open_epoch_if_restored
from creditbank.logs import configure_logs
from creditbank.registry.bank import the_bank

CHILDREN = {"web": "creditbank.cli.web_process", "clock": "creditbank.cli.clock_process"}
#: How long a fresh web process may take before it answers.
START_SECONDS = 60


class PortTakenError(CreditBankError):
    """Another process listens on the address and port already."""

    code = "port-taken"
    status = 500


class SandboxNotFoundedError(CreditBankError):
    """The settings name a sandbox's directory, and no sandbox is there."""

    code = "sandbox-not-founded"
    status = 503


@click.command(help="运行定时进程：封存与清理。 Run the clock: sealing and forgetting.")
@pass_desk
def clock(desk: Desk) -> None:
    """Run the clock until SIGTERM or SIGINT."""
    configure_logs()
    _require_banks(desk)
    run_clock(create_app(desk.settings))


@click.command(help="启动接口与定时进程，同起同止。 Run the web server and the clock together.")
@click.option("--port", type=click.IntRange(1, 65_535), help="端口。 Port.")
@click.pass_context
@pass_desk
def serve(desk: Desk, ctx: click.Context, port: int | None) -> None:
    """Serve until SIGTERM or SIGINT; exit code 1 if one of the processes ended by itself."""
    if port is not None:
        desk.settings = replace(desk.settings, listen_port=port)
    configure_logs()
    ctx.exit(serve_bank(desk))


def serve_bank(desk: Desk, when_ready: Callable[[], None] = lambda: None) -> int:
    """Serve the bank until a signal comes; return the exit code.

    Raises:
        BankNotFoundedError, SchemaNotCurrentError, SandboxNotFoundedError: there is nothing to
            serve.
        PortTakenError: somebody else listens there.
    """
    _require_banks(desk)
    settings = desk.settings
    _require_free_port(settings)

    def announce() -> None:
        if _answers(settings):
            host, port = settings.listen_host, settings.listen_port
            desk.say("cli-serving", host=host, port=str(port))
            when_ready()

    return run_together(CHILDREN, environment_of(settings), when_started=announce)


def _require_banks(desk: Desk) -> None:
    """Refuse to begin without the bank, or without the sandbox that the settings name."""
    desks = [desk]
    if desk.settings.sandbox_home:
        inner = desk.settings.sandbox()
        if not (inner.home_path / "bank.sqlite3").exists():
            raise SandboxNotFoundedError(home=str(inner.home_path))
        desks.append(Desk(inner, desk.language))
    for each in desks:
        with each.bank(), unit_of_work("sealer") as session:
            the_bank(session)
            open_epoch_if_restored(session, now=utc_now())


def environment_of(settings: Settings) -> dict[str, str]:
    """Write settings as the environment variables that give them back."""
    return {
        f"CREDITBANK_{setting.name.upper()}": str(getattr(settings, setting.name))
        for setting in fields(Settings)
    } | {"CREDITBANK_HOME": str(settings.home_path)}


def _require_free_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.listen_host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.listen_host, settings.listen_port))
        except OSError as error:
            raise PortTakenError(
                host=settings.listen_host, port=settings.listen_port, reason=error.strerror or ""
            ) from error


def _answers(settings: Settings) -> bool:
    """Wait until the web process accepts a connection."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection((settings.listen_host, settings.listen_port), 1).close()
        except OSError:
            time.sleep(1)
        else:
            return True
    return False
