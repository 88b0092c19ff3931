"""A receiver of webhooks, as whoever writes one may begin. Python 3.11 and standardwebhooks.

    WEBHOOK_SECRETS=whsec_… python receive_webhook.py [port]       # several secrets with spaces between them

`verified` is what matters: a message counts only with a signature over its very bytes, made lately. It comes at least
once: maybe twice, always under the same `webhook-id`, and maybe in another order than things happened; `seq` says the
order. Nothing of what changed is in it: fetch it, with a token of your own.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import sys
from collections import OrderedDict
from collections.abc import Collection, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

#: More than any message of the registry has.
LONGEST = 64 * 1024


class Refused(Exception):
    """The message does not count. `why`: "headers", "signature", or "clock": it is old, which is a replay, or a clock
    is wrong, there or here."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def verified(body: bytes, headers: Mapping[str, str], secrets: Collection[str]) -> dict[str, Any]:
    """What a message says, once it is known to come from the registry. Raises Refused.

    `body` are the bytes as they came: what is parsed and written anew has another signature. `secrets` are all that
    count just now: while one takes the place of another, both.
    """
    told = {name.lower(): value for name, value in headers.items()}
    message, moment = told.get("webhook-id", ""), told.get("webhook-timestamp", "")
    signatures = told.get("webhook-signature", "").split(" ")
    if not (re.fullmatch(r"[0-9]{1,12}", moment) and message and all(map(_is_written_so, signatures))):
        raise Refused("headers")
    why = "signature"
    for secret in secrets:
        try:
            found = Webhook(secret).verify(body, {**told})
        except WebhookVerificationError as error:
            why = "clock" if "timestamp" in str(error) else why
        except ValueError:  # no UTF-8, or no JSON
            raise Refused("signature") from None
        else:
            return dict(found)
    raise Refused(why)


def _is_written_so(signature: str) -> bool:
    # A text has but one base64: else the last letter could be another, and the signature still count.
    version, comma, text = signature.partition(",")
    try:
        return version == "v1" and bool(comma) and base64.b64encode(base64.b64decode(text)).decode() == text
    except (binascii.Error, ValueError):
        return version != "v1"


class Receiver(ThreadingHTTPServer):
    """Receives at a port of this machine; put it behind TLS. `heard` gets each message once."""

    daemon_threads = True

    def __init__(self, port: int, secrets: Collection[str]) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.secrets = secrets
        self.seen: OrderedDict[str, None] = (
            OrderedDict()
        )  # keep it in a database: a message may come days later

    def heard(self, message: dict[str, Any]) -> None:
        """Act upon it: a hold was set, say, and what was fetched of it before no longer counts."""
        print(message["data"]["seq"], message["type"], message["data"]["object"], flush=True)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"[0-9]{1,6}", length) or int(length) > LONGEST:
            return self._answer(413)
        body, headers = self.rfile.read(int(length)), dict(self.headers.items())
        try:
            message = verified(body, headers, self.server.secrets)
        except Refused as refused:
            return self._answer(401, refused.why)
        # Remember it first, or with what you do about it in one transaction, and answer soon: work can be done later.
        name = self.headers["webhook-id"]
        if name not in self.server.seen:
            self.server.heard(message)
            self.server.seen[name] = None
            while len(self.server.seen) > 10_000:
                self.server.seen.popitem(last=False)
        return self._answer(204)

    def _answer(self, status: int, why: str = "") -> None:
        body = json.dumps({"refused": why}).encode() if why else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: what it heard is shown."""


if __name__ == "__main__":
    Receiver(
        int(sys.argv[1]) if len(sys.argv) > 1 else 8099, os.environ["WEBHOOK_SECRETS"].split()
    ).serve_forever()
