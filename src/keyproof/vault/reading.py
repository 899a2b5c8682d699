"""One reading of a mount: what every secret of it shares, and which of them are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote

from keyproof.domain.access import AccessGrant
from keyproof.domain.assessment import Gap, ScopeStatus
from keyproof.domain.secret import Encryption, SecretMetadata, SubjectKind
from keyproof.errors import AccessDeniedError
from keyproof.vault.around import Mount
from keyproof.vault.config import VaultConfig
from keyproof.vault.uses import Uses

_HANDED_OUT = "the server hands it out once; who holds it since is not known to the server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Makes the secrets and gaps of one mount."""

    source: str
    backend: str
    address: str
    host: str
    config: VaultConfig
    now: datetime
    mount: Mount

    def wanted(self, path: str) -> bool:
        """Whether include and exclude want the secret `path` of the mount; counts those they do not."""
        name = self.mount.place.mount + path
        if any(fnmatchcase(name, glob) for glob in self.config.include) and not any(
            fnmatchcase(name, glob) for glob in self.config.exclude
        ):
            return True
        self.mount.left_out += 1
        return False

    def bare(
        self,
        path: str,
        *,
        uses: Uses | None,
        grants: tuple[AccessGrant, ...] | None = None,
        kind: SubjectKind = SubjectKind.CREDENTIAL,
        unread: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> SecretMetadata:
        """The secret `path` of the mount; `grants` only where they are not simply by `uses`.

        Without `uses` nobody reads it at the server again, so that neither grants nor the log are about it.
        """
        mount = self.mount
        if uses is not None and grants is None and mount.grants is not None:
            grants = mount.grants.by(uses)
        return SecretMetadata(
            id=f"vault://{self.host}/{quote(mount.full + path, safe='/')}",
            name=mount.place.mount + path,
            source=self.source,
            backend=self.backend,
            scope=mount.scope,
            kind=kind,
            # Everything stored passes the barrier: https://developer.hashicorp.com/vault/docs/internals/security
            encryption=Encryption(encrypted=True, key="barrier"),
            grants=grants,
            audit=mount.audit,
            access_log=mount.log.log_of(uses) if mount.log and uses is not None else None,
            attributes={**fields.pop("attributes", {}), "address": self.address, **mount.attributes},
            unread={**_not_kept(uses), **(unread or {}), **mount.unread},
            **fields,
        )

    def gap(self, scope: str, reason: str, hint: str) -> Gap:
        """A part of the mount that could not be read."""
        return Gap(source=self.source, scope=scope, status=ScopeStatus.PARTIAL, reason=reason, hint=hint)

    def denied(self, path: str, error: AccessDeniedError) -> Gap:
        """The gap of a path that may not be read; the reason names the right."""
        return self.gap(self.mount.scope + path, f"not read: {error.message}", error.hint)


def _not_kept(uses: Uses | None) -> dict[str, str]:
    return {} if uses is not None else dict.fromkeys(("grants", "access_log"), _HANDED_OUT)
