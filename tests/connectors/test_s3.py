"""S3: what expires and when it is gone, each way of not seeing it told apart, and nothing of whoever runs us (H15)."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import outbound
from registry.connectors import way as ways
from registry.connectors.book import source
from registry.connectors.seen import Seen
from registry.connectors.sources._s3_lifecycle import rules_of
from registry.connectors.way import Way
from registry.law import periods
from registry.settings import Settings
from tests.connectors.buckets import SECRETS, Bucket
from tests.connectors.stand_ins.serving import Asked, Reply, StandIn, serving
from tests.connectors.watching import Watch


@pytest.fixture(autouse=True)
def loopback() -> Iterator[None]:
    outbound.permit(Settings(outbound_networks="127.0.0.0/8"))
    yield
    outbound.permit(Settings())


def observe(
    settings: dict[str, Any], secrets: dict[str, str] = SECRETS, **limits: Any
) -> tuple[dict[str, Seen], Way]:
    """What was seen, by the kind that it is about."""
    known = source("s3")
    checked = known.settings(settings)
    way = Way(allow=known.reach(checked), secrets=secrets, sleep=lambda _: None, **limits)
    seen = {one.payload.get("asked", one.kind): one for one in known.observe(way, checked)}
    assert set(seen) == set(known.source.sees)
    assert "canary" not in json.dumps([one.payload for one in seen.values()])
    return seen, way


def lifecycle(
    rules: list[dict[str, Any]], categories: Any = (), versioned: bool | None = False
) -> list[dict[str, Any]]:
    return rules_of(rules, categories, versioned, contextlib.nullcontext)  # type: ignore[arg-type] # it says nothing


# --- what a lifecycle deletes


def rule(days: int = 180, **other: Any) -> dict[str, Any]:
    return {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": days}, **other}


def old(**other: Any) -> dict[str, Any]:
    """A rule that lets old versions go after nine days."""
    return {"Status": "Enabled", "Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 9}, **other}


CHAT, MAIL = ("chat/", "D1"), ("mail/", "D2")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (rule(), {}),
        (rule(Status="Disabled"), {"active": False}),
        (rule(Filter={"Prefix": "chat/"}), {"only": "keys that begin with chat/"}),
        (rule(Filter={}, Prefix="chat/"), {"only": "keys that begin with chat/"}),
        (rule(Filter={"Tag": {"Key": "k", "Value": "canary"}}), {"only": "tag k"}),
        (rule(Filter={"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "v"}, {"Key": "l", "Value": "v"}]}}),
         {"only": "keys that begin with a/; tag k; tag l"}),
        (rule(Filter={"ObjectSizeGreaterThan": 5}), {"only": "ObjectSizeGreaterThan"}),
        (rule(Expiration={"Date": "2027-01-01"}), {"after": None, "counted_from": None, "only": "on a fixed day"}),
    ],
    ids=["all", "disabled", "a prefix", "a prefix of old", "a tag", "a prefix and tags", "a size", "a date"],
)  # fmt: skip
def test_h15_what_a_rule_deletes(written: dict[str, Any], told: dict[str, Any]) -> None:
    plain = {
        "id": "r",
        "object": "object",
        "active": True,
        "after": "P180D",
        "counted_from": "created",
        "action": "erase",
    }
    assert lifecycle([written]) == [{**plain, **told}]


@pytest.mark.parametrize(
    "written",
    [
        {"Status": "Enabled", "Filter": {}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
        {"Status": "Enabled", "Filter": {}, "Expiration": {"ExpiredObjectDeleteMarker": True}},
        {"Status": "Enabled", "Filter": {}, "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}]},
        {"Status": "Enabled", "Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}},
    ],
    ids=["uploads", "markers", "colder", "old versions"],
)
def test_h15_what_deletes_nothing_that_is_there_is_no_deletion_rule(written: dict[str, Any]) -> None:
    assert lifecycle([written], versioned=True) == []


@pytest.mark.parametrize(
    ("written", "then_kept"),
    [
        ([rule()], None),
        ([rule(NoncurrentVersionExpiration={"NoncurrentDays": 30})], "P30D"),
        ([rule(), old()], "P9D"),
        ([rule(), old(Status="Disabled")], None),
        ([rule(), old(Filter={"Prefix": "chat/"})], None),
        ([rule(Filter={"Prefix": "chat/a/"}), old(Filter={"Prefix": "chat/"})], "P9D"),
        ([rule(), old(NoncurrentVersionExpiration={"NoncurrentDays": 9, "NewerNoncurrentVersions": 3})], None),
    ],
    ids=["none", "in the same rule", "in another", "in one that is disabled", "of part of it", "of all of it and more",
         "but for some"],
)  # fmt: skip
def test_h15_how_long_old_versions_stay(written: list[dict[str, Any]], then_kept: str | None) -> None:
    assert lifecycle(written, versioned=True)[0]["then_kept"] == then_kept
    assert "then_kept" not in lifecycle(written, versioned=False)[0]
    assert lifecycle(written, versioned=None)[0]["only"].endswith("whether old versions stay was not seen")


@pytest.mark.parametrize(
    ("prefix", "told"),
    [
        ("", [("r / D1", "D1", None), ("r / D2", "D2", None)]),
        ("chat/", [("r", "D1", None)]),
        ("chat/a/", [("r", None, "keys that begin with chat/a/")]),
        ("other/", [("r", None, "keys that begin with other/")]),
        ("c", [("r", "D1", None)]),
    ],
)
def test_h15_a_rule_covers_a_category_if_it_covers_all_of_its_prefix(prefix: str, told: list[Any]) -> None:
    found = lifecycle([rule(Filter={"Prefix": prefix})], [CHAT, MAIL])
    assert [(one["id"], one.get("category"), one.get("only")) for one in found] == told


_FILTERS = st.fixed_dictionaries(
    {}, optional={"Prefix": st.text("ab/", max_size=3), "Tag": st.just({"Key": "k", "Value": "v"})}
)
_EXPIRY = st.fixed_dictionaries({}, optional={"Days": st.integers(1, 4000), "Date": st.just("2027-01-01")})
_RULES = st.lists(
    st.fixed_dictionaries(
        {"Status": st.sampled_from(["Enabled", "Disabled"])},
        optional={
            "ID": st.text(max_size=20),
            "Filter": _FILTERS,
            "Expiration": _EXPIRY,
            "NoncurrentVersionExpiration": st.fixed_dictionaries({"NoncurrentDays": st.integers(1, 400)}),
        },
    ),
    max_size=4,
)


@given(_RULES, st.sampled_from([True, False, None]))
def test_h15_of_a_rule_no_more_is_told_than_it_deletes(
    rules: list[dict[str, Any]], versioned: bool | None
) -> None:
    """Without a condition only where there is none, and in a bucket with versions never without saying how long."""
    found = lifecycle(rules, [("a/", "D1")], versioned)
    for one in found:
        written = [rule for rule in rules if "Expiration" in rule]
        if "only" not in one and one["active"]:
            assert any(
                rule["Status"] == "Enabled"
                and "Tag" not in rule.get("Filter", {})
                and "a/".startswith(rule.get("Filter", {}).get("Prefix", ""))
                and rule["Expiration"].get("Days")
                for rule in written
            )
        assert ("then_kept" in one) is (versioned is True)
        if one["after"]:
            periods.parse(one["after"])


# --- buckets of moto's


def test_h15_no_lifecycle_is_no_rule_and_a_lifecycle_is_its_rules() -> None:
    bucket = Bucket()
    seen, way = observe(bucket.settings)
    assert seen["deletion_rules"].payload == {"rules": []}
    assert seen["deletion_rules"].complete
    assert way.faults == {}
    bucket.lifecycle(rule())
    assert observe(bucket.settings)[0]["deletion_rules"].payload["rules"][0]["after"] == "P180D"


def test_h15_no_such_bucket() -> None:
    bucket = Bucket()
    seen, way = observe({**bucket.settings, "bucket": "no-such-bucket"})
    for kind in ("region", "deletion_rules", "oldest_item", "settings"):
        assert seen[kind].payload == {"asked": kind, "reason": "no_such_endpoint"}
    assert way.faults["no_such_bucket"] >= 4


@pytest.mark.parametrize(
    ("region", "country"), [("eu-north-1", "SE"), ("us-west-2", "US"), ("eu-central-1", "DE")]
)
def test_h15_the_region_is_the_buckets_and_not_that_of_the_settings(region: str, country: str) -> None:
    bucket = Bucket(region)
    seen, _ = observe({**bucket.settings, "region": "eu-west-1"})
    assert seen["region"].payload == {"region": region, "country": country}


def test_the_oldest_object_by_category_and_what_belongs_to_none() -> None:
    bucket = Bucket()
    bucket.put("chat/1", "chat/2", "mail/1", "canary.txt")
    bucket.settings["categories"] = [
        {"prefix": "chat/", "category": "D1"},
        {"prefix": "none/", "category": "D3"},
    ]
    seen, way = observe(bucket.settings)
    counted = {one.get("category"): one["count"] for one in seen["oldest_item"].payload["items"]}
    assert counted == {"D1": 2, "D3": 0, None: 2}
    assert seen["oldest_item"].complete
    assert way.items == 4
    seen, _ = observe(bucket.settings, most=2)
    assert seen["oldest_item"].complete is False
    assert all("count" not in one for one in seen["oldest_item"].payload["items"])


def test_an_empty_bucket() -> None:
    seen, _ = observe(Bucket().settings)
    assert seen["oldest_item"].payload == {"items": [{"object": "object", "count": 0}]}


def test_old_versions_are_items_too() -> None:
    bucket = Bucket()
    bucket.versions("Enabled")
    bucket.put("a", "a")
    assert observe(bucket.settings)[0]["oldest_item"].payload["items"][0]["count"] == 2
    bucket.versions("Suspended")
    seen, _ = observe(bucket.settings)
    assert seen["oldest_item"].payload["items"][0]["count"] == 2
    bucket.lifecycle(rule())
    assert observe(bucket.settings)[0]["deletion_rules"].payload["rules"][0]["then_kept"] is None


def about(seen: dict[str, Seen]) -> dict[tuple[str, str], bool | None]:
    return {(one["about"], one["name"]): one["on"] for one in seen["settings"].payload["settings"]}


def test_who_may_reach_it() -> None:
    bucket = Bucket()
    assert about(observe(bucket.settings)[0])["public_access_blocked", "Public access block"] is False
    bucket.policy(bucket.opened())
    assert about(observe(bucket.settings)[0])["public_access", "Bucket policy"] is True
    bucket.block(True)
    told = about(observe(bucket.settings)[0])
    assert told["public_access", "Bucket policy"] is False, "the block takes it back"
    assert told["public_access_blocked", "Public access block"] is True
    bucket.block(False)
    bucket.s3.delete_bucket_policy(Bucket=bucket.name)
    bucket.s3.put_bucket_acl(Bucket=bucket.name, ACL="public-read")
    told = about(observe(bucket.settings)[0])
    assert (told["public_access", "Bucket policy"], told["public_access", "ACL"]) == (False, True)


# --- answers that a bucket of moto's does not give


class Answering(StandIn):
    """An S3 that answers by the first word of the query, else as is said for ``*``."""

    def __init__(self, **answers: Reply) -> None:
        super().__init__()
        self.answers = answers

    def answer(self, asked: Asked) -> Reply:
        word = "list" if "list-type" in asked.query else next(iter(asked.query), "post")
        status, text, headers = self.answers.get(
            word, self.answers.get("other", (404, error("NoSuchKey"), {}))
        )
        body = text.replace("{origin}", self.origin) if isinstance(text, str) else text
        return status, body.encode(), {"Content-Type": "application/xml", **headers}


def error(code: str, more: str = "") -> str:
    return f"<Error><Code>{code}</Code><Message>canary</Message>{more}</Error>"


AWAY = "bucket_in_another_region"


def answered(**answers: Any) -> tuple[dict[str, Seen], Way]:
    with serving(Answering(**answers)) as there:
        return observe({"bucket": "bucket", "region": "eu-north-1", "address": there.origin})


@pytest.mark.parametrize(
    ("answer", "reason", "code"),
    [
        ((403, error("AccessDenied"), {}), "forbidden", "forbidden"),
        ((403, error("InvalidAccessKeyId"), {}), "unauthorised", "credential_refused"),
        ((403, error("SignatureDoesNotMatch"), {}), "unauthorised", "credential_refused"),
        ((400, error("ExpiredToken"), {}), "unauthorised", "credential_refused"),
        ((404, error("NoSuchBucket"), {}), "no_such_endpoint", "no_such_bucket"),
        ((501, error("NotImplemented"), {}), "no_such_endpoint", "no_such_endpoint"),
        ((503, error("SlowDown"), {}), "unavailable", "source_unavailable"),
        ((301, error("PermanentRedirect"), {"Location": "http://169.254.169.254/"}), "other", AWAY),
        ((307, error("TemporaryRedirect"), {"Location": "http://elsewhere.invalid/"}), "other", AWAY),
        ((400, error("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"), {}), "other", AWAY),
        ((400, error("IllegalLocationConstraintException"), {}), "other", AWAY),
        ((200, "<html>not at all", {}), "unavailable", "source_unavailable"),
        ((200, "", {}), "not_understood", "not_understood"),
        ((400, error("SomethingNew"), {}), "other", "unexpected_status"),
    ],
    ids=lambda value: value[1][:60] if isinstance(value, tuple) else None,
)  # fmt: skip
def test_h15_each_way_of_not_seeing_a_lifecycle_is_told_apart(answer: Reply, reason: str, code: str) -> None:
    seen, way = answered(lifecycle=answer)
    assert seen["deletion_rules"].payload == {"asked": "deletion_rules", "reason": reason}
    assert way.faults[code] >= 1
    assert "rules" not in seen["deletion_rules"].payload, "which would say that there is none"


_TOLD = "<LocationConstraint>{}</LocationConstraint>"
_HEAPED = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 2}">' for n in range(1, 5))


@pytest.mark.parametrize(
    "answer",
    [
        f'<!DOCTYPE x [<!ENTITY a0 "eu">{_HEAPED}]>{_TOLD.format("&a4;")}',
        f'<!DOCTYPE x [<!ENTITY a "eu-west-1">]>{_TOLD.format("&a;")}',
        f'<?xml version="1.0"?>\n<!DOCTYPE x SYSTEM "{{origin}}/x.dtd">{_TOLD.format("eu-west-1")}',
        f'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>{_TOLD.format("&a;")}',
    ],
)
def test_h12_entities_are_not_resolved(answer: str) -> None:
    """Within what the parser itself allows, five megabytes become a thousand."""
    seen, way = answered(location=(200, answer, {}))
    assert seen["region"].payload == {"asked": "region", "reason": "not_understood"}
    assert way.faults["answer_malformed"] == 1


def test_h12_an_answer_of_endless_elements_is_left_before_they_are_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ways, "MOST_VALUES", 1000)
    seen, way = answered(location=(200, _TOLD.format("<a/>" * 1000), {}))
    assert seen["region"].payload == {"asked": "region", "reason": "unavailable"}
    assert way.faults["too_large"] == 1


def test_h15_a_bucket_in_another_region_tells_where_it_is() -> None:
    malformed = (400, error("AuthorizationHeaderMalformed", "<Region>us-east-2</Region>"), {})
    seen, _ = answered(other=malformed)
    assert seen["region"].payload == {"region": "us-east-2", "country": "US"}
    assert {seen[kind].payload["reason"] for kind in ("deletion_rules", "oldest_item", "settings")} == {
        "other"
    }


@pytest.mark.parametrize(
    ("answer", "region"),
    [("<LocationConstraint/>", "us-east-1"), ("<LocationConstraint>EU</LocationConstraint>", "eu-west-1"),
     ("<LocationConstraint>fi-hki-9</LocationConstraint>", "fi-hki-9")],
)  # fmt: skip
def test_names_of_regions_that_are_older_than_their_names_or_unknown(answer: str, region: str) -> None:
    seen, _ = answered(location=(200, answer, {}))
    assert seen["region"].payload["region"] == region


def test_h11_a_refused_credential_is_not_asked_with_again() -> None:
    told = f"<ErrorResponse>{error('InvalidClientTokenId')}</ErrorResponse>"
    with serving(Answering(post=(403, told, {}))) as there:
        seen, way = observe({"bucket": "bucket", "region": "eu-north-1", "address": there.origin})
        assert len(there.asked) == 1
    assert way.credential_refused
    assert {one.payload["reason"] for one in seen.values()} == {"unauthorised"}


def listing(token: str | None) -> str:
    more = (
        f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"
        if token
        else ""
    )
    one = "<Contents><Key>a</Key><LastModified>2024-01-02T03:04:05Z</LastModified><Size>1</Size></Contents>"
    return f"<ListBucketResult>{more}{one}</ListBucketResult>"


def test_h10_a_list_that_breaks_off_or_comes_again_is_not_whole() -> None:
    never = (200, "<VersioningConfiguration/>", {})
    seen, way = answered(versioning=never, list=(200, listing("again"), {}))
    assert seen["oldest_item"].complete is False
    assert seen["oldest_item"].payload["items"] == [
        {"object": "object", "oldest": "2024-01-02T03:04:05.000000Z"}
    ]
    assert way.faults["page_repeats"] == 1
    with serving(Answering(versioning=never, list=(200, listing("more"), {}))) as there:
        usual = there.answer

        def broken(asked: Asked) -> Reply:
            return (500, b"", {}) if "continuation-token" in asked.query else usual(asked)

        there.answer = broken  # type: ignore[method-assign] # page two fails
        seen, _ = observe({"bucket": "bucket", "region": "eu-north-1", "address": there.origin})
    assert seen["oldest_item"].complete is False
    assert "count" not in seen["oldest_item"].payload["items"][0]


def test_settings_that_could_not_all_be_read_are_not_whole() -> None:
    never = (200, "<VersioningConfiguration/>", {})
    seen, _ = answered(versioning=never, other=(403, error("AccessDenied"), {}))
    assert seen["settings"].complete is False
    assert [one["about"] for one in seen["settings"].payload["settings"]] == ["versioned"]
    seen, _ = answered(other=(403, error("AccessDenied"), {}))
    assert seen["settings"].payload == {"asked": "settings", "reason": "forbidden"}


def test_what_is_public_where_the_block_cannot_be_seen_is_not_known() -> None:
    acl = "<AccessControlPolicy><AccessControlList/></AccessControlPolicy>"
    seen, _ = answered(
        policyStatus=(200, "<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>", {}), acl=(200, acl, {}),
        other=(403, error("AccessDenied"), {}),
    )  # fmt: skip
    told = about(seen)
    assert told["public_access", "Bucket policy"] is None
    assert told["public_access", "ACL"] is False
    assert seen["settings"].complete is False


# --- ours


def _identity(arn: str) -> str:
    told = f"<GetCallerIdentityResult><Arn>{arn}</Arn></GetCallerIdentityResult>"
    return f"<GetCallerIdentityResponse>{told}</GetCallerIdentityResponse>"


class Deciding(StandIn):
    """STS and IAM."""

    def __init__(self, arn: str, decided: Reply) -> None:
        super().__init__()
        self.arn, self.decided = arn, decided

    def answer(self, asked: Asked) -> Reply:
        if asked.method != "POST":
            return 403, error("AccessDenied").encode(), {}
        if b"GetCallerIdentity" in asked.body:
            return 200, _identity(self.arn).encode(), {"Content-Type": "text/xml"}
        return self.decided


def _decisions(more: str = "", **decided: str) -> Reply:
    """Of each action, what is said of bucket and objects together, and after a slash what is said of objects."""
    members = "".join(
        f"<member><EvalActionName>s3:{name}</EvalActionName><EvalDecision>{whole}</EvalDecision>"
        f"<ResourceSpecificResults><member><EvalResourceName>arn:aws:s3:::bucket/any</EvalResourceName>"
        f"<EvalResourceDecision>{apart or whole}</EvalResourceDecision></member></ResourceSpecificResults></member>"
        for name, said in decided.items()
        for whole, _, apart in [said.partition("/")]
    )
    results = f"<EvaluationResults>{members}</EvaluationResults>{more}"
    told = f"<SimulatePrincipalPolicyResult>{results}</SimulatePrincipalPolicyResult>"
    answer = f"<SimulatePrincipalPolicyResponse>{told}</SimulatePrincipalPolicyResponse>"
    return 200, answer.encode(), {"Content-Type": "text/xml"}


NO: Reply = (403, error("AccessDenied").encode(), {})
USER = "arn:aws:iam::111122223333:user/canary"


@pytest.mark.parametrize(
    ("arn", "decided", "more", "may"),
    [
        ("arn:aws:iam::111122223333:root", NO, True, ["everything: it is the account's own"]),
        (USER, NO, None, []),
        (
            "arn:aws:sts::111122223333:assumed-role/a/canary",
            (400, error("InvalidInput").encode(), {}),
            None,
            [],
        ),
        (USER, _decisions(PutObject="implicitDeny", DeleteObject="explicitDeny"), False, []),
        (USER, _decisions(PutObject="allowed", DeleteObject="implicitDeny"), True, ["s3:PutObject"]),
        (
            USER,
            _decisions(PutObject="implicitDeny/allowed", DeleteObject="implicitDeny"),
            True,
            ["s3:PutObject"],
        ),
        (USER, _decisions("<IsTruncated>true</IsTruncated>", PutObject="implicitDeny"), None, []),
    ],
    ids=[
        "the account's own",
        "may not ask",
        "a role",
        "may only read",
        "may write",
        "may write objects",
        "not all is said",
    ],
)
def test_what_the_credential_may_do(arn: str, decided: Reply, more: bool | None, may: list[str]) -> None:
    with serving(Deciding(arn, decided)) as there:
        seen, _ = observe({"bucket": "bucket", "region": "eu-north-1", "address": there.origin})
    told = seen["credential"].payload
    assert (told["more_than_reading"], told.get("may", [])) == (more, may)


def test_without_the_extra_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "botocore",
        "botocore.session",
        "botocore.config",
        "botocore.configprovider",
        "botocore.exceptions",
    ):
        monkeypatch.setitem(sys.modules, name, None)
    seen, way = observe({"bucket": "bucket", "region": "eu-north-1", "address": "http://127.0.0.1:1"})
    assert {one.payload["reason"] for one in seen.values()} == {"not_supported"}
    assert set(way.faults) == {"extra_s3_missing"}


@pytest.mark.parametrize("profile", ["evil", "of-nobody"])
def test_h6_nothing_of_whoever_runs_us_is_used(
    profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither credentials, profiles, endpoints, proxies and files of theirs, nor the metadata of a cloud."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        came: list[Any] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    came.append(listening.accept())

        threading.Thread(target=accept, daemon=True).start()
        canary = f"http://127.0.0.1:{listening.getsockname()[1]}"
        (tmp_path / "config").write_text(
            f"[default]\nregion = us-east-1\nendpoint_url = {canary}\ndefaults_mode = auto\n"
            f"s3 =\n  addressing_style = virtual\n"
            f"[profile evil]\ncredential_process = touch {tmp_path}/ran\nendpoint_url = {canary}\n"
        )
        (tmp_path / "credentials").write_text(
            "[evil]\naws_access_key_id = theirs\naws_secret_access_key = theirs\n"
        )
        files = {"CONFIG_FILE": "config", "SHARED_CREDENTIALS_FILE": "credentials", "CA_BUNDLE": "none"}
        for name, file in files.items():
            monkeypatch.setenv(f"AWS_{name}", str(tmp_path / file))
        for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "RETRY_MODE"):
            monkeypatch.setenv(f"AWS_{name}", "theirs")
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "HTTP_PROXY",
                     "AWS_CONTAINER_CREDENTIALS_FULL_URI", "HTTPS_PROXY", "http_proxy", "ALL_PROXY"):  # fmt: skip
            monkeypatch.setenv(name, canary)
        for name, value in {"PROFILE": profile, "REGION": "us-east-1", "DEFAULTS_MODE": "auto"}.items():
            monkeypatch.setenv(f"AWS_{name}", value)
        with serving(
            Answering(location=(200, "<LocationConstraint>eu-north-1</LocationConstraint>", {}))
        ) as there:
            seen, _ = observe({"bucket": "bucket", "region": "eu-north-1", "address": there.origin})
            signed = {
                asked.headers["Authorization"].split("Credential=")[1].split("/")[0] for asked in there.asked
            }
            assert not any("token" in name.lower() for asked in there.asked for name in asked.headers)
        assert seen["region"].payload["region"] == "eu-north-1"
        assert signed == {SECRETS["access_key_id"]}
        assert came == []
    assert not (tmp_path / "ran").exists()


def test_it_reaches_amazon_and_nobody_else() -> None:
    known = source("s3")
    allow = known.reach(known.settings({"bucket": "bucket", "region": "eu-north-1"}))
    assert set(allow.hosts) == {
        "s3.eu-north-1.amazonaws.com",
        "sts.eu-north-1.amazonaws.com",
        "iam.amazonaws.com",
    }
    assert allow.ports == {443}


@pytest.mark.parametrize(
    "other", [{"bucket": "../other"}, {"bucket": "a"}, {"bucket": "A_B"}, {"region": "eu north"}, {"region": "x/../y"},
              {"region": "evil.example#"}, {"address": "ftp://a"}, {"address": "http://a/b"}],
)  # fmt: skip
def test_settings_that_would_ask_somebody_else_are_refused(other: dict[str, str]) -> None:
    from registry.errors import Invalid

    with pytest.raises(Invalid):
        source("s3").settings({"bucket": "bucket", "region": "eu-north-1", **other})


# --- and no check takes what was seen in part for the whole


def test_what_was_seen_in_part_is_never_all_right(opened: str) -> None:
    never = (200, "<VersioningConfiguration/>", {})
    answers = {
        "versioning": never,
        "list": (200, listing("again"), {}),
        "other": (403, error("AccessDenied"), {}),
    }
    record = {
        "retention": ["P999Y"],
        "security_measures": ["Tiedot on salattu"],
        "storage_locations": [{"area": "EU"}],
    }
    with serving(Answering(**answers)) as there:
        watch = Watch(
            "s3", {"bucket": "bucket", "region": "eu-north-1", "address": there.origin}, SECRETS, record
        )
        seen = {one.kind: one for one in watch.look()}
    assert seen["oldest_item"].complete is seen["settings"].complete is False
    for code in ("OBS302", "OBS303", "OBS306"):
        assert set(watch.found(code).values()) == {"open"}, code
