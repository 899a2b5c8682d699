"""Reads the secrets of a Docker swarm: names and dates, as the engine shows no values."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import PositiveFloat

from keyproof.docker.engine import DEFAULT, Engine
from keyproof.domain.assessment import Collected
from keyproof.domain.secret import Basis, Confidence, DatedFact, Encryption, SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.errors import BackendProtocolError
from keyproof.fields import StrictModel
from keyproof.ports import Surroundings

_SCOPE = "secrets"


class DockerSwarmConfig(StrictModel):
    """Which engine is asked."""

    host: str = ""
    """`unix:///PATH` or `tcp://HOST:PORT` of a manager; empty takes DOCKER_HOST, else the usual socket."""
    certificates: str = ""
    """Folder with ca.pem, cert.pem and key.pem; empty takes DOCKER_CERT_PATH."""
    swarm: str = ""
    """The swarm's name in subject ids; empty takes its id."""
    timeout: PositiveFloat = 30.0
    """Seconds per request."""


class DockerSwarmCollector:
    """Collects the secrets of a swarm. A swarm's secret never changes: a new value is a new secret.

    Which services use it is not read: the engine lists services with the values of their environment.
    """

    kind: ClassVar[str] = "docker-swarm"
    permissions: ClassVar[tuple[str, ...]] = ("GET /info", "GET /secrets")
    Config: ClassVar[type[DockerSwarmConfig]] = DockerSwarmConfig

    def __init__(self, source: str, config: DockerSwarmConfig, surroundings: Surroundings) -> None:
        self._source = source
        self._config = config
        self._surroundings = surroundings

    def scopes(self) -> Sequence[str]:
        """One scope with all secrets."""
        return [_SCOPE]

    def collect(self, scope: str) -> Iterator[Collected]:
        """Yield every secret. Raises CollectError when the engine cannot be read."""
        environ = self._surroundings.environ
        folder = self._config.certificates or environ.get("DOCKER_CERT_PATH", "")
        engine = Engine(
            self._config.host or environ.get("DOCKER_HOST") or DEFAULT,
            certificates=str(self._surroundings.root / folder) if folder else "",
            timeout=self._config.timeout,
            scope=scope,
        )
        try:
            info = engine.get("/info")
            listed = engine.get("/secrets")
        finally:
            engine.close()
        try:
            swarm = self._config.swarm or str(
                ((info.get("Swarm") or {}).get("Cluster") or {}).get("ID") or "swarm"
            )
            found = [self._secret(swarm, entry, scope) for entry in listed]
        except (AttributeError, KeyError, TypeError, ValueError):
            hint = "report this with the engine's version"
            raise BackendProtocolError("a secret has an unknown shape", scope=scope, hint=hint) from None
        yield Evidence(name="endpoint", value=engine.host)
        yield Evidence(name="server version", value=str(info.get("ServerVersion") or "not stated"))
        yield from found
        yield Evidence(name="secrets listed", value=str(len(found)))

    def _secret(self, swarm: str, entry: Mapping[str, Any], scope: str) -> SecretMetadata:
        spec = entry["Spec"]
        labels = {str(name): str(value) for name, value in (spec.get("Labels") or {}).items()}
        created = datetime.fromisoformat(entry["CreatedAt"]).astimezone(UTC)
        driver = (spec.get("Driver") or {}).get("Name")
        # With a driver the value lies elsewhere and is fetched for each task.
        fact = DatedFact(at=created, basis=Basis.VERSION_CREATED, confidence=Confidence.EXACT)
        return SecretMetadata(
            id=f"docker-swarm://{quote(swarm)}/{quote(str(spec['Name']), safe='')}",
            name=str(spec["Name"]),
            source=self._source,
            backend=self.kind,
            scope=scope,
            environment=labels.get("environment", ""),
            owner=labels.get("owner", ""),
            tags=labels,
            created_at=created,
            facts=() if driver else (fact,),
            encryption=None if driver else Encryption(encrypted=True, key="raft log"),
            attributes={"driver": str(driver), "reference": True} if driver else {},
            unread={
                "grants": "which services use it is not read: their list holds values of environments",
                **({"facts": f"the value comes from the driver {driver}"} if driver else {}),
            },
        )
