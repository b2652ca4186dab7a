"""A backup or a restore that is killed in the middle leaves nothing that looks whole."""

import importlib
import os
import signal
from pathlib import Path

import pytest

from creditbank.config import Settings
from tests.backup.conftest import Scene
from tests.backup.places import nothing_stands
from tests.cli.bench import terminal_for
from tests.faults.processes import PROCESSES


def run_until(place: str, settings: Settings, *arguments: str) -> None:
    """Run a command that dies, as by a power cut, when it comes to a function."""
    module, name = place.rsplit(".", 1)

    def die(*_given: object, **_named: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(importlib.import_module(module), name, die)
    terminal_for(settings).run(*arguments)


def killed(place: str, settings: Settings, *arguments: str) -> None:
    process = PROCESSES.Process(target=run_until, args=(place, settings, *arguments))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("place", ["making.write_manifest", "drafts.sync"])
def test_a_backup_that_is_killed_is_none(scene: Scene, tmp_path: Path, place: str) -> None:
    target = tmp_path / "backup"

    killed(f"creditbank.backup.{place}", scene.bank.house.settings, "backup", str(target))

    [left] = tmp_path.iterdir()
    assert left.name.startswith(".backup.unfinished-")
    if place == "making.write_manifest":
        said = terminal_for(scene.elsewhere(tmp_path / "home")).run(
            "restore", str(left), "--published", str(scene.then), exit_code=1
        )
        assert "(backup-missing)" in said.output
    scene.terminal.run("backup", str(target))


@pytest.mark.parametrize("moment", ["_replay", "close_logs"])
def test_a_restore_that_is_killed_leaves_the_place_empty_and_can_be_done_again(
    scene: Scene, tmp_path: Path, moment: str
) -> None:
    settings = scene.elsewhere(tmp_path / "home")
    order = (
        "restore", str(scene.backup), "--published", str(scene.later), "--force", "磁盘损坏",
    )  # fmt: skip

    killed(f"creditbank.backup.restoring.{moment}", settings, *order)

    assert nothing_stands(settings)
    assert "(schema-not-current)" in terminal_for(settings).run(
        "ledger", "fsck", exit_code=1
    ).output  # fmt: skip
    terminal_for(settings).run(*order)
    assert "全部相符" in terminal_for(settings).run("ledger", "fsck").output
