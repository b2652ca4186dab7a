"""How many certificates one core prints in a second, QR code and all, against typst alone.

Every certificate is another person's with other hours, number, code and leaf. Typst alone is handed
pages that were made before and compiles them with a kept compiler of its own. Both are measured in
processor seconds of this process, all threads together, in turns, in one run.

    .venv/bin/python -m bench.certificates
"""

import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import typst

from creditbank.certificates.issuing import Order, issue_certificate
from creditbank.certificates.numbers import new_code, new_number
from creditbank.certificates.opening import Opened, open_certificate
from creditbank.certificates.paper import page_of
from creditbank.certificates.press import TEMPLATE, Press
from creditbank.certificates.typesetter import inputs_of
from creditbank.config import Settings
from creditbank.db import make_engine
from creditbank.hours import hours_text
from creditbank.migrating import upgrade
from creditbank.people.register import find_person
from tests.bank import NOW, TestBank, attendance, found_test_bank, invented_person

COUNT = 200
TURNS = 5
#: The first ones fill the compiler's caches with the words that all have in common.
WARM = 10


def one_certificate() -> Opened:
    """Issue one in a bank of its own."""
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(home=directory)
        upgrade(make_engine(settings.owner_url, settings, owner=True))
        bank = found_test_bank(settings)
        opened = _issued(bank)
        bank.close()
        return opened


def _issued(bank: TestBank) -> Opened:
    holder = invented_person(1)
    bank.post(bank.approved_filing(), attendance([holder]))
    bank.seal()
    with bank.unit() as session:
        order = Order(find_person(session, bank.house.vault, holder), "cn-3710", (2026,))
        issued = issue_certificate(session, bank.house.vault, order, actor="bench", now=NOW)
        return open_certificate(session, bank.house.vault, issued.certificate, now=NOW)


def others(opened: Opened, count: int, seed: int) -> list[Opened]:
    """Make certificates of other people out of one: three years, two subjects."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        facts = json.loads(json.dumps(opened.facts))
        facts["number"] = new_number("cn-3710", 2026)
        facts["holder"]["name"] = "".join(chr(chance.randrange(0x4E00, 0x9FA0)) for _ in range(3))
        facts["holder"]["last_four"] = f"{chance.randrange(10_000):04d}"
        facts["years"] = [2024, 2025, 2026]
        facts["subjects"] = [
            {"id": "professional", "zh": "专业科目", "en": "professional"},
            {"id": "public", "zh": "公需科目", "en": "public"},
        ]
        facts["hours"] = [
            {
                "year": year, "subject": subject["id"], "capped": "0.00", "migrated": "0.00",
                "counted": hours_text(chance.randrange(10_000)),
            }
            for year in facts["years"] for subject in facts["subjects"]
        ]  # fmt: skip
        certificate = type(opened.certificate)(
            number=facts["number"], jurisdiction="cn-3710", facts_digest=chance.randbytes(32)
        )
        act = type(opened.act)(leaf=chance.randbytes(32))
        made.append(replace(opened, facts=facts, certificate=certificate, code=new_code(), act=act))
    return made


def seconds_for(work: Callable[[int], object], count: int) -> float:
    """Return the processor seconds that so many pieces of work take."""
    started = time.process_time()
    for nth in range(count):
        work(nth)
    return time.process_time() - started


def main() -> None:
    """Print both rates and their ratio, the best of the turns."""
    press, one = Press(""), one_certificate()
    alone = typst.Compiler(
        input=str(TEMPLATE), root=str(TEMPLATE.parent), font_paths=press.typesetter.typefaces.fonts,
        ignore_system_fonts=True,
    )  # fmt: skip
    ours, bare = list[float](), list[float]()
    for turn in range(TURNS + 1):
        count = COUNT if turn else WARM
        batch = others(one, count, turn)
        pages: Sequence[dict[str, str]] = [
            inputs_of({**page_of(each), "tight": False, "size": 85}, press.typesetter.typefaces)
            for each in others(one, count, -turn - 1)
        ]
        ours.append(seconds_for(lambda nth, b=batch: press.print(b[nth]), count) / count)
        bare.append(
            seconds_for(lambda nth, p=pages: alone.compile(format="pdf", sys_inputs=p[nth]), count)
            / count
        )
    mine, theirs = min(ours[1:]), min(bare[1:])
    print(f"certificates: {1 / mine:.0f} a second on one core ({1000 * mine:.1f} ms each)")
    print(f"typst alone: {1 / theirs:.0f} a second ({1000 * theirs:.1f} ms each)")
    print(f"ratio: {theirs / mine:.2f}")


if __name__ == "__main__":
    main()
