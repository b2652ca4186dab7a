"""The main job of the demo, walked over the API: from an enterprise's code to two signed verdicts.

Each write carries a fixed idempotency key, so that a walk which was interrupted can be walked
again: what was done is answered and not repeated.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

import creditbank
from creditbank.auditing import audit
from creditbank.catalogue import Language
from creditbank.cli.console import write_private
from creditbank.cli.demo_city import City
from creditbank.cli.demo_show import Stage
from creditbank.clock import utc_now
from creditbank.db import snapshot, unit_of_work
from creditbank.errors import CreditBankError
from creditbank.house import current_house
from creditbank.ledger.fsck import Progress
from creditbank.people.register import secret_states
from creditbank.registry.bank import require_demo
from creditbank.registry.clients import ClientDraft, Role, create_client
from creditbank.registry.organisations import organisation_by_uscc
from creditbank.rules.explain import name_of

API = "/api/v1"
JWKS_PATH = "/.well-known/jwks.json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_REFUSED_FROM = 400
_ACTOR = "demo"
_Members = dict[str, Any]


class DemoStepFailedError(CreditBankError):
    """The API refused a step of the demo; its problem is among the facts."""

    code = "demo-step-failed"
    status = 500


@dataclass(frozen=True, slots=True)
class Papers:
    """Where the demo keeps its clients' secrets, its roster and its verdicts."""

    folder: Path

    def ready(self) -> None:
        """Make the folder, for its owner only."""
        (self.folder / "clients").mkdir(mode=0o700, parents=True, exist_ok=True)

    def client_file(self, who: str) -> Path:
        """Return the file of a client's id and secret, with a colon between as curl wants them."""
        return self.folder / "clients" / who

    def write(self, name: str, content: bytes) -> Path:
        """Write a paper and return where it lies."""
        write_private(self.folder / name, content)
        return self.folder / name

    def read_state(self) -> _Members:
        """Return what earlier walks noted down."""
        path = self.folder / "state.json"
        return dict(json.loads(path.read_bytes())) if path.exists() else {}

    def note(self, **noted: Any) -> None:
        """Note something down for the next walk."""
        state = json.dumps({**self.read_state(), **noted}, ensure_ascii=False, indent=1)
        self.write("state.json", state.encode("utf-8"))


@dataclass(frozen=True, slots=True)
class Window:
    """Requests to the API, each with a token of whoever sends it."""

    app: Flask
    city: City
    papers: Papers
    language: Language
    #: tokens got so far, by whose they are
    tokens: dict[str, str] = field(default_factory=dict, repr=False)

    def post(self, who: str, path: str, body: Mapping[str, Any] | bytes, step: str) -> _Members:
        """Send a write or a question.

        Raises:
            DemoStepFailedError: it was refused.
        """
        headers = {
            "Authorization": f"Bearer {self._token(who)}",
            "Idempotency-Key": f"demo-{step}",
            "Accept-Language": self.language,
        }
        content = body if isinstance(body, bytes) else json.dumps(body).encode("utf-8")
        content_type = "application/json"
        if isinstance(body, bytes):
            content_type = "application/toml" if path == "/packs" else XLSX
        client = self.app.test_client()
        answer = client.post(
            f"{API}{path}", data=content, content_type=content_type, headers=headers
        )
        return _done(path, answer)

    def get(self, path: str) -> bytes:
        """Fetch something public."""
        return self.app.test_client().get(path).get_data()

    def login_of(self, who: str) -> str:
        """Return a client's id and secret; the client is made when it is first needed."""
        path = self.papers.client_file(who)
        if not path.exists():
            write_private(path, self._new_login(who).encode("ascii"))
        return path.read_text(encoding="ascii")

    def name_of(self, who: str) -> str:
        """Return what a client is called."""
        return str(self._seed(who)["name"])

    def _token(self, who: str) -> str:
        if who not in self.tokens:
            client_id, _, secret = self.login_of(who).partition(":")
            answer = self.app.test_client().post(
                f"{API}/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=(client_id, secret),
            )
            members = _done("/oauth/token", answer)
            self.tokens[who] = str(members["access_token"])
        return self.tokens[who]

    def _new_login(self, who: str) -> str:
        seed = self._seed(who)
        with unit_of_work() as session:
            require_demo(session)
            organisation_id = None
            if "organisation" in seed:
                uscc = self.city.organisation(seed["organisation"])["uscc"]
                organisation_id = organisation_by_uscc(session, uscc).organisation_id
            role, region = Role(seed["role"]), str(seed["jurisdiction"])
            draft = ClientDraft(str(seed["name"]), role, region, organisation_id, demo=True)
            client, secret = create_client(session, draft, actor=_ACTOR, now=utc_now())
            return f"{client.client_id}:{secret}"

    def _seed(self, who: str) -> Mapping[str, Any]:
        return next(each for each in self.city.seeds["client"] if each["id"] == who)


def _done(path: str, answer: TestResponse) -> _Members:
    members: _Members = answer.get_json(force=True)
    if answer.status_code >= _REFUSED_FROM:
        raise DemoStepFailedError(
            path=path, answered=answer.status_code,
            problem=str(members.get("title", members.get("error", ""))),
            detail=str(members.get("detail", "")),
        )  # fmt: skip
    return members


class Walk:
    """The main job, step by step."""

    def __init__(self, window: Window, stage: Stage) -> None:
        self.window, self.stage = window, stage
        self.city, self.papers = window.city, window.papers

    def whole(self) -> None:
        """Walk from the law to the check that needs no bank."""
        self.publish_law()
        self.register()
        self.bring_in_earlier_records()
        filing_no = self.file_seminar()
        self.grant_mandate()
        self.ask("before")
        self.post_roster(filing_no)
        self.show_balances()
        self.ask("met")
        self.withdraw(filing_no)
        self.ask("withdrawn")
        self.check_offline("met", "withdrawn")
        self.check_ledger()
        self.papers.note(done=True, filing_no=filing_no)

    def seed(self) -> None:
        """Walk as far as a bank in which there is somebody to ask about."""
        self.publish_law()
        self.register()
        self.bring_in_earlier_records()
        filing_no = self.file_seminar()
        self.grant_mandate()
        self.post_roster(filing_no)

    def publish_law(self) -> None:
        """Publish the rule packs: proposed by one person, reviewed and published by two others."""
        self.stage.step("cli-demo-step-law")
        first, second, third = "law-first", "law-second", "law-third"
        for pack_id in self.city.seeds["packs"]:
            content = (files("creditbank_seeds") / "packs" / f"{pack_id}.toml").read_bytes()
            pack = self._post(first, "/packs", content, f"pack-{pack_id}")
            path = f"/packs/{pack['id']}/{pack['version']}"
            self._post(second, f"{path}/review", {}, f"review-{pack_id}")
            done = self._post(third, f"{path}/publication", {}, f"publish-{pack_id}")
            self.stage.got(
                "cli-demo-pack", pack=pack_id, version=done["version"], sha256=done["sha256"],
                title=done[f"title_{self.stage.desk.language}"],
            )  # fmt: skip

    def register(self) -> None:
        """Register the enterprise and the title system."""
        self.stage.step("cli-demo-step-register")
        for which in ("enterprise", "platform"):
            body = self.city.organisation(which)
            made = self._post("official-first", "/organisations", body, f"register-{which}")
            self.stage.got("cli-demo-registered", uscc=made["uscc"], name=made["name"])

    def bring_in_earlier_records(self) -> None:
        """Propose the earlier records, and approve them as a second official."""
        self.stage.step("cli-demo-step-import")
        body = self.city.earlier()
        record = self._post("official-first", "/imports", body, "import")
        self.stage.note(
            "cli-demo-import-proposed", origin=record["origin"], rows=record["rows"],
            people=record["people"], hours=record["hours"], digest=record["digest"],
        )  # fmt: skip
        path = f"/imports/{record['import_no']}/approval"
        done = self._post("official-second", path, {}, "import-approval")
        self.stage.got("cli-demo-import-approved", import_no=done["import_no"], hours=done["hours"])

    def file_seminar(self) -> str:
        """File the seminar and have it approved; return its number."""
        self.stage.step("cli-demo-step-filing")
        seminar, days = self.city.seeds["seminar"], [day.isoformat() for day in self.city.days]
        filing = self._post("provider", "/filings", self.city.filing(), "filing")
        self.stage.note(
            "cli-demo-filing", title=seminar["title"], days=days, seats=seminar["seats"],
            minutes=seminar["planned_minutes"],
        )  # fmt: skip
        filing_no = str(filing["filing_no"])
        reason = seminar["late_reason"]
        path = f"/filings/{filing_no}/approval"
        done = self._post("official-first", path, {"reason": reason}, "filing-approval")
        self.stage.note("cli-demo-late", reason=reason)
        used = done["used"]
        self.stage.got(
            "cli-demo-filing-approved", filing_no=filing_no, seats=used["people_max"],
            person_hours=used["person_hours_max"], hours=used["hours_max"],
        )  # fmt: skip
        return filing_no

    def grant_mandate(self) -> None:
        """Let the title system ask about engineers of this region."""
        self.stage.step("cli-demo-step-mandate")
        applicant = self.city.seeds["applicant"]
        body = {
            "organisation": self.city.organisation("platform")["uscc"],
            "jurisdiction": self.city.scheme,
            "series": [applicant["series"]],
            "levels": [applicant["level"]],
            "valid_from": f"{self.city.year}-01-01",
            "valid_through": f"{self.city.year + 2}-12-31",
        }
        done = self._post("official-first", "/mandates", body, "mandate")
        self.stage.got(
            "cli-demo-mandate", mandate_no=done["mandate_no"], valid_from=done["valid_from"],
            valid_through=done["valid_through"],
        )  # fmt: skip

    def post_roster(self, filing_no: str) -> None:
        """Post the provider's spreadsheet: good rows count, bad rows come back."""
        self.stage.step("cli-demo-step-roster")
        content = self.city.roster()
        path = self.papers.write("roster.xlsx", content)
        done = self._post("provider", f"/filings/{filing_no}/rosters", content, "roster")
        self.stage.note("cli-demo-file", path=shown(path))
        self.stage.got(
            "cli-demo-roster", roster_no=done["roster_no"], rows=done["rows_credited"],
            people=done["people_credited"], hours=done["credited_hours"],
            bad=len(done["problems"]),
        )  # fmt: skip
        self.stage.problems(done["problems"])

    def show_balances(self) -> None:
        """Show what the engineer holds."""
        self.stage.step("cli-demo-step-balances")
        person = self.city.applicant
        body = {**person.stated(), "scheme": self.city.scheme}
        done = self._post("official-first", "/balances", body, "balances")
        self.stage.got("cli-demo-balances", name=person.name, hours=done["live_hours"])
        self.stage.balances(done["balances"])

    def ask(self, when: str) -> None:
        """Seal, ask as the title system, and keep the signed answer."""
        self.stage.step(f"cli-demo-step-ask-{when}")
        sealed = self._post("official-first", "/seals", {}, f"seal-{when}")
        self.stage.got("cli-demo-sealed", rows=sealed["rows"])
        applicant = self.city.seeds["applicant"]
        done = self._post("title-system", "/verdicts", self.city.question(), f"verdict-{when}")
        self.stage.note(
            "cli-demo-question", name=self.city.applicant.name,
            series=name_of("series", applicant["series"], self.stage.desk.language),
            level=name_of("level", applicant["level"], self.stage.desk.language),
            day=self.city.application_day.isoformat(),
            title_day=self.city.title_day.isoformat(),
        )  # fmt: skip
        self.stage.verdict(done["statement"])
        path = self.papers.write(f"verdict-{when}.jws", done["jws"].encode("ascii"))
        self.stage.note("cli-demo-jws", verdict_no=done["verdict_no"], path=shown(path))

    def withdraw(self, filing_no: str) -> None:
        """Take one day of the engineer back."""
        self.stage.step("cli-demo-step-withdraw")
        body = self.city.withdrawal()
        path = f"/filings/{filing_no}/withdrawals"
        done = self._post("official-first", path, body, "withdrawal")
        self.stage.got(
            "cli-demo-withdrawn", name=self.city.applicant.name, days=done["days"],
            hours=done["reversed_hours"], leaf=done["act_leaf"],
        )  # fmt: skip

    def check_offline(self, *verdicts: str) -> None:
        """Check the verdicts with the tool that knows nothing of this program."""
        self.stage.step("cli-demo-step-check")
        self.papers.write("jwks.json", self.window.get(JWKS_PATH))
        subject = json.dumps(self.city.applicant.subject(), ensure_ascii=False)
        self.papers.write("subject.json", subject.encode("utf-8"))
        tool = Path(creditbank.__file__).parents[1] / "tools" / "check_verdict.py"
        if not tool.exists():
            self.stage.note("cli-demo-no-tool")
            return
        for verdict in verdicts:
            self._check(tool, verdict)

    def show_verdicts(self) -> None:
        """Show the answers that were kept."""
        self.stage.step("cli-demo-step-kept")
        for path in sorted(self.papers.folder.glob("verdict-*.jws")):
            payload = path.read_bytes().split(b".")[1]
            said = json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
            outcome = self.stage.desk.text(f"rules-outcome-{said['outcome'].replace('_', '-')}")
            self.stage.got("cli-demo-verdict-kept", path=shown(path), outcome=outcome)

    def check_ledger(self) -> None:
        """Recompute the whole ledger."""
        self.stage.step("cli-demo-step-fsck")
        progress, vault = Progress(), current_house().vault
        with snapshot() as session:
            states = lambda people: secret_states(session, vault, people)  # noqa: E731
            found = len(list(audit(session, states, progress, vault=vault)))
        self.stage.got(
            "cli-fsck-seen", entries=progress.entries, acts=progress.acts, rounds=progress.rounds,
            erased=len(progress.erased_people),
        )  # fmt: skip
        self.stage.note(*(("cli-fsck-agrees",) if not found else ("cli-demo-fsck-disagrees",)))

    def _check(self, tool: Path, verdict: str) -> None:
        folder = self.papers.folder
        arguments = [
            str(tool), str(folder / f"verdict-{verdict}.jws"), "--jwks", str(folder / "jwks.json"),
            "--subject", str(folder / "subject.json"), "--language", self.stage.desk.language,
        ]  # fmt: skip
        self.stage.note("cli-demo-command", command=" ".join(["python", *map(shown, arguments)]))
        done = subprocess.run(  # noqa: S603 # our own tool
            [sys.executable, *arguments], capture_output=True, check=False,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
        self.stage.block((done.stdout + done.stderr).decode("utf-8"))
        if done.returncode:
            raise DemoStepFailedError(
                path=tool.name, answered=done.returncode, problem=verdict, detail=""
            )

    def _post(self, who: str, path: str, body: Mapping[str, Any] | bytes, step: str) -> _Members:
        self.stage.sent(self.window.name_of(who), f"POST {API}{path}")
        return self.window.post(who, path, body, step)


def shown(path: Path | str) -> str:
    """Write a path as it is shortest from here."""
    here = os.path.relpath(path) if Path(path).is_absolute() else str(path)
    return here if len(here) < len(str(path)) else str(path)
