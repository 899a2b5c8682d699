"""Records of AWS Secrets Manager in keyproof's words."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.aws.secret import current_version_facts, keys_of, rotation_of, secret_of, versions_of
from keyproof.domain.secret import Rotation, VersionState

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"
NOW = datetime(2025, 10, 5, 12, tzinfo=UTC)


def test_the_least_a_record_can_say() -> None:
    secret = secret_of({"ARN": ARN, "Name": "db"}, source="prod", region="us-east-1")
    assert secret.id == "aws-secrets-manager://123456789012/us-east-1/db"
    assert (secret.facts, secret.value_date, secret.created_at) == ((), None, None)
    assert secret.rotation == Rotation(enabled=False)
    assert (secret.versions, secret.grants) == (None, None)


def test_a_name_that_is_no_arn_has_an_unknown_account() -> None:
    secret = secret_of({"ARN": "db", "Name": "db"}, source="prod", region="us-east-1")
    assert secret.id == "aws-secrets-manager://unknown/us-east-1/db"


def test_a_last_change_is_no_age() -> None:
    secret = secret_of({"ARN": ARN, "Name": "db", "LastChangedDate": NOW}, source="prod", region="us-east-1")
    assert secret.facts == ()


def test_times_are_utc_whatever_zone_the_sdk_gives_them_in() -> None:
    zoned = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    names = ("CreatedDate", "LastRotatedDate", "NextRotationDate", "DeletedDate", "LastAccessedDate")
    secret = secret_of(
        {"ARN": ARN, "Name": "db", **dict.fromkeys(names, zoned)}, source="prod", region="us-east-1"
    )
    assert secret.rotation is not None
    times = [secret.created_at, secret.deletion, secret.last_accessed_at]
    times += [secret.rotation.last_at, secret.rotation.next_at, *(fact.at for fact in secret.facts)]
    assert len(times) == 7
    assert all(at is not None and at.tzinfo is UTC and at == NOW for at in times)


@pytest.mark.parametrize(
    ("tags", "owner", "environment"),
    [
        ({"owner": "a", "team": "b"}, "a", ""),
        ({"OWNER": "", "Team": "b"}, "b", ""),
        ({"env": "stage", "Environment": "prod"}, "", "prod"),
        ({"Stage": "dev"}, "", "dev"),
    ],
)
def test_tags(tags: dict[str, str], owner: str, environment: str) -> None:
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    secret = secret_of({"ARN": ARN, "Name": "db", "Tags": listed}, source="prod", region="us-east-1")
    assert (secret.owner, secret.environment, secret.tags) == (owner, environment, tags)


_NAMES = st.text(st.characters(exclude_categories=()), min_size=1)  # surrogates too: JSON can hold them


@given(_NAMES, _NAMES)
def test_different_names_have_different_ids(first: str, second: str) -> None:
    def id_of(name: str) -> str:
        return secret_of({"ARN": ARN, "Name": name}, source="prod", region="us-east-1").id

    assert (id_of(first) == id_of(second)) == (first == second)
    assert id_of(first).isascii()


@pytest.mark.parametrize("enabled", [None, False])
def test_rules_of_a_rotation_that_is_off_give_no_interval(enabled: bool | None) -> None:
    record: dict[str, Any] = {"RotationRules": {"ScheduleExpression": "rate(30 days)"}}
    if enabled is not None:
        record["RotationEnabled"] = enabled
    rotation = rotation_of(record)
    assert (rotation.enabled, rotation.interval, rotation.schedule) == (False, None, "rate(30 days)")


@pytest.mark.parametrize(
    ("stages", "state"),
    [
        (["AWSPENDING", "AWSCURRENT"], VersionState.CURRENT),
        (["AWSPENDING", "AWSPREVIOUS"], VersionState.PREVIOUS),
        (["AWSPENDING"], VersionState.PENDING),
        (["mine"], VersionState.PREVIOUS),
        ([], VersionState.DELETED),
    ],
)
def test_the_strongest_label_decides(stages: list[str], state: VersionState) -> None:
    (version,) = versions_of([{"VersionId": "v", "VersionStages": stages, "CreatedDate": NOW}])
    assert version.state is state


def test_versions_come_newest_first_and_undated_ones_last() -> None:
    entries: list[dict[str, Any]] = [
        {"VersionId": "undated", "VersionStages": ["AWSCURRENT"]},
        {"VersionId": "old", "CreatedDate": NOW - timedelta(days=2)},
        {"VersionId": "new", "CreatedDate": NOW},
    ]
    versions = versions_of(entries)
    assert [version.id for version in versions] == ["new", "old", "undated"]
    assert current_version_facts(versions) == ()


def test_the_keys_are_those_of_versions_that_have_a_label() -> None:
    entries = [
        {"VersionId": "a", "VersionStages": ["AWSCURRENT"], "KmsKeyIds": ["new"]},
        {"VersionId": "b", "VersionStages": ["AWSPREVIOUS"], "KmsKeyIds": ["DefaultEncryptionKey"]},
        {"VersionId": "c", "KmsKeyIds": ["gone"]},
        {"VersionId": "d", "VersionStages": ["own"]},
    ]
    assert keys_of(entries) == ("DefaultEncryptionKey", "new")
