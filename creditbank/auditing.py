"""How everything is checked: the ledger and journal, then what other rooms rest on them."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from creditbank.attendance.check_in_sides import check_check_ins
from creditbank.certificates.fsck import check_certificates
from creditbank.crediting.engineer_certificates_fsck import check_engineer_certificates
from creditbank.crediting.fsck import check_investigations
from creditbank.crediting.fsck_folds import check_folds
from creditbank.crediting.fsck_kept_files import check_kept_files
from creditbank.crediting.fsck_links import check_links
from creditbank.crediting.fsck_reassessments import check_reassessments
from creditbank.crediting.training_days import check_travel_days
from creditbank.integrity.fsck import check_disputes
from creditbank.ledger.audited import Audited, Since
from creditbank.ledger.fsck import Disagreement, Progress, SecretStates, check_ledger
from creditbank.people.vault import Vault
from creditbank.registry.calls_fsck import check_calls
from creditbank.registry.delegations_fsck import check_delegations
from creditbank.registry.filing.fsck import check_filings
from creditbank.registry.filing.routes_fsck import check_filing_routes
from creditbank.registry.fsck import check_organisations
from creditbank.registry.successions_fsck import check_successions
from creditbank.verification.exemptions_fsck import check_exemptions
from creditbank.verification.list_trees_fsck import check_list_trees
from creditbank.verification.status_fsck import check_statuses


def audit(
    session: Session,
    secrets: SecretStates,
    progress: Progress | None = None,
    audited: Audited | None = None,
    *,
    folds: bool = False,
    vault: Vault | None = None,
) -> Iterator[Disagreement]:
    """Check everything that fsck checks, phase by phase.

    Args:
        session: a snapshot.
        secrets: people's secrets, by which leaves are hashed again.
        progress: kept up to date while the check runs.
        audited: the record of an earlier check, where only what has come since is looked at.
        folds: whether caps are counted again for everybody who is looked at, if all else agrees.
        vault: opens the files that are kept; without one they are not looked at.

    Yields:
        Each disagreement, by table and row.
    """
    seen = progress or Progress()
    since = Since(session, audited) if audited else None
    agrees = True
    for each in _without_folds(session, secrets, seen, since):
        agrees = False
        yield each
    if vault is not None:
        yield from check_kept_files(session, vault)
    if folds and agrees:  # over rows that are not as they were posted no fold would mean anything
        yield from check_folds(session, secrets, seen, since)


def _without_folds(
    session: Session, secrets: SecretStates, seen: Progress, since: Since | None
) -> Iterator[Disagreement]:
    yield from check_ledger(session, secrets, seen, since)
    yield from check_investigations(session, secrets, seen, since)
    yield from check_reassessments(session, seen)
    yield from check_links(session)
    yield from check_organisations(session)
    yield from check_successions(session)
    yield from check_delegations(session)
    yield from check_check_ins(session)
    yield from check_calls(session)
    yield from check_filing_routes(session)
    yield from check_filings(session)
    yield from check_travel_days(session)
    yield from check_engineer_certificates(session, secrets)
    yield from check_disputes(session)
    yield from check_exemptions(session, secrets)
    yield from check_statuses(session, secrets)
    yield from check_list_trees(session)
    yield from check_certificates(session, secrets, seen, since)
