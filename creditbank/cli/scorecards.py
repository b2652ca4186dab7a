"""A provider's scorecard on the terminal."""

from datetime import date

import click

from creditbank.cli.console import Desk, load, pass_desk
from creditbank.clock import utc_now
from creditbank.crediting.scorecard import LATE_DAYS, SOON_DAYS, days_counted, scorecard_of
from creditbank.db import snapshot
from creditbank.hours import hours_text
from creditbank.integrity.lists import figures_of
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.schemas.scorecards import ScorecardQuery


@click.command(help="培训机构的上报与更正情况。 How soon a provider posts, how much it takes back.")
@click.argument("uscc")
@click.option("--from", "first_day", help="办班自此日，缺省为今年元旦。 Held from that day.")
@click.option("--through", "last_day", help="至此日，缺省为今天。 Held through that day.")
@pass_desk
def scorecard(desk: Desk, uscc: str, first_day: str | None, last_day: str | None) -> None:
    """Print the figures, and the sessions that have no attendance."""
    days = _days(first_day, last_day)
    with desk.bank(), snapshot() as session:
        provider = organisation_by_uscc(session, uscc)
        card = scorecard_of(session, provider.organisation_id, *days)
        disputed = figures_of(session, provider.organisation_id, *days)
    amount = desk.text(
        "scorecard-amount", count=card.credits, hours=hours_text(card.credited_centihours)
    )
    rows = [
        [desk.text("scorecard-sessions"), str(card.sessions)],
        [desk.text("scorecard-unposted"), str(len(card.unposted))],
        [desk.text("scorecard-refused"), str(card.rows_refused)],
        [desk.text("scorecard-credits"), amount],
        [desk.text("scorecard-reversed"), str(card.reversed_count)],
    ]
    if card.lateness is not None:
        rows += [
            [desk.text("scorecard-median"), str(card.lateness.median_days)],
            [desk.text("scorecard-longest"), str(card.lateness.longest_days)],
            [desk.text("scorecard-soon", days=SOON_DAYS), str(card.lateness.soon_rows)],
            [desk.text("scorecard-late", days=LATE_DAYS), str(card.lateness.late_rows)],
        ]
    rows += [
        [desk.text("scorecard-disputes-stated"), str(disputed.stated)],
        [desk.text("scorecard-disputes-open"), str(disputed.open)],
        [desk.text("scorecard-disputes-late"), str(disputed.late)],
        [desk.text("scorecard-disputes-upheld"), str(disputed.upheld)],
    ]
    desk.table(["scorecard-figure", "scorecard-value"], rows)
    for each in card.unposted:
        desk.say(
            "scorecard-unposted-line", day=each.day.isoformat(), filing=each.filing_no,
            title=each.title,
        )  # fmt: skip


def _days(first_day: str | None, last_day: str | None) -> tuple[date, date]:
    said = {"from": first_day, "through": last_day}
    query = load(ScorecardQuery(), {name: text for name, text in said.items() if text})
    return days_counted(query["first_day"], query["last_day"], now=utc_now())
