"""Failures as pages: what was found, what was wanted, what to do next; nothing internal."""

import structlog
from flask import Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from creditbank import catalogue
from creditbank.errors import CreditBankError
from creditbank.logs import log_incident
from creditbank.web.pages import page, reader_language

_log = structlog.get_logger("creditbank.web")
_NOT_FOUND = 404
#: Statuses after which the same may be tried again, and how long to wait if the error says nothing.
_PASSING = (429, 503)
_RETRY_AFTER_SECONDS = 1


class PageUnknownError(CreditBankError):
    """There is no page at this address."""

    code = "page-unknown"
    status = 404


class PageRequestError(CreditBankError):
    """What the browser sent cannot be answered here."""

    code = "page-request"
    status = 400


class PageBrokeError(CreditBankError):
    """Something that no line foresaw; the log knows it under `incident`."""

    code = "page-broke"
    status = 500


def failure_page(error: Exception) -> Response:
    """Answer a failure with a page in the reader's language."""
    if isinstance(error, CreditBankError):
        response = _page(error, error.status)
        if error.status in _PASSING:
            seconds = error.facts.get("retry_seconds", _RETRY_AFTER_SECONDS)
            response.headers["Retry-After"] = str(seconds)
        return response
    if not isinstance(error, HTTPException):
        incident = log_incident(_log, error, route=str(request.url_rule), method=request.method)
        return _page(PageBrokeError(incident=incident), PageBrokeError.status)
    status = error.code or PageRequestError.status
    if status >= PageBrokeError.status:
        incident = log_incident(_log, error, route=str(request.url_rule), method=request.method)
        return _page(PageBrokeError(incident=incident), status)
    response = _page(PageUnknownError() if status == _NOT_FOUND else PageRequestError(), status)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.allow.update(error.valid_methods)
    return response


def _page(error: CreditBankError, status: int) -> Response:
    problem = catalogue.problem(error, reader_language())
    return page("failure.html", status=status, problem=problem)
