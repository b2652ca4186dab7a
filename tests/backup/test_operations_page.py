"""Whoever follows the page on backup and restore, command by command, has a bank again."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from creditbank.config import Settings
from tests.acts import seal_all
from tests.backup.conftest import Scene
from tests.bank import attendance, invented_person
from tests.cli.bench import Terminal, terminal_for

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def block_after(heading: str) -> Iterator[str]:
    """Yield the lines of the first block of commands under a heading."""
    block = re.search(r"```sh\n(.*?)```", PAGE[PAGE.index(heading) :], re.DOTALL)
    assert block is not None
    yield from block[1].splitlines()


@dataclass(slots=True)
class Shell:
    """Understands as much of a shell as the page uses; `/srv` is a directory of the test's."""

    srv: Path
    environment: dict[str, str]
    said: dict[str, str] = field(default_factory=dict)

    def follow(self, heading: str) -> None:
        """Run the commands under a heading."""
        for line in block_after(heading):
            words = shlex.split(line.replace("/srv", str(self.srv)))
            if words[0] == "export":
                self.environment.update([words[1].split("=", 1)])
                continue
            assert words[0] == "creditbank", line
            command, _, target = " ".join(map(shlex.quote, words[1:])).partition(" '>' ")
            output = Terminal(self.environment).run(*shlex.split(command)).output
            self.said[command] = output
            if target:
                Path(shlex.split(target)[0]).write_text(output, encoding="utf-8")


def test_the_page_is_followed_to_a_restored_bank_and_to_a_forced_one(
    scene: Scene, tmp_path: Path
) -> None:
    for name in ("safe", "witness", "backup"):
        (tmp_path / name).mkdir()
    home = tmp_path / "restored"
    shell = Shell(tmp_path, dict(scene.terminal.environment))

    shell.follow("## Keys")
    shares = re.findall(r"^  ((?:[a-z]+ ){32}[a-z]+)$", next(iter(shell.said.values())), re.M)
    (tmp_path / "safe" / "shares.txt").write_text("\n".join(shares[:3]), encoding="utf-8")
    shell.follow("### Backing up")
    shell.environment |= places(scene, home)
    shell.follow("### Restoring")

    assert "全部相符" in shell.said["ledger fsck"]
    scene.bank.post(scene.filing_no, attendance([invented_person(7)]))
    seal_all(scene.bank)
    scene.publish(tmp_path / "witness" / "later.txt")
    forced = scene.elsewhere(tmp_path / "forced")
    shell.environment |= terminal_for(forced).environment
    shell.follow("### A log that would go back")

    assert any("已封闭" in said for said in shell.said.values())


def places(scene: Scene, home: Path) -> dict[str, str]:
    """Return the variables that name an empty database for a home that has no keys yet."""
    settings: Settings = scene.empty(home).settings(home)
    environment = dict(terminal_for(settings).environment)
    del environment["CREDITBANK_HOME"]  # the page names it
    return environment
