"""Reads what HashiCorp Vault and OpenBao keep or make: the metadata of secrets, never a value."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from keyproof.domain.assessment import Collected
from keyproof.domain.verdict import Evidence
from keyproof.errors import AccessDeniedError, CollectError
from keyproof.ports import Surroundings
from keyproof.strict_yaml import did_you_mean
from keyproof.vault.around import Around, Mount
from keyproof.vault.client import Client, Place, slashed
from keyproof.vault.config import VaultConfig
from keyproof.vault.engines import LEASES, TOKENS, kv_version, readable, secrets_of
from keyproof.vault.permissions import PERMISSIONS
from keyproof.vault.reading import Reading
from keyproof.vault.session import Session, all_mounts


class VaultCollector:
    """Collects secrets, scope by scope: a scope is a namespace and a mount, e.g. `team-a/kv/`."""

    kind: ClassVar[str] = "vault"
    permissions: ClassVar[tuple[str, ...]] = PERMISSIONS
    Config: ClassVar[type[VaultConfig]] = VaultConfig

    def __init__(self, source: str, config: VaultConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._surroundings = surroundings
        self._session = Session(source, config, surroundings)
        self._around = Around(source, config, surroundings)
        self._places: dict[str, Place] = {}

    def scopes(self) -> Sequence[str]:
        """Every namespace and mount asked for; `NAMESPACE/*` is one that may not be looked into.

        Raises CollectError when nothing can be listed.
        """
        with self._session.open(self._source) as client:
            self._places = self._find_places(client)
        return sorted(self._places)

    def _find_places(self, client: Client) -> dict[str, Place]:
        namespaces, closed = self._session.namespaces(client)
        places = [Place(namespace=namespace, mount="") for namespace in closed]
        for namespace in namespaces:
            try:
                mounts = self._mounts_of(client.at(namespace))
            except AccessDeniedError:
                if len(namespaces) == 1:
                    raise
                mounts = [""]
            places += [Place(namespace=namespace, mount=mount) for mount in mounts]
        if not places:
            hint = "check the namespace, or remove the source"
            raise CollectError("the server has no mount to read", scope=self._source, hint=hint)
        return {f"{place.namespace}{place.mount or '*'}": place for place in places}

    def _mounts_of(self, client: Client) -> list[str]:
        if self._config.mounts:
            return [slashed(mount) for mount in self._config.mounts]
        return sorted(path for path, mount in self._known(client).items() if readable(mount, self._config))

    def _known(self, client: Client) -> dict[str, Any]:
        """Every mount, with those of logins below `auth/` where they are wanted."""
        found = dict(all_mounts(client))
        if self._config.approle:
            try:
                methods = client.read("sys/auth") or {}
            except AccessDeniedError:  # its own name is likely; if that is closed too, it is a gap
                methods = {"approle/": {"type": "approle"}}
            found |= {f"auth/{path}": method for path, method in methods.items()}
        if self._config.tokens:
            found[TOKENS] = {"type": "token"}
        if self._config.leases:
            found[LEASES] = {"type": "leases"}
        return found

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield the mount's secrets. Raises CollectError when it cannot be read or the server goes away."""
        if scope not in self._places:
            self.scopes()
        place = self._places.get(scope)
        if place is None:
            hint = did_you_mean(scope, sorted(self._places))
            raise CollectError(f"there is no scope {scope!r}", scope=scope, hint=hint)
        with self._session.open(scope) as client:
            yield from self._collect(client.at(place.namespace), scope, place)

    def _collect(self, client: Client, scope: str, place: Place) -> Iterator[Collected]:
        yield from self._session.about(client)
        if not place.mount:
            client.keys("sys/namespaces")  # one of these two is what was denied
            all_mounts(client)
            message = f"what {scope} holds is only now readable"
            raise CollectError(message, scope=scope, hint="scan again")
        mount = self._mount(client, scope, place)
        yield from self._around.read(mount)
        yield from secrets_of(self._reading(mount))
        if mount.left_out:
            yield Evidence(name="left out", value=f"{mount.left_out} secrets by include and exclude")
        counts = client.connection.counts
        requests = ", ".join(f"{verb} {count}" for verb, count in sorted(counts.items()))
        yield Evidence(name="requests", value=requests)

    def _reading(self, mount: Mount) -> Reading:
        return Reading(
            source=self._source,
            backend=self.kind,
            address=self._session.address(self._source),
            host=self._session.host,
            config=self._config,
            now=self._surroundings.clock.now(),
            mount=mount,
        )

    def _mount(self, client: Client, scope: str, place: Place) -> Mount:
        mounts: dict[str, Any]
        try:
            mounts = self._known(client)
        except AccessDeniedError:
            # Any token that reaches something below a mount may ask about that mount, as `vault kv` does.
            # Trying out paths instead could read a value: on version 1 MOUNT/config is a secret like others.
            mounts = {place.mount: client.read(f"sys/internal/ui/mounts/{place.mount.rstrip('/')}")}
        found = mounts.get(place.mount)
        if found is None:
            known = sorted(
                path.rstrip("/") for path, mount in mounts.items() if readable(mount, self._config)
            )
            hint = did_you_mean(place.mount.rstrip("/"), known) or "the server has no mount that can be read"
            raise CollectError(f"there is no mount {scope}", scope=scope, hint=hint)
        if not readable(found, self._config):
            hint = "name mounts of engines that keyproof reads, or leave mounts out to read all of them"
            message = f"{scope} is of type {found.get('type')}, which is not read"
            raise CollectError(message, scope=scope, hint=hint)
        return Mount(
            client=client,
            scope=scope,
            place=place,
            type=str(found["type"]),
            version=kv_version(found),
            tune=found.get("config") or {},
        )
