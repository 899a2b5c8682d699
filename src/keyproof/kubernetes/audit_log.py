"""Who used which Secret, from the audit log files of an API server."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from keyproof.audit.files import LogFileError
from keyproof.audit.lines import LineLog
from keyproof.audit.uses import DayUses, events_of
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


@dataclass(slots=True)
class AuditLog(LineLog):
    """The uses of all Secrets that some files show.

    One event stands for all of a principal's equal uses on a UTC day: the day's last. A listing or a watch is a
    use of every Secret it covers, because it sends the values of all; so is one that asked for a table only, which
    the log does not tell apart, unless `scanner` is the one who listed and says that it is keyproof.
    """

    scanner: str = ""
    """The principal this scan uses."""
    about_secrets: int = 0
    _named: dict[tuple[str, str], DayUses[Action]] = field(default_factory=lambda: defaultdict(DayUses))
    _spaces: dict[str, DayUses[Action]] = field(default_factory=lambda: defaultdict(DayUses))
    _everywhere: DayUses[Action] = field(default_factory=DayUses)
    _made: dict[str, tuple[AccessEvent, ...]] = field(default_factory=dict)

    def log_of(self, namespace: str, name: str) -> AccessLog | None:
        """The uses of one Secret; None where the files cover no time or show no Secret at all.

        A log that never mentions Secrets may be one whose policy leaves them out.
        """
        if self.since is None or self.until is None or not self.about_secrets:
            return None
        if namespace not in self._made:
            everywhere, space = self._everywhere, self._spaces.get(namespace, DayUses[Action]())
            self._made[namespace] = tuple(sorted((*events_of(everywhere), *events_of(space))))
        own = self._named.get((namespace, name))
        events = self._made[namespace]
        if own:
            events = tuple(sorted((*events, *events_of(own))))
        return AccessLog(sink=self.sink, since=self.since, until=self.until, events=events)

    def take(self, line: bytes) -> None:
        """Take in one event (see LineLog)."""
        # Most lines are about other things: looking for the word is ten times as quick as reading JSON.
        if _SECRETS not in line and line.startswith(b"{") and line.endswith(b"}\n"):
            return
        event = json.loads(line)
        if event["kind"] != "Event":
            raise ValueError("not an event")
        self._event(event)

    def moment(self, line: bytes) -> datetime:
        """When the stage of the event was reached (see LineLog)."""
        return datetime.fromisoformat(json.loads(line)["stageTimestamp"]).astimezone(UTC)

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
        uses.add(at, principal, action, not refused)

    def _uses(self, verb: str, reference: Mapping[str, Any], uri: str) -> DayUses[Action]:
        namespace, name = reference.get("namespace", ""), reference.get("name", "")
        if not name and verb in _MANY and "metadata.name" in uri:
            name = _selected(uri)
        if name:
            return self._named[namespace, name]
        return self._spaces[namespace] if namespace else self._everywhere


def read_logs(files: Sequence[Path], *, scanner: str) -> AuditLog:
    """Read all files. Raises LogFileError for one that cannot be opened, and when none holds an event."""
    log = AuditLog(sink=f"audit log ({', '.join(path.name for path in files)})", scanner=scanner)
    for path in files:
        log.read(path)
    if log.since is None:
        raise LogFileError(f"no line is an event of an API server ({log.lines} lines read)")
    return log


def _selected(uri: str) -> str:
    """The one object that a field selector names; empty for any other selector."""
    for selector in parse_qs(urlsplit(uri).query).get("fieldSelector", ()):
        for part in selector.split(","):
            key, _, value = part.partition("=")
            if key == "metadata.name":
                return value.removeprefix("=")
    return ""
