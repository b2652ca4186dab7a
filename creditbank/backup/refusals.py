"""Why a bank is not restored."""

from creditbank.errors import CreditBankError


class OtherDatabaseError(CreditBankError):
    """The backup is of the other kind of database than the settings name."""

    code = "backup-other-database"
    status = 422


class BackupNewerError(CreditBankError):
    """The backup's schema is newer than this program."""

    code = "backup-newer"
    status = 422


class GuardsDifferError(CreditBankError):
    """The restored database does not have the guards that migrations make."""

    code = "restore-guards-differ"
    status = 500


class RestoreDisagreesError(CreditBankError):
    """What was restored does not lead to the roots that were signed."""

    code = "restore-disagrees"
    status = 422


class PublishedUnreadableError(CreditBankError):
    """What was given as published holds no checkpoint of this bank, or one that does not hold."""

    code = "published-unreadable"
    status = 422


class RestoreRollsBackError(CreditBankError):
    """Logs would stand behind checkpoints that were published."""

    code = "restore-rolls-back"
    status = 409


class RestoreForksError(CreditBankError):
    """A published checkpoint is no beginning of the backup's log, nor the other way round."""

    code = "restore-forks"
    status = 409
