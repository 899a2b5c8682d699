"""Who used which secret, from CloudTrail: its event history of 90 days, or its log files."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from keyproof.audit.files import shown, unreadable
from keyproof.audit.records import records
from keyproof.audit.uses import Uses
from keyproof.aws.calls import AwsCalls
from keyproof.aws.resource_policy import ACTIONS
from keyproof.domain.access import AccessLog, Action

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


@dataclass(slots=True, kw_only=True)
class EventLog:
    """The uses of the secrets of one region."""

    region: str
    uses: Uses
    """By name, or by what follows `:secret:` in an ARN."""
    unclear: int = 0
    """Records of Secrets Manager that name no secret and may be about any."""

    def log_of(self, arn: str, name: str) -> AccessLog | None:
        """The uses of one secret; None where no time is covered."""
        return self.uses.log_of(name, arn.partition(":secret:")[2])

    def add(self, record: Mapping[str, Any]) -> None:
        """Take in one record of CloudTrail. Raises KeyError, TypeError or ValueError for what is none."""
        self.uses.records += 1
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
        principal = principal_of(record.get("userIdentity") or {})
        for name in names:
            self.uses.of(name).add(at, principal, action, not refused)


def look_up(calls: AwsCalls, *, now: datetime, days: int, most: int, sleep: Any) -> EventLog:
    """Read the event history of the region of `calls`, newest first, at most `most` events of it.

    Raises what `AwsCalls.call` raises.
    """
    log = EventLog(region=calls.access.region, uses=Uses(sink="CloudTrail event history"))
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
        if log.uses.records >= most and page.get("NextToken"):
            reached = page["Events"][-1]["EventTime"].astimezone(UTC) if page["Events"] else now
            break
    log.uses.cover(reached, max(reached, now - LATE))
    return log


def read_files(files: Sequence[Path], *, region: str) -> EventLog:
    """Read log files of a trail, as they lie in its bucket. Raises LogFileError."""
    log = EventLog(region=region, uses=Uses(sink=f"CloudTrail log files ({shown(files)})"))
    times: list[str] = []
    for path, record in records(files, listings=True):
        try:
            log.add(record)
            times = _outermost(times, str(record["eventTime"]))
        except (ValueError, KeyError, TypeError) as error:
            why = f"no log file of CloudTrail ({type(error).__name__})"
            raise unreadable(path, error, why) from None
    if times:
        log.uses.cover(_moment(times[0]), _moment(times[-1]))
    return log


def _outermost(times: list[str], at: str) -> list[str]:
    """The first and the last of some moments, as CloudTrail writes them: their texts sort as they do."""
    if times and times[0] <= at <= times[-1]:
        return times
    return [min([at, *times]), max([at, *times])]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


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
