"""A browser for tests: it sends only forms that the page before has, with what they carry."""

import re
from contextvars import Context
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import BytesIO
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

ADDRESS = "203.0.113.5"
#: What is typed here is nobody's business: it stands in no address, of a page or in a page.
_PRIVATE = ("login", "document_number", "person_name", "code", "password", "reason", "remark")
_PRIVATE_CHARACTERS_MIN = 4
_ADDRESS_IN_PAGE = re.compile(r"""(?:href|action|src)=["']([^"']*)""")


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, and what stands in it."""

    action: str
    values: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given["action"])
            self.forms.append(self._open)
        if self._open is None:
            return
        name = given.get("name", "")
        if tag in ("input", "select", "textarea", "button") and name:
            self._open.names.add(name)
        if tag == "select":
            self._select = name
        if tag == "input" and self._stands(given):
            self._open.values[name] = given.get("value", "")
        if tag == "option":
            chosen = "selected" in given or self._select not in self._open.values
            if chosen:
                self._open.values[self._select] = given["value"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None

    def _stands(self, given: dict[str, str]) -> bool:
        kind = given.get("type", "text")
        return bool(given.get("name")) and (
            kind in ("hidden", "text", "date", "time") or (kind == "radio" and "checked" in given)
        )


class Door(FlaskClient):
    """Asks as from outside: a test bank's own context, `g` above all, is not the request's."""

    def open(self, *args: Any, **options: Any) -> TestResponse:
        """Send one request."""
        return Context().run(super().open, *args, **options)


class HasApp(Protocol):
    """A bank whose pages can be opened."""

    app: Flask


class Browser:
    """One browser: cookies, the page that it shows, and its forms."""

    def __init__(self, bank: HasApp, *, https: bool = False, address: str = ADDRESS) -> None:
        self.http = Door(bank.app, TestResponse)
        self.base = "https://bank.example" if https else "http://localhost"
        self.address = address
        self.page: TestResponse | None = None
        self.private: set[str] = set()

    @property
    def text(self) -> str:
        """What the page says."""
        assert self.page is not None
        return self.page.text

    @property
    def status(self) -> int:
        """The status of the page."""
        assert self.page is not None
        return self.page.status_code

    @property
    def path(self) -> str:
        """Where the page lies."""
        assert self.page is not None
        return urlsplit(self.page.request.url).path

    def get(self, path: str, **options: Any) -> "Browser":
        """Open a page and go where it leads."""
        self.page = self._open("GET", path, follow_redirects=True, **options)
        return self

    def led(self, path: str) -> str:
        """Return where an address leads, without going there; empty if it answers itself."""
        answer = self._open("GET", path)
        location = answer.headers.get("Location", "")
        return location.removeprefix(self.base)

    def forms(self) -> dict[str, Form]:
        """Return the forms of the page by where they go."""
        parser = _Forms()
        parser.feed(self.text)
        return {form.action: form for form in parser.forms}

    def send(self, action: str, **typed: Any) -> "Browser":
        """Fill in a form of the page, send it, and go where that leads."""
        form = self.forms()[action]
        unknown = set(typed) - form.names
        assert not unknown, f"the form has no {unknown}"
        self.private |= {
            str(value)
            for name, value in typed.items()
            if name.endswith(_PRIVATE) and len(str(value)) >= _PRIVATE_CHARACTERS_MIN
        }
        data = {**form.values, **typed}
        for name, value in typed.items():
            if isinstance(value, bytes):
                data[name] = (BytesIO(value), "letter.pdf")
        self.page = self._open("POST", action, data=data, follow_redirects=True)
        return self

    def cookie(self) -> str:
        """Return the session's cookie, empty without one."""
        name = "__Host-creditbank" if self.base.startswith("https") else "creditbank"
        found = self.http.get_cookie(name, domain=urlsplit(self.base).hostname or "")
        return found.value if found else ""

    def _open(self, method: str, path: str, **options: Any) -> TestResponse:
        answer = self.http.open(
            path, method=method, base_url=self.base,
            environ_overrides={"REMOTE_ADDR": self.address}, **options,
        )  # fmt: skip
        self._require_silence(answer)
        return answer

    def _require_silence(self, answer: TestResponse) -> None:
        """See to it that no address names what was typed: addresses stand in logs of others."""
        steps = (*answer.history, answer)
        addresses = [step.request.url for step in steps]
        addresses += [step.headers.get("Location", "") for step in steps]
        if answer.mimetype == "text/html":
            addresses += _ADDRESS_IN_PAGE.findall(answer.text)
        for address in map(unquote, addresses):
            found = [each for each in self.private if each in address]
            assert not found, f"an address of {answer.request.path} names what was typed"
