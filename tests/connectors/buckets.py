"""Buckets to look at: of moto, an S3 that we did not write, on loopback."""

from __future__ import annotations

import functools
import itertools
import json
import logging
import threading
from datetime import UTC, datetime
from typing import Any

import boto3
import requests
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from tests.connectors.stand_ins.iam import simulating

_numbers = itertools.count(1)
#: Whom moto takes the holder of a key for that it did not make.
USER = "moto"
SECRETS = {"access_key_id": "canary-key-id", "secret_access_key": "canary-s3-secret-77ab"}


@functools.cache
def server() -> str:
    """Where moto listens; one for the whole process, which ends with it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = simulating(DomainDispatcherApplication(create_backend_app))
    started = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=started.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{started.server_port}"


class Bucket:
    """A fresh bucket. `s3` is a client that may do everything with it."""

    def __init__(self, region: str = "eu-north-1", name: str = "") -> None:
        self.name, self.region = name or f"bucket-{next(_numbers)}", region
        self.s3: Any = boto3.client(
            "s3", region_name=region, endpoint_url=server(), aws_access_key_id="x", aws_secret_access_key="x",
            config=Config(s3={"addressing_style": "path"}),
        )  # fmt: skip
        self.s3.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": region})
        self.settings: dict[str, Any] = {"bucket": self.name, "region": region, "address": server()}

    def remove(self) -> None:
        """Leave nothing of it, whatever is in it, nor of any other."""
        requests.post(f"{server()}/moto-api/reset", timeout=120).raise_for_status()

    def put(self, *keys: str) -> None:
        for key in keys:
            self.s3.put_object(Bucket=self.name, Key=key, Body=b"canary")

    def age(self, key: str, at: datetime) -> None:
        """Make an object as old as it would be, which no S3 lets anybody do."""
        from moto.s3.models import s3_backends

        made = s3_backends["123456789012"]["global"].buckets[self.name].keys[key]
        made.last_modified = at.astimezone(UTC).replace(tzinfo=None)

    def lifecycle(self, *rules: dict[str, Any]) -> None:
        if rules:
            told = {
                "Rules": [
                    {"ID": f"r{number}", "Status": "Enabled", **rule} for number, rule in enumerate(rules, 1)
                ]
            }
            self.s3.put_bucket_lifecycle_configuration(Bucket=self.name, LifecycleConfiguration=told)
        else:
            self.s3.delete_bucket_lifecycle(Bucket=self.name)

    def versions(self, status: str) -> None:
        self.s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": status})

    def block(self, on: bool) -> None:
        names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        self.s3.put_public_access_block(
            Bucket=self.name, PublicAccessBlockConfiguration=dict.fromkeys(names, on)
        )

    def policy(self, *statements: dict[str, Any]) -> None:
        told = {"Version": "2012-10-17", "Statement": list(statements)}
        self.s3.put_bucket_policy(Bucket=self.name, Policy=json.dumps(told))

    def may(self, *actions: str) -> None:
        """Let the user of SECRETS read, and do that with what is in the bucket; moto keeps it."""
        iam: Any = boto3.client(
            "iam", region_name=self.region, endpoint_url=server(), aws_access_key_id="x",
            aws_secret_access_key="x",
        )  # fmt: skip
        if USER not in [one["UserName"] for one in iam.list_users()["Users"]]:
            iam.create_user(UserName=USER)
        reading = ["s3:Get*", "s3:List*", "iam:SimulatePrincipalPolicy"]
        allowed = [{"Effect": "Allow", "Action": reading, "Resource": "*"}]
        if actions:
            place = f"arn:aws:s3:::{self.name}/*"
            allowed.append({"Effect": "Allow", "Action": list(actions), "Resource": place})
        told = {"Version": "2012-10-17", "Statement": allowed}
        iam.put_user_policy(UserName=USER, PolicyName="observer", PolicyDocument=json.dumps(told))

    def secure(self) -> dict[str, Any]:
        """The statement that turns away whoever comes without TLS."""
        place = f"arn:aws:s3:::{self.name}"
        return {
            "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [place, f"{place}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }  # fmt: skip

    def opened(self) -> dict[str, Any]:
        """The statement that lets anybody read."""
        place = f"arn:aws:s3:::{self.name}/*"
        return {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": place}
