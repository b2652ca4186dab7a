"""OPERATORS' DOOR: `creditbank`, one command for each piece of work, over the rooms of the API."""

import os
from dataclasses import replace
from pathlib import Path

import click

from creditbank.catalogue import LANGUAGES, Language
from creditbank.cli import (
    accounts,
    backup,
    bank,
    certificates,
    clients,
    demo,
    investigations,
    items,
    lawbook,
    ledger,
    organisations,
    processes,
    reassessments,
    records,
    rosters,
    rules,
    sandbox,
    verdicts,
)
from creditbank.cli.console import Desk, Door, language_of, speak_utf8
from creditbank.cli.sandbox import require_sandbox
from creditbank.config import settings_from_environment


@click.group(cls=Door, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    help="zh 或 en；缺省取 LANG，再缺省为中文。 zh or en; from LANG if not given, else Chinese.",
)
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="数据与密钥目录。 Directory of the embedded database and the keys.",
)
@click.option(
    "--sandbox",
    "in_sandbox",
    is_flag=True,
    help="对沙箱而不是正式库。 On the sandbox bank.",
)
@click.pass_context
def main(
    ctx: click.Context, language: Language | None, home: Path | None, *, in_sandbox: bool
) -> None:
    """学时银行 · A continuing-education credit bank."""
    speak_utf8()
    spoken = language or language_of(os.environ)
    settings = settings_from_environment()
    if home is not None:
        settings = replace(settings, home=str(home))
    ctx.obj = Desk(settings, spoken)
    if in_sandbox:
        require_sandbox(settings)
        ctx.obj.settings = settings.sandbox()


for _command in (
    bank.init, bank.db, bank.keys, backup.backup, backup.restore_bank, clients.clients,
    accounts.account, rules.rules, organisations.organisations, organisations.filings,
    organisations.mandates, rosters.rosters, rosters.attendance, items.items, items.transfers,
    items.entries, investigations.investigations, reassessments.reassessments, records.imports,
    records.balances, records.people, verdicts.verdicts, certificates.certificate, ledger.ledger,
    processes.clock, processes.serve, sandbox.sandbox, demo.demo,
):  # fmt: skip
    main.add_command(_command)
for _step in lawbook.STEPS:
    rules.rules.add_command(_step)
