"""Who used which Secret, from the audit log files of an API server."""

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from keyproof.domain.access import AccessEvent, AccessLog, Action
from keyproof.rest.transport import USER_AGENT

_ACTIONS = {
    "get": Action.READ,
    "list": Action.READ,
    "watch": Action.READ,
    "create": Action.WRITE,
    "update": Action.WRITE,
    "patch": Action.WRITE,
    "delete": Action.ADMIN,
    "deletecollection": Action.ADMIN,
}
_MANY = frozenset({"list", "watch", "deletecollection"})
_SECRETS = b'"secrets"'
_REFUSED = frozenset({401, 403})
_SHOWN = 3

_Use = tuple[str, Action, bool, date]
"""Who, what, whether it was allowed, and the UTC day."""
_Uses = dict[_Use, datetime]
"""The last time of that day."""


class AuditLogUnreadableError(Exception):
    """No line of the files is an event of an API server, or a file cannot be opened."""


@dataclass(slots=True)
class AuditLog:
    """The uses of all Secrets that some files show.

    One event stands for all of a principal's equal uses on a UTC day: the day's last. A listing or a watch is a
    use of every Secret it covers, because it sends the values of all; so is one that asked for a table only, which
    the log does not tell apart, unless `scanner` is the one who listed and says that it is keyproof.
    """

    sink: str
    scanner: str = ""
    """The principal this scan uses."""
    since: datetime | None = None
    until: datetime | None = None
    lines: int = 0
    about_secrets: int = 0
    unreadable: list[str] = field(default_factory=list)
    """Places of the first lines that are no events."""
    unreadable_lines: int = 0
    _named: dict[tuple[str, str], _Uses] = field(default_factory=dict)
    _spaces: dict[str, _Uses] = field(default_factory=dict)
    _everywhere: _Uses = field(default_factory=dict)
    _made: dict[str, tuple[AccessEvent, ...]] = field(default_factory=dict)

    def log_of(self, namespace: str, name: str) -> AccessLog | None:
        """The uses of one Secret; None where the files cover no time or show no Secret at all.

        A log that never mentions Secrets may be one whose policy leaves them out.
        """
        if self.since is None or self.until is None or not self.about_secrets:
            return None
        if namespace not in self._made:
            shared = (*_events(self._everywhere), *_events(self._spaces.get(namespace, {})))
            self._made[namespace] = tuple(sorted(shared))
        own = self._named.get((namespace, name))
        events = self._made[namespace]
        if own:
            events = tuple(sorted((*events, *_events(own))))
        return AccessLog(sink=self.sink, since=self.since, until=self.until, events=events)

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
        # Most lines are about other things: looking for the word is ten times as quick as reading JSON.
        if _SECRETS not in line and line.startswith(b"{") and line.endswith(b"}\n"):
            return
        try:
            event = json.loads(line)
            if event["kind"] == "Event":
                self._event(event)
                return
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
        if not line.endswith(b"\n"):
            return  # the server is still writing it
        self.unreadable_lines += 1
        if len(self.unreadable) < _SHOWN:
            self.unreadable.append(f"{path.name}:{number}")

    def _event(self, event: Mapping[str, Any]) -> None:
        reference = event.get("objectRef") or {}
        if reference.get("resource") != "secrets" or reference.get("apiGroup"):
            return
        verb = event["verb"]
        stage = event["stage"]
        # A watch that is still open has only begun; everything else counts once, when it is answered.
        if stage != "ResponseComplete" and not (stage == "ResponseStarted" and verb == "watch"):
            return
        self.about_secrets += 1
        code = (event.get("responseStatus") or {}).get("code", 200)
        refused = code in _REFUSED
        if verb not in _ACTIONS or (code >= 400 and not refused):
            return
        at = datetime.fromisoformat(event["requestReceivedTimestamp"]).astimezone(UTC)
        principal = event["user"].get("username", "")
        action = _ACTIONS[verb]
        if verb == "list" and principal == self.scanner and event.get("userAgent") == USER_AGENT:
            action = Action.LIST
        uses = self._uses(verb, reference, event.get("requestURI", ""))
        key = (principal, action, not refused, at.date())
        if key not in uses or uses[key] < at:
            uses[key] = at

    def _uses(self, verb: str, reference: Mapping[str, Any], uri: str) -> _Uses:
        namespace, name = reference.get("namespace", ""), reference.get("name", "")
        if not name and verb in _MANY and "metadata.name" in uri:
            name = _selected(uri)
        if name:
            return self._named.setdefault((namespace, name), {})
        return self._spaces.setdefault(namespace, {}) if namespace else self._everywhere

    def _stretch(self, line: bytes) -> None:
        """Let the covered time reach to this line."""
        try:
            at = datetime.fromisoformat(json.loads(line)["stageTimestamp"]).astimezone(UTC)
        except (ValueError, KeyError, TypeError):
            return
        self.since = min(self.since or at, at)
        self.until = max(self.until or at, at)


def read_logs(paths: Iterable[Path], *, scanner: str) -> AuditLog:
    """Read all files. Raises AuditLogUnreadableError for one that cannot be opened, and when none holds an event."""
    files = list(paths)
    log = AuditLog(sink=f"audit log ({', '.join(path.name for path in files)})", scanner=scanner)
    for path in files:
        log.read(path)
    if not files:
        raise AuditLogUnreadableError("no file matches what audit-log names")
    if log.since is None:
        raise AuditLogUnreadableError(f"no line is an event of an API server ({log.lines} lines read)")
    return log


def _events(uses: _Uses) -> Iterator[AccessEvent]:
    for (principal, action, allowed, _), at in uses.items():
        yield AccessEvent(at=at, principal=principal, action=action, allowed=allowed)


def _selected(uri: str) -> str:
    """The one object that a field selector names; empty for any other selector."""
    for selector in parse_qs(urlsplit(uri).query).get("fieldSelector", ()):
        for part in selector.split(","):
            key, _, value = part.partition("=")
            if key == "metadata.name":
                return value.removeprefix("=")
    return ""
