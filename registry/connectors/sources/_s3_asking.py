"""What botocore would send, sent our way: it signs and reads; which address is connected to is not its business."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from registry.connectors.source import NotSeen, Way
from registry.connectors.way import bounded

#: Answers that mean something to botocore. What passes (429, 500s) is tried again by the way.
_ANSWERS = frozenset({400, 401, 403, 404, 405, 409, 412, 501})
_ELSEWHERE = re.compile(
    rb"<Code>(?:AuthorizationHeaderMalformed|IllegalLocationConstraintException|PermanentRedirect)</"
)
_DECLARES = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_REGION = re.compile(rb"<Region>([a-z0-9-]{4,40})</Region>")
#: Headers that are not botocore's to say; none of them is signed.
_OURS = frozenset({"content-length", "accept-encoding", "host", "expect", "transfer-encoding", "user-agent"})
#: Codes by which the credential is refused, and those by which a right is.
_REFUSED = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
                      "InvalidClientTokenId", "UnrecognizedClientException"})  # fmt: skip
_FORBIDDEN = frozenset({"AccessDenied", "AllAccessDisabled", "AccountProblem", "403", "UnauthorizedAccess"})
_NOWHERE = frozenset(
    {"NoSuchBucket", "404", "MethodNotAllowed", "NotImplemented", "InvalidAction", "NoSuchKey"}
)


class Elsewhere(NotSeen):
    """The bucket is in another region, whose name is told or not."""

    def __init__(self, region: str | None) -> None:
        super().__init__("other", "bucket_in_another_region")
        self.region = region


def client(way: Way, service: str, region: str, origin: str) -> Any:
    """A client of a service at `origin` that uses nothing of whoever runs us. Raises NotSeen without the extra `s3`."""
    try:
        import botocore.session
        from botocore.config import Config
        from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES as VARIABLES
    except ImportError:
        raise NotSeen("not_supported", "extra_s3_missing") from None
    key, secret = way.secret("access_key_id"), way.secret("secret_access_key")
    # Neither the environment nor a file in a home directory says anything: only the defaults are left.
    alone = {name: (None, None, default, convert) for name, (_, _, default, convert) in VARIABLES.items()}
    session = botocore.session.Session(session_vars=alone)
    session.register_component("data_loader", _descriptions())
    made = session.create_client(
        service,
        region_name=region,
        endpoint_url=origin,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(
            signature_version="s3v4" if service == "s3" else "v4",
            retries={"total_max_attempts": 1, "mode": "standard"},
            s3={"addressing_style": "path"},
            defaults_mode="legacy",
            ignore_configured_endpoint_urls=True,
            proxies={},
        ),
    )
    made.meta.events.register("before-send", _sender(way))
    return made


@functools.cache
def _descriptions() -> Any:
    """What the services are like, from botocore's own files: read once, for reading takes longer than asking."""
    from botocore.loaders import Loader

    return Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)


def _sender(way: Way) -> Any:
    """Botocore asks this before it sends anything, and takes the answer that it gives for the server's."""
    from botocore.awsrequest import AWSResponse, HeadersDict

    def send(request: Any, **_: Any) -> Any:
        headers = {
            name: value.decode("ascii") if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
            if name.lower() not in _OURS
        }
        body = request.body.encode() if isinstance(request.body, str) else request.body
        try:
            answer = way.ask(
                request.method,
                request.url,
                headers=headers,
                body=bytes(body) if body else None,
                also=_ANSWERS,
            )
        except NotSeen as failed:
            # A bucket that is asked for in the wrong region is answered with a redirect, which is never followed.
            raise Elsewhere(None) if failed.code == "redirect_refused" else failed from None
        if answer.status == 400 and _ELSEWHERE.search(answer.body):
            named = _REGION.search(answer.body)
            raise Elsewhere(named[1].decode("ascii") if named else None)
        if answer.status < 300:
            way.evidence(answer.body)
        bounded(answer.body, b"<")
        if _DECLARES.search(answer.body):  # entities in entities: no answer of S3 has any
            raise NotSeen("not_understood", "answer_malformed")
        return AWSResponse(request.url, answer.status, HeadersDict(answer.headers), _Raw(answer.body))

    return send


class _Raw:
    """A body as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._body


def asked(read: Any, *, absent: str | None = None, **said: Any) -> Mapping[str, Any] | None:
    """What a call answers; None where the code of the error is `absent`: there is none of it. Raises NotSeen."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        return dict(read(**said))
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if absent is not None and code == absent:
            return None
        raise _not_seen(code, error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")) from None
    except (
        BotoCoreError,
        ResponseParserError,
        SyntaxError,
    ):  # the last is what ElementTree calls XML that is none
        raise NotSeen("not_understood", "answer_malformed") from None


def _not_seen(code: str, status: Any) -> NotSeen:
    if code in _REFUSED or status == 401:
        return NotSeen("unauthorised", "credential_refused")
    if code in _FORBIDDEN or status == 403:
        return NotSeen("forbidden")
    if code == "NoSuchBucket":
        return NotSeen("no_such_endpoint", "no_such_bucket")
    if code in _NOWHERE or status in (404, 405, 501):
        return NotSeen("no_such_endpoint")
    if isinstance(status, int) and status >= 500:  # also what botocore makes of an answer that is none
        return NotSeen("unavailable", "source_unavailable")
    return NotSeen("other", "unexpected_status")
