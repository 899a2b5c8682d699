"""The keys of a source of kind azure-key-vault in keyproof.yaml."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from keyproof.rest.config import RestConfig, checked_address


class ObjectKind(StrEnum):
    """What a vault keeps."""

    SECRETS = "secrets"
    KEYS = "keys"
    CERTIFICATES = "certificates"


Address = Annotated[str, AfterValidator(checked_address)]


class AzureKeyVaultConfig(RestConfig):
    """Keys of a source of kind azure-key-vault; credentials come from azure-identity's default chain.

    The globs of `include` and `exclude` are over VAULT/NAME.
    """

    vaults: tuple[Address, ...] = ()
    """Addresses, e.g. `https://shop.vault.azure.net`; empty takes every vault of the subscriptions."""
    subscriptions: tuple[str, ...] = ()
    """Ids of the subscriptions to look for vaults in; empty takes all that the identity can see."""
    objects: tuple[ObjectKind, ...] = tuple(ObjectKind)
    """What to read of each vault."""
    deleted: bool = True
    """Whether to read what is soft-deleted and not purged yet."""
    access: bool = True
    """Whether to read access policies and role assignments, to know who reaches each secret."""
    audit: bool = True
    """Whether to read the diagnostic settings, to know whether reading is recorded."""
    events: bool = False
    """Whether to ask Log Analytics for the vaults' diagnostic logs, to know who used each object."""
    event_days: Annotated[int, Field(ge=1, le=4383)] = 90
    """How far back to ask; a workspace keeps records for 30 days unless it is told otherwise."""
    max_events: Annotated[int, Field(ge=50, le=100_000)] = 20_000
    """How many records of a vault to read, newest first; what lies before them is not covered."""
    event_logs: tuple[str, ...] = ()
    """Globs over files of diagnostic logs from a storage account (JSON, also with gzip), instead of Log Analytics."""
    tenant: str = ""
    """The tenant to sign in to; empty leaves it to the credentials."""
    authority: str = ""
    """Where to sign in, in clouds that Microsoft's own list of authorities does not have; empty takes its own."""
    management: Address = "https://management.azure.com"
    """Azure Resource Manager; other clouds have others, e.g. `https://management.chinacloudapi.cn`."""
