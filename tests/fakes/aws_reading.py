"""What one scope of an AWS collector gave, read through a proxy that sees every request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keyproof.domain.assessment import Collected, Gap
from keyproof.domain.secret import SecretMetadata
from keyproof.domain.verdict import Evidence
from keyproof.errors import CollectError
from keyproof.ports import Surroundings
from tests.fakes.ports import FixedClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What one scope gave."""

    secrets: tuple[SecretMetadata, ...]
    gaps: tuple[Gap, ...]
    evidence: Mapping[str, str]
    error: CollectError | None
    waits: tuple[float, ...]

    def __getitem__(self, name: str) -> SecretMetadata:
        (secret,) = [secret for secret in self.secrets if secret.name == name]
        return secret

    @property
    def names(self) -> list[str]:
        """Of the secrets, in the order given."""
        return [secret.name for secret in self.secrets]


def read_scope(collector: Any, address: str, scope: str, **config: Any) -> Read:
    """Collect one scope of a collector class from the server at `address`."""
    waits: list[float] = []
    here = Surroundings(root=Path(), environ={}, clock=FixedClock(), sleep=waits.append)
    keys = {"endpoint-url": address, **config}
    made = collector("prod", collector.Config.model_validate(keys), here)
    items: list[Collected] = []
    error = _drain(made.collect(scope), items)
    return Read(
        secrets=tuple(item for item in items if isinstance(item, SecretMetadata)),
        gaps=tuple(item for item in items if isinstance(item, Gap)),
        evidence={item.name: item.value for item in items if isinstance(item, Evidence)},
        error=error,
        waits=tuple(waits),
    )


def _drain(found: Iterable[Collected], into: list[Collected]) -> CollectError | None:
    try:
        for item in found:
            into.append(item)  # noqa: PERF402 (what came before an error must stay)
    except CollectError as error:
        return error
    return None
