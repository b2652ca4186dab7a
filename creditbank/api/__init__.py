"""MACHINES' DOOR: /api/v1, and the public logs."""

from flask import Flask


def register_api(app: Flask) -> None:
    """Put every route of the API and of the public logs on the application."""
