"""The keys that sources at Google Cloud have in keyproof.yaml."""

from typing import Annotated

from pydantic import AfterValidator, Field

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


class GoogleOverseenConfig(GoogleConfig):
    """The same, of what policies and logs are about."""

    access: bool = True
    """Whether to read IAM policies and deny policies, to know who reaches each secret."""
    audit: bool = True
    """Whether to read the audit configurations, which stand in the IAM policies of projects and above."""
    events: bool = False
    """Whether to ask Cloud Logging for the audit logs, to know who used each secret: a page of 1,000 a second."""
    event_days: Annotated[int, Field(ge=1, le=3650)] = 90
    """How far back to ask; logs are kept for 30 days unless a bucket keeps them longer."""
    max_events: Annotated[int, Field(ge=50)] = 20_000
    """How many events of a project to read, newest first; what lies before them is not covered."""
    event_logs: tuple[str, ...] = ()
    """Globs over files of audit logs that a sink exported (JSON, also with gzip), instead of Cloud Logging."""


class GoogleSecretManagerConfig(GoogleOverseenConfig):
    """Keys of a source of kind google-secret-manager; the globs of `include` and `exclude` are over PROJECT/NAME."""

    regions: tuple[str, ...] = ("*",)
    """Globs over the locations whose regional secrets are read too; `[]` takes the global ones only."""


class GoogleKmsConfig(GoogleOverseenConfig):
    """Keys of a source of kind google-kms; the globs of `include` and `exclude` are over PROJECT/LOCATION/RING/KEY."""

    locations: tuple[str, ...] = ("*",)
    """Globs over the locations whose key rings are read, e.g. `[global, "europe-*"]`: each takes a request."""


class GoogleServiceAccountKeysConfig(GoogleConfig):
    """Keys of a source of kind google-service-account-keys; the globs are over the accounts' e-mail addresses."""
