"""The one answer of IAM that moto does not give, in front of moto: what a user's policies allow.

Written from the reference of SimulatePrincipalPolicy. Users and policies are moto's, and so is the judgement of each
action on each resource; only the question is put here. Policies of groups, managed ones and boundaries are left out.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

_SPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
_WORDS = {"PERMITTED": "allowed", "DENIED": "explicitDeny", "NEUTRAL": "implicitDeny"}
#: What is said of all resources together is the strictest that is said of any.
_STRICTEST = ("explicitDeny", "implicitDeny", "allowed")


def simulating(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """A server that answers SimulatePrincipalPolicy itself, and leaves the rest to `app`."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        form = "x-www-form-urlencoded" in environ.get("CONTENT_TYPE", "")
        if environ["REQUEST_METHOD"] != "POST" or not form:
            return app(environ, start)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        asked = {name: values[0] for name, values in parse_qs(body.decode("ascii")).items()}
        if asked.get("Action") != "SimulatePrincipalPolicy":
            return app({**environ, "wsgi.input": io.BytesIO(body)}, start)
        status, told = _simulated(asked)
        start(status, [("Content-Type", "text/xml"), ("Content-Length", str(len(told)))])
        return [told]

    return answer


def _simulated(asked: Mapping[str, str]) -> tuple[str, bytes]:
    from moto.iam.access_control import IAMPolicy
    from moto.iam.models import iam_backends

    account, name = asked["PolicySourceArn"].split(":")[4], asked["PolicySourceArn"].rpartition("/")[2]
    user = iam_backends[account]["aws"].users.get(name)
    if user is None:
        error = "<Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>No such user</Message></Error>"
        return "404 Not Found", f'<ErrorResponse xmlns="{_SPACE}">{error}</ErrorResponse>'.encode()
    policies = [IAMPolicy(document) for document in user.policies.values()]
    results = []
    for action in _members(asked, "ActionNames"):
        places = {place: _decided(policies, action, place) for place in _members(asked, "ResourceArns")}
        apart = "".join(
            f"<member><EvalResourceName>{escape(place)}</EvalResourceName>"
            f"<EvalResourceDecision>{word}</EvalResourceDecision></member>"
            for place, word in places.items()
        )
        results.append(
            f"<member><EvalActionName>{escape(action)}</EvalActionName>"
            f"<EvalDecision>{next(word for word in _STRICTEST if word in places.values())}</EvalDecision>"
            f"<ResourceSpecificResults>{apart}</ResourceSpecificResults></member>"
        )
    told = f"<EvaluationResults>{''.join(results)}</EvaluationResults><IsTruncated>false</IsTruncated>"
    whole = f"<SimulatePrincipalPolicyResult>{told}</SimulatePrincipalPolicyResult>"
    return (
        "200 OK",
        f'<SimulatePrincipalPolicyResponse xmlns="{_SPACE}">{whole}</SimulatePrincipalPolicyResponse>'.encode(),
    )


def _decided(policies: list[Any], action: str, place: str) -> str:
    said = {_WORDS[policy.is_action_permitted(action, place).name] for policy in policies}
    return next((word for word in ("explicitDeny", "allowed") if word in said), "implicitDeny")


def _members(asked: Mapping[str, str], name: str) -> list[str]:
    return [value for key, value in sorted(asked.items()) if key.startswith(f"{name}.member.")]
