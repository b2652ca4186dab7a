"""Commands on the law: looking through packs, and explaining what they give."""

import click

from creditbank.cli.lawbook import STEPS
from creditbank.cli.rules_check import rules_check
from creditbank.cli.rules_explain import rules_explain


@click.group(help="规则包：核对、提交、发布、解释。 Rule packs: check, propose, publish, explain.")
def rules() -> None:
    """Commands on rule packs."""


rules.add_command(rules_check)
rules.add_command(rules_explain)
for _step in STEPS:
    rules.add_command(_step)
