"""The demo: founds a demo city in a directory of its own, walks the main job, and serves it.

Invented people and their keys live in a demo bank only. A second run finds what the first one did,
repeats nothing, and shows how the bank stands.
"""

import json
import shlex
import socket
from dataclasses import replace
from datetime import date
from pathlib import Path

import click
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from creditbank.cli.bank import migrate
from creditbank.cli.console import Desk, pass_desk
from creditbank.cli.demo_city import City, read_city, seminar_days
from creditbank.cli.demo_people import lines_to_sign_in, people_seated
from creditbank.cli.demo_show import Stage
from creditbank.cli.demo_walk import API, Papers, Walk, Window, shown
from creditbank.cli.processes import serve_bank
from creditbank.clock import civil_day, utc_now
from creditbank.config import Settings
from creditbank.db import make_engine, snapshot, unit_of_work
from creditbank.errors import CreditBankError
from creditbank.ledger.proving import listed_logs
from creditbank.logs import configure_logs
from creditbank.registry.bank import BankFoundedError, found_bank
from creditbank.registry.models import Bank

DEFAULT_HOME = Path("bank/demo")
#: Ports that are tried, from the set one on, if none was asked for.
PORTS_TRIED = 20
HEALTH_PATH = "/health"


@click.command(
    help="演示：建演示城市，走完主流程，启动接口。 Found a demo city, walk it, serve it."
)
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"演示银行的目录。 Directory of the demo bank.  [default: {DEFAULT_HOME}]",
)
@click.option("--no-serve", is_flag=True, help="只走流程，不启动接口。 Walk only.")
@click.option("--port", type=click.IntRange(1, 65_535), help="端口。 Port.")
@click.pass_context
@pass_desk
def demo(
    desk: Desk, ctx: click.Context, home: Path | None, port: int | None, *, no_serve: bool
) -> None:
    """Walk the main job in a demo bank, then serve it."""
    before = ctx.parent.params["home"] if ctx.parent else None  # --home may stand before the word
    desk.settings = _embedded(desk.settings, home or before or DEFAULT_HOME, port)
    refuse_production(desk.settings)
    migrate(desk.settings)
    papers = Papers(desk.settings.home_path / "demo")
    with desk.bank() as app:
        city = founded_city(papers)
        window = Window(app, city, papers, desk.language)
        walk = Walk(window, Stage(desk))
        walk.stage.open()
        if papers.read_state().get("done"):
            _show_again(desk, walk)
        else:
            walk.whole()
        people = people_seated(city, papers)
        lines = f"{lines_to_sign_in(desk, people)}\n\n{_lines_to_try(desk, window)}"
    if not no_serve:
        configure_logs()
        ctx.exit(serve_bank(desk, lambda: click.echo(lines)))


def _embedded(settings: Settings, home: Path, port: int | None) -> Settings:
    """Return settings that name the demo's own database, whatever the environment names."""
    own = replace(
        settings,
        home=str(home.absolute()),
        sandbox_home="",
        database_url="",
        owner_database_url="",
        sealer_database_url="",
    )
    taken = port or _free_port(own)
    return replace(own, listen_port=taken, public_url=f"http://{own.listen_host}:{taken}")


class HomeTakenError(CreditBankError):
    """The directory holds the keys of a bank whose database is elsewhere."""

    code = "home-taken"
    status = 409


def refuse_production(settings: Settings) -> None:
    """Refuse before anything is touched, should a production bank or its keys lie here.

    Raises:
        BankFoundedError: a production bank does.
        HomeTakenError: the keys of a bank do, and a demo must never sign with them.
    """
    if not (settings.home_path / "bank.sqlite3").exists():
        if settings.keys_path.is_dir() and any(settings.keys_path.iterdir()):
            raise HomeTakenError(home=str(settings.home_path))
        return
    engine = make_engine(settings.app_url, settings)
    try:
        if inspect(engine).has_table(Bank.__tablename__):
            with Session(engine) as session:
                bank = session.get(Bank, 1)
            if bank is not None and bank.mode != "demo":
                raise BankFoundedError(mode=bank.mode, host=bank.host)
    finally:
        engine.dispose()


def founded_city(papers: Papers, host: str = "") -> City:
    """Found the demo bank, or find it; its days stay those of the first run.

    Without a host it has that of the demo city.
    """
    papers.ready()
    state = papers.read_state()
    if "days" not in state:
        papers.note(days=[day.isoformat() for day in seminar_days(civil_day(utc_now()))])
        state = papers.read_state()
    city = read_city([date.fromisoformat(day) for day in state["days"]])
    with unit_of_work() as session:
        found_bank(session, "demo", host or city.host, now=utc_now())
    return city


def _show_again(desk: Desk, walk: Walk) -> None:
    desk.say("cli-demo-again", home=shown(desk.settings.home_path))
    walk.show_balances()
    walk.show_verdicts()
    walk.check_ledger()


def _lines_to_try(desk: Desk, window: Window) -> str:
    """Write curl lines that work when they are pasted into a terminal of this machine."""
    city, papers = window.city, window.papers
    holder = {**city.applicant.stated(), "scheme": city.scheme}
    requests = {"holder.json": holder, "question.json": city.question()}
    for name, body in requests.items():
        papers.write(name, json.dumps(body, ensure_ascii=False, indent=1).encode("utf-8"))
    with snapshot() as session:
        logs = [log for log in listed_logs(session) if log.jurisdiction == city.scheme]
    base = f"http://{desk.settings.listen_host}:{desk.settings.listen_port}"
    newest = max(logs, key=lambda log: log.year)
    lines = [desk.text("cli-demo-try"), ""]
    for code, command in (
        ("health", f"curl -s {base}{HEALTH_PATH}; echo"),
        ("token", _token(window, "official-first", base)),
        ("balances", _curl(window, f"{base}{API}/balances", "holder.json")),
        ("token-title-system", _token(window, "title-system", base)),
        ("verdict", _curl(window, f"{base}{API}/verdicts", "question.json")),
        ("token-provider", _token(window, "provider", base)),
        ("filings", _curl(window, f"{base}{API}/filings")),
        ("checkpoint", f"curl -s {base}{_checkpoint_path(newest.jurisdiction, newest.year)}; echo"),
        ("openapi", f"curl -s {base}{API}/openapi.json | head -c 600; echo"),
    ):
        lines += [desk.text(f"cli-demo-try-{code}"), command, ""]
    return "\n".join(lines)


def _token(window: Window, who: str, base: str) -> str:
    """Write the request for a token; whoever calls next uses it."""
    window.login_of(who)  # made now, should the demo have been walked by an older program
    login = shlex.quote(str(window.papers.client_file(who)))
    return (
        f'TOKEN=$(curl -s {base}{API}/oauth/token -u "$(cat {login})"'
        " -d grant_type=client_credentials | grep -o 'cbt_[A-Za-z0-9_-]*')"
    )


def _curl(window: Window, url: str, body: str = "") -> str:
    """Write one request with the token that was got last."""
    command = f'curl -s {url} -H "Authorization: Bearer $TOKEN"'
    if body:
        body_file = shlex.quote(str(window.papers.folder / body))
        command += f" -H 'Content-Type: application/json' --data-binary @{body_file}"
        command += ' -H "Idempotency-Key: try-$(date +%s%N)"'
    return f"{command}; echo"


def _checkpoint_path(jurisdiction: str, year: int) -> str:
    return f"/ledger/{jurisdiction}/{year}/checkpoint"


def _free_port(settings: Settings) -> int:
    """Return the first free port from the set one on; the set one if none is."""
    for port in range(settings.listen_port, settings.listen_port + PORTS_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.listen_host, port))
            except OSError:
                continue
            return port
    return settings.listen_port
