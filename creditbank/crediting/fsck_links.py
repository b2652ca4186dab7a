"""What `ledger fsck` checks of findings on two keys: each has its act, and each act its finding."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from creditbank.crediting.links import LINKED, UNLINKED
from creditbank.ledger.disagreement import Disagreement
from creditbank.ledger.models import Act
from creditbank.people.models import PersonLink


def check_links(session: Session) -> Iterator[Disagreement]:
    """Check findings on two keys against their acts.

    Args:
        session: a snapshot.

    Yields:
        Each disagreement, by table and number.
    """
    query = select(Act.act_id, Act.kind).where(Act.kind.in_([LINKED, UNLINKED]))
    said = {row[0]: row[1] for row in session.execute(query)}
    # Column by column: a value of another type that was forced in fits no act, and ends nothing.
    link = (PersonLink.person_id, PersonLink.other_person_id, PersonLink.link_no)
    for *name, linked, act_id in session.execute(
        select(*link, PersonLink.linked, PersonLink.act_id)
    ):
        if said.pop(act_id, "") != (LINKED if linked else UNLINKED):
            yield Disagreement("fsck-link", "person_link", " ".join(map(str, name)))
    for act_id in sorted(said):
        yield Disagreement("fsck-link", "journal_act", str(act_id))
