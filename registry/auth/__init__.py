"""Who may ask: clients, their tokens, the authorization server, and the guard at every door."""

from __future__ import annotations

from flask import Flask

from registry.api.door import GUARD
from registry.auth.guard import Guard
from registry.auth.server import SERVER, Server, blueprint
from registry.settings import Settings

__all__ = ["blueprint", "install"]


def install(app: Flask, settings: Settings) -> None:
    """Set the guard of an application and its authorization server. `blueprint` is registered like any other."""
    app.extensions[GUARD] = Guard(settings.base_url)
    app.extensions[SERVER] = Server(settings)
