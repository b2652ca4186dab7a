"""Settings: one frozen object, each value named, documented, bounded; read from variables."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from creditbank.errors import CreditBankError

#: Where a sandbox bank is served, and the end of its host.
SANDBOX_PATH = "/sandbox"
_PUBLIC_URL = re.compile(r"(https?://[A-Za-z0-9.:\[\]-]+(/[a-z0-9-]+)*)?", re.ASCII)


class SettingInvalidError(CreditBankError):
    """A setting is out of its bounds or not of its type."""

    code = "setting-invalid"
    status = 500


def _setting(
    default: object, doc: str, low: int = 0, high: int = 0, *, shown: bool = True
) -> object:
    return field(default=default, repr=shown, metadata={"doc": doc, "low": low, "high": high})


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may set; the variable is CREDITBANK_ and the name in capitals."""

    home: str = _setting("bank", "Directory of the embedded database and the key files.")  # type: ignore[assignment]
    database_url: str = _setting(
        "", "Database of the application role; empty: an SQLite file `bank.sqlite3` in `home`."
    )  # type: ignore[assignment]
    owner_database_url: str = _setting(
        "", "The same database as its owner, for migrations only; empty: `database_url`."
    )  # type: ignore[assignment]
    sealer_database_url: str = _setting(
        "", "The same database as the sealer role; empty: `database_url`."
    )  # type: ignore[assignment]
    sandbox_home: str = _setting(
        "", "Directory of a sandbox bank that is served under /sandbox; empty: none."
    )  # type: ignore[assignment]
    listen_host: str = _setting("127.0.0.1", "Address that `creditbank serve` listens on.")  # type: ignore[assignment]
    listen_port: int = _setting(8080, "Port that `creditbank serve` listens on.", 1, 65_535)  # type: ignore[assignment]
    public_url: str = _setting(
        "", "Address at which others reach the bank; empty: https and the host it was founded for."
    )  # type: ignore[assignment]
    web_workers: int = _setting(
        2, "Web worker processes on PostgreSQL; SQLite always has one.", 1, 64
    )  # type: ignore[assignment]
    seal_interval_seconds: int = _setting(2, "Pause between two rounds of the sealer.", 1, 3_600)  # type: ignore[assignment]
    seal_entries_max: int = _setting(
        20_000, "Entries and acts that one round of the sealer takes.", 1, 100_000
    )  # type: ignore[assignment]
    request_bytes_max: int = _setting(8_388_608, "Size of a request's body.", 65_536, 67_108_864)  # type: ignore[assignment]
    roster_rows_max: int = _setting(100_000, "Rows of one roster.", 1, 100_000)  # type: ignore[assignment]
    import_rows_max: int = _setting(
        10_000, "Rows of one import, or of one day that is compared.", 1, 100_000
    )  # type: ignore[assignment]
    roster_page_rows_max: int = _setting(
        1_000, "Rows of a roster up to which its pages answer at once.", 1, 100_000
    )  # type: ignore[assignment]
    roster_call_rows_max: int = _setting(
        10_000, "Rows of a roster up to which a call may wait for it.", 1, 100_000
    )  # type: ignore[assignment]
    batch_rows_max: int = _setting(  # type: ignore[assignment]
        100_000, "Applicants on one list of a title system.", 1, 100_000
    )
    batch_bytes_max: int = _setting(  # type: ignore[assignment]
        33_554_432, "Size of a list of applicants.", 65_536, 67_108_864
    )
    batch_days: int = _setting(
        30, "Days after which nobody on such a list is known any more.", 1, 400
    )  # type: ignore[assignment]
    webhook_open_network: int = _setting(
        0,
        "1 lets events be delivered by plain http and to addresses inside: for tests and trials on"
        " one's own machine alone.",
        0,
        1,
    )  # type: ignore[assignment]
    page_size_max: int = _setting(200, "Items on one page of a list.", 1, 1_000)  # type: ignore[assignment]
    idempotency_days: int = _setting(
        400, "Days for which the answer to an idempotency key is kept.", 1, 4_000
    )  # type: ignore[assignment]
    xapi_days: int = _setting(
        400,
        "Days for which xAPI statements and their attachments are kept; then their id and digest.",
        1,
        4_000,
    )  # type: ignore[assignment]
    roster_file_days: int = _setting(
        400, "Days for which uploaded rosters are kept; then their length and digest.", 1, 4_000
    )  # type: ignore[assignment]
    lock_wait_seconds: int = _setting(
        30, "How long a write waits for a lock before it answers `busy`.", 1, 600
    )  # type: ignore[assignment]
    rate_window_seconds: int = _setting(60, "Length of a window of the rate limits.", 1, 3_600)  # type: ignore[assignment]
    rate_client_requests: int = _setting(1_200, "Requests of one client in a window.", 1, 1_000_000)  # type: ignore[assignment]
    rate_public_requests: int = _setting(
        600, "Requests of one address in a window to what anybody may ask.", 1, 1_000_000
    )  # type: ignore[assignment]
    rate_token_requests: int = _setting(
        60, "Requests of one address in a window for access tokens.", 1, 1_000_000
    )  # type: ignore[assignment]
    rate_check_requests: int = _setting(
        60, "Looks of one address in a window at check pages of certificates.", 1, 1_000_000
    )  # type: ignore[assignment]
    access_token_seconds: int = _setting(
        3_600, "How long an access token of a client holds.", 60, 3_600
    )  # type: ignore[assignment]
    verdict_algorithm: str = _setting(
        "Ed25519", "Signature of verdicts for clients that chose none: Ed25519 or ES256."
    )  # type: ignore[assignment]
    font_path: str = _setting(
        "", "Directory of further fonts for certificates; empty: those of the system alone."
    )  # type: ignore[assignment]
    certificate_days: int = _setting(
        0, "Days for which a certificate holds after its day of issue; 0: without end.", 0, 36_500
    )  # type: ignore[assignment]
    filing_decide_working_days: int = _setting(
        20, "Working days in which a submitted filing is to be decided; 0: no term.", 0, 250
    )  # type: ignore[assignment]
    review_reminder_days: int = _setting(
        30, "Days before a review's day from which whoever is not ready is told; 0: never.", 0, 365
    )  # type: ignore[assignment]
    dispute_working_days: int = _setting(
        10, "Working days in which a provider is to answer a dispute of hours; 0: no term.", 0, 250
    )  # type: ignore[assignment]
    filing_close_days: int = _setting(
        180,
        "Days after the last session, or the last step if that was later, on which the clock "
        "closes an approved filing; 0: never.",
        0,
        3_650,
    )  # type: ignore[assignment]

    proxies_trusted: int = _setting(
        0, "Reverse proxies in front whose word on address, host and scheme is taken.", 0, 5
    )  # type: ignore[assignment]
    password_characters_min: int = _setting(12, "Characters that a password has at least.", 8, 64)  # type: ignore[assignment]
    argon2_memory_kib: int = _setting(
        65_536, "Memory of one argon2id hash, in KiB.", 7_168, 1_048_576
    )  # type: ignore[assignment]
    argon2_iterations: int = _setting(3, "Passes of one argon2id hash.", 1, 20)  # type: ignore[assignment]
    argon2_lanes: int = _setting(1, "Lanes of one argon2id hash.", 1, 16)  # type: ignore[assignment]
    session_idle_minutes: int = _setting(30, "A session ends after so long unused.", 5, 1_440)  # type: ignore[assignment]
    session_hours_max: int = _setting(12, "A session ends after so long in any case.", 1, 168)  # type: ignore[assignment]
    desk_code_hours: int = _setting(72, "How long a one-time code of a desk holds.", 1, 720)  # type: ignore[assignment]
    oidc_issuer: str = _setting(
        "", "Issuer of the identity provider (OpenID Connect); empty: there is none."
    )  # type: ignore[assignment]
    oidc_client_id: str = _setting("", "What the identity provider calls this bank.")  # type: ignore[assignment]
    oidc_client_secret: str = _setting(
        "", "The secret that it gave; empty for a public client.", shown=False
    )  # type: ignore[assignment]
    oidc_scopes: str = _setting("openid profile", "Scopes asked of the identity provider.")  # type: ignore[assignment]
    oidc_number_claim: str = _setting(
        "", "Claim that holds the resident number; empty: accounts are linked by their owners."
    )  # type: ignore[assignment]
    oidc_name_claim: str = _setting("name", "Claim that holds the person's name.")  # type: ignore[assignment]

    @property
    def home_path(self) -> Path:
        """The home directory as an absolute path."""
        return Path(self.home).absolute()

    @property
    def keys_path(self) -> Path:
        """Where key files lie; back them up apart from the database."""
        return self.home_path / "keys"

    def sandbox(self) -> "Settings":
        """Settings of the sandbox bank: its database and its keys are its own."""
        return replace(
            self,
            home=self.sandbox_home,
            sandbox_home="",
            database_url="",
            owner_database_url="",
            sealer_database_url="",
            public_url=f"{self.public_url}{SANDBOX_PATH}" if self.public_url else "",
        )

    @property
    def app_url(self) -> str:
        """URL of the application role."""
        return self.database_url or f"sqlite:///{self.home_path / 'bank.sqlite3'}"

    @property
    def owner_url(self) -> str:
        """URL of the owner, who migrates."""
        return self.owner_database_url or self.app_url

    @property
    def sealer_url(self) -> str:
        """URL of the sealer role."""
        return self.sealer_database_url or self.app_url


def settings_from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; what is not set keeps its default.

    Raises:
        SettingInvalidError: a value that is not of its type or out of bounds, naming the variable.
    """
    chosen: dict[str, str | int] = {}
    for setting in fields(Settings):
        variable = f"CREDITBANK_{setting.name.upper()}"
        if variable in environment:
            raw = environment[variable]
            chosen[setting.name] = _whole_number(variable, raw) if setting.type is int else raw
    settings = Settings(**chosen)  # type: ignore[arg-type]
    _check_bounds(settings)
    return settings


def _check_bounds(settings: Settings) -> None:
    for setting in fields(Settings):
        value = getattr(settings, setting.name)
        low, high = setting.metadata["low"], setting.metadata["high"]
        if setting.type is int and not low <= value <= high:
            raise SettingInvalidError(
                variable=f"CREDITBANK_{setting.name.upper()}",
                found=str(value),
                wanted=f"{low}–{high}",
            )
    if _PUBLIC_URL.fullmatch(settings.public_url) is None:
        raise SettingInvalidError(
            variable="CREDITBANK_PUBLIC_URL",
            found=settings.public_url[:100],
            wanted="https://bank.example",
        )
    if settings.verdict_algorithm not in ("Ed25519", "ES256"):
        raise SettingInvalidError(
            variable="CREDITBANK_VERDICT_ALGORITHM",
            found=settings.verdict_algorithm,
            wanted="Ed25519, ES256",
        )


def _whole_number(variable: str, raw: str) -> int:
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 12):  # noqa: PLR2004 # fits any bound
        raise SettingInvalidError(variable=variable, found=raw[:20], wanted="0–999999999999")
    return int(raw)
