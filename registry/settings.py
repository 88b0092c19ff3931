"""Every setting: REGISTRY_<NAME> in the environment, its default, its meaning."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


def _setting(default: Any, meaning: str, *, secret: bool = False) -> Any:
    # What is secret is not in the repr, which ends up in logs and in what debuggers show.
    return field(default=default, repr=not secret, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What can be set from outside, read once at start-up. `Settings.from_env()` reads REGISTRY_<FIELD NAME>."""

    database: str = _setting(
        "sqlite:///var/registry.db", "where the records are: sqlite:///path or postgresql://…", secret=True
    )
    base_url: str = _setting(
        "http://127.0.0.1:8000", "how callers reach us: scheme, host and port, no slash at the end"
    )
    port: int = _setting(8000, "TCP port to serve on")
    workers: int = _setting(2, "server processes")
    threads: int = _setting(64, "threads in each server process, so that slow callers hold up nobody")
    pool: int = _setting(20, "PostgreSQL connections kept by each process at most")
    max_body: int = _setting(1024 * 1024, "longest request body taken, bytes")
    access_token_seconds: int = _setting(600, "how long an access token lives, seconds")
    session_seconds: int = _setting(12 * 3600, "how long a person stays signed in at most, seconds")
    session_idle_seconds: int = _setting(
        1800, "how long without a request until a person is signed out, seconds"
    )
    second_factor: str = _setting(
        "optional", "whether people who sign in have to use a second factor: optional or required"
    )
    invitation_seconds: int = _setting(3 * 86_400, "how long the link of an invitation may be used, seconds")
    reset_seconds: int = _setting(3600, "how long the link for a new password may be used, seconds")
    refresh_token_seconds: int = _setting(
        7 * 86_400, "how long a refresh token may lie unused, seconds; each is good once"
    )
    consent_days: int = _setting(
        30, "how long a program may ask on somebody's behalf at most before it has to be allowed again, days"
    )
    token_rate: int = _setting(
        600, "requests that one network address may make to the OAuth endpoints in a minute"
    )
    group_role_seconds: int = _setting(
        7 * 86_400,
        "how long a role stands that a group at a provider gives, unless renewed by signing in, seconds",
    )
    body_seconds: int = _setting(10, "how long a request body may take to arrive, seconds")
    trusted_proxies: str = _setting(
        "", "addresses of proxies whose X-Forwarded-* headers are believed, comma-separated"
    )
    look_days: int = _setting(
        30,
        "how long a look at a system is fresh, days: after that its drift says that another is overdue, and newer "
        "evidence is judged by though it be weaker",
    )
    zone: str = _setting("Europe/Helsinki", "time zone in which a day begins where nothing else says")
    audit_reads_days: int = _setting(
        730, "how long it is kept what an auditor read, after the end of the engagement, days"
    )
    shortening_days: int = _setting(
        7, "how long a shorter retention rule waits after a second person has approved it, days"
    )
    decision_seconds: int = _setting(
        60, "how long a retention decision may be acted upon, seconds; a hold set meanwhile is not in it"
    )
    hold_key_file: str = _setting(
        "",
        "file with the key that references to people in legal holds are hashed with; one a line, the newest first",
    )
    hold_key: str = _setting(
        "", "the same key, where there is no file; 32 random characters at least", secret=True
    )
    secret_key_file: str = _setting(
        "",
        "file with the keys that secrets are sealed with; one a line, the newest first (`registry keys new sealing`)",
    )
    secret_key: str = _setting("", "the same key, where there is no file", secret=True)
    signing_key_file: str = _setting(
        "",
        "file with the keys that receipts are signed with; one a line, the newest first (`registry keys new signing`)",
    )
    signing_key: str = _setting("", "the same key, where there is no file", secret=True)
    outbound_networks: str = _setting(
        "",
        "networks of yours that may be asked besides the internet, comma-separated (10.20.0.0/16): where your own "
        "databases and directories are; plain http only where 127.0.0.0/8 is named, and there alone",
    )
    outbound_ca_file: str = _setting(
        "",
        "file with certificate authorities of yours, trusted besides the public ones when others are asked",
    )
    staff_observation_days: int = _setting(
        180, "how long observations of accounts, which are personal data of staff, are kept, days"
    )
    receiver_ports: str = _setting(
        "443,8443", "ports that webhooks may be sent to, comma-separated; more of them let more be reached"
    )
    journal_origin: str = _setting(
        "", "name of the journal in its checkpoints; empty: the base URL without its scheme"
    )
    log_level: str = _setting("INFO", "least level that is logged: DEBUG, INFO, WARNING, ERROR")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """The settings of an environment (default: this process's).

        Raises ValueError naming a setting that cannot be read, or a REGISTRY_ name that is no setting: a misspelt
        name must not pass for a default.
        """
        found = os.environ if environ is None else environ
        given = {name.removeprefix(_PREFIX): text for name, text in found.items() if name.startswith(_PREFIX)}
        known = {one.name.upper(): one for one in fields(cls)}
        if unknown := sorted(set(given) - set(known)):
            raise ValueError("No such setting: " + ", ".join(_PREFIX + name for name in unknown))
        values: dict[str, Any] = {}
        for name, text in given.items():
            one = known[name]
            if isinstance(one.default, int):
                values[one.name] = _whole(name, text)
            else:
                values[one.name] = text
        made = cls(**values)
        if not made.database.startswith(("sqlite:///", "postgresql://")):
            raise ValueError(f"{_PREFIX}DATABASE must begin with sqlite:/// or postgresql://")
        if made.second_factor not in ("optional", "required"):
            raise ValueError(f"{_PREFIX}SECOND_FACTOR must be optional or required")
        if made.base_url.endswith("/") or not made.base_url.startswith(("http://", "https://")):
            raise ValueError(f"{_PREFIX}BASE_URL must be http(s)://host[:port] without a slash at the end")
        if not all(_port(part) for part in made.receiver_ports.split(",")):
            raise ValueError(f"{_PREFIX}RECEIVER_PORTS must be port numbers with commas between them")
        if made.look_days > LONGEST_LOOK:
            raise ValueError(f"{_PREFIX}LOOK_DAYS must be {LONGEST_LOOK} at most")
        return made

    @property
    def receivers_at(self) -> frozenset[int]:
        """The ports that webhooks may be sent to."""
        return frozenset(int(port) for port in self.receiver_ports.split(","))

    @property
    def origin(self) -> str:
        """The journal's name in checkpoints: a schema-less URL, as the C2SP checkpoint form asks."""
        return self.journal_origin or self.base_url.partition("://")[2] + "/journal"


_PREFIX = "REGISTRY_"
LONGEST_LOOK = 3660  # days: ten years
_applied = Settings()


def apply(settings: Settings) -> None:
    """Let what nobody hands settings to go by these, for this process."""
    global _applied
    _applied = settings


def applied() -> Settings:
    """The settings of this process; the defaults until there are others."""
    return _applied


def _port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 65536


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ValueError(f"{_PREFIX}{name} must be a whole number above zero")
    return int(text)
