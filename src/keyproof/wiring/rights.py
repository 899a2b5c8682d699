"""The least rights of each kind of source, in the form in which its backend grants them."""

from collections.abc import Mapping

from keyproof import resources
from keyproof.errors import ConfigError
from keyproof.strict_yaml import did_you_mean
from keyproof.wiring.catalog import COLLECTORS

FILES: Mapping[str, str] = {
    "aws-iam": "aws-policy.json",
    "aws-kms": "aws-policy.json",
    "aws-secrets-manager": "aws-policy.json",
    "aws-ssm": "aws-policy.json",
    "azure-key-vault": "azure-role.json",
    "google-kms": "google-role.yaml",
    "google-secret-manager": "google-role.yaml",
    "google-service-account-keys": "google-role.yaml",
    "kubernetes": "kubernetes-rbac.yaml",
    "postgresql": "postgresql-reader.sql",
    "vault": "vault-policy.hcl",
}
"""Kinds whose backend reads rights from a document; those of one cloud share theirs."""


def rights_of(kind: str) -> str:
    """The document to grant, or the rights line by line where a person ticks them. Raises ConfigError for no such kind."""
    if kind not in COLLECTORS:
        raise ConfigError(
            f"--rights: unknown kind of source '{kind}'", hint=did_you_mean(kind, sorted(COLLECTORS))
        )
    if kind in FILES:
        return (resources.rights() / FILES[kind]).read_text(encoding="utf-8")
    return "\n".join(COLLECTORS[kind].permissions) or "none"
