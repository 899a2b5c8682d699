"""Who used which secret, from the files of an audit device of Vault or OpenBao."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from keyproof.audit.files import LogFileError
from keyproof.audit.lines import LineLog
from keyproof.audit.uses import DayUses
from keyproof.domain.access import AccessEvent, AccessLog
from keyproof.vault.uses import Uses

_QUESTION = re.compile(rb'\{"time":"[^"\\]*","type":"request"')
"""OpenBao's order of keys; Vault sorts them, so that its type stands last."""
_QUESTION_LAST = b',"type":"request"}\n'
_ERROR = b'"error":'
_NO_SECRETS = ("sys/", "auth/", "identity/", "cubbyhole/")
_USES = frozenset({"read", "create", "update", "patch", "delete"})
_REFUSED = "permission denied"


@dataclass(slots=True)
class AuditLog(LineLog):
    """The requests about secrets that some files show.

    One event stands for all of a principal's equal uses on a UTC day: the day's last. Paths, names and policies
    stand in the log as they are; values and tokens only as keyed digests, and neither is kept. A principal is
    named as in grants where the entry tells how it logged in, else by its display name.
    """

    requests: int = 0
    """Entries that tell of a use, allowed or refused."""
    _paths: dict[str, DayUses[str]] = field(default_factory=lambda: defaultdict(DayUses))
    """Namespace and path → its uses, by operations."""

    def log_of(self, uses: Uses) -> AccessLog | None:
        """The recorded uses of one secret; None where the files cover no time."""
        if self.since is None or self.until is None:
            return None
        events = []
        for path in {path for path, _ in uses}:
            for (principal, operation, allowed, _), at in self._paths.get(path, DayUses[str]()).last.items():
                action = uses.get((path, operation))
                if action is not None:
                    events.append(AccessEvent(at=at, principal=principal, action=action, allowed=allowed))
        return AccessLog(sink=self.sink, since=self.since, until=self.until, events=tuple(sorted(events)))

    def take(self, line: bytes) -> None:
        """Take in one entry (see LineLog)."""
        # Half of the lines are requests, which their responses repeat: only a refused one may stand alone.
        if (_QUESTION.match(line) or line.endswith(_QUESTION_LAST)) and _ERROR not in line:
            return
        self._entry(_parsed(line))

    def moment(self, line: bytes) -> datetime:
        """When the entry was written (see LineLog)."""
        return datetime.fromisoformat(_parsed(line)["time"]).astimezone(UTC)

    def _entry(self, entry: Mapping[str, Any]) -> None:
        request, error = entry["request"], entry.get("error") or ""
        path, operation = request["path"], request["operation"]
        refused = _REFUSED in error
        if operation not in _USES or (error and not refused) or path.startswith(_NO_SECRETS):
            return
        if entry["type"] == "request" and not refused:
            return
        namespace = (request.get("namespace") or {}).get("path", "")
        at = datetime.fromisoformat(entry["time"]).astimezone(UTC)
        self.requests += 1
        self._paths[namespace + path].add(at, _principal(entry.get("auth") or {}), operation, not refused)


def read_logs(files: Sequence[Path]) -> AuditLog:
    """Read all files. Raises LogFileError for one that cannot be opened, and when none holds an entry."""
    log = AuditLog(sink=f"audit log ({', '.join(path.name for path in files)})")
    for path in files:
        log.read(path)
    if log.since is None:
        raise LogFileError(f"no line is an entry of an audit device ({log.lines} lines read)")
    return log


def _parsed(line: bytes) -> Any:
    # A device may be told to write a prefix before each line.
    return json.loads(line if line.startswith(b"{") else line[max(line.find(b"{"), 0) :])


def _principal(auth: Mapping[str, Any]) -> str:
    shown = str(auth.get("display_name") or "")
    return next(_by_login(shown, auth.get("metadata") or {}), shown) or "unknown"


def _by_login(shown: str, metadata: Mapping[str, Any]) -> Iterator[str]:
    """The role or user that logged in: a display name is the mount of the method, `-`, and its own name."""
    if role := metadata.get("role_name"):  # AppRole adds no name of its own
        yield f"auth/{shown}/role/{role}"
    user = metadata.get("username")
    if user and shown.endswith(f"-{user}"):  # userpass, ldap, okta, radius
        yield f"auth/{shown.removesuffix(f'-{user}')}/users/{user}"
