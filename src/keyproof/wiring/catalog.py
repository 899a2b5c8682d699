"""The only list of collectors, checks and reporters: adding a member is one file and one line here."""

from collections.abc import Mapping
from typing import Any, Protocol

from keyproof.check_model import CheckModel
from keyproof.checks.access import Access
from keyproof.checks.access_review import AccessReview
from keyproof.checks.accessed_by import AccessedBy
from keyproof.checks.attested import Attested
from keyproof.checks.audit_logging import AuditLogging
from keyproof.checks.encrypted import Encrypted
from keyproof.checks.expires import Expires
from keyproof.checks.inventory_drift import InventoryDrift
from keyproof.checks.isolation import Isolation
from keyproof.checks.key_strength import KeyStrength
from keyproof.checks.max_age import MaxAge
from keyproof.checks.naming import Naming
from keyproof.checks.no_leak import NoLeak
from keyproof.checks.old_version_retired import OldVersionRetired
from keyproof.checks.policy_review import PolicyReview
from keyproof.checks.required_metadata import RequiredMetadata
from keyproof.checks.rotated_after_leak import RotatedAfterLeak
from keyproof.checks.rotation_enabled import RotationEnabled
from keyproof.checks.rotation_recorded import RotationRecorded
from keyproof.checks.storage import Storage
from keyproof.checks.strength import Strength
from keyproof.checks.transport import Transport
from keyproof.checks.unused import Unused
from keyproof.collectors.aws_secrets_manager import AwsSecretsManagerCollector
from keyproof.collectors.docker_compose import DockerComposeCollector
from keyproof.collectors.docker_swarm import DockerSwarmCollector
from keyproof.collectors.dotenv import DotenvCollector
from keyproof.collectors.encrypted_files import EncryptedFilesCollector
from keyproof.collectors.inventory import InventoryCollector
from keyproof.collectors.kubernetes import KubernetesCollector
from keyproof.collectors.postgresql import PostgresqlCollector
from keyproof.collectors.sops import SopsCollector
from keyproof.collectors.terraform_state import TerraformStateCollector
from keyproof.collectors.tls import TlsCollector
from keyproof.collectors.vault import VaultCollector
from keyproof.fields import StrictModel
from keyproof.ports import Collector, Reporter, Surroundings
from keyproof.reporters.csv import CsvReporter
from keyproof.reporters.github import GithubReporter
from keyproof.reporters.gitlab import GitlabReporter
from keyproof.reporters.gitlab_code_quality import GitlabCodeQualityReporter
from keyproof.reporters.html import HtmlReporter
from keyproof.reporters.json import JsonReporter
from keyproof.reporters.jsonl import JsonlReporter
from keyproof.reporters.junit import JUnitReporter
from keyproof.reporters.markdown import MarkdownReporter
from keyproof.reporters.ocsf import OcsfReporter
from keyproof.reporters.oscal import OscalReporter
from keyproof.reporters.prometheus import PrometheusReporter
from keyproof.reporters.sarif import SarifReporter
from keyproof.reporters.sarif_github import SarifGithubReporter
from keyproof.reporters.text import TextReporter


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


COLLECTORS: Mapping[str, CollectorType] = {
    "aws-secrets-manager": AwsSecretsManagerCollector,
    "docker-compose": DockerComposeCollector,
    "docker-swarm": DockerSwarmCollector,
    "dotenv": DotenvCollector,
    "encrypted-files": EncryptedFilesCollector,
    "inventory": InventoryCollector,
    "kubernetes": KubernetesCollector,
    "postgresql": PostgresqlCollector,
    "sops": SopsCollector,
    "terraform-state": TerraformStateCollector,
    "tls": TlsCollector,
    "vault": VaultCollector,
}

CHECKS: Mapping[str, type[CheckModel]] = {
    "access": Access,
    "access-review": AccessReview,
    "accessed-by": AccessedBy,
    "attested": Attested,
    "audit-logging": AuditLogging,
    "encrypted": Encrypted,
    "expires": Expires,
    "inventory-drift": InventoryDrift,
    "isolation": Isolation,
    "key-strength": KeyStrength,
    "max-age": MaxAge,
    "naming": Naming,
    "no-leak": NoLeak,
    "old-version-retired": OldVersionRetired,
    "policy-review": PolicyReview,
    "required-metadata": RequiredMetadata,
    "rotated-after-leak": RotatedAfterLeak,
    "rotation-enabled": RotationEnabled,
    "rotation-recorded": RotationRecorded,
    "storage": Storage,
    "strength": Strength,
    "transport": Transport,
    "unused": Unused,
}

REPORTERS: Mapping[str, type[Reporter]] = {
    "csv": CsvReporter,
    "github": GithubReporter,
    "gitlab": GitlabReporter,
    "gitlab-code-quality": GitlabCodeQualityReporter,
    "html": HtmlReporter,
    "json": JsonReporter,
    "jsonl": JsonlReporter,
    "junit": JUnitReporter,
    "markdown": MarkdownReporter,
    "ocsf": OcsfReporter,
    "oscal": OscalReporter,
    "prometheus": PrometheusReporter,
    "sarif": SarifReporter,
    "sarif-github": SarifGithubReporter,
    "text": TextReporter,
}
