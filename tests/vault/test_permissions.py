"""The documented rights."""

from datetime import UTC, datetime

from inline_snapshot import snapshot

from keyproof.vault.acl import Acl
from keyproof.vault.permissions import PERMISSIONS, reader_policy
from keyproof.vault.policy import parse_policy

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_every_line_is_a_capability_and_a_path() -> None:
    assert len(set(PERMISSIONS)) == len(PERMISSIONS)
    for line in PERMISSIONS:
        capabilities, _, path = line.partition(" ")
        assert set(capabilities.split("+")) <= {"read", "list", "sudo", "update"}
        assert path
        assert "/data/" not in path


def test_the_policy_reads_metadata_and_never_a_value() -> None:
    acl = Acl([parse_policy("keyproof", reader_policy(kv2=["kv"], kv1=["old"]))], now=NOW)
    assert set(acl.decide("kv/metadata/app/db").granting) == {"read", "list"}
    assert set(acl.decide("old/app").granting) == {"list"}
    for closed in (
        "kv/data/app",
        "kv/subkeys/app",
        "kv/destroy/app",
        "auth/approle/role/ci/role-id",
        "other/metadata/x",
    ):
        assert not acl.decide(closed).granting


def test_the_policy_for_a_namespace_stands_below_it() -> None:
    text = reader_policy(kv2=["kv"], namespace="team/")
    assert [line for line in text.splitlines() if "kv/" in line or "sys/mounts" in line] == snapshot(
        [
            'path "team/kv/config" {',
            'path "team/kv/detailed-metadata/*" {',
            'path "team/kv/metadata/*" {',
            'path "team/sys/mounts" {',
        ]
    )
