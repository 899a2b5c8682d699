"""Who used which secret, from the files of an audit device of Vault or OpenBao."""

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from glob import glob
from pathlib import Path
from typing import Any

from keyproof.domain.access import AccessEvent, AccessLog
from keyproof.vault.uses import Uses

_QUESTION = re.compile(rb'\{"time":"[^"\\]*","type":"request"')
"""OpenBao's order of keys; Vault sorts them, so that its type stands last."""
_QUESTION_LAST = b',"type":"request"}\n'
_ERROR = b'"error":'
_NO_SECRETS = ("sys/", "auth/", "identity/", "cubbyhole/")
_USES = frozenset({"read", "create", "update", "patch", "delete"})
_REFUSED = "permission denied"
_SHOWN = 3

_Use = tuple[str, str, bool, date]
"""Who, by which operation, whether it was allowed, and the UTC day."""


class AuditLogUnreadableError(Exception):
    """No line of the files is an entry of an audit device, or a file cannot be opened."""


@dataclass(slots=True)
class AuditLog:
    """The requests about secrets that some files show.

    One event stands for all of a principal's equal uses on a UTC day: the day's last. Paths, names and policies
    stand in the log as they are; values and tokens only as keyed digests, and neither is kept. A principal is
    named as in grants where the entry tells how it logged in, else by its display name.
    """

    sink: str
    since: datetime | None = None
    until: datetime | None = None
    lines: int = 0
    requests: int = 0
    """Entries that tell of a use, allowed or refused."""
    unreadable: list[str] = field(default_factory=list)
    """Places of the first lines that are no entries."""
    unreadable_lines: int = 0
    _paths: dict[str, dict[_Use, datetime]] = field(default_factory=dict)

    def log_of(self, uses: Uses) -> AccessLog | None:
        """The recorded uses of one secret; None where the files cover no time."""
        if self.since is None or self.until is None:
            return None
        events = []
        for path in {path for path, _ in uses}:
            for (principal, operation, allowed, _), at in self._paths.get(path, {}).items():
                action = uses.get((path, operation))
                if action is not None:
                    events.append(AccessEvent(at=at, principal=principal, action=action, allowed=allowed))
        return AccessLog(sink=self.sink, since=self.since, until=self.until, events=tuple(sorted(events)))

    def read(self, path: Path) -> None:
        """Add one file, line by line. Raises AuditLogUnreadableError when it cannot be opened."""
        opened = gzip.open if path.suffix == ".gz" else open
        ends: list[bytes] = []
        try:
            with opened(path, "rb") as lines:
                for number, line in enumerate(lines, start=1):
                    self._line(line, path, number)
                    ends = [ends[0], line] if ends else [line]
        except (OSError, EOFError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise AuditLogUnreadableError(f"{path}: {why}") from None
        for line in ends:
            self._stretch(line)

    def _line(self, line: bytes, path: Path, number: int) -> None:
        self.lines += 1
        # Half of the lines are requests, which their responses repeat: only a refused one may stand alone.
        if (_QUESTION.match(line) or line.endswith(_QUESTION_LAST)) and _ERROR not in line:
            return
        try:
            self._entry(_parsed(line))
        except (ValueError, KeyError, TypeError, AttributeError):
            if not line.endswith(b"\n"):
                return  # the server is still writing it
            self.unreadable_lines += 1
            if len(self.unreadable) < _SHOWN:
                self.unreadable.append(f"{path.name}:{number}")

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
        uses = self._paths.setdefault(namespace + path, {})
        key = (_principal(entry.get("auth") or {}), operation, not refused, at.date())
        if key not in uses or uses[key] < at:
            uses[key] = at

    def _stretch(self, line: bytes) -> None:
        """Let the covered time reach to this line."""
        try:
            at = datetime.fromisoformat(_parsed(line)["time"]).astimezone(UTC)
        except (ValueError, KeyError, TypeError):
            return
        self.since = min(self.since or at, at)
        self.until = max(self.until or at, at)


def find_logs(patterns: Iterable[str], root: Path) -> list[Path]:
    """The files that globs name; relative ones start at `root`."""
    return sorted({Path(path) for pattern in patterns for path in glob(str(root / pattern))})  # noqa: PTH207 (also absolute ones)


def read_logs(files: Iterable[Path]) -> AuditLog:
    """Read all files. Raises AuditLogUnreadableError for one that cannot be opened, and when none holds an entry."""
    paths = list(files)
    log = AuditLog(sink=f"audit log ({', '.join(path.name for path in paths)})")
    for path in paths:
        log.read(path)
    if not paths:
        raise AuditLogUnreadableError("no file matches what audit-log names")
    if log.since is None:
        raise AuditLogUnreadableError(f"no line is an entry of an audit device ({log.lines} lines read)")
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
