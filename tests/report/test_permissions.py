"""The rights of each source, and those that its gaps name."""

from dataclasses import replace

import pytest

from keyproof.domain.assessment import Assessment, Scope, ScopeStatus, SourceRecord
from keyproof.domain.secret import SecretMetadata
from keyproof.report import permissions
from keyproof.wiring.catalog import COLLECTORS
from tests.fakes import assessments


def told(kind: str, text: str, status: ScopeStatus = ScopeStatus.DENIED) -> set[str]:
    """The rights that are missing where a scope of a source of `kind` says `text`."""
    source = SourceRecord(id="s", kind=kind, permissions=COLLECTORS[kind].permissions)
    scope = Scope(source="s", kind=kind, scope="here", status=status, subjects=0, reason=text)
    whole = replace(assessments.empty(), sources=(source,), scopes=(scope,))
    (rights,) = permissions.of_sources(whole)
    assert set(rights.missing.values()) <= {("here",)}
    return set(rights.missing)


@pytest.mark.parametrize(
    ("kind", "text", "missing"),
    [
        ("aws-secrets-manager", "secretsmanager:ListSecrets is denied to arn:aws:iam::1:role/a", "secretsmanager:ListSecrets"),
        ("aws-secrets-manager", "grant secretsmanager:ListSecretVersionIds.", "secretsmanager:ListSecretVersionIds"),
        ("vault", "the token has no 'read' on sys/auth", "read sys/auth"),
        ("vault", "the token has no 'read' on auth/userpass/users/ann", "read auth/METHOD/users/NAME"),
        ("vault", "the token has no 'list' on kv/metadata/team", "list KV2/metadata/*"),
        ("vault", "the token has no 'read' with 'sudo' on sys/audit", "read+sudo sys/audit"),
        ("kubernetes", "the right to list roles.rbac.authorization.k8s.io is missing: forbidden", "list roles.rbac.authorization.k8s.io"),
        ("github", "the token lacks 'repository Secrets: read'", "repository Secrets: read"),
        ("google-secret-manager", "secretmanager.secrets.list is missing: refused", "secretmanager.secrets.list"),
        ("postgresql", "the server closed the connection", ""),
        ("dotenv", "it cannot be read: Permission denied", ""),
    ],
)  # fmt: skip
def test_a_right_is_found_in_the_words_of_the_collectors(kind: str, text: str, missing: str) -> None:
    assert told(kind, text) == ({missing} if missing else set())


def test_what_was_read_or_could_not_be_reached_lacks_no_right() -> None:
    text = "secretsmanager:ListSecrets"
    assert told("aws-secrets-manager", text, ScopeStatus.PARTIAL)
    assert not told("aws-secrets-manager", text, ScopeStatus.OK)
    assert not told("aws-secrets-manager", text, ScopeStatus.UNREACHABLE)


def test_what_could_not_be_read_of_a_secret_names_a_right_too() -> None:
    whole: Assessment = assessments.golden()
    records = tuple(
        replace(
            one, subject=replace(one.subject, unread={"versions": "secretsmanager:DescribeSecret is denied"})
        )
        if isinstance(one.subject, SecretMetadata) and one.subject.source == "aws-prod"
        else one
        for one in whole.subjects
    )
    rights = {one.source.id: one.missing for one in permissions.of_sources(replace(whole, subjects=records))}
    assert rights["aws-prod"] == {
        "secretsmanager:DescribeSecret": ("eu-west-1",),
        "secretsmanager:ListSecrets": ("us-east-1",),
    }
    assert rights["vault"] == {"read sys/policies/acl/*": ("kv",)}
    assert rights["table"] == {}
