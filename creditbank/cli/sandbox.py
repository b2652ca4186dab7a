"""The sandbox bank: invented people for whoever writes a client, apart from the serving bank.

It has a database and keys of its own. Nobody's token, client or person is in both.
"""

import click

from creditbank.cli.bank import migrate
from creditbank.cli.console import Desk, pass_desk, require_sandbox
from creditbank.cli.demo import founded_city, refuse_production
from creditbank.cli.demo_show import Stage
from creditbank.cli.demo_walk import Papers, Walk, Window
from creditbank.config import SANDBOX_PATH
from creditbank.db import snapshot
from creditbank.registry.bank import the_bank


@click.command(help="建立或升级沙箱：虚构人员，另库另钥。 Found the sandbox bank, or migrate it.")
@pass_desk
def sandbox(desk: Desk) -> None:
    """Found the sandbox with the demo city's people in it; again does nothing twice."""
    require_sandbox(desk.settings)
    with desk.bank(), snapshot() as session:
        host = the_bank(session).host
    inner = Desk(desk.settings.sandbox(), desk.language)
    refuse_production(inner.settings)
    migrate(inner.settings)
    papers = Papers(inner.settings.home_path / "demo")
    with inner.bank() as app:
        city = founded_city(papers, f"{host}{SANDBOX_PATH}")
        window = Window(app, city, papers, inner.language)
        Walk(window, Stage(inner, lambda _line: None)).seed()
        rows = [
            [window.name_of(who), window.login_of(who).partition(":")[0],
             str(papers.client_file(who))]
            for who in city.clients
        ]  # fmt: skip
    desk.say("cli-sandbox-stands", path=SANDBOX_PATH, home=str(inner.settings.home_path))
    desk.table(["cli-column-name", "cli-column-client", "cli-column-file"], rows)
