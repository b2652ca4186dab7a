"""MACHINES' DOOR: /api/v1, and the public logs."""

from functools import cache
from threading import Lock
from typing import Any

from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, Response, jsonify
from flask_smorest import Api, Blueprint  # type: ignore[import-untyped]
from marshmallow import Schema
from werkzeug.routing import BaseConverter

from creditbank.api.adoptions import adoption_records
from creditbank.api.amendments import amendments
from creditbank.api.calls import calls
from creditbank.api.certificates import certificates
from creditbank.api.check_ins import check_ins
from creditbank.api.clients import clients
from creditbank.api.credentials import credentials
from creditbank.api.delegations import delegations
from creditbank.api.disputes import disputes
from creditbank.api.endpoints import PREFIX
from creditbank.api.engineer_certificates import engineer_certificates
from creditbank.api.exemptions import exemptions
from creditbank.api.explanations import explanations
from creditbank.api.filing_drafts import filing_drafts
from creditbank.api.filing_routes import filing_routes
from creditbank.api.impacts import impacts
from creditbank.api.imports import imports
from creditbank.api.investigations import investigations
from creditbank.api.items import items
from creditbank.api.late_posting import filings
from creditbank.api.name_checks import name_checks
from creditbank.api.operations import RATE_HEADERS, SECURITY_SCHEME
from creditbank.api.organisations import organisations
from creditbank.api.packs import packs
from creditbank.api.people import people
from creditbank.api.predicates import predicates
from creditbank.api.problems import ProblemShape, register_problems
from creditbank.api.proofs import proofs
from creditbank.api.public_logs import public_logs
from creditbank.api.queries import queries
from creditbank.api.reassessments import reassessments
from creditbank.api.reconciliations import reconciliations
from creditbank.api.results import verdicts
from creditbank.api.rosters import rosters
from creditbank.api.seals import health, seals
from creditbank.api.statements import statements
from creditbank.api.status_records import status_records
from creditbank.api.successions import successions
from creditbank.api.tokens import PATH as TOKEN_PATH
from creditbank.api.tokens import discovery, tokens
from creditbank.api.transfers import transfers
from creditbank.api.verdict_batches import verdict_batches
from creditbank.api.watches import watches
from creditbank.api.xapi import xapi
from creditbank.api.xapi_records import xapi_records
from creditbank.certificates.numbers import NUMBER_PATTERN
from creditbank.house import API_DOCUMENT
from creditbank.registry.clients import Scope

_DOORS = (
    tokens, clients, credentials, organisations, filings, filing_drafts, amendments, rosters,
    engineer_certificates, disputes,
    name_checks, check_ins, reconciliations, delegations, successions, calls, filing_routes,
    xapi_records,
    items, transfers, investigations, reassessments, imports, people, explanations, statements,
    packs, adoption_records, impacts, proofs, status_records, exemptions, verdicts, verdict_batches,
    watches, predicates, queries,
    certificates, seals,
)  # fmt: skip


class PublicNumber(BaseConverter):
    """A public number, id or code in an address: bounded, and only signs that such things have."""

    regex = r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}"


class CertificateNumber(BaseConverter):
    """The number of a certificate, with nothing around it: `.pdf` may follow."""

    regex = NUMBER_PATTERN


class Count(BaseConverter):
    """A small whole number in an address, written the one way."""

    regex = r"0|[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        """Read it."""
        return int(value)


class Leaf(BaseConverter):
    """The leaf of an entry in an address: 32 bytes in hex."""

    regex = r"[0-9a-f]{64}"


class MachinesApi(Api):  # type: ignore[misc] # the package has no types
    """The package's API, with our failures instead of its own, in answers and in the document."""

    ERROR_SCHEMA = ProblemShape
    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask, **options: Any) -> None:
        self._undescribed: list[Blueprint] = []
        self._describing = Lock()
        super().__init__(app, **options)

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Put a door's routes on the application.

        They are described when the document is first asked for: that takes most of a second, which
        no command that serves nobody should wait for.
        """
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blueprint.name] = self
        self._app.register_blueprint(blueprint, **options)
        self._undescribed.append(blueprint)

    def document(self) -> dict[str, Any]:
        """Return the API document, OpenAPI 3.1."""
        with self._describing:
            while self._undescribed:
                door = self._undescribed.pop(0)
                door.register_views_in_doc(
                    self, self._app, self.spec, name=door.name, parameters=None
                )
                self.spec.tag({"name": door.name, "description": door.description})
            found: dict[str, Any] = self.spec.to_dict()
        return found

    def _openapi_json(self) -> Response:
        return jsonify(self.document())

    def _register_error_handlers(self) -> None:
        register_problems(self._app)

    def _register_responses(self) -> None:
        """Register none: each operation declares every status that it answers with."""


def register_api(app: Flask, *, base_path: str = "") -> None:
    """Put every route of the API and of the public logs on the application.

    `base_path` is where others reach the application, for the document.
    """
    app.url_map.converters["public"] = PublicNumber
    app.url_map.converters["certificate"] = CertificateNumber
    app.url_map.converters["count"] = Count
    app.url_map.converters["leaf"] = Leaf
    app.config.update(
        API_TITLE="学时银行 creditbank",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    plugin = MarshmallowPlugin(schema_name_resolver=_shown_name)
    api = MachinesApi(app, spec_kwargs=_document(base_path) | {"marshmallow_plugin": plugin})
    api.register_converter(PublicNumber, _public_number_schema)
    api.register_converter(CertificateNumber, _certificate_number_schema)
    api.register_converter(Count, _count_schema)
    api.register_converter(Leaf, _leaf_schema)
    for door in _DOORS:
        api.register_blueprint(door, url_prefix=PREFIX)
    api.register_blueprint(discovery)
    api.register_blueprint(health)
    api.register_blueprint(public_logs)
    api.register_blueprint(xapi)
    app.extensions[API_DOCUMENT] = cache(api.document)


def _document(base_path: str) -> dict[str, Any]:
    return {
        "servers": [{"url": base_path or "/"}],
        "info": {
            "description": "Does this engineer have the hours that this title asks for, and can "
            "you prove it? Hours are decimal text; days are civil days in Asia/Shanghai; "
            "failures are RFC 9457 problem documents.",
        },
        "components": {
            "headers": {
                **{
                    name: {"description": said, "schema": {"type": "string"}}
                    for name, said in RATE_HEADERS.items()
                },
                "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}},
                "ETag": {
                    "description": "Changes whenever the answer does (RFC 9110).",
                    "schema": {"type": "string"},
                },
            },
            "securitySchemes": {
                SECURITY_SCHEME: {
                    "type": "oauth2",
                    "description": "A token for an hour at most, got with the client's secret or "
                    "a signed assertion.",
                    "flows": {
                        "clientCredentials": {
                            "tokenUrl": f"{base_path}{PREFIX}{TOKEN_PATH}",
                            "scopes": {str(scope): scope.name.lower() for scope in Scope},
                        }
                    },
                }
            },
        },
    }


def _shown_name(shape: type[Schema] | Schema) -> str:
    name = shape.__name__ if isinstance(shape, type) else type(shape).__name__
    return name.removesuffix("Shape")


def _public_number_schema(_converter: BaseConverter) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{PublicNumber.regex}$"}


def _certificate_number_schema(_converter: BaseConverter) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{NUMBER_PATTERN}$"}


def _count_schema(_converter: BaseConverter) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "maximum": 999_999_999}


def _leaf_schema(_converter: BaseConverter) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{Leaf.regex}$"}
