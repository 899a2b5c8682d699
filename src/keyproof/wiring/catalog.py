"""The only list of collectors, checks and reporters: adding a member is one file and one line here."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Protocol, TypeVar

from keyproof.check_model import CheckModel
from keyproof.fields import StrictModel
from keyproof.ports import Collector, Reporter, Surroundings

M = TypeVar("M")


class _Members(Mapping[str, M]):
    """Members of a package by their kind, each imported when it is asked for: most commands need few."""

    def __init__(self, package: str, classes: Mapping[str, str]) -> None:
        """A member's module is named after its kind; `classes` gives its class."""
        self._package = package
        self._classes = classes

    def __getitem__(self, kind: str) -> M:
        module = import_module(f"{self._package}.{kind.replace('-', '_')}") if kind in self._classes else None
        member: M = getattr(module, self._classes[kind])
        return member

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)


class CollectorType(Protocol):
    """A collector class: its options, its rights, and how one is made."""

    @property
    def Config(self) -> type[StrictModel]:  # noqa: N802 (a class attribute that holds a class)
        """The model of its options in keyproof.yaml."""
        ...

    @property
    def permissions(self) -> tuple[str, ...]:
        """The rights it needs, in the backend's own names."""
        ...

    def __call__(self, source: str, config: Any, surroundings: Surroundings) -> Collector:
        """Make a collector for the source with the id `source`; `config` is an instance of its `Config`."""
        ...


COLLECTORS: Mapping[str, CollectorType] = _Members(
    "keyproof.collectors",
    {
        "aws-iam": "AwsIamCollector",
        "aws-kms": "AwsKmsCollector",
        "aws-secrets-manager": "AwsSecretsManagerCollector",
        "aws-ssm": "AwsSsmCollector",
        "azure-key-vault": "AzureKeyVaultCollector",
        "bitwarden-secrets-manager": "BitwardenSecretsManagerCollector",
        "conjur": "ConjurCollector",
        "docker-compose": "DockerComposeCollector",
        "docker-swarm": "DockerSwarmCollector",
        "doppler": "DopplerCollector",
        "dotenv": "DotenvCollector",
        "encrypted-files": "EncryptedFilesCollector",
        "github": "GithubCollector",
        "gitlab": "GitlabCollector",
        "google-kms": "GoogleKmsCollector",
        "google-secret-manager": "GoogleSecretManagerCollector",
        "google-service-account-keys": "GoogleServiceAccountKeysCollector",
        "infisical": "InfisicalCollector",
        "inventory": "InventoryCollector",
        "kubernetes": "KubernetesCollector",
        "onepassword-connect": "OnepasswordConnectCollector",
        "postgresql": "PostgresqlCollector",
        "sops": "SopsCollector",
        "terraform-state": "TerraformStateCollector",
        "tls": "TlsCollector",
        "vault": "VaultCollector",
    },
)

CHECKS: Mapping[str, type[CheckModel]] = _Members(
    "keyproof.checks",
    {
        "access": "Access",
        "access-review": "AccessReview",
        "accessed-by": "AccessedBy",
        "attested": "Attested",
        "audit-logging": "AuditLogging",
        "encrypted": "Encrypted",
        "expires": "Expires",
        "inventory-drift": "InventoryDrift",
        "isolation": "Isolation",
        "key-strength": "KeyStrength",
        "max-age": "MaxAge",
        "naming": "Naming",
        "no-leak": "NoLeak",
        "old-version-retired": "OldVersionRetired",
        "policy-review": "PolicyReview",
        "required-metadata": "RequiredMetadata",
        "rotated-after-leak": "RotatedAfterLeak",
        "rotation-enabled": "RotationEnabled",
        "rotation-recorded": "RotationRecorded",
        "storage": "Storage",
        "strength": "Strength",
        "transport": "Transport",
        "unused": "Unused",
    },
)

REPORTERS: Mapping[str, type[Reporter]] = _Members(
    "keyproof.reporters",
    {
        "csv": "CsvReporter",
        "github": "GithubReporter",
        "gitlab": "GitlabReporter",
        "gitlab-code-quality": "GitlabCodeQualityReporter",
        "html": "HtmlReporter",
        "json": "JsonReporter",
        "jsonl": "JsonlReporter",
        "junit": "JUnitReporter",
        "markdown": "MarkdownReporter",
        "ocsf": "OcsfReporter",
        "oscal": "OscalReporter",
        "prometheus": "PrometheusReporter",
        "sarif": "SarifReporter",
        "sarif-github": "SarifGithubReporter",
        "text": "TextReporter",
    },
)
