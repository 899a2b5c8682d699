"""What Azure Resource Manager says about key vaults: where they are, how they are kept, who reaches them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from keyproof.azure import permissions as need
from keyproof.azure.access import Access, by_assignments, by_policies
from keyproof.azure.config import AzureKeyVaultConfig
from keyproof.azure.connection import next_link
from keyproof.domain.access import AuditTrail
from keyproof.errors import AccessDeniedError
from keyproof.rest.cloud import CloudClient

_READING = frozenset({"AuditEvent"})
_READING_GROUPS = frozenset({"audit", "alllogs"})
_AUTHORIZATION = "/providers/Microsoft.Authorization"

Item = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class VaultFacts:
    """What holds for everything in one vault, and what could not be read of it."""

    address: str
    resource: str = ""
    """Id of the vault at the resource manager; empty where it could not be found."""
    access: Access | None = None
    audit: tuple[AuditTrail, ...] | None = None
    attributes: dict[str, str | int | bool] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    gaps: list[tuple[str, str, str]] = field(default_factory=list)
    """What, why, and what to do."""

    @property
    def name(self) -> str:
        """The vault's name, unique within its cloud."""
        return name_of(self.address)

    @property
    def logged(self) -> bool:
        """Whether the log with reads goes to a Log Analytics workspace."""
        trails = [trail for trail in self.audit or () if trail.enabled and trail.covers_reads]
        return any("/workspaces/" in trail.sink.lower() for trail in trails)


def name_of(address: str) -> str:
    """The vault's name in its address `https://NAME.vault.azure.net`; host and port where it has none."""
    parts = urlsplit(address)
    name, dot, _ = (parts.hostname or "").partition(".vault.")
    return name if dot else parts.netloc.lower()


@dataclass(slots=True, kw_only=True)
class ResourceManager:
    """The control plane, as far as the identity may see it."""

    client: CloudClient
    config: AzureKeyVaultConfig

    def vaults(self) -> Iterator[Item]:
        """Every vault of the subscriptions asked for, or of all. Raises CollectError."""
        ids = self.config.subscriptions or tuple(
            str(one["subscriptionId"])
            for one in self._items("/subscriptions", need.SUBSCRIPTIONS, "2022-12-01")
        )
        for one in ids:
            path = f"/subscriptions/{quote(one)}/providers/Microsoft.KeyVault/vaults"
            yield from self._items(path, need.VAULTS, "2023-07-01")

    def facts(self, vault: Item, address: str) -> VaultFacts:
        """All about one vault; a missing right is noted, not raised. Raises CollectError when Azure goes away."""
        facts = VaultFacts(address=address, resource=str(vault["id"]), tags=vault.get("tags") or {})
        facts.attributes.update(_kept(vault.get("properties") or {}))
        if self.config.access:
            self._noting(facts, "grants", lambda: self._read_access(vault, facts))
        else:
            facts.unread["grants"] = "not read: access is false in keyproof.yaml"
        if self.config.audit:
            self._noting(facts, "audit", lambda: self._read_audit(vault, facts))
        else:
            facts.unread["audit"] = "not read: audit is false in keyproof.yaml"
        return facts

    @staticmethod
    def _noting(facts: VaultFacts, what: str, read: Callable[[], None]) -> None:
        try:
            read()
        except AccessDeniedError as error:
            facts.unread[what] = error.message
            facts.gaps.append((what, error.message, error.hint))

    def _read_access(self, vault: Item, facts: VaultFacts) -> None:
        home = str(vault["id"])
        assignments = list(
            self._items(f"{home}{_AUTHORIZATION}/roleAssignments", need.ASSIGNMENTS, "2022-04-01")
        )
        definitions = self._items(f"{home}{_AUTHORIZATION}/roleDefinitions", need.ROLES, "2022-04-01")
        roles = {str(role["id"]).lower(): role for role in definitions}
        if (vault.get("properties") or {}).get("enableRbacAuthorization") is True:
            denials = list(self._items(f"{home}{_AUTHORIZATION}/denyAssignments", need.DENIALS, "2022-04-01"))
            facts.access = by_assignments(vault, assignments, roles, denials)
        else:
            facts.access = by_policies(vault, assignments, roles)
        if facts.access.unknown:
            facts.unread["grants"] = "; ".join(facts.access.unknown)

    def _read_audit(self, vault: Item, facts: VaultFacts) -> None:
        path = f"{vault['id']}/providers/Microsoft.Insights/diagnosticSettings"
        facts.audit = tuple(_trail(one) for one in self._items(path, need.DIAGNOSTICS, "2021-05-01-preview"))

    def _items(self, path: str, right: str, version: str) -> Iterator[Item]:
        url = f"{self.config.management}{path}"
        for page in self.client.pages(url, need=right, following=next_link, **{"api-version": version}):
            yield from page.get("value") or ()


def _kept(said: Item) -> dict[str, str | int | bool]:
    """How the vault is kept: https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/get."""
    found: dict[str, str | int | bool] = {
        "access-model": "rbac" if said.get("enableRbacAuthorization") is True else "access-policies",
        "purge-protection": said.get("enablePurgeProtection") is True,
        "soft-delete": said.get("enableSoftDelete") is not False,
    }
    if said.get("softDeleteRetentionInDays") is not None:
        found["soft-delete-days"] = int(said["softDeleteRetentionInDays"])
    rules = said.get("networkAcls") or {}
    public = str(said.get("publicNetworkAccess") or "Enabled").lower() != "disabled"
    found["public-network"] = public and str(rules.get("defaultAction") or "Allow") == "Allow"
    return found


def _trail(setting: Item) -> AuditTrail:
    """One diagnostic setting; reads are part of AuditEvent, and of the groups that hold it."""
    said = setting.get("properties") or {}
    on = [log for log in said.get("logs") or () if log.get("enabled") is True]
    reads = [
        log
        for log in on
        if log.get("category") in _READING or str(log.get("categoryGroup")).lower() in _READING_GROUPS
    ]
    kept = [
        timedelta(days=int(policy["days"]))
        for log in reads
        if (policy := log.get("retentionPolicy") or {}).get("enabled") and policy.get("days")
    ]
    to = next((str(said[key]) for key in _SINKS if said.get(key)), "nowhere")
    return AuditTrail(
        sink=f"diagnostic setting {setting.get('name')} → {to}",
        enabled=bool(on),
        covers_reads=bool(reads),
        retention=max(kept, default=None),
    )


_SINKS = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")
