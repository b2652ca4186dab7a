"""The words and figures of the printed certificate, as its template takes them; in Chinese."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from creditbank.catalogue import text
from creditbank.certificates.numbers import code_text, grouped, spaced
from creditbank.certificates.opening import Opened
from creditbank.certificates.qr import page_address, qr_drawing
from creditbank.certificates.shown import Shown, show

Page = Mapping[str, Any]
_LANGUAGE: Final = "zh"
_WORDS = ("bank", "title", "number", "year", "check", "scan")
#: Stands for the name while the sentence around it is made.
_NAME = "\x00"


def page_of(opened: Opened) -> Page:
    """Return everything that the paper says, grounds and caveats as sections that may be cut."""
    facts, certificate = opened.facts, opened.certificate
    shown = show(facts, _LANGUAGE)
    host, code = str(facts["iss"]), code_text(opened.code)
    before, _, after = _lead(shown).partition(_NAME)
    return {
        "words": {each: text(f"certificate-{each}", _LANGUAGE) for each in _WORDS},
        "number": spaced(certificate.number),
        "before": before,
        "name": shown.name,
        "after": after,
        "columns": shown.hours.columns,
        "rows": shown.hours.rows,
        "totals": shown.hours.totals,
        "notes": shown.notes,
        "sections": _sections(shown),
        "foot": _foot(shown, f"{host}/C/{grouped(code)}"),
        "anchors": _anchors(opened),
        "qr": qr_drawing(page_address(host, code)),
    }


def _lead(shown: Shown) -> str:
    return text(
        "certificate-lead",
        _LANGUAGE,
        name=_NAME,
        document=shown.document,
        last_four=shown.last_four,
        years=shown.years,
        total=shown.total,
    )


def _sections(shown: Shown) -> list[dict[str, Any]]:
    """Return grounds and caveats; packs and clauses in a line each, since they are short."""
    between = text("certificate-between", _LANGUAGE)
    joined = [between.join(each) for each in (shown.rules, shown.clauses) if each]
    sections: list[tuple[str, str, Sequence[str]]] = [("rules", "", joined)]
    if shown.caveats:
        sections.append(("caveats", text("certificate-caveats-lead", _LANGUAGE), shown.caveats))
    return [
        {"title": text(f"certificate-{name}", _LANGUAGE), "lead": lead, "items": list(items)}
        for name, lead, items in sections
    ]


def _foot(shown: Shown, address: str) -> list[tuple[str, str]]:
    lines = [("issuer", shown.issuer), ("issued-on", shown.issued_on)]
    if shown.valid_through:
        lines.append(("valid-through", shown.valid_through))
    if shown.replaces:
        lines.append(("replaces", spaced(shown.replaces)))
    lines.append(("address", address))
    return [(text(f"certificate-{label}", _LANGUAGE), said) for label, said in lines]


def _anchors(opened: Opened) -> list[tuple[str, str]]:
    """Name the log in which the act of issue stands, how large it was, the leaf, and the facts."""
    heads: Any = opened.facts["heads"]
    own = [head for head in heads if f"/{opened.certificate.jurisdiction}/" in head["origin"]]
    head = (own or heads)[-1]
    log = text("certificate-log-size", _LANGUAGE, origin=head["origin"], size=head["size"])
    lines = [
        ("log", log),
        ("leaf", opened.act.leaf.hex()),
        ("digest", opened.certificate.facts_digest.hex()),
    ]
    return [(text(f"certificate-{label}", _LANGUAGE), said) for label, said in lines]
