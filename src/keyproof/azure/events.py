"""Who used what in key vaults, from files of their diagnostic logs as a storage account keeps them.

Fields and operations: https://learn.microsoft.com/azure/key-vault/general/logging. Every request stands there, so a
vault's log is whole from its first record to its last. Listing is not told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from keyproof.audit.files import shown
from keyproof.audit.records import records
from keyproof.audit.uses import Uses
from keyproof.azure.config import ObjectKind
from keyproof.domain.access import AccessEvent, Action
from keyproof.rest.connection import origin
from keyproof.rest.reading import moment

_CATEGORY = "AuditEvent"
_SAME = {
    **dict.fromkeys(("Update", "Restore", "Recover", "Create", "Import"), Action.WRITE),
    **dict.fromkeys(("Delete", "Purge", "Backup"), Action.ADMIN),
}
_ACTIONS = {
    f"{kind}{verb}": action for kind in ("Secret", "Key", "Certificate") for verb, action in _SAME.items()
} | {
    "SecretGet": Action.READ,
    "SecretSet": Action.WRITE,
    "KeyDecrypt": Action.READ,
    "KeyUnwrap": Action.READ,
    "KeySign": Action.READ,
    "KeyRotate": Action.WRITE,
    "KeyRotationPolicySet": Action.WRITE,
    "CertificateRenew": Action.WRITE,
}
"""Operation → what it is to the object, as in grants."""
_REFUSED = frozenset({401, 403})
OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
_CLAIMS = (
    OBJECT_ID,
    "oid",
    "appid",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "upn",
)
"""The claims that name who asked, best first: grants have object ids."""

Item = Mapping[str, Any]


@dataclass(slots=True)
class VaultLogs:
    """The uses of all vaults that some files are about."""

    sink: str
    vaults: dict[str, Uses] = field(default_factory=dict)
    """Origin of the vault's address → its uses."""

    def add(self, record: Item) -> None:
        """Take in one record; those of other kinds are left out."""
        said, at = record.get("properties") or {}, moment(record.get("time"))
        if record.get("category") != _CATEGORY or at is None:
            return
        places = [urlsplit(str(said[key])) for key in ("id", "requestUri") if said.get(key)]
        server = next((origin(place.geturl()) for place in places), "")
        uses = self.vaults.setdefault(server, Uses(sink=self.sink))
        uses.records += 1
        uses.cover(min(at, uses.since or at), max(at, uses.until or at))
        action = _ACTIONS.get(str(record.get("operationName")))
        name, status = next(filter(None, map(_object, places)), ""), _status(said.get("httpStatusCode"))
        if action and name and (status < 400 or status in _REFUSED):
            uses.add(name, _event(record, at, action, allowed=status < 400))

    def of(self, address: str) -> Uses | None:
        """What they tell of the vault at an address; None when nothing."""
        return self.vaults.get(origin(address))


def names_of(kind: ObjectKind, name: str) -> tuple[str, ...]:
    """What the uses of an object are kept under; a certificate is used as the secret and the key of its name, too."""
    kinds = tuple(ObjectKind) if kind is ObjectKind.CERTIFICATES else (kind,)
    return tuple(_key(one, name) for one in kinds)


def read_files(files: list[Path]) -> VaultLogs:
    """Read all files. Raises LogFileError."""
    logs = VaultLogs(sink=f"log files ({shown(files)})")
    for _, record in records(files):
        logs.add(record)
    return logs


def _key(kind: str, name: str) -> str:
    return f"{kind}/{name.lower()}"


def _object(place: SplitResult) -> str:
    """Kind and name of the object at an address; empty for the vault itself and for listings."""
    kind, _, rest = place.path.strip("/").partition("/")
    name = unquote(rest.partition("/")[0])
    return _key(kind, name) if name and kind in set(ObjectKind) else ""


def _status(said: Any) -> int:
    """0 where none is told: such a use counts as one."""
    try:
        return int(said)
    except (TypeError, ValueError, OverflowError):
        return 0


def _event(record: Item, at: datetime, action: Action, *, allowed: bool) -> AccessEvent:
    claims = (record.get("identity") or {}).get("claim") or {}
    who = next((str(claims[name]) for name in _CLAIMS if claims.get(name)), "unknown")
    return AccessEvent(at=at, principal=who, action=action, allowed=allowed)
