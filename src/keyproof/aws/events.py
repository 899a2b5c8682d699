"""Who used which secret, from CloudTrail: its event history of 90 days, or its log files."""

import codecs
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from keyproof.aws.calls import AwsCalls
from keyproof.aws.resource_policy import ACTIONS
from keyproof.domain.access import AccessEvent, AccessLog, Action

LOOKUP = "cloudtrail:LookupEvents"
SOURCE = "secretsmanager.amazonaws.com"
HISTORY = timedelta(days=90)
"""How far back the event history reaches, https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html."""
PAUSE = 0.5
"""Seconds between two pages: AWS allows two requests a second."""
LATE = timedelta(minutes=15)
"""Events arrive within about this time."""
_PAGE = 50
_DENIED = ("AccessDenied", "UnauthorizedOperation", "Client.UnauthorizedOperation")
_CHUNK = 1 << 22
_HEAD = 1 << 10
"""Bytes within which the first record of a file begins."""

_Use = tuple[str, Action, bool, date]


class LogUnreadableError(Exception):
    """A file is no log file of CloudTrail, or cannot be opened."""


@dataclass(slots=True, kw_only=True)
class EventLog:
    """The uses of the secrets of one region.

    One event stands for all of a principal's equal uses on a UTC day: the day's last.
    """

    sink: str
    region: str
    since: datetime | None = None
    until: datetime | None = None
    records: int = 0
    unclear: int = 0
    """Records of Secrets Manager that name no secret and may be about any."""
    _uses: dict[str, dict[_Use, datetime]] = field(default_factory=dict)

    def log_of(self, arn: str, name: str) -> AccessLog | None:
        """The uses of one secret; None where no time is covered."""
        if self.since is None or self.until is None:
            return None
        found: dict[_Use, datetime] = {}
        for key in (name, arn.partition(":secret:")[2]):
            for use, at in self._uses.get(key, {}).items():
                found[use] = max(at, found.get(use, at))
        events = tuple(
            sorted(
                AccessEvent(at=at, principal=use[0], action=use[1], allowed=use[2])
                for use, at in found.items()
            )
        )
        return AccessLog(sink=self.sink, since=self.since, until=self.until, events=events)

    def cover(self, since: datetime, until: datetime) -> None:
        """Let the covered time reach over this stretch."""
        self.since = min(self.since or since, since)
        self.until = max(self.until or until, until)

    def add(self, record: Mapping[str, Any]) -> None:
        """Take in one record of CloudTrail. Raises KeyError, TypeError or ValueError for what is none."""
        self.records += 1
        if record["eventSource"] != SOURCE or record.get("awsRegion") != self.region:
            return
        action = ACTIONS.get(
            record["eventName"], Action.READ if record["eventName"] == "BatchGetSecretValue" else None
        )
        error = str(record.get("errorCode") or "")
        refused = error.startswith(_DENIED)
        if action is None or (error and not refused):
            return
        at = datetime.fromisoformat(record["eventTime"]).astimezone(UTC)
        names = list(_secrets(record))
        self.unclear += not names and record["eventName"] != "BatchGetSecretValue"
        use = (principal_of(record.get("userIdentity") or {}), action, not refused, at.date())
        for name in names:
            uses = self._uses.setdefault(name, {})
            uses[use] = max(at, uses.get(use, at))


def look_up(calls: AwsCalls, *, now: datetime, days: int, most: int, sleep: Any) -> EventLog:
    """Read the event history of the region of `calls`, newest first, at most `most` events of it.

    Raises what `AwsCalls.call` raises.
    """
    log = EventLog(sink="CloudTrail event history", region=calls.access.region)
    start = now - min(HISTORY, timedelta(days=days))
    reached = start
    attributes = [{"AttributeKey": "EventSource", "AttributeValue": SOURCE}]
    pages = calls.pages(
        LOOKUP, "Events", LookupAttributes=attributes, StartTime=start, EndTime=now, MaxResults=_PAGE
    )
    for number, page in enumerate(pages):
        if number:
            sleep(PAUSE)
        for event in page["Events"]:
            log.add(json.loads(event["CloudTrailEvent"]))
        if log.records >= most and page.get("NextToken"):
            reached = page["Events"][-1]["EventTime"].astimezone(UTC) if page["Events"] else now
            break
    log.cover(reached, max(reached, now - LATE))
    return log


def read_files(paths: Iterable[Path], *, region: str) -> EventLog:
    """Read log files of a trail, as they lie in its bucket. Raises LogUnreadableError."""
    files = list(paths)
    if not files:
        raise LogUnreadableError("no file matches what event-logs names")
    shown = ", ".join(path.name for path in files[:2]) + (
        f" and {len(files) - 2} more" if len(files) > 2 else ""
    )
    log = EventLog(sink=f"CloudTrail log files ({shown})", region=region)
    times: list[str] = []
    for path in files:
        try:
            for record in _records(path):
                log.add(record)
                times = _outermost(times, str(record["eventTime"]))
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            why = getattr(error, "strerror", None) or f"no log file of CloudTrail ({type(error).__name__})"
            raise LogUnreadableError(f"{path}: {why}") from None
    if times:
        log.cover(_moment(times[0]), _moment(times[-1]))
    return log


def _outermost(times: list[str], at: str) -> list[str]:
    """The first and the last of some moments, as CloudTrail writes them: their texts sort as they do."""
    if times and times[0] <= at <= times[-1]:
        return times
    return [min([at, *times]), max([at, *times])]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of one file, one after the other: a file is a single line and may be larger than memory."""
    opened = gzip.open if path.suffix == ".gz" else open
    decode = codecs.getincrementaldecoder("utf-8")().decode
    parse = json.JSONDecoder().raw_decode
    with opened(path, "rb") as source:
        text = decode(source.read(_CHUNK + _HEAD))
        place = text.index("[", text.index('"Records"')) + 1
        while True:
            while place < len(text) and text[place] in ", \r\n\t":
                place += 1
            if place < len(text) and text[place] == "]":
                return
            try:
                record, place = parse(text, place)
            except ValueError:
                more = source.read(_CHUNK)
                if not more:
                    raise EOFError from None
                text, place = text[place:] + decode(more), 0
            else:
                yield record


def principal_of(identity: Mapping[str, Any]) -> str:
    """Who made a request, as grants name it: a session by its role."""
    issuer = ((identity.get("sessionContext") or {}).get("sessionIssuer") or {}).get("arn")
    for found in (issuer, identity.get("arn"), identity.get("invokedBy")):
        if found:
            return str(found)
    if account := identity.get("accountId"):
        return f"arn:aws:iam::{account}:root"
    return str(identity.get("principalId") or identity.get("type") or "unknown")


def _secrets(record: Mapping[str, Any]) -> Iterator[str]:
    """The secrets of a record, each by its name or by the end of its ARN."""
    asked = record.get("requestParameters") or {}
    named = [asked.get("secretId"), *(asked.get("secretIdList") or ())]
    named += [resource.get("ARN") for resource in record.get("resources") or ()]
    if not any(named):
        named = [(record.get("additionalEventData") or {}).get("SecretId")]
    for name in named:
        if name:
            yield str(name).partition(":secret:")[2] or str(name)
