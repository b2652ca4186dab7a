"""A certificate as a stranger checks it: with hashes, another tree, and nothing of this program."""

import hashlib
import json
import re
from html.parser import HTMLParser

from pymerkle import InmemoryTree  # type: ignore[import-untyped]
from pymerkle.proof import MerkleProof, verify_inclusion  # type: ignore[import-untyped]

from creditbank.certificates.numbers import code_text
from tests.bank import TestBank, attendance, invented_person
from tests.certificates.counter import issue, opened, with_hours


class Evidence(HTMLParser):
    """Reads the page's evidence: each label with the texts under it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self._inside, self._label = "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember where we are."""
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        """Leave it."""
        self._inside = ""

    def handle_data(self, data: str) -> None:
        """Keep labels and code."""
        if self._inside == "dt":
            self._label = data
        elif self._inside == "code":
            self.found.setdefault(self._label, []).append(data)


def tagged(tag: str, *parts: bytes) -> bytes:
    return hashlib.sha256(tag.encode() + b"\n" + b"".join(parts)).digest()


def page_of(bank: TestBank, number: str) -> str:
    code = code_text(opened(bank, number).code)
    return bank.app.test_client().get(f"/C/{code}?lang=en").text


def certified_page(bank: TestBank) -> str:
    with_hours(bank)
    number = issue(bank).certificate.number
    bank.post(
        bank.approved_filing(), attendance([invented_person(number) for number in range(9, 30)])
    )
    bank.seal()
    return page_of(bank, number)


def test_the_facts_on_the_page_lead_to_the_leaf(bank: TestBank) -> None:
    reader = Evidence()
    reader.feed(certified_page(bank))
    found = {label: texts[0] for label, texts in reader.found.items()}

    facts = found["Facts"]
    details, body = json.loads(found["Details of the act"]), json.loads(found["Act"])

    assert json.loads(facts)["holder"]["name"] == "欧阳示例"
    assert tagged("creditbank/certificate/v1", facts.encode()).hex() == details["facts"]
    digest = tagged("creditbank/details/v1", found["Details of the act"].encode()).hex()
    assert body[6] == digest
    leaf = tagged("creditbank/act/v1", bytes.fromhex(found["Salt"]), found["Act"].encode())
    assert leaf.hex() == found["Leaf"]


def test_an_edited_fact_does_not_lead_to_the_leaf(bank: TestBank) -> None:
    reader = Evidence()
    reader.feed(certified_page(bank))
    [facts], [details] = reader.found["Facts"], reader.found["Details of the act"]

    edited = facts.replace('"counted":"24.00"', '"counted":"84.00"')

    assert edited != facts
    assert tagged("creditbank/certificate/v1", edited.encode()).hex() not in details


def test_pymerkle_accepts_the_path_from_the_leaf_to_the_root(bank: TestBank) -> None:
    page = certified_page(bank)
    reader = Evidence()
    reader.feed(page)
    index, size = map(int, re.findall(r"is leaf (\d+) .*?covers (\d+) leaves", page, re.DOTALL)[0])
    note = reader.found["Signed checkpoint"][0].splitlines()

    tree = InmemoryTree(algorithm="sha256")
    for leaf in leaves_of_the_log(bank, size):
        tree.append_entry(leaf)
    theirs = tree.prove_inclusion(index + 1, size)

    path = [bytes.fromhex(each) for each in reader.found["Path to the root"]]
    assert (note[0], int(note[1])) == ("bank.example/ledger/cn-3710/2026", size)
    assert tree.get_root(size).hex() == reader.found["Root"][0]
    assert [bytes(each) for each in theirs.path[1:]] == path
    verify_inclusion(
        tree.get_leaf(index + 1), tree.get_root(size), MerkleProof.deserialize(theirs.serialize())
    )


def leaves_of_the_log(bank: TestBank, size: int) -> list[bytes]:
    """Fetch every leaf as anybody would."""
    client, leaves = bank.app.test_client(), list[bytes]()
    for bundle in range(-(-size // 256)):
        width = min(256, size - 256 * bundle)
        partial = "" if width == 256 else f".p/{width}"
        data = client.get(f"/ledger/cn-3710/2026/tile/entries/{bundle:03d}{partial}").data
        leaves += [data[at + 2 : at + 34] for at in range(0, len(data), 34)]
    return leaves
