"""OPERATORS' DOOR: `creditbank`, one command for each piece of work, over the rooms of the API."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

from creditbank.catalogue import LANGUAGES, Language
from creditbank.cli.console import Desk, Door, language_of, require_sandbox, speak_utf8
from creditbank.config import settings_from_environment

#: Where each command stands in this package; its module is imported when it is called, since all
#: of them take seconds.
PLACES: Mapping[str, str] = {
    "account": "accounts:account",
    "attendance": "rosters:attendance",
    "backup": "backup:backup",
    "balances": "records:balances",
    "calls": "calls:calls",
    "certificate": "certificates:certificate",
    "check-ins": "check_ins:check_ins",
    "clients": "clients:clients",
    "clock": "processes:clock",
    "db": "bank:db",
    "delegations": "delegations:delegations",
    "demo": "demo:demo",
    "disputes": "disputes:disputes",
    "entries": "items:entries",
    "events": "events:events",
    "exemptions": "exemptions:exemptions",
    "filing-routes": "filing_routes:filing_routes",
    "filings": "amendments:filings",
    "imports": "records:imports",
    "init": "bank:init",
    "investigations": "investigations:investigations",
    "items": "items:items",
    "keys": "backup:keys",
    "ledger": "ledger:ledger",
    "mandates": "organisations:mandates",
    "name-checks": "name_checks:name_checks",
    "organisations": "registry:organisations",
    "people": "erasures:people",
    "queries": "queries:queries",
    "reassessments": "reassessments:reassessments",
    "reconciliations": "reconciliations:reconciliations",
    "restore": "backup:restore_bank",
    "rosters": "rosters:rosters",
    "rules": "rules:rules",
    "sandbox": "sandbox:sandbox",
    "scorecard": "scorecards:scorecard",
    "serve": "processes:serve",
    "status-records": "status_records:status_records",
    "transfers": "items:transfers",
    "verdicts": "verdicts:verdicts",
}


@click.group(cls=Door, places=PLACES, context_settings={"help_option_names": ["-h", "--help"]})
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
