"""The golden SD-JWT: the offline checker finds it true however little is shown, and sees lies."""

import base64
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from creditbank.verification.sd_jwt import digest_of
from tests.vectors.make_sd_jwt import base64url, signed, written

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "verdict_sd.json").read_text(encoding="utf-8")
)
SECOND: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "verdict_sd_v2.json").read_text(encoding="utf-8")
)
TOKEN, *DISCLOSURES = VECTOR["sd_jwt"].split("~")[:-1]
LINES = DISCLOSURES[4:]


def report_on(checker: ModuleType, token: str, *shown: str) -> Any:
    return checker.examine_shown(
        "~".join([token, *shown, ""]).encode(), json.dumps(VECTOR["jwks"]).encode(),
        subject=json.dumps(VECTOR["subject"]).encode(),
    )  # fmt: skip


@pytest.mark.parametrize("shown", [DISCLOSURES, LINES[:1], [DISCLOSURES[3]], []])
def test_whatever_is_shown_of_the_golden_verdict_is_found_true(
    checker: ModuleType, shown: list[str]
) -> None:
    report = report_on(checker, TOKEN, *shown)

    assert not report.failed
    assert len(report.members) + len(report.lines) == len(shown)
    for language in ("zh", "en"):
        assert checker.shown_lines(report, language)


def test_the_bank_digests_as_the_golden_verdict_is_digested() -> None:
    payload = VECTOR["payload"]
    digests = {*payload["_sd"], *(each["..."] for each in payload["credited"])}

    assert {digest_of(each) for each in DISCLOSURES} <= digests
    assert (len(payload["_sd"]), len(payload["credited"])) == (8, 16)


def test_a_line_of_ones_own_a_line_twice_and_a_forged_digest_are_caught(
    checker: ModuleType,
) -> None:
    own = base64url(written(["c2FsdA", {"year": 2026, "subject": "public", "counted": "90.00"}]))
    forged = VECTOR["payload"] | {"credited": [{"...": digest_of(own)}]}
    header, _, signature = TOKEN.split(".")
    resigned = ".".join([header, base64url(written(forged)), signature])
    member_as_line = VECTOR["payload"] | {
        "credited": [*VECTOR["payload"]["credited"], {"...": digest_of(DISCLOSURES[0])}],
        "_sd": [each for each in VECTOR["payload"]["_sd"] if each != digest_of(DISCLOSURES[0])],
    }

    assert report_on(checker, TOKEN, own).failed == ("disclosures",)
    assert report_on(checker, TOKEN, LINES[0], LINES[0]).failed == ("disclosures",)
    assert report_on(checker, resigned, own).failed == ("signature",)
    assert report_on(checker, signed(member_as_line), DISCLOSURES[0]).failed == ("disclosures",)
    assert report_on(checker, signed(VECTOR["payload"] | {"_sd_alg": "md5"})).failed == (
        "disclosures",
    )


def test_what_the_title_asks_for_may_be_shown_or_kept_back_in_the_second_version(
    checker: ModuleType,
) -> None:
    token, *disclosures = SECOND["sd_jwt"].split("~")[:-1]
    [requirement] = [each for each in disclosures if '"requirement"' in _read(each)]

    alone = report_on(checker, token, requirement)
    without = report_on(checker, token, *(each for each in disclosures if each != requirement))
    in_the_first = VECTOR["payload"] | {
        "_sd": [*VECTOR["payload"]["_sd"][1:], digest_of(requirement)]
    }

    assert (alone.failed, without.failed) == ((), ())
    assert alone.members.keys() == {"requirement"}
    assert "requirement" not in without.members
    assert len(SECOND["payload"]["_sd"]) == 8
    assert report_on(checker, signed(in_the_first), requirement).failed == ("disclosures",)


def _read(disclosure: str) -> str:
    return base64.urlsafe_b64decode(disclosure + "==").decode()
