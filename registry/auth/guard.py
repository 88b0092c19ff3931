"""The guard at every door that is not public: who asks (RFC 6750), and whether that door is theirs."""

from __future__ import annotations

import logging
from typing import Any

from authlib.oauth2.rfc8414 import get_well_known_url

from registry import db, errors
from registry.api.asked import here
from registry.api.door import Holder, Mark
from registry.auth import scopes as book
from registry.auth.providers import foreign
from registry.auth.roles.meeting import Asking, meet
from registry.auth.tokens import access as tokens

log = logging.getLogger(__name__)

REALM = "registry"


class Guard:
    """Turns the Authorization header of a request into a Holder. `resource` is the base URL that tokens are for."""

    def __init__(self, resource: str) -> None:
        self.resource = resource
        self._where = get_well_known_url(resource, external=True, suffix="oauth-protected-resource")

    def __call__(self, mark: Mark) -> Holder:
        """The holder of the token sent along, who may enter a door with this mark.

        A token counts in the Authorization header alone; in a query or a form it is not looked at. Raises
        errors.Unauthorised (without an error code where no bearer token was sent, RFC 6750 section 3.1), and
        errors.InsufficientScope, each with its WWW-Authenticate.
        """
        scheme, _, token = here.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            raise errors.Unauthorised(
                "Send an access token: Authorization: Bearer …", headers=self._challenge()
            )
        db.request_begin()
        asking = self.asking(token.strip())
        if asking is None:
            raise self._refusal(
                errors.Unauthorised,
                "invalid_token",
                "The token is unknown, expired or revoked, or is not for this service.",
            )
        holder = meet(asking, mark)
        if holder is None:
            raise self.refusal(mark, asking.id)
        return holder

    def asking(self, token: str) -> Asking | None:
        """Who holds a token that is good here and now, whoever issued it; None for any other text."""
        return tokens.lookup(token, audience=self.resource) or foreign.asking(token)

    def reading(self, mark: Mark | None) -> Holder | None:
        """The holder of the present request at the door where what is changed is read; None if they may not read."""
        asking = here.holder.asking if here.holder is not None else None
        return None if mark is None or asking is None else meet(asking, mark)

    def refusal(self, mark: Mark, who: str | None = None) -> errors.Problem:
        """What somebody is told whose token, or whose role in the controller, is not enough for a door.

        The log says who came to which door (ASVS 5.0, 16.3.2); `who` where nobody has been let in yet.
        """
        if who is None and here.holder is not None:
            who = here.holder.id
        if here.rule is not None:  # the rule, for a path has whatever its caller wrote
            log.warning("refused: %s at %s %s", who, here.environ["REQUEST_METHOD"], here.rule.rule)
        return self._refusal(
            errors.InsufficientScope,
            "insufficient_scope",
            "The token or the role of its holder does not give the scope that this needs.",
            scope=book.joined(mark.scopes),
        )

    def _challenge(self, **members: str) -> dict[str, str]:
        listed = {"realm": REALM, **members, "resource_metadata": self._where}
        return {
            "WWW-Authenticate": "Bearer " + ", ".join(f'{name}="{value}"' for name, value in listed.items())
        }

    def _refusal(
        self, kind: type[errors.Problem], error: str, sentence: str, **members: str
    ) -> errors.Problem:
        told: dict[str, Any] = {"error": error, "error_description": sentence, **members}
        headers = self._challenge(error=error, error_description=sentence, **members)
        return kind(sentence, code=error, headers=headers, **told)
