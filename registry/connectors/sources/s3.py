"""A bucket of Amazon S3, or of a service that speaks as S3 does: where it is, what expires, who may reach it.

It asks for configuration, and for lists of objects, of which it keeps how many there are and the oldest time: no key
and no content. In a bucket with versions an expiry only makes a version old; for how long old ones stay is told with
it. Needs the extra `s3` (botocore), which signs and reads: all that is sent goes by checked addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from marshmallow import fields, validate

from registry import clock
from registry.connectors.observed.plain import Word, several
from registry.connectors.origin import Origin, only
from registry.connectors.source import Allow, NotSeen, Seen, Source, Way
from registry.connectors.sources import _s3_asking as asking
from registry.connectors.sources._s3_lifecycle import rules_of
from registry.strict.schema import Schema, Text


class Prefixed(Schema):
    """Keys that begin alike, and the data category of the record that such objects hold."""

    prefix = fields.String(
        required=True,
        validate=validate.Length(max=500),
        metadata={"description": "How the keys begin; empty for all."},
    )
    category = Word(most=40, required=True, metadata={"description": "An id such as D1, or a term of DPV."})


class S3Settings(Schema):
    """Which bucket."""

    bucket = Text(
        required=True,
        validate=validate.Regexp(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z"),
        metadata={"description": "The name of the bucket."},
    )
    region = Text(
        required=True,
        validate=validate.Regexp(r"[a-z0-9][a-z0-9-]{1,40}\Z"),
        metadata={"description": "Where it is asked: eu-north-1."},
    )
    address = Origin(metadata={"description": "Where it is asked, if not at Amazon's."})
    categories = several(
        Prefixed,
        required=False,
        metadata={"description": "Which data category of the record the keys with a prefix hold."},
    )


SOURCE = Source(
    title={"fi": "S3-ämpäri", "sv": "S3-hink", "en": "S3 bucket"},
    settings=S3Settings,
    secrets={
        "access_key_id": "The id of an access key that may only read (docs/connectors.md).",
        "secret_access_key": "Its secret.",
    },
    sees=("credential", "region", "deletion_rules", "oldest_item", "settings"),
    most=2_000_000,
)

#: The countries of Amazon's regions.
_COUNTRIES = {
    "eu-north-1": "SE", "eu-west-1": "IE", "eu-west-2": "GB", "eu-west-3": "FR", "eu-central-1": "DE",
    "eu-central-2": "CH", "eu-south-1": "IT", "eu-south-2": "ES", "us-east-1": "US", "us-east-2": "US",
    "us-west-1": "US", "us-west-2": "US", "ca-central-1": "CA", "ca-west-1": "CA", "mx-central-1": "MX",
    "sa-east-1": "BR", "ap-south-1": "IN", "ap-south-2": "IN", "ap-southeast-1": "SG", "ap-southeast-2": "AU",
    "ap-southeast-3": "ID", "ap-southeast-4": "AU", "ap-southeast-5": "MY", "ap-southeast-7": "TH",
    "ap-northeast-1": "JP", "ap-northeast-2": "KR", "ap-northeast-3": "JP", "ap-east-1": "HK", "af-south-1": "ZA",
    "me-south-1": "BH", "me-central-1": "AE", "il-central-1": "IL",
}  # fmt: skip
_EVERYBODY = (
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
)
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
#: What nobody needs who only looks.
_WRITING = (
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:PutLifecycleConfiguration",
    "s3:PutBucketPolicy",
    "s3:DeleteBucket",
)


def reach(settings: Mapping[str, Any]) -> Allow:
    """The service of one region, and who tells what the credential is."""
    return only(*(_origin(settings, service) for service in ("s3", "sts", "iam")))


def observe(way: Way, settings: Mapping[str, Any]) -> Iterator[Seen]:
    """Each kind of SOURCE.sees."""
    bucket = _Bucket(way, settings)
    yield way.look("credential", bucket.credential)
    yield way.look("region", bucket.region)
    yield way.look("deletion_rules", bucket.lifecycle)
    yield way.look("oldest_item", bucket.oldest)
    yield way.look("settings", bucket.settings)


def _origin(settings: Mapping[str, Any], service: str) -> str:
    if settings.get("address"):
        return str(settings["address"])
    return (
        "https://iam.amazonaws.com"
        if service == "iam"
        else f"https://{service}.{settings['region']}.amazonaws.com"
    )


def _allowed(result: Mapping[str, Any]) -> bool:
    """Whether an action is allowed on the bucket or on what is in it; of both, the stricter is said."""
    apart = (one["EvalResourceDecision"] for one in result.get("ResourceSpecificResults", ()))
    return "allowed" in (result["EvalDecision"], *apart)


class _Bucket:
    """One bucket in one run."""

    def __init__(self, way: Way, settings: Mapping[str, Any]) -> None:
        self.way, self.given, self.name = way, settings, settings["bucket"]
        self.categories = [(one["prefix"], one["category"]) for one in settings.get("categories", ())]
        self._clients: dict[str, Any] = {}

    def _client(self, service: str = "s3") -> Any:
        if service not in self._clients:
            region = "us-east-1" if service == "iam" else self.given["region"]
            origin = _origin(self.given, service)
            self._clients[service] = asking.client(self.way, service, region, origin)
        return self._clients[service]

    def _ask(self, what: str, *, absent: str | None = None, **said: Any) -> Mapping[str, Any] | None:
        return asking.asked(getattr(self._client(), what), absent=absent, Bucket=self.name, **said)

    # --- ours

    def credential(self) -> Mapping[str, Any]:
        """Whether it is the account's own, or may write to the bucket, as far as it may ask that of itself."""
        told = asking.asked(self._client("sts").get_caller_identity)
        arn = str((told or {})["Arn"])
        if arn.endswith(":root"):
            return {"more_than_reading": True, "may": ["everything: it is the account's own"]}
        place = f"arn:aws:s3:::{self.name}"
        try:
            decided = asking.asked(
                self._client("iam").simulate_principal_policy,
                PolicySourceArn=arn,
                ActionNames=list(_WRITING),
                ResourceArns=[place, f"{place}/any"],
            )
        except NotSeen as failed:
            if failed.reason == "unauthorised":
                raise
            # It may not ask what it may, which is as it should be.
            return {"more_than_reading": None, "because": "not_permitted"}
        may = {one["EvalActionName"] for one in (decided or {})["EvaluationResults"] if _allowed(one)}
        if not may and (decided or {}).get("IsTruncated"):
            return {"more_than_reading": None, "because": "in_part"}
        return {"more_than_reading": bool(may), "may": sorted(may)}

    # --- where

    def region(self) -> Mapping[str, Any]:
        """Where the bucket is, whatever the settings say."""
        try:
            told = self._ask("get_bucket_location") or {}
            named = told.get("LocationConstraint") or "us-east-1"
        except asking.Elsewhere as elsewhere:
            if elsewhere.region is None:
                raise
            named = elsewhere.region
        region = "eu-west-1" if named == "EU" else str(named)
        amazon = "amazonaws" in _origin(self.given, "s3") or not self.given.get("address")
        found: dict[str, Any] = {"region": region, "country": _COUNTRIES.get(region)}
        return {**found, "provider": "Amazon Web Services"} if amazon else found

    # --- how long

    def _versioned(self) -> bool | None:
        """Whether old versions may be there; None where that was not seen."""
        try:
            return (self._ask("get_bucket_versioning") or {}).get("Status") in ("Enabled", "Suspended")
        except NotSeen as failed:
            self.way.broken(failed.code)
            return None

    def lifecycle(self) -> Mapping[str, Any]:
        """Expiry by prefix and tag. No lifecycle is no rule; one that could not be read is another thing."""
        told = self._ask("get_bucket_lifecycle_configuration", absent="NoSuchLifecycleConfiguration")
        if told is None:
            return {"rules": []}
        return {"rules": rules_of(told["Rules"], self.categories, self._versioned(), self.way.item)}

    def oldest(self) -> Mapping[str, Any]:
        """The oldest object of each category, old versions among them, and how many there are."""
        oldest: dict[str | None, datetime] = {}
        count: dict[str | None, int] = dict.fromkeys(
            [category for _, category in self.categories] or [None], 0
        )
        try:
            for one in self._objects():
                with self.way.item():
                    category, at = self._category(one["Key"]), one["LastModified"]
                    oldest[category] = min(at, oldest.get(category, at))
                    count[category] = count.get(category, 0) + 1
        except NotSeen as failed:
            if not oldest:
                raise
            self.way.broken(failed.code)
        whole = self.way.whole
        items: list[dict[str, Any]] = []
        for category, number in count.items():
            item: dict[str, Any] = {"object": "object"}
            if category is not None:
                item["category"] = category
            if category in oldest:
                item["oldest"] = clock.written(oldest[category].astimezone(UTC))
            if whole:
                item["count"] = number
            if whole or category in oldest:
                items.append(item)
        return {"items": items}

    def _objects(self) -> Iterator[Mapping[str, Any]]:
        """Every object and, where there are any, every old version: a page in memory at a time."""
        versioned = self._versioned()
        what, names = (
            ("list_objects_v2", ("Contents",))
            if versioned is False
            else ("list_object_versions", ("Versions",))
        )
        after: dict[str, Any] = {}
        while True:
            page = self._ask(what, MaxKeys=1000, **after) or {}
            for name in names:
                for one in page.get(name, ()):
                    self.way.took()
                    yield one
            if not page.get("IsTruncated"):
                return
            following = (
                {"ContinuationToken": page["NextContinuationToken"]}
                if versioned is False
                else {
                    "KeyMarker": page["NextKeyMarker"],
                    "VersionIdMarker": page.get("NextVersionIdMarker", ""),
                }
            )
            if following == after:
                raise NotSeen("not_understood", "page_repeats")
            after = following

    def _category(self, key: str) -> str | None:
        fitting = [one for one in self.categories if key.startswith(one[0])]
        return max(fitting, key=lambda one: len(one[0]))[1] if fitting else None

    # --- how safe

    def settings(self) -> Mapping[str, Any]:
        """Versions, encryption, and who may reach it. What of these could not be read leaves the look incomplete."""
        found: list[dict[str, Any]] = []
        failures: list[NotSeen] = []
        looks = (self._versions, self._encryption, self._public, self._policy, self._logging)
        for look in looks:
            try:
                found += look()
            except NotSeen as failed:
                failures.append(failed)
        if len(failures) == len(looks):
            raise failures[0]
        for one in failures:
            self.way.broken(one.code)
        return {"settings": [{"object": self.name, **one} for one in found]}

    def _versions(self) -> list[dict[str, Any]]:
        status = (self._ask("get_bucket_versioning") or {}).get("Status")
        return [
            {
                "about": "versioned",
                "name": "Versioning",
                "on": status == "Enabled",
                "value": status or "Never",
            }
        ]

    def _encryption(self) -> list[dict[str, Any]]:
        told = self._ask("get_bucket_encryption", absent="ServerSideEncryptionConfigurationNotFoundError")
        one: dict[str, Any] = {
            "about": "encrypted_at_rest",
            "name": "Default encryption",
            "on": told is not None,
        }
        if told is not None:
            (rule, *_) = told["ServerSideEncryptionConfiguration"]["Rules"]
            one["value"] = rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
        return [one]

    def _public(self) -> list[dict[str, Any]]:
        """Whether anybody gets in, by policy or by ACL, and whether that is kept from happening."""
        try:
            told = self._ask("get_public_access_block", absent="NoSuchPublicAccessBlockConfiguration")
            blocks: Mapping[str, Any] | None = {} if told is None else told["PublicAccessBlockConfiguration"]
        except NotSeen as failed:
            self.way.broken(failed.code)
            blocks = None
        status = self._ask("get_bucket_policy_status", absent="NoSuchBucketPolicy")
        grants = (self._ask("get_bucket_acl") or {})["Grants"]
        by_policy = status is not None and bool(status["PolicyStatus"]["IsPublic"])
        by_acl = any(grant["Grantee"].get("URI") in _EVERYBODY for grant in grants)
        found: list[dict[str, Any]] = [
            {"about": "public_access", "name": name, "on": _open(public, blocks, block)}
            for name, public, block in (
                ("Bucket policy", by_policy, "RestrictPublicBuckets"),
                ("ACL", by_acl, "IgnorePublicAcls"),
            )
        ]
        if blocks is not None:
            every = all(blocks.get(name) is True for name in _BLOCKS)
            found.append({"about": "public_access_blocked", "name": "Public access block", "on": every})
        return found

    def _policy(self) -> list[dict[str, Any]]:
        """Whether the policy turns away whoever comes without TLS."""
        told = self._ask("get_bucket_policy", absent="NoSuchBucketPolicy")
        statements = [] if told is None else orjson.loads(told["Policy"]).get("Statement", [])
        refused = any(
            _turns_away(one) for one in (statements if isinstance(statements, list) else [statements])
        )
        return [{"about": "encrypted_in_transit", "name": "aws:SecureTransport", "on": refused}]

    def _logging(self) -> list[dict[str, Any]]:
        told = self._ask("get_bucket_logging") or {}
        return [{"about": "logged", "name": "Server access logging", "on": "LoggingEnabled" in told}]


def _open(public: bool, blocks: Mapping[str, Any] | None, block: str) -> bool | None:
    """Whether what is public is so; None where the block that could take it back was not seen."""
    if not public or blocks is None:
        return None if public else False
    return blocks.get(block) is not True


def _turns_away(statement: Mapping[str, Any]) -> bool:
    everybody = statement.get("Principal") in ("*", {"AWS": "*"})
    actions = statement.get("Action")
    condition = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    return (
        statement.get("Effect") == "Deny"
        and everybody
        and actions in ("s3:*", "*", ["s3:*"], ["*"])
        and str(condition).lower() == "false"
    )
