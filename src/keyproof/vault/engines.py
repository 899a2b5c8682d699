"""Which engines are read, and by what."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from keyproof.domain.assessment import Collected
from keyproof.vault.auth_entries import approle_secrets, lease_secrets, token_secrets
from keyproof.vault.config import VaultConfig
from keyproof.vault.database import database_secrets
from keyproof.vault.kv_mount import KvMount
from keyproof.vault.pki import pki_secrets
from keyproof.vault.reading import Reading
from keyproof.vault.transit import transit_secrets

LEASES, TOKENS = "sys/leases/", "auth/token/"
_ENGINES: Mapping[str, Callable[[Reading], Iterator[Collected]]] = {
    "kv": lambda reading: KvMount(reading).secrets(),
    "generic": lambda reading: KvMount(reading).secrets(),
    "database": database_secrets,
    "pki": pki_secrets,
    "transit": transit_secrets,
    "approle": approle_secrets,
    "token": token_secrets,
    "leases": lease_secrets,
}


def readable(mount: Any, config: VaultConfig) -> bool:
    """Whether the engine of a mount, as `sys/mounts` or `sys/auth` tells it, is one to read."""
    kind = mount.get("type") if isinstance(mount, Mapping) else None
    return kind in {"kv", "generic"} or kind in _switched_on(config)


def _switched_on(config: VaultConfig) -> frozenset[str]:
    switches = {
        "database": config.database,
        "pki": config.pki,
        "transit": config.transit,
        "approle": config.approle,
        "token": config.tokens,
        "leases": config.leases,
    }
    return frozenset(kind for kind, on in switches.items() if on)


def kv_version(mount: Any) -> int:
    """1 or 2 for a KV mount, 0 for any other."""
    if not isinstance(mount, Mapping) or mount.get("type") not in {"kv", "generic"}:
        return 0
    return 2 if str((mount.get("options") or {}).get("version")) == "2" else 1


def secrets_of(reading: Reading) -> Iterator[Collected]:
    """Every secret of the mount, and every gap. Raises CollectError when the server goes away."""
    yield from _ENGINES[reading.mount.type](reading)
