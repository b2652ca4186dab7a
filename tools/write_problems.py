"""Writes docs/problems.md from the classes of failures and the catalogue of sentences.

python tools/write_problems.py          # writes the page
python tools/write_problems.py --check  # exit code 1 when the page is not what it should be
"""

import importlib
import pkgutil
import re
import sys
from pathlib import Path

import creditbank
from creditbank.catalogue import entries
from creditbank.errors import CreditBankError

PAGE = Path(__file__).resolve().parents[1] / "docs" / "problems.md"
HEAD = """# Problems

Everything that the bank refuses on purpose has a code that never changes. The API answers it as
`application/problem+json` with `type` = `/docs/problems#CODE`, the status below, and a title and a
detail in the language asked for; the command line prints the same sentences. The page is written
by `tools/write_problems.py`; ‹angle brackets› stand for what the answer fills in.

## Requests

"""
ROWS = """## Rows of a roster

A bad row does not stop the good ones: it comes back with its row number, its column, and one of
these codes.

"""


def error_classes() -> dict[str, type[CreditBankError]]:
    """Import the whole package and return every class of deliberate failure by its name."""
    for module in pkgutil.walk_packages(creditbank.__path__, "creditbank."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: dict[str, type[CreditBankError]] = {}
    waiting = [CreditBankError]
    while waiting:
        for child in waiting.pop().__subclasses__():
            if child.__module__.startswith("creditbank."):
                assert found.get(child.__name__, child) is child, f"two classes {child.__name__}"
                found[child.__name__] = child
            waiting.append(child)
    return found


def page() -> str:
    """Write the whole page."""
    statuses = {error.code: error.status for error in error_classes().values()}
    problems = [code for code, parts in sorted(entries().items()) if "title" in parts]
    requests = [_entry(code, f"{statuses[code]} · ") for code in problems if code in statuses]
    rows = [_entry(code, "") for code in problems if code not in statuses]
    return HEAD + "".join(requests) + ROWS + "".join(rows).rstrip("\n") + "\n"


def _entry(code: str, status: str) -> str:
    parts = entries()[code]
    title = f"{status}**{parts['title']['zh']}** · {parts['title']['en']}"
    lines = [_sentences(code, language) for language in ("zh", "en")]
    return f"### {code}\n\n{title}\n\n" + "".join(f"- {line}\n" for line in lines) + "\n"


def _sentences(code: str, language: str) -> str:
    parts = entries()[code]
    said = [parts[part][language] for part in ("found", "wanted", "next") if part in parts]
    return re.sub(r"{(\w+)}", r"‹\1›", ("" if language == "zh" else " ").join(said))


def main() -> int:
    """Write the page, or only compare."""
    wanted = page()
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text(encoding="utf-8") != wanted)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
