"""The examples for programmers, each run as it stands: curl, Python, Java."""

import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import KeySet
from requests import get

from creditbank.jobs.batches import run_batches
from tests.api.desk import Desk
from tests.api.test_registry_and_verdicts import granted
from tests.house.tree import ROOT

CLIENT = ROOT / "clients" / "python"
EXAMPLES = ROOT / "clients" / "examples"
QUESTION = str(EXAMPLES / "question.json")


def run(served: tuple[Desk, str], *command: str) -> subprocess.CompletedProcess[str]:
    desk, address = served
    tool = shutil.which(command[0])
    if tool is None:
        pytest.skip(f"no {command[0]} here")
    asker = desk.title_system
    named = {"BANK": address, "CLIENT_ID": asker.client_id, "CLIENT_SECRET": asker.secret}
    ours = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CLIENT), "LANG": "C.UTF-8"}
    return subprocess.run(
        [tool, *command[1:]], env={**ours, **named}, capture_output=True, text=True, timeout=120,
        encoding="utf-8", check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        ("sh", str(EXAMPLES / "ask.sh"), QUESTION, "application-1"),
        (sys.executable, str(EXAMPLES / "ask.py")),
        ("java", str(EXAMPLES / "Ask.java"), QUESTION, "application-1"),
    ],
    ids=["curl", "python", "java"],
)
def test_an_example_gets_an_answer_that_the_bank_signed(
    served: tuple[Desk, str], command: tuple[str, ...]
) -> None:
    refused = run(served, *command)
    granted(served[0])
    first, again = run(served, *command), run(served, *command)

    assert refused.returncode != 0
    assert "mandate-missing" in refused.stdout + refused.stderr
    assert (first.returncode, first.stderr) == (0, "")
    assert again.stdout == first.stdout  # by the same key, the same answer
    keys = KeySet.import_key_set(get(f"{served[1]}/.well-known/jwks.json", timeout=60).json())
    token = first.stdout.split()[-1].encode()
    assert jws.deserialize_compact(token, keys, algorithms=["Ed25519"]).payload


def test_what_the_readme_shows_runs(served: tuple[Desk, str], tmp_path: Path) -> None:
    granted(served[0])
    [shown] = re.findall(
        r"```python\n(.*?)```", (CLIENT / "README.md").read_text("utf-8"), re.DOTALL
    )
    asker = served[0].title_system
    put = {
        "https://bank.example": served[1], "title-system-k3v9x2m7": asker.client_id,
        "cbs_…": asker.secret,
    }  # fmt: skip
    for said, meant in put.items():
        assert shown.count(said) == 1
        shown = shown.replace(said, meant)
    (tmp_path / "shown.py").write_text(shown, "utf-8")

    done = run(served, sys.executable, str(tmp_path / "shown.py"))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("undetermined ")


def test_a_list_in_a_file_becomes_a_folder_of_signed_answers(
    served: tuple[Desk, str], tmp_path: Path
) -> None:
    granted(served[0])
    lines = ["证件号码,姓名,现职称取得日期", "999999198505150018,李示例,2021-03-01"]
    (tmp_path / "list.csv").write_text("\n".join([*lines, "123,王,2021-03-01"]), "utf-8-sig")
    over = threading.Event()
    clock = threading.Thread(target=answer_lists_until, args=(served[0], over))
    clock.start()
    command = (sys.executable, str(EXAMPLES / "ask_list.py"))

    refused = run(served, *command, str(tmp_path / "list.csv"), str(tmp_path), "list-1")
    (tmp_path / "list.csv").write_text("\n".join(lines), "utf-8-sig")
    done = run(served, *command, str(tmp_path / "list.csv"), str(tmp_path), "list-2")
    over.set()
    clock.join()

    assert "/people/1/document_number" in refused.stderr
    assert (done.returncode, done.stderr) == (0, "")
    [answer] = tmp_path.glob("*.jws")
    assert done.stdout.splitlines()[-1] == f"1 undetermined {answer}"


def answer_lists_until(desk: Desk, over: threading.Event) -> None:
    """Do the clock's part."""
    with desk.bank.app.app_context():
        while not over.wait(0.2):
            run_batches(threading.Event())


def test_the_client_installs_from_its_folder(tmp_path: Path) -> None:
    source = shutil.copytree(CLIENT, tmp_path / "client")
    command = ["-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([sys.executable, *command, str(source)], check=True, timeout=120)

    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = {name for name in packed.namelist() if name.startswith("creditbank_client/")}
    assert names == {
        f"creditbank_client/{each.name}"
        for each in CLIENT.rglob("*.*")
        if each.suffix in {".py", ".typed"}
    }
