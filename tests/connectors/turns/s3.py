"""Changes on a bucket of moto's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.connectors.buckets import SECRETS, Bucket
from tests.connectors.turns import Turn

RECORD: dict[str, Any] = {
    "storage_locations": [{"area": "EU", "exclusive": True}],
    "retention": ["P6M"],
    "security_measures": ["Tiedot on salattu"],
}
EVERYTHING = {"Filter": {"Prefix": ""}, "Expiration": {"Days": 180}}


@contextmanager
def system(_: Any) -> Iterator[tuple[Bucket, dict[str, Any], dict[str, str]]]:
    bucket = Bucket(name="turned")
    bucket.put("chat/1")
    bucket.lifecycle(EVERYTHING)
    bucket.block(True)
    bucket.policy(bucket.secure())
    _encrypt(bucket)
    bucket.may()
    yield bucket, bucket.settings, SECRETS
    bucket.remove()


def _encrypt(bucket: Bucket) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    bucket.s3.put_bucket_encryption(Bucket=bucket.name, ServerSideEncryptionConfiguration={"Rules": [rule]})


def _bare(bucket: Bucket) -> None:
    bucket.s3.delete_bucket_encryption(Bucket=bucket.name)


def _age(days: int) -> Any:
    return lambda bucket: bucket.age("chat/1", datetime.now(UTC) - timedelta(days=days))


def _open(bucket: Bucket) -> None:
    bucket.block(False)
    bucket.policy(bucket.secure(), bucket.opened())


def _shut(bucket: Bucket) -> None:
    bucket.policy(bucket.secure())
    bucket.block(True)


def _move(region: str) -> Any:
    """A bucket does not move; it is deleted, and made again elsewhere."""

    def move(bucket: Bucket) -> None:
        from moto.s3.models import s3_backends

        s3_backends["123456789012"]["global"].buckets[bucket.name].region_name = region

    return move


TURNS = [
    Turn(
        kind="deletion_rules", code="OBS302", name="the lifecycle is lengthened", key="R1:acme/desk:rule:r1",
        do=lambda bucket: bucket.lifecycle({**EVERYTHING, "Expiration": {"Days": 400}}),
        undo=lambda bucket: bucket.lifecycle(EVERYTHING),
    ),
    Turn(
        kind="deletion_rules", code="OBS302", name="the lifecycle rule is disabled", key="R1:acme/desk:off",
        do=lambda bucket: bucket.lifecycle({**EVERYTHING, "Status": "Disabled"}),
        undo=lambda bucket: bucket.lifecycle(EVERYTHING),
    ),
    Turn(
        kind="deletion_rules", code="OBS302", name="the lifecycle is deleted", key="R1:acme/desk:off",
        do=lambda bucket: bucket.lifecycle(), undo=lambda bucket: bucket.lifecycle(EVERYTHING),
    ),
    Turn(
        kind="deletion_rules", code="OBS302", name="versions are kept, without an end", key="R1:acme/desk:rule:r1",
        do=lambda bucket: bucket.versions("Enabled"),
        undo=lambda bucket: bucket.lifecycle(
            {**EVERYTHING, "Expiration": {"Days": 150}, "NoncurrentVersionExpiration": {"NoncurrentDays": 14}}
        ),
    ),
    Turn(
        kind="oldest_item", code="OBS302", name="an object is older than it may be",
        key="R1:acme/desk:oldest:object:", do=_age(300), undo=_age(1),
    ),
    Turn(
        kind="region", code="OBS303", name="the bucket is made elsewhere", key="acme/desk",
        do=_move("us-east-1"), undo=_move("eu-north-1"),
    ),
    Turn(
        kind="settings", code="OBS306", name="anybody may read", then="open",
        key="acme/desk:public_access:Bucket policy:turned", do=_open, undo=_shut,
    ),
    Turn(
        kind="settings", code="OBS306", name="encryption is switched off", then="open",
        key="acme/desk:encrypted_at_rest:Default encryption:turned", do=_bare, undo=_encrypt,
    ),
    Turn(
        kind="settings", code="OBS306", name="whoever comes without TLS is let in", then="open",
        key="acme/desk:encrypted_in_transit:aws:SecureTransport:turned",
        do=lambda bucket: bucket.s3.delete_bucket_policy(Bucket=bucket.name),
        undo=lambda bucket: bucket.policy(bucket.secure()),
    ),
    Turn(
        kind="credential", code="OBS306", name="our user is given the right to delete objects", then="open",
        key="acme/desk:credential",
        do=lambda bucket: bucket.may("s3:DeleteObject*"), undo=lambda bucket: bucket.may(),
    ),
]  # fmt: skip
