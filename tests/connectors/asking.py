"""An application with the real guard, and a caller with a token of its own."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from registry.api import Blueprint, application
from registry.auth.clients import stored as clients
from registry.auth.server import routes as oauth
from registry.auth.tokens import access as tokens
from registry.settings import Settings


def make(url: str, *resources: Blueprint) -> Flask:
    """An application that serves these resources from the database that is bound."""
    return application(Settings(database=url), [oauth.blueprint, *resources])


class Caller:
    """Asks with a token for some scopes; sees the controllers named, or all."""

    def __init__(self, app: Flask, *scopes: str, of: tuple[str, ...] = (clients.EVERY,)) -> None:
        client, _ = clients.register_client(name="Caller", scopes=scopes, controllers=of, by="operator")
        issued = tokens.issue(
            client_id=client.client_id,
            scopes=scopes,
            audience=app.extensions["registry.settings"].base_url,
            seconds=600,
            by=client.actor,
        )
        self.actor, self.http = client.actor, app.test_client()
        self.headers = {"Authorization": f"Bearer {issued.token}"}

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> TestResponse:
        return self.http.get(path, query_string=query, headers={**self.headers, **(headers or {})})

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> TestResponse:
        return self.http.post(path, json=body, headers={**self.headers, **(headers or {})})
