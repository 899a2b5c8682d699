"""The keys that sources at Google Cloud have in keyproof.yaml."""

from typing import Annotated

from pydantic import AfterValidator

from keyproof.fields import StringsField
from keyproof.rest.config import RestConfig, checked_address


class GoogleConfig(RestConfig):
    """What to read, and as whom."""

    projects: StringsField
    """Ids of the projects to read."""
    credentials: str = ""
    """Key file of a service account; empty takes the application default credentials, e.g. of workload identity."""
    address: Annotated[str, AfterValidator(lambda text: checked_address(text) if text else text)] = ""
    """Another server for all of Google's interfaces, e.g. one on loopback."""


class GoogleSecretManagerConfig(GoogleConfig):
    """Keys of a source of kind google-secret-manager; the globs of `include` and `exclude` are over PROJECT/NAME."""

    regions: tuple[str, ...] = ("*",)
    """Globs over the locations whose regional secrets are read too; `[]` takes the global ones only."""
    access: bool = True
    """Whether to read IAM policies, to know who reaches each secret."""
    audit: bool = True
    """Whether to read the audit configurations, which stand in the IAM policies of projects and above."""


class GoogleServiceAccountKeysConfig(GoogleConfig):
    """Keys of a source of kind google-service-account-keys; the globs are over the accounts' e-mail addresses."""
