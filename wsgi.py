"""The application for any WSGI server; `creditbank serve` does not need this file."""

from creditbank.app import create_app

app = create_app()
