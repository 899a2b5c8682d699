"""Who used which secret, from Google's audit logs: asked of Cloud Logging, or from files that a sink exported.

Reads stand in the Data Access log, which is off unless it is switched on; writes in the Admin Activity log, which is
always on: https://cloud.google.com/logging/docs/audit. A log tells that nobody read only for the time for which it is
known that reads are recorded, which is shown by reads themselves. Listing is not told.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from keyproof.audit.files import shown
from keyproof.audit.records import records
from keyproof.audit.uses import Uses
from keyproof.domain.access import AccessEvent, Action
from keyproof.google import permissions as need
from keyproof.google.config import GoogleOverseenConfig
from keyproof.google.vocabulary import Vocabulary
from keyproof.rest.cloud import CloudClient
from keyproof.rest.paging import walk
from keyproof.rest.reading import moment

PAUSE = 1.0
"""Seconds between two pages: 60 requests a minute may be made, https://cloud.google.com/logging/quotas."""
LATE = timedelta(minutes=15)
"""Later records may not have arrived yet."""
_PAGE = 1000
_SEARCHED = 10
"""Pages without any entry after which the search for an older one ends."""
_LOGS = ("cloudaudit.googleapis.com%2Fdata_access", "cloudaudit.googleapis.com%2Factivity")
_REFUSED = frozenset({7, 16})
"""PERMISSION_DENIED and UNAUTHENTICATED, of https://cloud.google.com/apis/design/errors#error_codes."""
_ACCOUNT = ".gserviceaccount.com"

Item = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class _Records:
    """What the records of one project tell, as they come."""

    project: str
    vocabulary: Vocabulary
    uses: Uses
    reads: list[datetime] = field(default_factory=list)
    """The first and the last time of a use that only the Data Access log tells."""
    last: datetime | None = None

    def add(self, entry: Item) -> datetime | None:
        """Take in one entry, and tell its time; None for one of another project, service or log."""
        said = entry.get("protoPayload") or {}
        at = moment(entry.get("timestamp"))
        if at is None or not self._ours(entry, said):
            return None
        self.uses.records += 1
        self.last = max(at, self.last or at)
        action = self.vocabulary.methods.get(str(said.get("methodName")).rpartition(".")[2])
        if action is Action.READ:
            self.reads = [min([at, *self.reads]), max([at, *self.reads])]
        code = (said.get("status") or {}).get("code") or 0
        name = self.vocabulary.resource.match(str(said.get("resourceName")))
        if action and name and (not code or code in _REFUSED):
            event = AccessEvent(at=at, principal=_principal(said), action=action, allowed=not code)
            self.uses.add("/".join(filter(None, name.groups())), event)
        return at

    def cover(self, since: datetime, until: datetime, *, recorded: bool) -> None:
        """Let the covered time be this stretch; unless reads are `recorded` for certain, the last read ends it."""
        last = max(self.reads, default=since)
        self.uses.cover(since, max(since, until if recorded else last))

    def _ours(self, entry: Item, said: Item) -> bool:
        home, _, log = str(entry.get("logName")).partition("/logs/")
        ours = home == f"projects/{self.project}" and log in _LOGS
        return ours and said.get("serviceName") == self.vocabulary.service


def look_up(
    client: CloudClient,
    vocabulary: Vocabulary,
    address: str,
    *,
    config: GoogleOverseenConfig,
    now: datetime,
    recorded: bool,
    sleep: Callable[[float], None],
) -> Uses:
    """Ask for the uses of the last days in the project of `client`, newest first, about as many as `config` allows.

    `recorded` tells that reads are recorded today. Raises CollectError.
    """
    start, url = now - timedelta(days=config.event_days), f"{address}/v2/entries:list"
    log = _Records(project=client.scope, vocabulary=vocabulary, uses=Uses(sink="Cloud Audit Logs"))
    cut = False
    for entries, more in _pages(client, url, _filter(log, f'timestamp>="{start.isoformat()}"'), sleep):
        for entry in entries:
            log.add(entry)
        cut = more and log.uses.records >= config.max_events
        if cut:
            break
    # A read before the time that was asked for shows that they were recorded when it began.
    older = _filter(log, f'timestamp<"{start.isoformat()}"', reads=True)
    pages = islice(_pages(client, url, older, sleep, size=1, pause=True), 0 if cut else _SEARCHED)
    before = any(entries for entries, _ in pages)
    since = start if before else min(log.reads, default=None)
    if since is not None:
        log.cover(since, now - LATE, recorded=recorded)
    return log.uses


def read_files(files: list[Path], vocabulary: Vocabulary, *, project: str, recorded: bool) -> Uses:
    """Read the uses from files that a sink or `gcloud logging read --format=json` wrote. Raises LogFileError.

    `recorded` tells that reads are recorded today.
    """
    uses = Uses(sink=f"log files ({shown(files)})")
    log = _Records(project=project, vocabulary=vocabulary, uses=uses)
    for _, entry in records(files):
        log.add(entry)
    if log.reads and log.last:
        log.cover(log.reads[0], log.last, recorded=recorded)
    return uses


def _pages(
    client: CloudClient,
    url: str,
    chosen: str,
    sleep: Callable[[float], None],
    *,
    size: int = _PAGE,
    pause: bool = False,
) -> Iterator[tuple[list[Item], bool]]:
    """The entries of every page, and whether another follows; a page without any may have one after it."""
    body = {
        "resourceNames": [f"projects/{client.scope}"],
        "filter": chosen,
        "orderBy": "timestamp desc",
        "pageSize": size,
    }

    def read(token: str) -> Item:
        if pause or token:
            sleep(PAUSE)
        page = client.post(url, {**body, **({"pageToken": token} if token else {})}, need=need.LOGS)
        if not isinstance(page.get("entries") or [], list):
            raise client.strange(url, "lists something of an unknown shape", need.LOGS)
        return page

    circle = "lists the same page again and again"
    for page in walk("", read, _next, circle=lambda: client.strange(url, circle, need.LOGS)):
        yield page.get("entries") or [], bool(_next(page))


def _next(page: Item) -> str:
    return str(page.get("nextPageToken") or "")


def _filter(log: _Records, when: str, *, reads: bool = False) -> str:
    """The question in Logging's own language, where lines are joined by AND."""
    methods = sorted(
        name for name, action in log.vocabulary.methods.items() if not reads or action is Action.READ
    )
    names = " OR ".join(f'"projects/{log.project}/logs/{name}"' for name in _LOGS[: 1 if reads else None])
    return "\n".join(
        (
            f"logName=({names})",
            f'protoPayload.serviceName="{log.vocabulary.service}"',
            rf'protoPayload.methodName=~"(^|[.])({"|".join(map(re.escape, methods))})$"',
            when,
        )
    )


def _principal(said: Item) -> str:
    """Who asked, as grants name it."""
    who = said.get("authenticationInfo") or {}
    if subject := who.get("principalSubject"):
        return str(subject)
    email = str(who.get("principalEmail") or "")
    if not email:
        return "unknown"
    return f"{'serviceAccount' if email.endswith(_ACCOUNT) else 'user'}:{email}"
