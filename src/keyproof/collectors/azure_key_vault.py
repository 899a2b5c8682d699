"""Reads the secrets, keys and certificates of Azure key vaults, vault by vault, without their values."""

from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Any, ClassVar

from keyproof.audit.files import LogFileError, log_files
from keyproof.azure import permissions as need
from keyproof.azure.config import AzureKeyVaultConfig
from keyproof.azure.connection import sign_in, translated
from keyproof.azure.events import VaultLogs, read_files
from keyproof.azure.log_analytics import look_up
from keyproof.azure.reading import KIND, VaultReading
from keyproof.azure.vault import ResourceManager, VaultFacts
from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, BackendProtocolError
from keyproof.ports import Surroundings
from keyproof.rest.cloud import CloudClient
from keyproof.rest.refusals import LockedOutError
from keyproof.rest.transport import Token

Item = Mapping[str, Any]


class AzureKeyVaultCollector:
    """Collects secrets, keys and certificates of key vaults; its scopes are vaults.

    Asked for are lists and policies only; to get a secret would be to get its value.
    """

    kind: ClassVar[str] = KIND
    permissions: ClassVar[tuple[str, ...]] = need.PERMISSIONS
    Config: ClassVar[type[AzureKeyVaultConfig]] = AzureKeyVaultConfig

    def __init__(
        self,
        source: str,
        config: AzureKeyVaultConfig,
        surroundings: Surroundings,
        *,
        token: Token | None = None,
    ) -> None:
        """`token` signs in instead of azure-identity."""
        self._source = source
        self._config = config
        self._surroundings = surroundings
        self._token = token
        self._lock = Lock()
        self._known: dict[str, Item] | None = None
        self._unlisted: AccessDeniedError | None = None
        self._logs: VaultLogs | None = None

    def scopes(self) -> Sequence[str]:
        """The addresses of the vaults. Raises CollectError when none are named and none can be listed."""
        if self._config.vaults:
            return list(dict.fromkeys(self._config.vaults))
        client = self._client(self._source)
        try:
            return sorted(self._vaults(client))
        except AccessDeniedError as error:
            hint = f"{error.hint}, or name the vaults under `vaults`"
            raise AccessDeniedError(error.message, scope=error.scope, hint=hint) from None
        finally:
            client.close()

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield what the vault keeps. Raises CollectError when it cannot be read or Azure goes away."""
        client = self._client(scope)
        try:
            facts = self._facts(client, scope)
            reading = VaultReading(source=self._source, config=self._config, client=client, facts=facts)
            yield Evidence(name="endpoint", value=scope)
            yield from self._read_uses(reading)
            for what, reason, hint in facts.gaps:
                yield reading.gap(what, reason, hint)
            yield from reading.everything()
            yield from reading.account_for()
        finally:
            client.close()

    def _client(self, scope: str) -> CloudClient:
        with self._lock:
            if self._token is None:
                self._token = sign_in(self._config, scope=scope)
        return CloudClient(
            self._config,
            self._surroundings,
            scope=scope,
            token=self._token,
            meaning=lambda refusal: translated(refusal, scope=scope),
            stated=need.PERMISSIONS,
        )

    def _read_uses(self, reading: VaultReading) -> Iterator[Gap | Evidence]:
        """Tell the reading who used what, where that is asked for."""
        if not (self._config.events or self._config.event_logs):
            return
        key = "event-logs" if self._config.event_logs else "events"
        try:
            logs = self._read_logs() if self._config.event_logs else self._ask_logs(reading)
        except LockedOutError:
            raise
        except (AccessDeniedError, BackendProtocolError) as error:
            reading.no_log = error.message
            yield reading.gap(key, error.message, error.hint)
        except LogFileError as error:
            reading.no_log = str(error)
            yield reading.gap(key, str(error), "correct event-logs")
        else:
            reading.uses = logs.of(reading.facts.address)
            reading.no_log = f"{logs.sink} has no record of this vault"
            told = reading.uses.records if reading.uses else 0
            yield Evidence(name="events", value=f"{told} of {logs.sink}")

    def _read_logs(self) -> VaultLogs:
        """The files, read once for all vaults. Raises LogFileError."""
        with self._lock:
            if self._logs is None:
                files = log_files(self._config.event_logs, self._surroundings.root, key="event-logs")
                self._logs = read_files(files)
            return self._logs

    def _ask_logs(self, reading: VaultReading) -> VaultLogs:
        """What Log Analytics keeps of the vault. Raises CollectError."""
        facts, config = reading.facts, self._config
        if not facts.resource:
            what = "the vault's resource is not known, so its log cannot be asked for"
            raise AccessDeniedError(what, scope=facts.address, hint=f"grant {need.VAULTS}")
        return look_up(
            reading.client,
            facts.resource,
            config.management,
            now=self._surroundings.clock.now(),
            days=config.event_days,
            most=config.max_events,
            recorded=facts.logged,
        )

    def _vaults(self, client: CloudClient) -> Mapping[str, Item]:
        """Address → what the resource manager says of the vault; listed once. Raises CollectError."""
        with self._lock:
            if self._unlisted is not None:
                raise self._unlisted
            if self._known is None:
                listed = ResourceManager(client=client, config=self._config).vaults()
                try:
                    self._known = {_address(vault): vault for vault in listed}
                except AccessDeniedError as error:
                    self._unlisted = error
                    raise
            return self._known

    def _facts(self, client: CloudClient, address: str) -> VaultFacts:
        facts = VaultFacts(address=address)
        try:
            vault = self._vaults(client).get(address)
        except AccessDeniedError as error:
            why, hint = error.message, error.hint
        else:
            if vault is not None:
                return ResourceManager(client=client, config=self._config).facts(vault, address)
            why, hint = (
                "the vault is in none of the subscriptions that can be listed",
                "name its subscription",
            )
        wanted = (("grants", self._config.access), ("audit", self._config.audit))
        for name, on in wanted:
            facts.unread[name] = why if on else "switched off in keyproof.yaml"
        if any(on for _, on in wanted):
            facts.gaps.append(("grants and audit", why, hint))
        return facts


def _address(vault: Item) -> str:
    return str((vault.get("properties") or {}).get("vaultUri")).rstrip("/")
